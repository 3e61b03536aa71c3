import type { Answered, AskOptions, Counter, Question, Writing, Written } from '../asking.js';
import { refusalOf, runQuestion } from './ask.js';
import type { Session } from './connect.js';
import { failureOf, isServerError } from './errors.js';
import { literal, qualified, quoted } from './identifiers.js';

const ATTEMPT = { attempted: 'try a write of the application on', on: 'the database' };

/** Seconds that what was put off may take. */
const SETTLE_SECONDS = 30;

interface Owned {
  /** Schemas whose sequences are set back; the others of the path are only looked through. */
  readonly own: readonly string[];
  /** Statements with which each transaction begins. */
  readonly begun?: readonly string[];
}

interface Sequence {
  /** In SQL. */
  readonly name: string;
  readonly next: string;
  readonly least: string;
  readonly most: string;
  /** Of a column; a sequence may stand alone. */
  readonly counter: Counter | undefined;
}

/**
 * Writes in transactions that are rolled back. What sequences give is no part of a transaction, unless the transaction
 * made them anew: each is restarted where it stands, and the rollback takes that back with all that it gave.
 */
export class PostgresWriting implements Writing {
  readonly #session: Session;
  readonly #path: readonly string[];
  /** Schemas whose sequences are set back. */
  readonly #own: readonly string[];
  readonly #begun: readonly string[];
  readonly close: () => Promise<void>;

  constructor(session: Session, { path, own, begun = [] }: AskOptions & Owned, close: () => Promise<void>) {
    this.#session = session;
    this.#path = path;
    this.#own = own;
    this.#begun = begun;
    this.close = close;
  }

  async begin(counters: readonly Counter[] = []): Promise<void> {
    await this.#session.run('BEGIN READ WRITE');
    const path = literal(this.#path.map(quoted).join(', '));
    await this.#session.run(
      `SELECT pg_catalog.set_config('search_path', ${path}, true), pg_catalog.set_config('lock_timeout', '5s', true)`,
    );
    for (const statement of this.#begun) await this.#session.run(statement);
    for (const { name, next, least, most, counter } of await this.#sequences()) {
      const wanted = counters.find(({ table, column }) => table === counter?.table && column === counter.column);
      const start = BigInt(wanted?.next ?? next);
      // One that is used up gives nothing that had to be taken back.
      if (start > BigInt(most) || start < BigInt(least)) continue;
      await this.#session.run(`ALTER SEQUENCE ${name} RESTART WITH ${start.toString()}`);
    }
  }

  async counters(): Promise<readonly Counter[]> {
    return (await this.#sequences()).flatMap(({ counter }) => counter ?? []);
  }

  async #sequences(): Promise<Sequence[]> {
    const schemas = this.#own.map(literal).join(', ');
    const rows = await this.#session.rows(
      `SELECT q.schemaname AS schema, q.sequencename AS name, q.max_value AS most, q.min_value AS least,
              n.nspname || '.' || t.relname AS table, a.attname AS column
         FROM pg_catalog.pg_sequences q
         JOIN pg_catalog.pg_namespace m ON m.nspname = q.schemaname
         JOIN pg_catalog.pg_class c ON c.relnamespace = m.oid AND c.relname = q.sequencename
         LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
              AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
         LEFT JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
         LEFT JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
         LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
        WHERE q.schemaname IN (${schemas})`,
    );
    const sequences: Sequence[] = [];
    for (const row of rows) {
      const name = qualified(row['schema'] ?? '', row['name'] ?? '');
      const [state] = await this.#session.rows(
        `SELECT (last_value + CASE WHEN is_called THEN increment ELSE 0 END)::text AS next
           FROM ${name}, (SELECT seqincrement AS increment FROM pg_catalog.pg_sequence WHERE seqrelid = $1::regclass) s`,
        [name],
      );
      const next = state?.['next'] ?? '0';
      const { table = null, column = null } = row;
      const counter = table === null || column === null ? undefined : { table, column, next };
      sequences.push({ name, next, least: row['least'] ?? '0', most: row['most'] ?? '0', counter });
    }
    return sequences;
  }

  async write(sql: string, seconds: number): Promise<Written> {
    try {
      await this.#limit(seconds);
      const result = await this.#session.client.query({ text: sql, queryMode: 'extended' } as { text: string });
      return { ok: true, rows: result.rowCount ?? 0 };
    } catch (error) {
      if (!isServerError(error) || this.#session.lost || /^(?:08|57P)/.test(error.code))
        throw failureOf(error, ATTEMPT);
      return { ok: false, refused: refusalOf(error.code) };
    }
  }

  async ask(question: Question): Promise<Answered> {
    const startedMs = performance.now();
    const error = await runQuestion(this.#session, question);
    const ms = performance.now() - startedMs;
    if (error === undefined) return { ok: true, ms };
    if (!isServerError(error) || this.#session.lost) throw failureOf(error, ATTEMPT);
    return { ok: false, ms, refused: refusalOf(error.code) };
  }

  explain(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  settle(): Promise<Written> {
    return this.write('SET CONSTRAINTS ALL IMMEDIATE', SETTLE_SECONDS);
  }

  rollback(): Promise<void> {
    return this.#session.run('ROLLBACK');
  }

  async #limit(seconds: number): Promise<void> {
    const limit = literal(String(Math.ceil(seconds * 1000)));
    await this.#session.run(`SELECT pg_catalog.set_config('statement_timeout', ${limit}, true)`);
  }
}
