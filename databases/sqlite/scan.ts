import type { DatabaseSync } from 'node:sqlite';
import { qualified } from '../../contracts/catalogue.js';
import type { TableMapping } from '../../contracts/mapping.js';
import { keyIdentity, NULL_MARK, ODD_MARK, rowIdentity } from '../canonical.js';
import { grown } from '../grown.js';
import { STORAGE, type CanonicalBatch, type KeyRange, type ScanOptions } from '../source.js';
import { filterOf } from './bounds.js';
import { canonicaliserOf, directStorage, keyBytes } from './canonical-values.js';
import { yieldTurn } from './connect.js';
import { toFailure } from './errors.js';
import { PackedRow, packedRows } from './packed.js';

const ROWS_MAX = 4096;
const BYTES_MAX = 1 << 20;
const SHORT_FIELD = 48;

/**
 * Rows of a range for the proof, in canonical form. Shares neither SELECT list nor value code with `readRows`; what
 * this file and those it uses for values get wrong, the copy does not get wrong in the same way.
 */
export async function* scanRows(
  database: DatabaseSync,
  table: TableMapping,
  options: ScanOptions & { readonly range: KeyRange },
): AsyncGenerator<CanonicalBatch> {
  const attempt = { attempted: 'scan', on: qualified(table.source), facts: { table: table.source.name } };
  let rows: Iterator<Uint8Array> | undefined;
  try {
    options.signal?.throwIfAborted();
    const keyColumns = options.keys ? (table.rowKey ?? []) : [];
    const names = columnNames(database, table.source.name);
    const columns = [...table.columns.map((column) => column.source), ...keyColumns].map((name) =>
      columnOf(names, name),
    );
    rows = packedRows(database, columns, scanFrom(table, options.range, names));
    const writer = new CanonicalWriter(table, options.keys, keyColumns.length);
    while (writer.fill(rows)) {
      yield writer.view();
      await yieldTurn();
      options.signal?.throwIfAborted();
    }
  } catch (error) {
    throw toFailure(error, attempt);
  } finally {
    rows?.return?.();
  }
}

function columnNames(database: DatabaseSync, table: string): ReadonlySet<string> {
  const rows = database.prepare("SELECT name FROM pragma_table_xinfo(?1, 'main')").all(table) as unknown as [string][];
  return new Set(rows.map(([name]) => name));
}

/** The mapping's "rowid" is the implicit one, under a name that no column has taken. */
function columnOf(names: ReadonlySet<string>, name: string): string {
  if (name !== 'rowid' || names.has(name)) return `"${name.replaceAll('"', '""')}"`;
  const taken = new Set([...names].map((column) => column.toLowerCase()));
  return ['rowid', '_rowid_', 'oid'].find((alias) => !taken.has(alias)) ?? 'rowid';
}

/** FROM and WHERE: [lower, upper); the first range takes keys that are NULL along, the last ones that are no numbers. */
function scanFrom(
  table: TableMapping,
  range: KeyRange,
  names: ReadonlySet<string>,
): { sql: string; bound: (string | bigint)[] } {
  const from = `FROM main."${table.source.name.replaceAll('"', '""')}"`;
  const inside = insideOf(table, range, names);
  const conditions = [...inside.sql, ...(table.filter === undefined ? [] : [filterOf(table)])];
  return { sql: conditions.length === 0 ? from : `${from} WHERE ${conditions.join(' AND ')}`, bound: inside.bound };
}

function insideOf(
  { chunkKey }: TableMapping,
  { lower, upper }: KeyRange,
  names: ReadonlySet<string>,
): { sql: string[]; bound: (string | bigint)[] } {
  if (!chunkKey || (lower === undefined && upper === undefined)) return { sql: [], bound: [] };
  const key = columnOf(names, chunkKey.source);
  const form = (text: string): string | bigint => (chunkKey.kind === 'integer' ? BigInt(text) : text);
  if (upper === undefined) return { sql: [`${key} >= ?`], bound: [form(lower ?? '')] };
  if (lower !== undefined) return { sql: [`${key} >= ?`, `${key} < ?`], bound: [form(lower), form(upper)] };
  return { sql: [`(${key} < ? OR ${key} IS NULL)`], bound: [form(upper)] };
}

/** Frames canonical values into one reused buffer. */
class CanonicalWriter {
  readonly #canonicalise;
  readonly #direct;
  readonly #row: PackedRow;
  readonly #columns: number;
  readonly #keyFields: number;
  readonly #end = new Int32Array(ROWS_MAX);
  #bytes = Buffer.allocUnsafeSlow(2 * BYTES_MAX);
  #at = 0;
  #rows = 0;
  #keys: string[] = [];
  readonly #wantKeys: boolean;

  constructor(table: TableMapping, wantKeys: boolean, keyFields: number) {
    this.#canonicalise = table.columns.map((column) => canonicaliserOf(column));
    this.#direct = table.columns.map((column) => directStorage(column));
    this.#columns = table.columns.length;
    this.#keyFields = keyFields;
    this.#row = new PackedRow(this.#columns + keyFields);
    this.#wantKeys = wantKeys;
  }

  fill(rows: Iterator<Uint8Array>): boolean {
    this.#at = 0;
    this.#rows = 0;
    this.#keys = [];
    while (this.#rows < ROWS_MAX && this.#at < BYTES_MAX) {
      const step = rows.next();
      if (step.done) break;
      this.#row.open(step.value);
      for (let field = 0; field < this.#columns; field++) this.#putField(field);
      if (this.#wantKeys) this.#keys.push(this.#keyOf());
      this.#end[this.#rows++] = this.#at;
    }
    return this.#rows > 0;
  }

  view(): CanonicalBatch {
    return { rows: this.#rows, bytes: this.#bytes, end: this.#end, keys: this.#keys };
  }

  #value(field: number): { storage: number; bytes: Buffer } {
    const { storage, start, end, bytes } = this.#row;
    return { storage: storage[field] ?? STORAGE.null, bytes: bytes.subarray(start[field], end[field]) };
  }

  #keyOf(): string {
    if (this.#keyFields === 0) {
      const { storage } = this.#row;
      const whole = Array.from({ length: this.#columns }, (_, at) =>
        storage[at] === STORAGE.null ? null : keyBytes(this.#value(at)),
      );
      return rowIdentity(whole, (at) => storage[at] ?? STORAGE.null);
    }
    const fields: Uint8Array[] = [];
    for (let key = 0; key < this.#keyFields; key++) fields.push(keyBytes(this.#value(this.#columns + key)));
    return keyIdentity(fields);
  }

  #putField(field: number): void {
    const storage = this.#row.storage[field] ?? STORAGE.null;
    if (storage === STORAGE.null) {
      this.#reserve(4);
      this.#at = this.#bytes.writeUInt32BE(NULL_MARK, this.#at);
      return;
    }
    const direct = this.#direct[field];
    const bits = (direct?.always ?? 0) | (this.#row.clean ? (direct?.clean ?? 0) : 0);
    if ((bits >> storage) & 1) {
      this.#putDirect(this.#row.start[field] ?? 0, this.#row.end[field] ?? 0);
      return;
    }
    const value = this.#value(field);
    const form = this.#canonicalise[field]?.(value);
    if (form === undefined) {
      this.#reserve(4);
      this.#at = this.#bytes.writeUInt32BE(ODD_MARK, this.#at);
      this.#putFramed(value.bytes);
    } else if (typeof form === 'string') this.#putFramed(Buffer.from(form));
    else this.#putFramed(form);
  }

  /** Short fields byte by byte: a call into native code costs more than they do. */
  #putDirect(start: number, end: number): void {
    const size = end - start;
    this.#reserve(4 + size);
    const { bytes } = this.#row;
    const target = this.#bytes;
    let at = this.#at;
    target[at] = size >>> 24;
    target[at + 1] = size >>> 16;
    target[at + 2] = size >>> 8;
    target[at + 3] = size;
    at += 4;
    if (size > SHORT_FIELD) bytes.copy(target, at, start, end);
    else for (let index = 0; index < size; index++) target[at + index] = bytes[start + index] ?? 0;
    this.#at = at + size;
  }

  #putFramed(form: Uint8Array): void {
    this.#reserve(4 + form.length);
    this.#at = this.#bytes.writeUInt32BE(form.length, this.#at);
    this.#bytes.set(form, this.#at);
    this.#at += form.length;
  }

  #reserve(size: number): void {
    if (this.#at + size > this.#bytes.length) this.#bytes = grown(this.#bytes, this.#at, size);
  }
}
