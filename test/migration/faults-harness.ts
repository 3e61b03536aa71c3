import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client, Connection } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { expect } from 'vitest';
import { ensureStack } from '../../cli/stack/ensure-stack.js';
import { readLivingStack } from '../../platform/local-stack/stack-state.js';
import type { WorkerSpec } from '../../platform/local-stack/worker-parts.js';
import { copyPostgres } from '../setup/data-folders.js';
import { spareTheDisk } from '../setup/spare-the-disk.js';
import { testHome } from '../stack/stack-harness.js';
import type { TestHome } from '../stack/stack-harness.js';
import { caravan, freshDatabase, leftovers, removeSqlite, startCaravan, until } from './harness.js';
import type { Ran, Running, TestDatabase } from './harness.js';

/** A folder of one test file, removed at its end. */
export function scratch(): { path: (name: string) => string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'caravan-faults-'));
  return {
    path: (name) => join(folder, name),
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A private stack, for tests that kill parts. */
export interface FaultStack {
  readonly own: TestHome;
  readonly home: string;
  readonly client: Client;
  readonly databaseUrl: string;
  /** Kills the part's process with SIGKILL; gives the moment. */
  kill(part: string): number;
  dispose(): Promise<void>;
}

export async function faultStack(workers: readonly WorkerSpec[]): Promise<FaultStack> {
  const own = testHome();
  try {
    await copyPostgres(join(own.home, 'postgres'));
    const stack = await ensureStack({ config: own.config, workers });
    await spareTheDisk(stack.databaseUrl);
    const client = clientOf(own.home);
    return {
      own,
      home: own.home,
      client,
      databaseUrl: stack.databaseUrl,
      kill: (name) => {
        const { pid } = own.part(name);
        if (pid === null) throw new Error(`part "${name}" does not run`);
        process.kill(pid, 'SIGKILL');
        return Date.now();
      },
      dispose: async () => {
        await client.connection.close();
        await stack.stop();
        await own.dispose();
      },
    };
  } catch (error) {
    await own.dispose();
    throw error;
  }
}

/** A client of the Temporal of a running stack; connects when it is first used. */
export function clientOf(home: string): Client {
  const state = readLivingStack(home);
  if (state === null) throw new Error(`no stack runs in ${home}`);
  const connection = Connection.lazy({
    address: state.temporalAddress,
    channelArgs: { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 500 },
  });
  return new Client({ connection, namespace: state.namespace });
}

/** A SQLite file with one table `big` of `rows` rows, in WAL mode: writers and readers do not wait for each other. */
export function bigSqlite(path: string, rows: number): string {
  removeSqlite(path);
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE big (id INTEGER PRIMARY KEY, name TEXT NOT NULL, amount INTEGER NOT NULL, note TEXT);
    CREATE INDEX big_name ON big (name);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${String(rows)})
    INSERT INTO big SELECT i, 'name ' || (i * 7919 % 10007), i * 31 % 1000003, CASE i % 5 WHEN 0 THEN NULL ELSE 'note ' || i END FROM n`);
  database.close();
  return `sqlite:${path}`;
}

/** Plans a source, and gives the plan back with chunks of so many rows: small ones make a long copy of few rows. */
export async function planWithChunks(
  source: string,
  options: { chunkRows: number; file: string; home?: string },
): Promise<string> {
  const { chunkRows, file, home } = options;
  const ran = await caravan(['plan', '--source', source, '--out', file], home === undefined ? {} : { home });
  if (ran.exit !== 0) throw new Error(`plan ended with ${String(ran.exit)}: ${ran.stderr}`);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replaceAll(/chunkRows: \d+/g, `chunkRows: ${String(chunkRows)}`));
  return file;
}

/** A migration on its way, with its own target. */
export interface Faulty {
  readonly id: string;
  readonly target: TestDatabase;
  readonly running: Running;
}

export interface FaultyOptions {
  readonly source: string;
  readonly plan?: string;
  readonly stack?: FaultStack;
  readonly target?: TestDatabase;
  /** Default: `--yes`. */
  readonly flags?: readonly string[];
}

let made = 0;

export async function startFaulty({ source, plan, stack, target, flags = ['--yes'] }: FaultyOptions): Promise<Faulty> {
  made += 1;
  const id = `fault-${String(process.pid)}-${String(Date.now())}-${String(made)}`;
  const to = target ?? (await freshDatabase(stack?.databaseUrl));
  const args = ['migrate', '--source', source, '--target', to.url, '--json', '--workflow-id', id, ...flags];
  if (plan !== undefined) args.push('--plan', plan);
  return { id, target: to, running: startCaravan(args, stack === undefined ? {} : { home: stack.home }) };
}

/** The schema where the migration builds, once it is there. */
export async function shadowOf(target: TestDatabase): Promise<string | undefined> {
  const [row] = await target.query("SELECT nspname FROM pg_namespace WHERE nspname ~ '^caravan_[0-9a-f]{12}$'");
  return row === undefined ? undefined : String(row['nspname']);
}

/** Chunks that the ledger holds as done; 0 before there is a ledger. */
export async function doneChunks(target: TestDatabase): Promise<number> {
  const shadow = await shadowOf(target).catch(() => undefined);
  if (shadow === undefined) return 0;
  const rows = await target.query(`SELECT count(*) AS n FROM ${shadow}_meta.chunk WHERE done`).catch(() => []);
  return Number(rows[0]?.['n'] ?? 0);
}

/** Waits until so many chunks are done; fails at once when the command has ended before. */
export async function untilChunks({ target, running }: Faulty, chunks: number): Promise<void> {
  let over: Ran | undefined;
  void running.ended.then((ran) => (over = ran));
  await until(
    `${String(chunks)} chunks are copied`,
    async () => {
      if (over !== undefined) throw new Error(`it ended with ${String(over.exit)}: ${over.stderr}`);
      return (await doneChunks(target)) >= chunks;
    },
    60_000,
  );
}

/** What an independent query must find: every row once, and nothing of ours. */
export async function expectArrived(target: TestDatabase, rows: number, table = 'public.big'): Promise<void> {
  const [seen] = await target.query(
    `SELECT count(*)::int AS rows, count(DISTINCT id)::int AS keys, min(id)::int AS first, max(id)::int AS last,
            sum(amount::bigint)::text AS amount FROM ${table}`,
  );
  let amount = 0;
  for (let row = 1; row <= rows; row += 1) amount += (row * 31) % 1_000_003;
  expect(seen).toEqual({ rows, keys: rows, first: 1, last: rows, amount: String(amount) });
  expect(await leftovers(target)).toEqual([]);
}

/** The target as before: nothing of ours, nobody of ours, no lock, and no table. */
export async function expectUntouched(target: TestDatabase): Promise<void> {
  expect(await leftovers(target)).toEqual([]);
  expect(
    await target.query(`
      SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname NOT LIKE 'pg_temp%'
      UNION ALL
      SELECT l.locktype FROM pg_locks l JOIN pg_database d ON d.oid = l.database
       WHERE d.datname = current_database() AND l.pid <> pg_backend_pid()`),
  ).toEqual([]);
}

/** One event of an activity in a migration's histories. */
export interface ActivityEvent {
  readonly type: 'scheduled' | 'completed' | 'failed' | 'timed out' | 'cancelled';
  readonly activity: string;
  readonly atMs: number;
  /** Of a completed one. */
  readonly attempt: number;
  readonly result: unknown;
}

/** Every activity of a workflow, as its history tells; all runs of a workflow that continued as new. */
export async function activitiesOf(client: Client, workflowId: string): Promise<ActivityEvent[]> {
  const events: ActivityEvent[] = [];
  const runs: string[] = [];
  for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) runs.unshift(runId);
  for (const runId of runs) {
    const { events: history } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    events.push(...activityEvents(history ?? []));
  }
  return events;
}

type HistoryEvents = NonNullable<
  Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>['events']
>;

function activityEvents(history: HistoryEvents): ActivityEvent[] {
  const names = new Map<string, string>();
  const attempts = new Map<string, number>();
  const seen: ActivityEvent[] = [];
  for (const event of history) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    const started = event.activityTaskStartedEventAttributes;
    if (scheduled != null) names.set(String(event.eventId), scheduled.activityType?.name ?? '');
    if (started != null) attempts.set(String(started.scheduledEventId), started.attempt ?? 1);
    const completed = event.activityTaskCompletedEventAttributes;
    const over = [
      ['scheduled', scheduled == null ? null : { scheduledEventId: event.eventId }],
      ['completed', completed],
      ['failed', event.activityTaskFailedEventAttributes],
      ['timed out', event.activityTaskTimedOutEventAttributes],
      ['cancelled', event.activityTaskCanceledEventAttributes],
    ] as const;
    for (const [type, attributes] of over) {
      if (attributes == null) continue;
      const of = String(attributes.scheduledEventId);
      const payload = completed?.result?.payloads?.[0];
      const result: unknown = payload == null ? undefined : defaultPayloadConverter.fromPayload(payload);
      const atMs = Number(event.eventTime?.seconds ?? 0) * 1000 + Math.floor((event.eventTime?.nanos ?? 0) / 1e6);
      seen.push({ type, activity: names.get(of) ?? '', atMs, attempt: attempts.get(of) ?? 1, result });
    }
  }
  return seen;
}

/** Seconds from a moment to the first event of this kind after it. */
export function secondsUntil(
  events: readonly ActivityEvent[],
  fromMs: number,
  wanted: { readonly type: ActivityEvent['type']; readonly activity: string },
): number {
  const first = events.find(
    ({ type, activity, atMs }) => type === wanted.type && activity === wanted.activity && atMs > fromMs,
  );
  if (first === undefined) throw new Error(`no ${wanted.activity} ${wanted.type} after that moment`);
  return (first.atMs - fromMs) / 1000;
}

/** When a failpoint struck. */
export function struckAt(marker: string): number {
  return Math.floor(statSync(marker).mtimeMs);
}

/**
 * A figure for the report: what was measured, and the limit that it is held against. The limits are promised for a
 * machine with a processor to spare; where more processes wait for one than there are, they stretch accordingly.
 */
export function figure(what: string, seconds: number, limit: number): void {
  const waiting = (loadavg()[0] ?? 0) / (2 * availableParallelism());
  process.stderr.write(
    `FIGURE ${what}: ${seconds.toFixed(2)} s (limit ${String(limit)} s, load ${waiting.toFixed(1)})\n`,
  );
  expect(seconds, what).toBeLessThanOrEqual(limit * Math.max(1, waiting));
}
