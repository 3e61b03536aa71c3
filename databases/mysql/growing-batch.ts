import type { RowBatch } from '../source.js';

/** What a batch has room for at first: a small table needs no more. */
const FIELDS_FIRST = 1024;
const BYTES_FIRST = 1 << 16;
/** One that a long value made larger than this is not kept. */
export const BYTES_KEPT = 8 << 20;
/** Batches that are kept for the next feed, and how large their bytes may be. */
const SPARE_MAX = 8;
const SPARE_BYTES_MAX = 4 << 20;

/** A batch that grows and is used again. */
export class GrowingBatch implements RowBatch {
  rows = 0;
  fields = 0;
  bytes: Buffer = Buffer.allocUnsafeSlow(BYTES_FIRST);
  start = new Int32Array(FIELDS_FIRST);
  end = new Int32Array(FIELDS_FIRST);
  used = 0;
  /** Only blanks stand between the fields. */
  isSpaced = true;

  get spaced(): number | undefined {
    return this.isSpaced ? this.used : undefined;
  }

  /** Makes room for so many fields. */
  growFields(needed: number): void {
    const length = Math.max(2 * this.start.length, needed);
    const start = new Int32Array(length);
    const end = new Int32Array(length);
    start.set(this.start);
    end.set(this.end);
    this.start = start;
    this.end = end;
  }

  append(source: Buffer, from: number, to: number): void {
    const needed = this.used + to - from;
    if (this.used === 0 && needed > BYTES_KEPT) {
      // Nothing more comes before this batch is done with: a long value is not copied.
      this.bytes = source.subarray(from, to);
      this.used = needed;
      return;
    }
    if (needed > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(needed > BYTES_KEPT ? needed + BYTES_FIRST : this.bytes.length * 2 + needed);
      this.bytes.copy(grown, 0, 0, this.used);
      this.bytes = grown;
    }
    source.copy(this.bytes, this.used, from, to);
    this.used = needed;
  }

  reset(): void {
    if (this.bytes.length > BYTES_KEPT) this.bytes = Buffer.allocUnsafeSlow(BYTES_FIRST);
    this.rows = 0;
    this.used = 0;
    this.isSpaced = true;
  }
}

/**
 * Batches of feeds that are over. A large table is read by a feed for each of its chunks: with new batches for each, as
 * much memory would be taken, and thrown away, as the rows have.
 */
const spare: GrowingBatch[] = [];

export function takeBatch(fields: number): GrowingBatch {
  const batch = spare.pop() ?? new GrowingBatch();
  batch.fields = fields;
  batch.reset();
  return batch;
}

export function giveBatch(batch: GrowingBatch): void {
  if (spare.length < SPARE_MAX && batch.bytes.length <= SPARE_BYTES_MAX) spare.push(batch);
}
