import { isUtf8 } from 'node:buffer';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { STORAGE } from '../source.js';
import { columnSql, type TableShape } from './bounds.js';
import { quoteName, type SqlValue } from './connect.js';

const REPLACEMENT = '\ufffd';

export interface RowQuery {
  readonly table: string;
  /** Column names; "rowid" allowed. */
  readonly columns: readonly string[];
  /** Goes behind FROM table: WHERE, ORDER BY, LIMIT; with its parameters. */
  readonly tail: string;
  readonly bound: readonly SqlValue[];
}

/**
 * Rows exactly as they are stored, at the driver's full speed. The driver gives text as a string, with U+FFFD in place
 * of each invalid byte; so a string without U+FFFD is proof that its bytes are valid UTF-8 and are those of the string.
 * One that holds U+FFFD is read again as a blob, by rowid, over the same connection (the open statement holds the read
 * transaction, so it is the same row). Where there is no rowid, or the database is UTF-16, all text comes as blobs.
 */
export class RowCursor {
  /** The current row's values; text that is not valid UTF-8 as its bytes. Reused. */
  readonly values: SqlValue[];
  /** The current row's storage classes (`STORAGE`). Reused. */
  readonly storage: Uint8Array;
  readonly #iterator: Iterator<SqlValue[]>;
  readonly #reread: StatementSync[];
  readonly #fields: number;
  readonly #asBlobs: boolean;
  readonly #wide: 'utf-16le' | 'utf-16be' | undefined;

  constructor(database: DatabaseSync, shape: TableShape, query: RowQuery) {
    const columns = query.columns.map((column) => columnSql(shape, column));
    const from = ` FROM main.${quoteName(query.table)}`;
    this.#fields = columns.length;
    this.#wide = wideEncoding(database);
    this.#asBlobs = this.#wide !== undefined || shape.rowidName === undefined;
    const list = this.#asBlobs
      ? columns.map((c) => `typeof(${c}), CASE typeof(${c}) WHEN 'text' THEN CAST(${c} AS BLOB) ELSE ${c} END`)
      : [...columns, shape.rowidName];
    this.#reread = this.#asBlobs
      ? []
      : columns.map((c) => database.prepare(`SELECT CAST(${c} AS BLOB)${from} WHERE ${shape.rowidName ?? ''} = ?1`));
    const statement = database.prepare(`SELECT ${list.join(', ')}${from}${query.tail}`);
    this.#iterator = statement.iterate(...query.bound) as unknown as Iterator<SqlValue[]>;
    this.values = new Array<SqlValue>(this.#fields).fill(null);
    this.storage = new Uint8Array(this.#fields);
  }

  /** Moves to the next row; false behind the last. */
  next(): boolean {
    const step = this.#iterator.next();
    if (step.done) return false;
    if (this.#asBlobs) this.#takeTagged(step.value);
    else this.#takePlain(step.value);
    return true;
  }

  /** Ends the statement, and with it the read transaction it may hold. */
  close(): void {
    this.#iterator.return?.();
  }

  #takePlain(row: SqlValue[]): void {
    for (let field = 0; field < this.#fields; field++) {
      const value = row[field] ?? null;
      this.values[field] = value;
      if (typeof value === 'string') {
        this.storage[field] = STORAGE.text;
        if (value.includes(REPLACEMENT)) this.values[field] = this.#bytesOf(field, row[this.#fields] ?? null);
      } else if (typeof value === 'bigint') this.storage[field] = STORAGE.integer;
      else if (typeof value === 'number') this.storage[field] = STORAGE.real;
      else this.storage[field] = value === null ? STORAGE.null : STORAGE.blob;
    }
  }

  #bytesOf(field: number, rowid: SqlValue): SqlValue {
    const row = this.#reread[field]?.get(rowid) as unknown as [Uint8Array] | undefined;
    const bytes = row?.[0] ?? null;
    return bytes !== null && isUtf8(bytes)
      ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
      : bytes;
  }

  #takeTagged(row: SqlValue[]): void {
    for (let field = 0; field < this.#fields; field++) {
      const value = row[2 * field + 1] ?? null;
      const storage = STORAGE[row[2 * field] as keyof typeof STORAGE];
      this.storage[field] = storage;
      this.values[field] = storage === STORAGE.text ? this.#textOf(value as Uint8Array) : value;
    }
  }

  #textOf(bytes: Uint8Array): SqlValue {
    if (this.#wide !== undefined) return fromUtf16(bytes, this.#wide);
    return isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString() : bytes;
  }
}

/** Set where the database stores text as UTF-16: there a blob of a text is not UTF-8. */
export function wideEncoding(database: DatabaseSync): 'utf-16le' | 'utf-16be' | undefined {
  const row = database.prepare('PRAGMA encoding').get() as unknown as [string];
  if (row[0] === 'UTF-16le') return 'utf-16le';
  return row[0] === 'UTF-16be' ? 'utf-16be' : undefined;
}

/** A string, or for ill-formed UTF-16 (lone surrogates, an odd byte) bytes that are invalid UTF-8 and lose nothing. */
export function fromUtf16(stored: Uint8Array, encoding: 'utf-16le' | 'utf-16be'): string | Uint8Array {
  const even = stored.length - (stored.length % 2);
  const little = Buffer.from(stored.subarray(0, even));
  if (encoding === 'utf-16be') little.swap16();
  const text = little.toString('utf16le');
  if (even === stored.length && !/\p{Surrogate}/u.test(text)) return text;
  const parts: Uint8Array[] = [];
  for (const character of text) {
    const unit = character.charCodeAt(0);
    const lone = character.length === 1 && unit >= 0xd800 && unit <= 0xdfff;
    const three = [0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)];
    parts.push(lone ? Uint8Array.from(three) : Buffer.from(character));
  }
  if (even < stored.length) parts.push(Uint8Array.of(0xff, stored[even] ?? 0));
  return Buffer.concat(parts);
}
