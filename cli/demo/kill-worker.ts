import { eventChannel } from '../../contracts/events.js';
import type { Progress } from '../../contracts/migration.js';
import { openBus } from '../../platform/bus/bus.js';
import { readStackState } from '../../platform/local-stack/stack-state.js';
import { createLog } from '../../platform/telemetry/log.js';
import type { CliContext } from '../cli-context.js';
import { partStatuses } from '../stack/status.js';
import type { PartStatus } from '../stack/status.js';
import { countText } from '../text-table.js';

/** Share of the rows after which the worker that copies them is killed. */
const KILL_SHARE = 0.15;

export interface Killer {
  /** For a machine that hears no broadcast: kills when the proof begins at the latest. */
  readonly onProgress: (progress: Progress) => void;
  /** What was killed, as a sentence; undefined while nothing was. */
  readonly killed: () => string | undefined;
  readonly close: () => Promise<void>;
}

interface Plan {
  readonly redisUrl: string;
  readonly migrationId: string;
  /** Rows of the whole source. */
  readonly rows: number;
}

/** Kills, as `kill -9` does, the very worker that copies, when the swarm says that it is on its way. */
export function openKiller({ config, tell }: CliContext, { redisUrl, migrationId, rows }: Plan): Killer {
  let killed: string | undefined;
  let copied = 0;
  const kill = (victim: PartStatus | undefined, done: number): void => {
    if (killed !== undefined || victim?.pid == null) return;
    process.kill(victim.pid, 'SIGKILL');
    killed = `kill -9 of ${victim.name} (process ${String(victim.pid)}) after ${countText(done)} of ${countText(rows)} rows`;
    tell(killed);
  };
  const bus = openBus(redisUrl, createLog({ level: 'silent' }));
  bus.subscribe(eventChannel(migrationId), ({ type, data }) => {
    if (type !== 'execution.chunk_copied') return;
    copied += Number(data['rows']);
    const worker = String(data['worker']);
    const victim = copyWorkers(config.home).find(({ pid }) => worker.includes(`-${String(pid)}-`));
    if (copied >= rows * KILL_SHARE) kill(victim, copied);
  });
  return {
    killed: () => killed,
    onProgress: ({ phase, rows: seen }) => {
      if (phase === 'verification') kill(copyWorkers(config.home).at(-1), seen);
    },
    close: () => bus.close(),
  };
}

/** The living copy workers of this machine's stack; none where workers run elsewhere. */
export function copyWorkers(home: string): PartStatus[] {
  const state = readStackState(home);
  return state === null ? [] : partStatuses(state).filter(({ role, pid }) => role === 'copy' && pid !== null);
}
