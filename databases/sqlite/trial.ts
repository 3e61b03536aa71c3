import { DatabaseSync } from 'node:sqlite';
import type { FileEndpoint } from '../../contracts/endpoint.js';
import { runTrial, spelled, type Trial, type TrialGround, type TrialSession } from '../trials/trial.js';
import { databaseFile, quoteName } from './connect.js';

/** Primary code of SQLite for what a constraint forbids. */
const CONSTRAINT = 19;

/** A copy of a SQLite file. */
export async function openSqliteTrials({ path }: FileEndpoint): Promise<TrialGround> {
  const database = new DatabaseSync(await databaseFile(path));
  return {
    tryOut: (trial) =>
      hasTriggers(database, trial)
        ? Promise.resolve('triggers of the source would act, too')
        : runTrial(trialSession(database), trial),
    close: () => {
      database.close();
      return Promise.resolve();
    },
  };
}

function hasTriggers(database: DatabaseSync, trial: Trial): boolean {
  const names = [trial.table, ...trial.watched.map(({ table }) => table)].map(({ name }) => name.toLowerCase());
  const rows = database.prepare("SELECT lower(tbl_name) AS name FROM sqlite_schema WHERE type = 'trigger'").all();
  return rows.some(({ name }) => names.includes(name as string));
}

function trialSession(database: DatabaseSync): TrialSession {
  const run = (sql: string): Promise<void> => {
    database.exec(sql);
    return Promise.resolve();
  };
  return {
    begin: () => run('PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE'),
    rollback: () => (database.isTransaction ? run('ROLLBACK') : Promise.resolve()),
    rows: (sql) => {
      const rows = database.prepare(sql).all() as Record<string, unknown>[];
      return Promise.resolve(
        rows.map((row) =>
          Object.fromEntries(
            Object.entries(row).map(([name, value]) => [name, value === null ? null : String(value as number)]),
          ),
        ),
      );
    },
    change: (sql) => Promise.resolve(Number(database.prepare(sql).run().changes)),
    quote: quoteName,
    literal: (text) => spelled(text, (plain) => `'${plain.replaceAll("'", "''")}'`),
    isRefusal: (error) => ((error as { errcode?: number }).errcode ?? 0) % 256 === CONSTRAINT,
  };
}
