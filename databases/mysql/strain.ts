import { CaravanFailure } from '../../contracts/failures.js';
import type { Strain } from '../source.js';
import type { MysqlSession, TextRow } from './connect.js';

const ATTEMPT = { attempted: 'look at the load of' };

/** From counters of the server; the replica's lag where the login may see it. */
export async function strainOf(session: MysqlSession): Promise<Strain> {
  const startedMs = performance.now();
  const [status] = await session.query(`SHOW GLOBAL STATUS LIKE 'Threads_running'`, ATTEMPT);
  const answerMs = performance.now() - startedMs;
  const threadsRunning = Number(status?.['Value'] ?? NaN);
  const replicaLagSeconds = await lagOf(session);
  return {
    answerMs,
    ...(Number.isFinite(threadsRunning) && { threadsRunning }),
    ...(replicaLagSeconds !== undefined && { replicaLagSeconds }),
  };
}

/** Of the channel that is farthest behind; undefined on a server that is no replica, or does not tell. */
async function lagOf(session: MysqlSession): Promise<number | undefined> {
  const lags = (await replicaRows(session))
    .map((row) => row['Seconds_Behind_Source'] ?? row['Seconds_Behind_Master'])
    .flatMap((text) => (text === undefined || text === null || text === '' ? [] : [Number(text)]))
    .filter(Number.isFinite);
  return lags.length === 0 ? undefined : Math.max(...lags);
}

async function replicaRows(session: MysqlSession): Promise<TextRow[]> {
  const { engine, number } = session.facts;
  const isNew = engine === 'mysql' ? number >= 80_022 : number >= 100_501;
  try {
    return await session.query(isNew ? 'SHOW REPLICA STATUS' : 'SHOW SLAVE STATUS', ATTEMPT);
  } catch (error) {
    // It takes REPLICATION CLIENT (REPLICA MONITOR in MariaDB).
    if (error instanceof CaravanFailure && error.code === 'SELECT_MISSING') return [];
    throw error;
  }
}
