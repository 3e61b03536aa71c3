import type { ColumnMapping, TableMapping } from '../../../contracts/mapping.js';
import { wordsOf } from './names.js';
import { readable } from './values.js';
import type { ReadableColumn, RuleValue } from './values.js';

/** Columns of a table that are looked at. */
const COLUMNS_MAX = 150;
/** Characters of a text that are kept, and of a sample. */
const CHARACTERS_MAX = 4097;
const SAMPLE_CHARACTERS_MAX = 16_000_000;

export interface SampledColumn extends ReadableColumn {
  readonly name: string;
  readonly mapping: ColumnMapping;
  readonly words: readonly string[];
  readonly values: RuleValue[];
}

/** Rows of one table as rules look at them, column by column. */
export interface Sample {
  readonly table: TableMapping;
  readonly name: string;
  readonly columns: readonly SampledColumn[];
  rows: number;
  /** Every row of the table is in it. */
  whole: boolean;
  /** Share of the table's rows. */
  share: number;
}

/** Columns that rules can be about; values of the others are never read. */
export function sampledTable(table: TableMapping): TableMapping {
  const columns = table.columns.filter((column) => readable(column).class !== 'other');
  return { ...table, columns: columns.slice(0, COLUMNS_MAX) };
}

export function emptySample(table: TableMapping): Sample {
  return {
    table,
    name: `${table.source.schema}.${table.source.name}`,
    columns: table.columns.map((mapping) => ({
      ...readable(mapping),
      name: mapping.source,
      mapping,
      words: wordsOf(mapping.source),
      values: [],
    })),
    rows: 0,
    whole: false,
    share: 0,
  };
}

const NULL_MARK = 0xffffffff;
const ODD_MARK = 0xfffffffe;

/** Reads the fields of a canonical row; a value without a canonical form cannot be judged. */
export class RowReader {
  readonly #columns: readonly ReadableColumn[];
  readonly values: RuleValue[];

  constructor(columns: readonly ReadableColumn[]) {
    this.#columns = columns;
    this.values = columns.map(() => null);
  }

  /** The row's values, in an array that is used again. Gives the characters that were read. */
  read(bytes: Buffer, from: number): number {
    let at = from;
    let characters = 0;
    for (let column = 0; column < this.#columns.length; column += 1) {
      const mark = bytes.readUInt32BE(at);
      at += 4;
      if (mark === NULL_MARK) {
        this.values[column] = null;
        continue;
      }
      if (mark === ODD_MARK) {
        this.values[column] = undefined;
        at += 4 + bytes.readUInt32BE(at);
        continue;
      }
      const value = this.#columns[column]?.read(bytes.subarray(at, at + mark));
      this.values[column] = value;
      characters += value?.length ?? 0;
      at += mark;
    }
    return characters;
  }
}

/** Adds rows of canonical batches to a sample. */
export class Sampler {
  readonly sample: Sample;
  readonly #reader: RowReader;
  #characters = 0;

  constructor(table: TableMapping) {
    this.sample = emptySample(table);
    this.#reader = new RowReader(this.sample.columns);
  }

  get isFull(): boolean {
    return this.#characters >= SAMPLE_CHARACTERS_MAX;
  }

  add(bytes: Buffer, from: number): void {
    const { sample } = this;
    this.#reader.read(bytes, from);
    for (const [index, column] of sample.columns.entries()) {
      const value = this.#reader.values[index];
      const kept = typeof value === 'string' && value.length > CHARACTERS_MAX ? undefined : value;
      this.#characters += kept?.length ?? 0;
      column.values.push(kept);
    }
    sample.rows += 1;
  }
}
