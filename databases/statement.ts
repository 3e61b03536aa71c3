import type { Endpoint } from '../contracts/endpoint.js';
import { CaravanFailure } from '../contracts/failures.js';

/** A value of a parameter or of a row: a whole number beyond 2^53 is text, bytes are base64 text. */
export type JsonScalar = string | number | boolean | null;

/** One statement that somebody wrote, to be run on a database by whoever may. */
export interface Statement {
  readonly sql: string;
  /** In the database's own places: `$1` in PostgreSQL, `?` in MySQL, MariaDB and SQLite. */
  readonly params: readonly JsonScalar[];
  /** More rows are a failure, never cut in silence. */
  readonly rowsMax: number;
  /** Of all rows as JSON. */
  readonly bytesMax: number;
  readonly seconds: number;
  /** False: in a transaction that the server itself keeps from writing. */
  readonly writes: boolean;
  /** Its abort cuts the connection. */
  readonly signal: AbortSignal;
}

export interface StatementAnswer {
  /** Names may repeat, as in SQL. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly JsonScalar[])[];
  /** Rows given, or rows that were changed. */
  readonly rowCount: number;
}

export type RunStatement<E extends Endpoint = Endpoint> = (
  endpoint: E,
  statement: Statement,
) => Promise<StatementAnswer>;

/** What begins a statement that only reads; a comment before it could hide what a server runs. */
const READS = /^[\s(]*(?:select|with|values|table|show|explain|describe|desc)\b/i;

/** A first look, before the server's own: transaction control, DDL and session commands never get that far. */
export function mustRead({ sql, writes }: Statement): void {
  if (writes || READS.test(sql)) return;
  throw new CaravanFailure('SQL_REFUSED', {
    attempted: 'run',
    on: 'the statement',
    seen: 'it does not begin as one that reads (SELECT, WITH, VALUES, TABLE, SHOW, EXPLAIN)',
    next: 'Correct it, or let the operator name the connection in CARAVAN_SQL_WRITE.',
  });
}

/** Bytes that are read of an answer at most, whatever one row holds. */
export const ANSWER_BYTES_MAX = 8 * 1024 * 1024;

/** Rows as they come, up to the limits. */
export class LimitedRows {
  readonly rows: JsonScalar[][] = [];
  readonly #limits: Pick<Statement, 'rowsMax' | 'bytesMax'>;
  #bytes = 0;

  constructor(limits: Pick<Statement, 'rowsMax' | 'bytesMax'>) {
    this.#limits = limits;
  }

  /** Throws when there are too many. */
  add(row: JsonScalar[]): void {
    const { rowsMax, bytesMax } = this.#limits;
    if (this.rows.length >= rowsMax) throw tooLarge(`it gives more than ${String(rowsMax)} rows`);
    this.#bytes += Buffer.byteLength(JSON.stringify(row)) + 1;
    if (this.#bytes > bytesMax) throw tooLarge(`its rows have more than ${String(bytesMax)} bytes`);
    this.rows.push(row);
  }
}

export function tooLarge(seen: string): CaravanFailure {
  return new CaravanFailure('SQL_REFUSED', {
    attempted: 'give back the rows of',
    on: 'the statement',
    seen,
    next: 'Ask for less: a LIMIT, fewer columns, or an aggregate.',
  });
}

/** A whole number as JSON can carry it without loss. */
export function wholeNumber(value: bigint | string): JsonScalar {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

export function finiteNumber(value: number): JsonScalar {
  return Number.isFinite(value) ? value : String(value);
}
