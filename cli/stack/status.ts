import { identityOf, isAlive } from '../../platform/local-stack/processes.js';
import { readStackState } from '../../platform/local-stack/stack-state.js';
import { countUndelivered, undeliveredText } from '../notifications.js';
import type { Config } from '../../config/config.js';
import type { PartRecord, StackState } from '../../platform/local-stack/stack-state.js';

/** A part as `status --json` shows it. */
export type PartStatus = Omit<PartRecord, 'startedAt'>;

export interface StatusOptions {
  readonly config: Config;
  readonly json?: boolean;
  /** Writes one line to standard output. */
  readonly print: (line: string) => void;
}

/** `caravan status`: resolves with the exit code, 0 whether or not a stack runs. */
export async function runStatus({ config, json = false, print }: StatusOptions): Promise<number> {
  const state = readStackState(config.home);
  if (json) {
    print(JSON.stringify({ parts: state === null ? [] : partStatuses(state) }));
    return 0;
  }
  if (state === null) print(`no stack has run in ${config.home}; "caravan up" starts one`);
  else for (const line of stackTable(config.home, state)) print(line);
  const undelivered = await countUndelivered(config);
  if (undelivered !== null && undelivered > 0) {
    print(`Notifications ${undeliveredText(undelivered)}; "caravan notifications" lists them`);
  }
  return 0;
}

/** The parts as they are now: what the file says of a process counts only while that process lives. */
export function partStatuses(state: StackState): PartStatus[] {
  const supervised = isAlive(state.supervisor);
  return state.parts.map(({ name, role, pid, startedAt, address, state: written, restarts, source }) => {
    const alive = pid !== null && identityOf(pid)?.startedAt === startedAt;
    if (written === 'external') return { name, role, pid: null, address, state: written, restarts, source };
    const now = alive
      ? written
      : supervised && written !== 'failed' && written !== 'stopped'
        ? 'restarting'
        : 'stopped';
    return { name, role, pid: alive ? pid : null, address, state: now, restarts, source };
  });
}

/** The stack for a person: an aligned table, the Web UI's address, and where the data lie. */
export function stackTable(home: string, state: StackState): string[] {
  const rows = partStatuses(state).map((part) => [
    part.name,
    part.state,
    part.pid === null ? '-' : String(part.pid),
    part.address ?? '-',
    String(part.restarts),
    part.source,
  ]);
  const table = align([['PART', 'STATE', 'PID', 'ADDRESS', 'RESTARTS', 'SOURCE'], ...rows]);
  const facts = [`Data          ${home}`];
  if (state.postgresFolder !== null && !state.postgresFolder.startsWith(home)) {
    facts.push(`PostgreSQL    ${state.postgresFolder}`);
  }
  const api = state.parts.find(({ name }) => name === 'api')?.address;
  if (api != null && isAlive(state.supervisor)) facts.push(`API           http://${api}`);
  if (state.webUiUrl !== null && isAlive(state.supervisor)) facts.push(`Temporal UI   ${state.webUiUrl}`);
  return [...table, '', ...facts];
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
