import { CaravanFailure } from '../../../contracts/failures.js';
import type { QueryStatistic } from '../../../contracts/workload.js';
import type { Session } from '../connect.js';
import { qualified } from '../identifiers.js';

const ATTEMPT = { attempted: 'read the statistics of queries on', on: 'the source' };
/** Shapes that are read, the dearest first. */
const SHAPES_MAX = 10_000;
/** What stands in the place of texts of others. */
const HIDDEN = '<insufficient privilege>';
const MILLISECONDS = 1000;

/** From the extension `pg_stat_statements`, which keeps no values. */
export async function readQueryStatistics(session: Session): Promise<QueryStatistic[]> {
  const [found] = await session.rows(
    `SELECT n.nspname AS schema FROM pg_catalog.pg_extension e
       JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'`,
  );
  const schema = found?.['schema'];
  if (schema === undefined || schema === null) {
    const next =
      'Load it (shared_preload_libraries), CREATE EXTENSION pg_stat_statements, and let it count for a while, or give a recording with --queries FILE.';
    throw new CaravanFailure('INPUT_INVALID', { ...ATTEMPT, seen: 'it has no pg_stat_statements', next });
  }
  const view = qualified(schema, 'pg_stat_statements');
  const columns = await session.rows(
    `SELECT attname AS name FROM pg_catalog.pg_attribute WHERE attrelid = $1::regclass AND attnum > 0`,
    [view],
  );
  const has = (name: string): boolean => columns.some((column) => column['name'] === name);
  const rows = await session.rows(
    `SELECT s.query, s.calls, s.${has('total_exec_time') ? 'total_exec_time' : 'total_time'} AS took
       FROM ${view} s JOIN pg_catalog.pg_database d ON d.oid = s.dbid
      WHERE d.datname = current_database() ${has('toplevel') ? 'AND s.toplevel' : ''}
      ORDER BY took DESC LIMIT ${String(SHAPES_MAX)}`,
  );
  const hidden = rows.filter((row) => row['query'] === HIDDEN).length;
  if (hidden > 0) {
    const seen = `the login may not see ${String(hidden)} of ${String(rows.length)} queries, which others asked`;
    throw new CaravanFailure('INPUT_INVALID', { ...ATTEMPT, seen, next: 'GRANT pg_read_all_stats to the login.' });
  }
  return rows.map(({ query = null, calls, took }) => ({
    ...(query !== null && { shape: query }),
    times: Number(calls),
    seconds: Number(took) / MILLISECONDS,
  }));
}
