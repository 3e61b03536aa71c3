import { randomUUID } from 'node:crypto';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { Answered, Counter, Question, Replica, WriteEvent, Writing, Written } from '../asking.js';
import { triggersByTable } from '../trigger-changes.js';
import { AS_APPLICATION, asked, refusalOf } from './ask.js';
import { openSession } from './connect.js';
import type { MysqlSession } from './connect.js';
import { failureOf } from './errors.js';
import { quoteName } from './sql.js';

const ATTEMPT = { attempted: 'write to', on: 'the replica of the source' };

/** A lock by name is the server's: whoever sees it is on the same server, under whatever address. */
export async function isSameServer(one: ServerEndpoint, other: ServerEndpoint): Promise<boolean> {
  const [first, second] = await Promise.all([openSession(one), openSession(other)]);
  try {
    const name = `caravan_${randomUUID()}`;
    await first.query(`SELECT GET_LOCK('${name}', 0) AS taken`);
    const [row] = await second.query(`SELECT IS_USED_LOCK('${name}') IS NOT NULL AS used`);
    return row?.used === '1';
  } finally {
    await Promise.all([first.close(), second.close()]);
  }
}

/** Writes would also reach the source through names of its database: another database of its server is no replica. */
export async function openReplica(source: ServerEndpoint, endpoint: ServerEndpoint): Promise<Replica> {
  if (await isSameServer(source, endpoint)) {
    throw new CaravanFailure('INPUT_INVALID', {
      attempted: 'try writes on',
      on: `${endpoint.host}:${String(endpoint.port)}/${endpoint.database}`,
      seen: 'it is on the server of the source itself',
      next: 'Name a throw-away replica on another server.',
    });
  }
  const session = await openSession(endpoint);
  try {
    const tables = await session.query(
      `SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) AS name FROM information_schema.TABLES
        WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' AND ENGINE <> 'InnoDB'`,
    );
    return {
      untransactional: new Set(tables.map(({ name }) => name ?? '')),
      triggers: await readTriggers(session),
      writing: async () => new MysqlWriting(await openWriter(endpoint)),
      close: () => Promise.resolve(),
    };
  } finally {
    await session.close();
  }
}

async function readTriggers(session: MysqlSession): Promise<Replica['triggers']> {
  const relations = await session.query(
    `SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) AS name, TABLE_TYPE = 'BASE TABLE' AS plain
       FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()`,
  );
  const routines = await session.query(
    'SELECT ROUTINE_NAME AS name FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()',
  );
  const triggers = await session.query(
    `SELECT CONCAT(EVENT_OBJECT_SCHEMA, '.', EVENT_OBJECT_TABLE) AS name, LOWER(EVENT_MANIPULATION) AS event,
            ACTION_STATEMENT AS body
       FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()`,
  );
  const named = (rows: typeof relations): string[] => rows.map(({ name }) => name ?? '');
  const known = {
    tables: named(relations.filter(({ plain }) => plain === '1')),
    others: [...named(relations.filter(({ plain }) => plain !== '1')), ...named(routines)],
  };
  return triggersByTable(
    triggers.map(({ name, event, body }) => ({ table: name ?? '', event: event as WriteEvent, body: body ?? '' })),
    known,
  );
}

async function openWriter(endpoint: ServerEndpoint): Promise<MysqlSession> {
  const session = await openSession(endpoint);
  try {
    await session.query('SET SESSION TRANSACTION READ WRITE');
    await session.query(`SET SESSION ${AS_APPLICATION}, innodb_lock_wait_timeout = 5`);
    return session;
  } catch (error) {
    session.destroy();
    throw error;
  }
}

class MysqlWriting implements Writing {
  readonly #session: MysqlSession;
  /** As they were before anything was written. */
  #counters: readonly Counter[] | undefined;
  #inserted = false;

  constructor(session: MysqlSession) {
    this.#session = session;
  }

  async begin(): Promise<void> {
    await this.counters();
    this.#inserted = false;
    await this.#session.query('START TRANSACTION READ WRITE', ATTEMPT);
  }

  write(sql: string, seconds: number): Promise<Written> {
    this.#inserted ||= /^[\s(]*(?:insert|replace|call)\b/i.test(sql);
    const session = this.#session;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        session.destroy();
      }, seconds * 1000);
      const done = (finish: () => void): void => {
        clearTimeout(late);
        forget();
        finish();
      };
      const forget = session.onLost((error) => {
        done(() => {
          reject(failureOf(error, ATTEMPT));
        });
      });
      session.connection.query(sql, (error: unknown, result: unknown) => {
        done(() => {
          if (error === null || error === undefined) resolve({ ok: true, rows: affected(result) });
          else if (session.usable) resolve({ ok: false, refused: refusalOf(error) });
          else reject(failureOf(error, ATTEMPT));
        });
      });
    });
  }

  ask(question: Question): Promise<Answered> {
    return asked(this.#session, question, ATTEMPT);
  }

  explain(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /** InnoDB gives no number back: a counter that moved is set to where it was, which is not below what the table holds. */
  async rollback(): Promise<void> {
    await this.#session.query('ROLLBACK', ATTEMPT);
    if (!this.#inserted) return;
    for (const { table, next } of await this.counters()) {
      if ((await this.#nextOf(table)) === next) continue;
      await this.#session.query(`ALTER TABLE ${quotedPlace(table)} AUTO_INCREMENT = ${next}`, ATTEMPT);
    }
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  settle(): Promise<Written> {
    return Promise.resolve({ ok: true, rows: 0 });
  }

  /** From the tables' own definitions: what the information schema says of counters may be old. */
  async counters(): Promise<readonly Counter[]> {
    if (this.#counters !== undefined) return this.#counters;
    const columns = await this.#session.query(
      `SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) AS name, COLUMN_NAME AS counted FROM information_schema.COLUMNS
        WHERE TABLE_SCHEMA = DATABASE() AND EXTRA LIKE '%auto_increment%'`,
    );
    const counters: Counter[] = [];
    for (const { name, counted } of columns) {
      const table = name ?? '';
      counters.push({ table, column: counted ?? '', next: await this.#nextOf(table) });
    }
    this.#counters = counters;
    return counters;
  }

  async #nextOf(table: string): Promise<string> {
    const [row] = await this.#session.query(`SHOW CREATE TABLE ${quotedPlace(table)}`, ATTEMPT);
    return / AUTO_INCREMENT=(\d+)/.exec(row?.['Create Table'] ?? '')?.[1] ?? '1';
  }
}

function quotedPlace(table: string): string {
  const dot = table.indexOf('.');
  return `${quoteName(table.slice(0, dot))}.${quoteName(table.slice(dot + 1))}`;
}

/** Rows that were found, as PostgreSQL counts them: the driver asks the server for these. */
function affected(result: unknown): number {
  return (result as { readonly affectedRows?: number }).affectedRows ?? 0;
}
