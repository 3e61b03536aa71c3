import type { Answered, AskOptions, Question, Writing, Written } from '../asking.js';
import { refusalOf, runQuestion } from './ask.js';
import type { Session } from './connect.js';
import { failureOf, isServerError } from './errors.js';
import { literal, qualified, quoted } from './identifiers.js';

const ATTEMPT = { attempted: 'try a write of the application on', on: 'the database' };

/**
 * Writes in transactions that are rolled back. What sequences give is no part of a transaction, unless the transaction
 * made them anew: each is restarted where it stands, and the rollback takes that back with all that it gave.
 */
export class PostgresWriting implements Writing {
  readonly #session: Session;
  readonly #path: readonly string[];
  readonly close: () => Promise<void>;

  constructor(session: Session, { path }: AskOptions, close: () => Promise<void>) {
    this.#session = session;
    this.#path = path;
    this.close = close;
  }

  async begin(): Promise<void> {
    const [own = ''] = this.#path;
    await this.#session.run('BEGIN READ WRITE');
    const path = literal(this.#path.map(quoted).join(', '));
    await this.#session.run(
      `SELECT pg_catalog.set_config('search_path', ${path}, true), pg_catalog.set_config('lock_timeout', '5s', true)`,
    );
    const sequences = await this.#session.rows(
      `SELECT sequencename AS name, max_value AS most, min_value AS least FROM pg_catalog.pg_sequences WHERE schemaname = $1`,
      [own],
    );
    for (const { name, most, least } of sequences) {
      const sequence = qualified(own, name ?? '');
      const [row] = await this.#session.rows(
        `SELECT (last_value + CASE WHEN is_called THEN increment ELSE 0 END)::text AS next
           FROM ${sequence}, (SELECT seqincrement AS increment FROM pg_catalog.pg_sequence WHERE seqrelid = $1::regclass) s`,
        [sequence],
      );
      const next = BigInt(row?.['next'] ?? '0');
      // One that is used up gives nothing that had to be taken back.
      if (next > BigInt(most ?? '0') || next < BigInt(least ?? '0')) continue;
      await this.#session.run(`ALTER SEQUENCE ${sequence} RESTART WITH ${next.toString()}`);
    }
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

  rollback(): Promise<void> {
    return this.#session.run('ROLLBACK');
  }

  async #limit(seconds: number): Promise<void> {
    const limit = literal(String(Math.ceil(seconds * 1000)));
    await this.#session.run(`SELECT pg_catalog.set_config('statement_timeout', ${limit}, true)`);
  }
}
