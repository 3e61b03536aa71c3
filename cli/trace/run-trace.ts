import { randomBytes } from 'node:crypto';
import { CaravanFailure } from '../../contracts/failures.js';
import type { RowTrace, TraceQuestion } from '../../contracts/trace.js';
import { looksLikeUrl, parseEndpointUrl } from '../../platform/secrets/endpoint-url.js';
import { openSecretBox } from '../../platform/secrets/secret-box.js';
import type { SecretBox } from '../../platform/secrets/secret-box.js';
import { secretKeyFile } from '../../platform/secrets/key-files.js';
import type { CliContext } from '../cli-context.js';
import { askTrace } from '../../platform/store/ask-trace.js';
import { maintain } from '../maintain.js';
import { patient } from '../patience.js';
import { withSession } from '../session.js';
import type { Session } from '../session.js';
import { safeJson } from '../text-table.js';
import { traceLines } from './lines.js';
import { opened } from './opened.js';

export interface TraceOptions {
  readonly table: string;
  readonly key: readonly string[];
  readonly source?: string;
  readonly target?: string;
  readonly reveal?: boolean;
  readonly json?: boolean;
}

/** Migrations that are looked through for the latest one. */
const LOOKED_AT = 200;
const NOT_FOUND = 1;

/** `caravan trace`: where a row came from and what became of it. 0: it was found somewhere, or no side could be read; 1: nowhere. */
export async function runTrace(context: CliContext, id: string | undefined, options: TraceOptions): Promise<number> {
  return withSession(
    context,
    async (session) => {
      const migrationId = id ?? (await latest(session, options.target));
      if (id === undefined) context.tell(`the latest migration: ${migrationId}`);
      const box = openSecretBox({ key: context.config.secretKey, keyFile: secretKeyFile(context.config.home) });
      const trace = opened(await ask(context, { session, box }, { migrationId, options }), box);
      if (options.json === true) context.print(safeJson({ migrationId, key: options.key, ...trace }));
      else for (const line of traceLines(trace, { migrationId, key: options.key })) context.print(line);
      for (const line of adviceOf(trace, migrationId)) context.tell(line);
      return isFound(trace) || isUnseen(trace) ? 0 : NOT_FOUND;
    },
    { loud: options.json !== true },
  );
}

function isFound({ sourceRow, targetRow, entries }: Pick<RowTrace, 'sourceRow' | 'targetRow' | 'entries'>): boolean {
  return sourceRow.state === 'there' || targetRow.state === 'there' || entries.length > 0;
}

/** Nobody looked: then it cannot be said that the row is nowhere. */
function isUnseen({ sourceRow, targetRow }: Pick<RowTrace, 'sourceRow' | 'targetRow'>): boolean {
  return sourceRow.state === 'not read' && targetRow.state === 'not read';
}

/** A connection that was made for a single migration goes with it; the look can be taken all the same. */
function adviceOf({ sourceRow, targetRow }: Pick<RowTrace, 'sourceRow' | 'targetRow'>, migrationId: string): string[] {
  const gone = [
    ['--source', sourceRow],
    ['--target', targetRow],
  ] as const;
  const flags = gone.flatMap(([flag, { why = '' }]) => (why.startsWith('CONNECTION_UNKNOWN') ? [`${flag} URL`] : []));
  if (flags.length === 0) return [];
  return [
    `Connections of ${migrationId} are forgotten, for nothing of it was left to do. To see the row: ${flags.join(' ')}`,
  ];
}

/** The migration or proof that was started last, into this target where one is named. */
async function latest({ store }: Session, target: string | undefined): Promise<string> {
  const listed = await patient(() => store.migrations.list(LOOKED_AT));
  const name = target === undefined || looksLikeUrl(target) ? undefined : target;
  const found = listed.find(
    ({ input }) => input.target !== undefined && !input.dryRun && (name === undefined || input.target === name),
  );
  if (found !== undefined) return found.migrationId;
  const seen = name === undefined ? 'there is none' : 'none went into it';
  throw new CaravanFailure('MIGRATION_UNKNOWN', {
    attempted: 'find the latest migration',
    on: name ?? 'the store',
    seen,
  });
}

/** Rides out an outage of the stack. What is given as a URL is a connection for as long as it takes. */
async function ask(
  { cwd }: CliContext,
  { session, box }: { readonly session: Session; readonly box: SecretBox },
  { migrationId, options }: { readonly migrationId: string; readonly options: TraceOptions },
): Promise<RowTrace> {
  const { store } = session;
  const record = await patient(() => store.migrations.get(migrationId));
  if (record === undefined) throw unknown(migrationId);
  const made: string[] = [];
  const end = async (given: string | undefined): Promise<string | undefined> => {
    if (given === undefined || !looksLikeUrl(given)) return given;
    const name = `trace-${randomBytes(6).toString('hex')}`;
    await patient(() => store.connections.put(name, parseEndpointUrl(given, cwd), { migrationId }));
    made.push(name);
    return name;
  };
  try {
    const { table, key, reveal = false } = options;
    const [source, target] = [await end(options.source), await end(options.target)];
    const question: TraceQuestion = { table, key, reveal, ...(source && { source }), ...(target && { target }) };
    const look = (lookup: string): Promise<unknown> => maintain(session, { trace: { migrationId, lookup } });
    return await askTrace({ store, box }, { migrationId, question }, { attempt: patient, look });
  } finally {
    for (const name of made) await patient(() => store.connections.remove(name)).catch(() => undefined);
  }
}

function unknown(migrationId: string): CaravanFailure {
  const seen = 'there is none; if it was purged, what was kept of its rows is gone';
  return new CaravanFailure('MIGRATION_UNKNOWN', { attempted: 'trace a row of', on: migrationId, seen });
}
