import pg from 'pg';
import type { FieldDef, QueryArrayConfig } from 'pg';
import type { Answered, AskOptions, Asking, Question, Refusal } from '../asking.js';
import { answerColumn, cellOf } from './ask-cells.js';
import type { Session } from './connect.js';
import { failureOf, isServerError } from './errors.js';
import { literal, quoted } from './identifiers.js';

const ATTEMPT = { attempted: 'run a query of the application on', on: 'the database' };
/** What one query sets is not there for the next, and one that fails does not end the transaction. */
const SAVEPOINT = 'caravan_query';
/** Seconds that a plan may take. */
const EXPLAIN_SECONDS = 10;

/**
 * Takes a session that is in a transaction which only reads. A query comes first in it: from then on the server refuses to
 * make it one that writes. Settings are the transaction's, so that they end with it or with the caller's savepoint.
 */
export async function openAsking(session: Session, { path }: AskOptions, close: () => Promise<void>): Promise<Asking> {
  const schemas = path.map(quoted).join(', ');
  await session.rows(`SELECT pg_catalog.set_config('search_path', $1, true)`, [schemas]);
  await session.run(`SAVEPOINT ${SAVEPOINT}`);
  return new PostgresAsking(session, close);
}

class PostgresAsking implements Asking {
  readonly #session: Session;
  /** Gives the session back. */
  readonly close: () => Promise<void>;

  constructor(session: Session, close: () => Promise<void>) {
    this.#session = session;
    this.close = close;
  }

  async ask(question: Question): Promise<Answered> {
    const session = this.#session;
    const limit = String(Math.ceil(question.seconds * 1000));
    // Not waited for: the driver keeps the order, and the query is asked that moment sooner.
    const before = session.run(
      `ROLLBACK TO SAVEPOINT ${SAVEPOINT}; SELECT pg_catalog.set_config('statement_timeout', ${literal(limit)}, true)`,
    );
    const running = runQuestion(session, question);
    await before.catch((error: unknown) => {
      throw failureOf(error, ATTEMPT);
    });
    const startedMs = performance.now();
    const error = await running;
    const ms = performance.now() - startedMs;
    if (error === undefined) return { ok: true, ms };
    if (!isServerError(error) || session.lost || /^(?:08|57P)/.test(error.code)) throw failureOf(error, ATTEMPT);
    return { ok: false, ms, refused: refusalOf(error.code) };
  }

  async explain(sql: string): Promise<string | undefined> {
    const lines: string[] = [];
    const onRow = ([line]: readonly (string | null)[]): void => {
      lines.push(line ?? '');
    };
    const asked = { sql: `EXPLAIN ${sql}`, seconds: EXPLAIN_SECONDS, onColumns: () => undefined, onRow };
    return (await this.ask(asked)).ok ? lines.join('\n') : undefined;
  }
}

/** Resolves with the error that ended it. The extended protocol takes one statement only. */
export function runQuestion(session: Session, { sql, onColumns, onRow }: Question): Promise<unknown> {
  const config = { text: sql, values: [], rowMode: 'array', queryMode: 'extended' };
  const query = new pg.Query(config as QueryArrayConfig);
  let fields: readonly FieldDef[] | undefined;
  const columnsOf = (announced: readonly FieldDef[]): readonly FieldDef[] => {
    fields = announced;
    onColumns(announced.map(answerColumn));
    return announced;
  };
  return new Promise((resolve) => {
    query.on('row', (row: unknown, result?: { readonly fields: FieldDef[] }) => {
      const known = fields ?? columnsOf(result?.fields ?? []);
      onRow((row as (string | null)[]).map((value, at) => (value === null ? null : cellOf(value, known[at]))));
    });
    query.on('error', resolve);
    query.on('end', (result: { readonly fields: FieldDef[] }) => {
      if (fields === undefined) columnsOf(result.fields);
      resolve(undefined);
    });
    session.client.query(query);
  });
}

const WHY: Readonly<Record<string, Refusal['why']>> = {
  '57014': 'time_limit',
  '25006': 'read_only',
  '42501': 'not_allowed',
  '42P01': 'missing',
  '42703': 'missing',
  '42883': 'missing',
  '3F000': 'missing',
};

export function refusalOf(state: string): Refusal {
  return { why: WHY[state] ?? 'other', code: state };
}

/** Where extensions of the database stand: an application has them in its path, for their operators have no other name. */
export async function extensionSchemas(session: Session): Promise<string[]> {
  const rows = await session.rows(
    `SELECT DISTINCT n.nspname AS name FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
      WHERE n.nspname <> 'pg_catalog' ORDER BY 1`,
  );
  return rows.map((row) => row['name'] ?? '');
}
