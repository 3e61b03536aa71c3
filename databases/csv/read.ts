import { qualified } from '../../contracts/catalogue.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { TableMapping } from '../../contracts/mapping.js';
import type { FileFormat, TextFormat } from '../../contracts/text-format.js';
import type { BrokenRows, RowBatch } from '../source.js';
import { toFailure } from './errors.js';
import { FileRows } from './file-rows.js';
import type { Folder } from './folder.js';
import { rowFilterOf } from './row-filter.js';
import type { RowFilter } from './row-filter.js';
import type { RowSplitter } from './rows.js';
import { NullWords, reshapeOf, type Reshape } from './values.js';

const ROWS_MAX = 8192;

export type Fault = 'missing_fields' | 'extra_fields' | 'broken_quotes';

/** Why a row goes to quarantine; undefined where every field has its column. */
export function faultOf(row: RowSplitter, { columns, missingFields }: FileFormat): Fault | undefined {
  if (row.isBroken) return 'broken_quotes';
  if (row.fields > columns.length) return 'extra_fields';
  return row.fields < columns.length && missingFields === 'quarantine' ? 'missing_fields' : undefined;
}

/** The plan's word on how the files of a table are read. */
export function formatOf({ source, format }: TableMapping): TextFormat {
  if (format !== undefined) return format;
  const seen = 'the plan does not say how its files are read';
  throw new CaravanFailure('PLAN_INVALID', { attempted: 'read', on: qualified(source), seen });
}

/** Rows that the plan's filter leaves, with those that go to quarantine. */
export async function countRows(folder: Folder, table: TableMapping): Promise<number> {
  let count = 0;
  for await (const { rows } of readRows(folder, table, undefined)) count += rows;
  return count;
}

/** Rows for the copy, as they lie in the file: batches point into the window that is read. */
export async function* readRows(
  folder: Folder,
  table: TableMapping,
  signal: AbortSignal | undefined,
): AsyncGenerator<RowBatch> {
  for (const format of formatOf(table).files) {
    const rows = new FileRows(folder, format);
    const batch = new BatchFiller(table, format);
    try {
      while (await rows.more()) {
        signal?.throwIfAborted();
        while (batch.fill(rows)) yield batch.view(rows.bytes);
      }
    } catch (error) {
      throw toFailure(error, { attempted: 'read', on: format.file, facts: { table: table.source.name } });
    } finally {
      await rows.close();
    }
  }
}

interface Field {
  /** Its place in a row of the file. */
  readonly place: number;
  readonly nulls: NullWords;
  readonly reshape: Reshape | undefined;
}

class BatchFiller {
  readonly #format: FileFormat;
  readonly #columns: readonly Field[];
  /** Columns of the mapping that are the row key. */
  readonly #keys: readonly number[];
  readonly #fields: number;
  readonly #start: Int32Array;
  readonly #end: Int32Array;
  readonly #filter: RowFilter | undefined;
  /** Columns by name, for the filter: also those that are not moved. */
  readonly #places: ReadonlyMap<string, Pick<Field, 'place' | 'nulls'>>;
  #broken = new Map<number, Fault>();
  #rows = 0;

  constructor(table: TableMapping, format: FileFormat) {
    this.#format = format;
    this.#filter = rowFilterOf(table);
    this.#places = new Map(
      format.columns.map((name, place) => {
        const words = table.columns.find(({ source }) => source === name)?.nullWords ?? [];
        return [name, { place, nulls: new NullWords([...format.nullWords, ...words]) }];
      }),
    );
    this.#columns = table.columns.map((column) => ({
      place: placeOf(table, format, column.source),
      nulls: new NullWords([...format.nullWords, ...(column.nullWords ?? [])]),
      reshape: reshapeOf(column),
    }));
    const names = table.columns.map(({ source }) => source);
    this.#keys = (table.rowKey ?? []).map((key) => names.indexOf(key));
    this.#fields = this.#columns.length + this.#keys.length;
    this.#start = new Int32Array(ROWS_MAX * this.#fields);
    this.#end = new Int32Array(ROWS_MAX * this.#fields);
  }

  /** Takes rows until the batch is full or the window has no more; false when there was none. */
  fill(rows: FileRows): boolean {
    this.#rows = 0;
    this.#broken = new Map<number, Fault>();
    while (this.#rows < ROWS_MAX && rows.next()) this.#take(rows);
    return this.#rows > 0;
  }

  view(bytes: Buffer): RowBatch {
    const broken: BrokenRows | undefined = this.#broken.size > 0 ? this.#broken : undefined;
    const { rows, fields } = { rows: this.#rows, fields: this.#fields };
    return { rows, fields, bytes, start: this.#start, end: this.#end, ...(broken && { broken }) };
  }

  /** A row that cannot be taken apart meets no filter, and goes to quarantine whatever it says. */
  #isLeft(row: FileRows): boolean {
    return this.#filter?.((name) => this.#textOf(row, name)) === false;
  }

  #textOf({ splitter, bytes }: FileRows, name: string): string | null {
    const { place, nulls } = this.#places.get(name) ?? { place: splitter.fields, nulls: new NullWords([]) };
    const start = splitter.start[place] ?? 0;
    if (place >= splitter.fields) return null;
    if (splitter.quoted[place] === 0 && nulls.has(bytes, start, splitter.end[place] ?? 0)) return null;
    splitter.unescape(place);
    return bytes.toString('utf8', start, splitter.end[place] ?? 0);
  }

  #take(rows: FileRows): void {
    const { splitter, bytes } = rows;
    const fault = faultOf(splitter, this.#format);
    if (fault === undefined && this.#isLeft(rows)) return;
    const row = this.#rows++;
    const base = row * this.#fields;
    if (fault !== undefined) {
      this.#broken.set(row, fault);
      this.#start.fill(-1, base, base + this.#fields);
      this.#start[base] = splitter.from;
      this.#end[base] = splitter.to;
      return;
    }
    let at = base;
    for (const { place, nulls, reshape } of this.#columns) {
      const start = splitter.start[place] ?? 0;
      if (
        place >= splitter.fields ||
        (splitter.quoted[place] === 0 && nulls.has(bytes, start, splitter.end[place] ?? 0))
      ) {
        this.#start[at++] = -1;
        continue;
      }
      splitter.unescape(place);
      const end = splitter.end[place] ?? 0;
      this.#start[at] = start;
      this.#end[at++] = reshape === undefined ? end : reshape(bytes, start, end);
    }
    for (const key of this.#keys) {
      this.#start[at] = this.#start[base + key] ?? -1;
      this.#end[at++] = this.#end[base + key] ?? -1;
    }
  }
}

export function placeOf(table: TableMapping, { file, columns }: FileFormat, name: string): number {
  const place = columns.indexOf(name);
  if (place >= 0) return place;
  const seen = `the file has no column "${name}"`;
  throw new CaravanFailure('SCHEMA_DRIFT', { attempted: 'read', on: file, seen, facts: { table: table.source.name } });
}
