import type { ServerEndpoint } from '../../contracts/endpoint.js';
import {
  runTrial,
  spelled,
  type Trial,
  type TrialEffect,
  type TrialGround,
  type TrialSession,
} from '../trials/trial.js';
import { openSession } from './connect.js';
import type { Session } from './connect.js';
import { attempting, isServerError } from './errors.js';
import { literal, quoted } from './identifiers.js';

/** No name of a migration's backends: nobody's janitor ends it. */
const APPLICATION = 'caravan-trial';
/** Milliseconds that a statement of a trial may take, and wait for somebody's lock. */
const LIMITS = `SET LOCAL statement_timeout = '30s'; SET LOCAL lock_timeout = '5s'`;
/** Class of SQLSTATEs for what a constraint forbids. */
const INTEGRITY = '23';
/** Bits of pg_trigger.tgtype. */
const ON_DELETE = 8;
const ON_UPDATE = 16;

/** A replica of a PostgreSQL source. */
export async function openPostgresTrials(endpoint: ServerEndpoint): Promise<TrialGround> {
  const session = await openSession(endpoint, APPLICATION);
  return {
    tryOut: (trial) =>
      attempting(
        { attempted: 'try a change of', on: trial.table.name },
        async () => (await triggersOf(session, trial)) ?? tryOut(session, trial),
      ),
    close: () => session.close(),
  };
}

/** Those of the source come to the target with the promotion. A key deletes and changes rows: what heeds insertions alone sleeps. */
async function triggersOf(session: Session, trial: Trial): Promise<string | undefined> {
  const tables = [trial.table, ...trial.watched.map(({ table }) => table)];
  const among = tables.map(({ schema, name }) => `(${literal(schema)}, ${literal(name)})`).join(', ');
  const rows = await session.rows(
    `SELECT FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE NOT t.tgisinternal AND t.tgtype & ${String(ON_DELETE | ON_UPDATE)} <> 0
        AND (n.nspname, c.relname) IN (${among}) LIMIT 1`,
  );
  return rows.length > 0 ? 'triggers of the source would act, too' : undefined;
}

/** In a shadow, or after the look at triggers. */
export function tryOut(session: Session, trial: Trial): Promise<TrialEffect | string> {
  return runTrial(trialSession(session), trial);
}

function trialSession(session: Session): TrialSession {
  return {
    begin: () => session.run(`BEGIN READ WRITE; ${LIMITS}`),
    rollback: async () => {
      if (!session.lost) await session.run('ROLLBACK');
    },
    rows: (sql) => session.rows(sql),
    change: async (sql) => {
      // In a statement of its own: what is deferred is looked at as well.
      const result = await session.client.query(sql);
      await session.run('SET CONSTRAINTS ALL IMMEDIATE');
      return result.rowCount ?? 0;
    },
    quote: quoted,
    literal: (text) => spelled(text, literal),
    isRefusal: (error) => isServerError(error) && error.code.startsWith(INTEGRITY),
  };
}
