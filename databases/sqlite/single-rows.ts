import type { DatabaseSync } from 'node:sqlite';
import { STORAGE } from '../source.js';
import type { BatchFields } from './batch-fields.js';
import type { SqlValue } from './connect.js';

/** Rows of one batch; so many are looked at before rows are read in groups. */
const ROWS = 16;

/** FROM and WHERE up to the rowid, and the rowid to begin with. */
export interface SinglePlace {
  readonly from: string;
  readonly rowid: string;
  readonly columns: readonly string[];
  readonly lower: bigint;
}

/**
 * Rows one by one, in the order of the rowid: each value is read once, whatever its length, and only when its row's turn
 * has come. Text comes as the bytes that it is stored in, so that the database must be UTF-8.
 */
export class SingleRows {
  readonly #rows: Iterator<SqlValue[]>;
  readonly #fields: number;
  /** A row that is read, and waits for the next batch. */
  #waiting: SqlValue[] | undefined;

  constructor(database: DatabaseSync, { from, rowid, columns, lower }: SinglePlace) {
    const list = columns.map(
      (c) => `typeof(${c}), CASE typeof(${c}) WHEN 'text' THEN CAST(${c} AS BLOB) ELSE ${c} END`,
    );
    const statement = database.prepare(`SELECT ${[rowid, ...list].join(', ')} ${from} >= ?1 ORDER BY ${rowid}`);
    this.#rows = statement.iterate(lower) as unknown as Iterator<SqlValue[]>;
    this.#fields = columns.length;
  }

  /** Rows for one batch, of about so many bytes unless one row has more; undefined behind the last one. */
  take(batch: BatchFields, bytes: number): { readonly rows: number; readonly last: bigint } | undefined {
    batch.begin(new Uint8Array());
    let rows = 0;
    let last = 0n;
    for (let row = this.#next(); row !== undefined; row = this.#next()) {
      if (rows > 0 && batch.length + bytesOf(row) > bytes) {
        this.#waiting = row;
        break;
      }
      last = row[0] as bigint;
      this.#put(batch, rows, row);
      rows += 1;
      if (rows === ROWS) break;
    }
    return rows === 0 ? undefined : { rows, last };
  }

  /** Ends the statement. */
  close(): void {
    this.#rows.return?.();
  }

  #next(): SqlValue[] | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) return waiting;
    const step = this.#rows.next();
    return step.done === true ? undefined : step.value;
  }

  #put(batch: BatchFields, row: number, values: readonly SqlValue[]): void {
    for (let field = 0; field < this.#fields; field += 1) {
      const at = row * this.#fields + field;
      batch.storage[at] = STORAGE[values[1 + 2 * field] as keyof typeof STORAGE];
      batch.append(at, values[2 + 2 * field] ?? null);
    }
  }
}

function bytesOf(row: readonly SqlValue[]): number {
  return row.reduce<number>((sum, value) => sum + (value instanceof Uint8Array ? value.length : 0), 0);
}
