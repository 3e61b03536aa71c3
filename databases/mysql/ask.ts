import type { FieldPacket } from 'mysql2';
import type { Answered, Asking, Question, Refusal } from '../asking.js';
import { answerColumn, cellOf } from './ask-cells.js';
import type { MysqlSession } from './connect.js';
import { failureOf } from './errors.js';

const ATTEMPT = { attempted: 'run a query of the application on', on: 'the source' };

/** An application has the server's own mode and lengths. UTC stays: the target's session has it, too. */
export const AS_APPLICATION = 'sql_mode = @@GLOBAL.sql_mode, group_concat_max_len = @@GLOBAL.group_concat_max_len';
/** As connect.ts sets up a session. */
const AS_BEFORE = `sql_mode = 'NO_ENGINE_SUBSTITUTION', group_concat_max_len = 4294967295`;

/** Takes a session for queries of an application: it stays in the transaction of its snapshot, which is read-only. */
export async function openAsking(session: MysqlSession): Promise<Asking> {
  await session.query(`SET SESSION ${AS_APPLICATION}`, ATTEMPT);
  return new MysqlAsking(session);
}

class MysqlAsking implements Asking {
  readonly #session: MysqlSession;
  #seconds = 0;

  constructor(session: MysqlSession) {
    this.#session = session;
  }

  async ask(question: Question): Promise<Answered> {
    await this.#limit(question.seconds);
    return asked(this.#session, question, ATTEMPT);
  }

  async explain(sql: string): Promise<string | undefined> {
    const lines: string[] = [];
    const told = (cells: readonly (string | null)[]): void => {
      lines.push(cells.map((cell) => cell ?? 'NULL').join(' | '));
    };
    const onColumns = (columns: readonly { readonly name: string }[]): void => {
      told(columns.map(({ name }) => name));
    };
    const { ok } = await this.ask({ sql: `EXPLAIN ${sql}`, seconds: this.#seconds, onColumns, onRow: told });
    return ok ? lines.join('\n') : undefined;
  }

  async close(): Promise<void> {
    if (!this.#session.usable) return;
    await this.#session.query(`SET SESSION ${AS_BEFORE}, ${limitName(this.#session)} = 0`, ATTEMPT);
  }

  /** MySQL's limit holds for reading statements, as these are. */
  async #limit(seconds: number): Promise<void> {
    if (seconds === this.#seconds) return;
    const value = this.#session.facts.engine === 'mariadb' ? seconds : Math.ceil(seconds * 1000);
    await this.#session.query(`SET SESSION ${limitName(this.#session)} = ${String(value)}`, ATTEMPT);
    this.#seconds = seconds;
  }
}

function limitName({ facts }: MysqlSession): string {
  return facts.engine === 'mariadb' ? 'max_statement_time' : 'max_execution_time';
}

/** What a question gives, or why the server refuses it; a session that is lost is a failure of `attempt`. */
export async function asked(
  session: MysqlSession,
  question: Question,
  attempt: Parameters<typeof failureOf>[1],
): Promise<Answered> {
  const startedMs = performance.now();
  const error = await runQuestion(session, question);
  const ms = performance.now() - startedMs;
  if (error === undefined) return { ok: true, ms };
  if (!session.usable) throw failureOf(error, attempt);
  return { ok: false, ms, refused: refusalOf(error) };
}

/** Resolves with the error that ended it. */
function runQuestion(session: MysqlSession, { sql, onColumns, onRow }: Question): Promise<unknown> {
  let fields: readonly FieldPacket[] = [];
  return new Promise((resolve) => {
    const forget = session.onLost(resolve);
    let seen: unknown;
    session.connection
      .query({ sql, rowsAsArray: true, typeCast: (field) => field.buffer() })
      .on('fields', (announced: readonly FieldPacket[] | undefined) => {
        fields = announced ?? [];
        onColumns(fields.map(answerColumn));
      })
      .on('result', (row: unknown) => {
        if (!Array.isArray(row)) return;
        onRow(row.map((value: Buffer | null, at) => (value === null ? null : cellOf(value, fields[at]))));
      })
      .on('error', (error: unknown) => {
        seen = error;
        forget();
        resolve(error);
      })
      .on('end', () => {
        forget();
        resolve(seen);
      });
  });
}

const WHY: ReadonlyMap<number, Refusal['why']> = new Map([
  [1969, 'time_limit'],
  [3024, 'time_limit'],
  [1317, 'time_limit'],
  [1792, 'read_only'],
  [1290, 'read_only'],
  [1044, 'not_allowed'],
  [1142, 'not_allowed'],
  [1143, 'not_allowed'],
  [1227, 'not_allowed'],
  [1370, 'not_allowed'],
  [1046, 'missing'],
  [1049, 'missing'],
  [1054, 'missing'],
  [1146, 'missing'],
  [1305, 'missing'],
]);

export function refusalOf(error: unknown): Refusal {
  const { errno, sqlState } = error as { readonly errno?: number; readonly sqlState?: string };
  return { why: WHY.get(errno ?? 0) ?? 'other', code: `${String(errno ?? '?')}/${sqlState ?? '?'}` };
}
