import { isUtf8 } from 'node:buffer';
import type { CatalogueTable } from '../../contracts/catalogue.js';
import type { TableProfile } from '../../contracts/profile.js';
import type { FileFormat } from '../../contracts/text-format.js';
import { hashOf } from '../fingerprint/hash.js';
import { ColumnProfiler } from './column-profile.js';
import { FileRows } from './file-rows.js';
import type { Folder } from './folder.js';
import { brokenKey, framedKey, KeyCheck } from './key-check.js';
import { faultOf } from './read.js';
import { NullWords } from './values.js';

/** Rows that the sketches see, of a pass that sees all. */
const SKETCHED_ROWS = 10_000;

/**
 * Profile of a table in one pass over all of its rows: a type is only what every value is, so that there is no sample.
 * Rows that cannot be taken apart are not looked at; they go to quarantine.
 */
export async function profileTable(
  folder: Folder,
  table: CatalogueTable,
  signal: AbortSignal | undefined,
): Promise<TableProfile> {
  const pass = new Pass(table);
  if (table.refused === undefined)
    for (const format of table.format?.files ?? []) await pass.over(folder, format, signal);
  await pass.checkKey(folder, signal);
  return pass.result();
}

class Pass {
  readonly #table: CatalogueTable;
  readonly #columns: readonly ColumnProfiler[];
  readonly #every: number;
  readonly #key: readonly string[];
  readonly #keys = new KeyCheck();
  #rows = 0;
  #broken = 0;

  constructor(table: CatalogueTable) {
    this.#table = table;
    this.#columns = table.columns.map(({ name }) => new ColumnProfiler(name));
    this.#every = Math.max(1, Math.ceil(table.estimatedRows / SKETCHED_ROWS));
    this.#key = table.primaryKey?.map(({ column }) => column) ?? [];
  }

  async over(folder: Folder, format: FileFormat, signal: AbortSignal | undefined): Promise<void> {
    const places = this.#table.columns.map(({ name }) => format.columns.indexOf(name));
    const nulls = new NullWords(format.nullWords);
    this.#broken += await visitRows(folder, format, signal, (row) => {
      this.#take(row, places, nulls);
      if (this.#key.length === 0) return;
      const key = keyOf(row, format, this.#key, nulls);
      if (key === undefined) this.#keys.addNull();
      else this.#keys.add(key);
    });
  }

  #take({ splitter, bytes, isClean }: WholeRow, places: readonly number[], nulls: NullWords): void {
    const isSketched = this.#rows++ % this.#every === 0;
    let at = 0;
    for (const column of this.#columns) {
      const place = places[at++] ?? 0;
      const start = splitter.start[place] ?? 0;
      const isQuoted = splitter.quoted[place] === 1;
      const isMissing = place >= splitter.fields;
      if (isMissing || (!isQuoted && nulls.has(bytes, start, splitter.end[place] ?? 0))) {
        column.addNull(isSketched);
        continue;
      }
      splitter.unescape(place);
      const end = splitter.end[place] ?? 0;
      column.add(bytes, start, end, { isQuoted, isSketched });
      if (isClean) continue;
      const field = bytes.subarray(start, end);
      if (field.includes(0)) column.note('nul');
      else if (!isUtf8(field)) column.note('invalid');
    }
  }

  /** A primary key that somebody named must be one: never NULL, and never the same twice. */
  async checkKey(folder: Folder, signal: AbortSignal | undefined): Promise<void> {
    if (this.#key.length === 0) return;
    if (this.#keys.nulls > 0) throw brokenKey(this.#table, `${String(this.#keys.nulls)} rows hold NULL in it`);
    const suspects = this.#keys.suspects();
    if (suspects.size === 0) return;
    const seen = new Set<string>();
    for (const format of this.#table.format?.files ?? []) {
      const nulls = new NullWords(format.nullWords);
      await visitRows(folder, format, signal, (row) => {
        const key = keyOf(row, format, this.#key, nulls);
        if (key === undefined || !suspects.has(hashOf(key, 0, key.length))) return;
        const text = key.toString('latin1');
        if (seen.has(text)) throw brokenKey(this.#table, `rows of "${format.file}" hold a value that is there already`);
        seen.add(text);
      });
    }
  }

  result(): TableProfile {
    // A word is NULL in a column of nothing else only where it is so in another column.
    const proven = new Set(this.#columns.flatMap(({ types }) => (types.isText ? [] : [...types.words.keys()])));
    const { schema, name } = this.#table;
    const columns = this.#columns.map((column) => column.result(proven));
    return {
      schema,
      table: name,
      rows: this.#rows,
      exact: true,
      sample: 1,
      columns,
      ...(this.#broken > 0 && { broken: this.#broken }),
    };
  }
}

interface WholeRow {
  readonly splitter: FileRows['splitter'];
  readonly bytes: Buffer;
  /** All that is read now is UTF-8 without NUL. */
  readonly isClean: boolean;
}

/** Shows the rows that can be taken apart, one by one, and counts the others. */
async function visitRows(
  folder: Folder,
  format: FileFormat,
  signal: AbortSignal | undefined,
  visit: (row: WholeRow) => void,
): Promise<number> {
  const rows = new FileRows(folder, format);
  const { splitter } = rows;
  let broken = 0;
  try {
    while (await rows.more()) {
      signal?.throwIfAborted();
      const row: WholeRow = { splitter, bytes: rows.bytes, isClean: rows.isClean };
      while (rows.next()) {
        if (faultOf(splitter, format) === undefined) visit(row);
        else broken += 1;
      }
    }
    return broken;
  } finally {
    await rows.close();
  }
}

function keyOf(
  { splitter, bytes }: WholeRow,
  format: FileFormat,
  key: readonly string[],
  nulls: NullWords,
): Buffer | undefined {
  const fields: Buffer[] = [];
  for (const name of key) {
    const place = format.columns.indexOf(name);
    const start = splitter.start[place] ?? 0;
    if (place >= splitter.fields) return undefined;
    if (splitter.quoted[place] === 0 && nulls.has(bytes, start, splitter.end[place] ?? 0)) return undefined;
    splitter.unescape(place);
    fields.push(bytes.subarray(start, splitter.end[place]));
  }
  return framedKey(fields);
}
