import type { TableMapping } from '../../../../contracts/mapping.js';
import { hashOf, HASH_BITS } from '../../../../databases/fingerprint/hash.js';
import { RowFields, type FieldTaker } from '../../../../databases/measures/row-fields.js';
import type { TableMeasures } from '../../../../databases/measures/measures.js';
import type { CanonicalBatch, KeyRange } from '../../../../databases/source.js';
import { ColumnSample } from './column-sample.js';
import type { ExpectedTable } from './expected.js';

/** Rows of a table that fingerprints are taken of; of one whose values may differ more are needed for a test. */
export const FINGERPRINT_ROWS = 10_000;
export const TEST_ROWS = 100_000;
/** Ranges over the key, of a table that has more. */
const SLICES = 16;

/** Which rows of both sides are looked at: the same ones, whatever order they come in. */
export interface SampledRows {
  readonly ranges: readonly KeyRange[];
  /** Of what the ranges give, the share that is kept by hash of the row's unchanged columns; 1: all. */
  readonly share: number;
}

/**
 * All rows of a small table; of a large one slices spread over its key where that is a whole number, else, if values may
 * differ, a share by hash of the columns that are the same on both sides. Undefined: none.
 */
export function sampledRows(expected: ExpectedTable, target: TableMeasures): SampledRows | undefined {
  const { table, columns } = expected;
  const mayDiffer = columns.some((column) => column.expected !== 'same');
  const most = mayDiffer ? TEST_ROWS : FINGERPRINT_ROWS;
  if (target.rows <= most) return { ranges: [{}], share: 1 };
  const slices = slicesOf(table, target, most);
  if (slices !== undefined) return { ranges: slices, share: 1 };
  const hasSame = columns.some((column) => column.expected === 'same');
  return mayDiffer && hasSame ? { ranges: [{}], share: most / target.rows } : undefined;
}

function slicesOf({ chunkKey, columns }: TableMapping, measures: TableMeasures, most: number): KeyRange[] | undefined {
  if (chunkKey?.kind !== 'integer' || chunkKey.target === undefined) return undefined;
  const place = columns.findIndex(({ source }) => source === chunkKey.source);
  const { min, max } = measures.columns[place] ?? {};
  if (min === undefined || max === undefined || !/^-?\d+$/.test(min) || !/^-?\d+$/.test(max)) return undefined;
  const [least, span] = [BigInt(min), BigInt(max) - BigInt(min) + 1n];
  const keys = BigInt(Math.ceil((Number(span) * most) / measures.rows / SLICES));
  return Array.from({ length: SLICES }, (_, slice) => {
    const lower = least + (span * BigInt(slice)) / BigInt(SLICES);
    return { lower: String(lower), upper: String(lower + keys) };
  });
}

export interface SideSample {
  readonly rows: number;
  readonly columns: readonly ColumnSample[];
}

/** Takes in one side's rows. */
export async function takeSample(
  expected: ExpectedTable,
  side: 'source' | 'target',
  { batches, share }: { readonly batches: AsyncIterable<CanonicalBatch>; readonly share: number },
): Promise<SideSample> {
  const columns = expected.columns.map((column) => new ColumnSample(column[side], column.expected !== 'same'));
  const taker: FieldTaker = {
    value: (column, field) => columns[column]?.add(field),
    null: (column) => columns[column]?.addNull(),
    odd: (column) => columns[column]?.addOdd(),
  };
  const keeps = share === 1 ? undefined : new Chosen(expected, share);
  const fields = new RowFields();
  let rows = 0;
  for await (const batch of batches) {
    for (let row = 0; row < batch.rows; row += 1) {
      if (keeps?.row(batch, row) === false) continue;
      fields.take(batch, row, taker);
      rows += 1;
    }
  }
  return { rows, columns };
}

/** Chooses rows by the columns that are the same on both sides. */
class Chosen implements FieldTaker {
  readonly #same: readonly boolean[];
  readonly #below: number;
  readonly #fields = new RowFields();
  #salt = 0;
  #hash = 0;

  constructor({ columns }: ExpectedTable, share: number) {
    this.#same = columns.map(({ expected }) => expected === 'same');
    this.#below = share * 2 ** HASH_BITS;
  }

  row(batch: CanonicalBatch, row: number): boolean {
    this.#salt = 0;
    this.#hash = 0;
    this.#fields.take(batch, row, this);
    return this.#hash < this.#below;
  }

  value(
    column: number,
    { bytes, from, to }: { readonly bytes: Buffer; readonly from: number; readonly to: number },
  ): void {
    if (this.#same[column] !== true) return;
    this.#hash = hashOf(bytes, from, to, this.#salt);
    this.#salt = this.#hash | 0;
  }

  null(): void {
    this.#salt = Math.imul(this.#salt, 31) + 1;
  }

  odd(): void {
    // No row with such a value is the same on both sides by its hash alone; others of it are.
  }
}
