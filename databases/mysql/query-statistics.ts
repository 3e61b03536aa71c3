import { CaravanFailure } from '../../contracts/failures.js';
import type { QueryStatistic } from '../../contracts/workload.js';
import type { MysqlSession } from './connect.js';

const ATTEMPT = { attempted: 'read the statistics of queries on', on: 'the source' };
/** Shapes that are read, the dearest first; the server keeps no more than some thousands. */
const SHAPES_MAX = 10_000;
const PICOSECONDS = 1e12;

/** From `performance_schema`. A text with values is kept by MySQL 8 alone. */
export async function readQueryStatistics(session: MysqlSession): Promise<QueryStatistic[]> {
  const [settings] = await session.query('SELECT @@performance_schema AS counts', ATTEMPT);
  if (settings?.['counts'] !== '1') {
    const next =
      'Start the server with performance_schema=ON and let it count for a while, or give a recording with --queries FILE.';
    throw new CaravanFailure('INPUT_INVALID', { ...ATTEMPT, seen: 'performance_schema is off: it counts none', next });
  }
  const columns = await session.query(
    `SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = 'performance_schema' AND TABLE_NAME = 'events_statements_summary_by_digest'`,
    ATTEMPT,
  );
  const hasSample = columns.some(({ name }) => name === 'QUERY_SAMPLE_TEXT');
  const rows = await session.query(
    `SELECT ${hasSample ? 'QUERY_SAMPLE_TEXT' : 'NULL'} AS sample, DIGEST_TEXT AS shape, SCHEMA_NAME AS base,
            COUNT_STAR AS times, SUM_TIMER_WAIT AS waited
       FROM performance_schema.events_statements_summary_by_digest
      WHERE SCHEMA_NAME = DATABASE() AND DIGEST_TEXT IS NOT NULL
      ORDER BY SUM_TIMER_WAIT DESC LIMIT ${String(SHAPES_MAX)}`,
    ATTEMPT,
  );
  return rows.map(({ sample = null, shape = null, base = null, times, waited }) => ({
    ...(sample !== null && { sample }),
    ...(shape !== null && { shape }),
    ...(base !== null && { database: base }),
    times: Number(times),
    seconds: Number(waited) / PICOSECONDS,
  }));
}
