import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { TableMapping } from '../../contracts/mapping.js';
import { STORAGE, type KeyRange, type RowBatch } from '../source.js';
import { BatchFields } from './batch-fields.js';
import { columnSql, filterOf, isRowid, type TableShape } from './bounds.js';
import { allRows, quoteName, yieldTurn, type SqlValue } from './connect.js';
import { SingleRows } from './single-rows.js';

/** A group aims at this; the rows before it tell how many that are. */
const GROUP_BYTES = 1 << 19;
const FIRST_ROWS = 64;
const ROWS_MAX = 4096;
/** Longer values are read one by one, and end their batch early, so that memory stays flat whatever is in a table. */
const LONG_BYTES = 4096;
const BATCH_BYTES = 1 << 20;
/** Rows of more bytes than this are read one by one: to find what stands behind a long value costs as much as to read it. */
const LONG_ROW_BYTES = 1 << 15;
/** Fields of one call of `concat`: far within 100 arguments, SQLite's usual limit. */
const FIELDS_MAX = 50;

const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;

const SEMICOLON = 0x3b;
const LETTER = { null: 0x6e, integer: 0x69, real: 0x72, text: 0x74, blob: 0x62, longText: 0x54, longBlob: 0x42 };

/** What a group is read from. */
export interface GroupPlace {
  readonly shape: TableShape;
  readonly table: TableMapping;
  readonly columns: readonly string[];
  readonly range: KeyRange;
}

/**
 * Can rows be read in groups? Where the rowid orders them, within the range too, and text is stored as UTF-8; for only
 * then are its bytes SQLite's own.
 */
export function groupable(database: DatabaseSync, { shape, table, range }: GroupPlace): boolean {
  if (shape.rowidName === undefined) return false;
  const bounded = range.lower !== undefined || range.upper !== undefined;
  if (bounded && table.chunkKey !== undefined && !isRowid(shape, table.chunkKey.source)) return false;
  const [[encoding]] = allRows(database, 'PRAGMA encoding') as [[string]];
  return encoding === 'UTF-8';
}

/**
 * Rows in the order of the rowid, some hundred at a time: SQLite joins their fields into one blob, each behind a letter of
 * its storage class, so that a value costs neither a call nor an object. Integers end with ";", texts and blobs have
 * their length in bytes in front. Long ones are a letter and a length, reals a letter only, and are read from the driver, whose doubles are exact. All
 * statements see one state: the caller's transaction, or one of its own.
 */
export async function* readGroups(
  database: DatabaseSync,
  place: GroupPlace,
  signal: AbortSignal | undefined,
): AsyncGenerator<RowBatch> {
  const own = !database.isTransaction;
  if (own) database.exec('BEGIN');
  let groups: Groups | undefined;
  try {
    groups = new Groups(database, place);
    for (let batch = groups.next(); batch !== undefined; batch = groups.next()) {
      yield batch;
      await yieldTurn();
      signal?.throwIfAborted();
    }
  } finally {
    groups?.close();
    if (own) database.exec('COMMIT');
  }
}

/** What a group's blob holds. */
interface Parsed {
  /** Rows of the batch. */
  readonly rows: number;
  /** Places of values that are not in the blob, among the batch's fields; some are of rows behind the batch. */
  readonly missing: readonly number[];
  /** Some of these are not reals. */
  readonly hasLong: boolean;
}

class Groups {
  readonly #database: DatabaseSync;
  readonly #from: string;
  readonly #rowid: string;
  readonly #columns: readonly string[];
  readonly #group: StatementSync;
  readonly #batch: BatchFields;
  #lower: bigint;
  #wanted = FIRST_ROWS;
  /** Rows are read one by one, as at first, until it is known how long they are. */
  #single: SingleRows | undefined;

  constructor(database: DatabaseSync, { shape, table, columns, range }: GroupPlace) {
    this.#database = database;
    this.#rowid = shape.rowidName ?? '';
    this.#columns = columns.map((column) => columnSql(shape, column));
    this.#lower = range.lower === undefined || table.chunkKey === undefined ? LEAST : BigInt(range.lower);
    const upper = range.upper === undefined || table.chunkKey === undefined ? undefined : BigInt(range.upper);
    const below = upper === undefined ? '' : ` AND ${this.#rowid} < ${String(upper)}`;
    this.#from = `FROM main.${quoteName(table.source.name)} WHERE ${filterOf(table)}${below} AND ${this.#rowid}`;
    this.#group = database.prepare(
      `SELECT CAST(string_agg(p, '') AS BLOB), max(r), count(*) FROM
        (SELECT ${this.#rowid} AS r, ${joined(this.#columns)} AS p ${this.#from} >= ?1 ORDER BY ${this.#rowid} LIMIT ?2)`,
    );
    this.#batch = new BatchFields(columns.length, { rows: ROWS_MAX, bytes: 2 * GROUP_BYTES });
    this.#single = this.#oneByOne();
  }

  /** Undefined behind the last row. */
  next(): RowBatch | undefined {
    if (this.#lower > MOST) return undefined;
    return this.#single === undefined ? this.#nextGroup() : this.#nextSingle(this.#single);
  }

  close(): void {
    this.#single?.close();
  }

  #oneByOne(): SingleRows {
    const place = { from: this.#from, rowid: this.#rowid, columns: this.#columns, lower: this.#lower };
    return new SingleRows(this.#database, place);
  }

  #nextSingle(single: SingleRows): RowBatch | undefined {
    const taken = single.take(this.#batch, BATCH_BYTES);
    if (taken === undefined) return undefined;
    this.#lower = taken.last + 1n;
    if (this.#batch.length / taken.rows < LONG_ROW_BYTES) {
      single.close();
      this.#single = undefined;
      this.#wanted = FIRST_ROWS;
    }
    return this.#batch.view(taken.rows, false);
  }

  #nextGroup(): RowBatch | undefined {
    const found = this.#group.get(this.#lower, BigInt(this.#wanted)) as unknown as [Uint8Array | null, bigint, bigint];
    const whole = Number(found[2]);
    if (whole === 0) return undefined;
    const packed = found[0] ?? new Uint8Array();
    const first = this.#lower;
    this.#lower = found[1] + 1n;
    this.#batch.begin(packed);
    const parsed = this.#parse(whole, packed.length);
    const { rows } = parsed;
    this.#fill(parsed, { first, last: found[1], whole });
    const bytesPerRow = Math.max(1, this.#batch.length / rows);
    this.#wanted = Math.min(ROWS_MAX, this.#wanted * 4, Math.max(16, Math.ceil(GROUP_BYTES / bytesPerRow)));
    if (bytesPerRow >= LONG_ROW_BYTES) this.#single = this.#oneByOne();
    return this.#batch.view(rows, !parsed.hasLong);
  }

  /** Finds each field in the blob; gives those that are not in it, and how many rows a batch holds with them. */
  #parse(whole: number, length: number): Parsed {
    const { bytes, start, end, storage } = this.#batch;
    const fields = this.#columns.length;
    const missing: number[] = [];
    let from = 0;
    let long = 0;
    let firstLong = whole;
    let rows = whole;
    for (let at = 0, places = whole * fields; at < places; at++) {
      const letter = bytes[from++];
      storage[at] = storageOf(letter);
      let size = 0;
      if (letter === LETTER.integer) {
        while (bytes[from + size] !== SEMICOLON) size++;
        start[at] = from;
        end[at] = from + size;
        from += size + 1;
        continue;
      }
      if (letter !== LETTER.null && letter !== LETTER.real) {
        for (let digit = bytes[from++] ?? 0; digit !== SEMICOLON; digit = bytes[from++] ?? 0)
          size = size * 10 + (digit - 0x30);
      }
      if (letter === LETTER.text || letter === LETTER.blob) {
        start[at] = from;
        from += size;
        end[at] = from;
        continue;
      }
      start[at] = -1;
      end[at] = -1;
      if (letter === LETTER.null) continue;
      missing.push(at);
      if (letter === LETTER.real) continue;
      const row = Math.floor(at / fields);
      long += size;
      firstLong = Math.min(firstLong, row);
      // The values of one row stay together, however long they are.
      if (long > BATCH_BYTES && row > firstLong && row < rows) rows = row;
    }
    if (from !== length) throw new Error(`a group of ${String(length)} bytes ends at ${String(from)}`);
    return { rows, missing, hasLong: long > 0 };
  }

  /** Puts reals and long values behind the blob; the next group begins with the first row that is not of the batch. */
  #fill({ rows, missing }: Parsed, window: { first: bigint; last: bigint; whole: number }): void {
    if (missing.length === 0) return;
    const { length } = this.#columns;
    const fields = [...new Set(missing.map((at) => at % length))];
    const place = this.#columns.map((_, field) => fields.indexOf(field) + 1);
    // A long value is read when its turn comes.
    const list = fields.map((field) => {
      const column = this.#columns[field] ?? '';
      return `CASE typeof(${column}) WHEN 'real' THEN ${column} END`;
    });
    const read = this.#database.prepare(
      `SELECT ${[this.#rowid, ...list].join(', ')} ${this.#from} BETWEEN ?1 AND ?2 ORDER BY ${this.#rowid}`,
    );
    const found = read.all(window.first, window.last) as unknown as SqlValue[][];
    if (found.length !== window.whole)
      throw new Error(`a group of ${String(window.whole)} rows has ${String(found.length)}`);
    if (rows < window.whole) this.#lower = found[rows]?.[0] as bigint;
    for (const at of missing) {
      if (at >= rows * length) break;
      const field = at % length;
      const row = found[Math.floor(at / length)] ?? [];
      if (this.#batch.storage[at] === STORAGE.real) this.#batch.appendReal(at, row[place[field] ?? 0] as number);
      else this.#batch.appendBytes(at, this.#long(field, row[0] ?? null));
    }
  }

  #long(field: number, rowid: SqlValue): Uint8Array {
    const read = this.#database.prepare(`SELECT CAST(${this.#columns[field] ?? ''} AS BLOB) ${this.#from} = ?1`);
    const [value] = read.get(rowid) as unknown as [Uint8Array];
    return value;
  }
}

const STORAGES = new Uint8Array(0x80);
STORAGES[LETTER.integer] = STORAGE.integer;
STORAGES[LETTER.real] = STORAGE.real;
STORAGES[LETTER.text] = STORAGE.text;
STORAGES[LETTER.longText] = STORAGE.text;
STORAGES[LETTER.blob] = STORAGE.blob;
STORAGES[LETTER.longBlob] = STORAGE.blob;

function storageOf(letter: number | undefined): number {
  return STORAGES[letter ?? 0] ?? STORAGE.null;
}

/** SQL of a row's fields as one text. */
function joined(columns: readonly string[]): string {
  const calls: string[] = [];
  for (let at = 0; at < columns.length; at += FIELDS_MAX)
    calls.push(
      `concat(${columns
        .slice(at, at + FIELDS_MAX)
        .map(field)
        .join(', ')})`,
    );
  return calls.join(' || ');
}

function field(column: string): string {
  const sized = (short: string, long: string): string =>
    `CASE WHEN octet_length(${column}) <= ${String(LONG_BYTES)} THEN '${short}' || octet_length(${column}) || ';' || ${column}
      ELSE '${long}' || octet_length(${column}) || ';' END`;
  return (
    `CASE typeof(${column}) WHEN 'text' THEN ${sized('t', 'T')} WHEN 'integer' THEN 'i' || ${column} || ';'` +
    ` WHEN 'real' THEN 'r' WHEN 'null' THEN 'n' ELSE ${sized('b', 'B')} END`
  );
}
