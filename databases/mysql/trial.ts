import { CaravanFailure } from '../../contracts/failures.js';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import { runTrial, spelled, type Trial, type TrialGround, type TrialSession } from '../trials/trial.js';
import { openSession } from './connect.js';
import type { MysqlSession } from './connect.js';
import { quoteName, quoteText } from './sql.js';

/** Class of SQLSTATEs for what a constraint forbids. */
const INTEGRITY = '23';
const SECONDS = 30;

/** A replica of a MySQL or MariaDB source. */
export async function openMysqlTrials(endpoint: ServerEndpoint): Promise<TrialGround> {
  const session = await openSession(endpoint);
  return {
    tryOut: async (trial) => (await standsAgainst(session, trial)) ?? runTrial(trialSession(session), trial),
    close: () => session.close(),
  };
}

/** What could not be taken back, or would act on its own, is not tried. What a key does to other tables wakes no trigger there. */
async function standsAgainst(session: MysqlSession, trial: Trial): Promise<string | undefined> {
  const tables = [trial.table, ...trial.watched.map(({ table }) => table)];
  const among = tables.map(({ schema, name }) => `(${quoteText(schema)}, ${quoteText(name)})`).join(', ');
  const plain = await session.query(
    `SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE (TABLE_SCHEMA, TABLE_NAME) IN (${among}) AND ENGINE <> 'InnoDB'`,
  );
  if (plain.length > 0) return 'the replica could not take it back in all tables';
  const { schema, name } = trial.table;
  const triggers = await session.query(
    `SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS
      WHERE EVENT_OBJECT_SCHEMA = ${quoteText(schema)} AND EVENT_OBJECT_TABLE = ${quoteText(name)} AND EVENT_MANIPULATION = '${trial.action}'`,
  );
  return triggers.length > 0 ? 'triggers of the source would act, too' : undefined;
}

function trialSession(session: MysqlSession): TrialSession {
  const attempt = { attempted: 'try a change in' };
  return {
    begin: async () => {
      const limit = session.facts.engine === 'mariadb' ? `, max_statement_time = ${String(SECONDS)}` : '';
      await session.query(`SET SESSION foreign_key_checks = 1, innodb_lock_wait_timeout = 5${limit}`, attempt);
      await session.query('START TRANSACTION READ WRITE', attempt);
    },
    rollback: async () => {
      if (session.usable) await session.query('ROLLBACK', attempt);
    },
    rows: (sql) => session.query(sql, attempt),
    change: async (sql) => {
      await session.query(sql, attempt);
      const [row] = await session.query('SELECT ROW_COUNT() AS changed', attempt);
      return Number(row?.['changed']);
    },
    quote: quoteName,
    literal: (text) => spelled(text, quoteText),
    isRefusal: (error) => error instanceof CaravanFailure && (error.facts.sqlstate ?? '').startsWith(INTEGRITY),
  };
}
