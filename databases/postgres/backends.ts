import { setTimeout as sleep } from 'node:timers/promises';
import { CaravanFailure } from '../../contracts/failures.js';
import type { Session } from './connect.js';

const POLL_MS = 25;
const GONE_MS_MAX = 10_000;

/** Which backends, by `application_name`; never the one that asks. */
export type BackendFilter =
  | { readonly prefix: string; readonly olderThan: number }
  | { readonly prefix: string; readonly inTransaction?: boolean }
  | { readonly name: string };

/**
 * Ends backends of this database and waits until they are gone: a stopped worker's open transaction would block index
 * builds, promotion and DROP for as long as it lives.
 */
export async function endBackends(session: Session, filter: BackendFilter): Promise<number> {
  const { condition, values } = conditionOf(filter);
  const where = `datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid() AND ${condition}`;
  const ended = await session.rows(
    `SELECT pid, pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE ${where}`,
    values,
  );
  if (ended.length === 0) return 0;
  const pids = ended.map((row) => Number(row['pid']));
  const deadline = performance.now() + GONE_MS_MAX;
  for (;;) {
    const left = await session.rows('SELECT pid FROM pg_catalog.pg_stat_activity WHERE pid = ANY($1::int[])', [pids]);
    if (left.length === 0) return pids.length;
    if (performance.now() > deadline) throw stillThere(filter, left.length);
    await sleep(POLL_MS);
  }
}

function conditionOf(filter: BackendFilter): { condition: string; values: (string | number)[] } {
  if ('name' in filter) return { condition: 'application_name = $1', values: [filter.name] };
  const prefix = 'pg_catalog.starts_with(application_name, $1)';
  if ('olderThan' in filter) {
    // The part after the prefix is the epoch. CASE, because AND promises no order of evaluation.
    const rest = 'pg_catalog.substr(application_name, pg_catalog.length($1) + 1)';
    const older = `CASE WHEN ${prefix} AND ${rest} ~ '^[0-9]{1,9}$' THEN ${rest}::int < $2 ELSE false END`;
    return { condition: older, values: [filter.prefix, filter.olderThan] };
  }
  const open = filter.inTransaction === true ? ' AND xact_start IS NOT NULL' : '';
  return { condition: prefix + open, values: [filter.prefix] };
}

function stillThere(filter: BackendFilter, count: number): CaravanFailure {
  return new CaravanFailure('TARGET_LOST', {
    attempted: 'end older backends of',
    on: 'name' in filter ? filter.name : filter.prefix,
    seen: `${count} are still there after ${GONE_MS_MAX / 1000} s`,
  });
}
