import type { DatabaseSync } from 'node:sqlite';
import { qualified } from '../../contracts/catalogue.js';
import type { TableMapping } from '../../contracts/mapping.js';
import { grown } from '../grown.js';
import { STORAGE, type KeyRange, type RowBatch } from '../source.js';
import { rangeClause, tableShape } from './bounds.js';
import { yieldTurn, type SqlValue } from './connect.js';
import { toFailure } from './errors.js';
import { realText } from './batch-fields.js';
import { groupable, readGroups } from './row-groups.js';
import { RowCursor } from './rows.js';

const ROWS_MAX = 4096;
const BYTES_MAX = 1 << 20;
/** Below this length a loop over ASCII characters is faster than the call into native code. */
const SHORT_TEXT = 24;

/**
 * Rows of a range for the copy. Integers and reals are decimal text; a real is the shortest text that parses back to
 * the same double (SQLite's own text of it is longer, and in older versions only 15 digits).
 */
export async function* readRows(
  database: DatabaseSync,
  table: TableMapping,
  options: { readonly range: KeyRange; readonly signal?: AbortSignal },
): AsyncGenerator<RowBatch> {
  const attempt = { attempted: 'read', on: qualified(table.source), facts: { table: table.source.name } };
  let cursor: RowCursor | undefined;
  try {
    options.signal?.throwIfAborted();
    const shape = tableShape(database, table.source.name);
    const columns = [...table.columns.map((column) => column.source), ...(table.rowKey ?? [])];
    const place = { shape, table, columns, range: options.range };
    if (groupable(database, place)) {
      yield* readGroups(database, place, options.signal);
      return;
    }
    const { sql, bound } = rangeClause(table, options.range, shape);
    cursor = new RowCursor(database, shape, { table: table.source.name, columns, tail: sql, bound });
    const batch = new BatchWriter(columns.length);
    while (batch.fill(cursor)) {
      yield batch.view();
      await yieldTurn();
      options.signal?.throwIfAborted();
    }
  } catch (error) {
    throw toFailure(error, attempt);
  } finally {
    cursor?.close();
  }
}

/** Fills one reused set of buffers with rows. */
class BatchWriter {
  #bytes = Buffer.allocUnsafeSlow(2 * BYTES_MAX);
  #at = 0;
  #rows = 0;
  readonly #fields: number;
  readonly #start: Int32Array;
  readonly #end: Int32Array;
  readonly #storage: Uint8Array;

  constructor(fields: number) {
    this.#fields = fields;
    this.#start = new Int32Array(ROWS_MAX * fields);
    this.#end = new Int32Array(ROWS_MAX * fields);
    this.#storage = new Uint8Array(ROWS_MAX * fields);
  }

  /** Takes rows until the batch is full or the cursor is at its end; false when there was no row. */
  fill(cursor: RowCursor): boolean {
    this.#at = 0;
    this.#rows = 0;
    while (this.#rows < ROWS_MAX && this.#at < BYTES_MAX && cursor.next()) {
      const base = this.#rows * this.#fields;
      for (let field = 0; field < this.#fields; field++) {
        const value = cursor.values[field] ?? null;
        this.#storage[base + field] = cursor.storage[field] ?? STORAGE.null;
        this.#start[base + field] = value === null ? -1 : this.#at;
        if (value !== null) this.#put(value);
        this.#end[base + field] = value === null ? -1 : this.#at;
      }
      this.#rows++;
    }
    return this.#rows > 0;
  }

  view(): RowBatch {
    const { rows, fields, bytes } = { rows: this.#rows, fields: this.#fields, bytes: this.#bytes };
    return { rows, fields, bytes, start: this.#start, end: this.#end, storage: this.#storage };
  }

  #put(value: Exclude<SqlValue, null>): void {
    if (typeof value === 'string') this.#putText(value);
    else if (typeof value === 'bigint') this.#putInteger(value);
    else if (typeof value === 'number') this.#putText(realText(value));
    else {
      this.#reserve(value.length);
      this.#bytes.set(value, this.#at);
      this.#at += value.length;
    }
  }

  #putText(text: string): void {
    const { length } = text;
    this.#reserve(3 * length);
    const bytes = this.#bytes;
    let at = this.#at;
    if (length <= SHORT_TEXT) {
      let index = 0;
      for (; index < length; index++) {
        const code = text.charCodeAt(index);
        if (code > 0x7f) break;
        bytes[at++] = code;
      }
      if (index === length) {
        this.#at = at;
        return;
      }
    }
    this.#at += bytes.write(text, this.#at, 'utf8');
  }

  #putInteger(value: bigint): void {
    let rest = Number(value);
    if (!Number.isSafeInteger(rest)) {
      this.#putText(value.toString());
      return;
    }
    this.#reserve(20);
    if (rest < 0) {
      this.#bytes[this.#at++] = 0x2d;
      rest = -rest;
    }
    let digits = 1;
    for (let power = 10; power <= rest; power *= 10) digits++;
    let place = this.#at + digits;
    this.#at = place;
    do {
      const high = Math.floor(rest / 10);
      this.#bytes[--place] = 0x30 + (rest - 10 * high);
      rest = high;
    } while (rest > 0);
  }

  /** Room for `size` more bytes; what is in the batch already stays. */
  #reserve(size: number): void {
    if (this.#at + size > this.#bytes.length) this.#bytes = grown(this.#bytes, this.#at, size);
  }
}
