import pg from 'pg';
import type { Client } from '@temporalio/client';
import { QUERIES } from '../../contracts/messages.js';
import type { Progress } from '../../contracts/migration.js';
import type { Faulty } from './faults-harness.js';
import { shadowOf } from './faults-harness.js';
import { until } from './harness.js';
import type { TestDatabase } from './harness.js';

/** Lets go of what holds a migration. */
export type Release = () => Promise<void>;

/** Locks a table of the target in a session of its own: what needs the table waits, for as long as the test wants. */
async function lockTable(target: TestDatabase, table: string, mode: string): Promise<Release> {
  const client = new pg.Client({ connectionString: target.url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(`BEGIN; LOCK TABLE ${table} IN ${mode} MODE`);
  } catch (error) {
    await client.end();
    throw error;
  }
  return async () => {
    await client.end().catch(() => undefined);
  };
}

/** Locks a table of the shadow, or of the sidecar, as soon as it is there. */
export async function lockShadowTable({ target, running }: Faulty, table: string, mode: string): Promise<Release> {
  let release: Release | undefined;
  let over: string | undefined;
  void running.ended.then(({ exit, stderr }) => (over = `it ended with ${String(exit)}: ${stderr}`));
  await until(`${table} is locked`, async () => {
    if (over !== undefined) throw new Error(over);
    const shadow = await shadowOf(target);
    if (shadow === undefined) return false;
    const name = table.startsWith('_meta.') ? `${shadow}${table}` : `${shadow}.${table}`;
    const [there] = await target.query('SELECT to_regclass($1) IS NOT NULL AS there', [name]);
    if (there?.['there'] !== true) return false;
    release = await lockTable(target, name, mode);
    return true;
  });
  if (release === undefined) throw new Error('unreachable');
  return release;
}

/** The name of one of the migration's backends that wait for a lock, once there are so many. */
export async function untilBlocked(target: TestDatabase, backends = 1): Promise<string> {
  let name = '';
  await until(
    `${String(backends)} backend(s) of the migration wait for the lock`,
    async () => {
      const waiting = await target.query(`
      SELECT application_name AS name FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE 'caravan/%' AND wait_event_type = 'Lock'`);
      name = String(waiting[0]?.['name']);
      return waiting.length >= backends;
    },
    60_000,
  );
  return name;
}

/** Holds the proof at its end: of all steps only it reads the value ledger, when its rows are compared. */
export async function holdProof(faulty: Faulty): Promise<Release> {
  const release = await lockShadowTable(faulty, '_meta.value_ledger', 'ACCESS EXCLUSIVE');
  await untilBlocked(faulty.target);
  return release;
}

async function progressOf(client: Client, id: string): Promise<Progress | undefined> {
  try {
    return await client.workflow.getHandle(id).query<Progress>(QUERIES.progress);
  } catch {
    return undefined;
  }
}

/** Waits until the migration's own word is this. */
export async function untilProgress(
  client: Client,
  { id, running }: Faulty,
  wanted: Partial<Pick<Progress, 'phase' | 'status'>>,
): Promise<void> {
  let over: string | undefined;
  void running.ended.then(({ exit, stderr }) => (over = `it ended with ${String(exit)}: ${stderr}`));
  await until(`it is ${JSON.stringify(wanted)}`, async () => {
    const seen = await progressOf(client, id);
    if (seen !== undefined) {
      const is = (wanted.phase ?? seen.phase) === seen.phase && (wanted.status ?? seen.status) === seen.status;
      if (is) return true;
    }
    if (over !== undefined) throw new Error(over);
    return false;
  });
}
