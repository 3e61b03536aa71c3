import type { CanonicalBatch } from '../../databases/source.js';
import { RowSetHash, rowOf } from './row-hash.js';

export interface BothHashes {
  readonly source: RowSetHash;
  readonly target: RowSetHash;
}

/**
 * Hashes the rows of both sides. Mostly they come in the same order: rows that are the same bytes on both sides are
 * then hashed once, for both sums. Where they are not, each side's are hashed for itself; the sums are the same either
 * way. A canonical row tells its own length, so rows that are equal as one run of bytes are equal one by one.
 */
export async function hashSides(
  source: AsyncIterable<CanonicalBatch>,
  target: AsyncIterable<CanonicalBatch>,
): Promise<BothHashes> {
  const [one, other] = [new Side(source), new Side(target)];
  const same = new RowSetHash();
  try {
    for (;;) {
      await Promise.all([one.fill(), other.fill()]);
      const rows = Math.min(one.left, other.left);
      if (rows === 0) break;
      if (one.equals(other, rows)) {
        one.take(rows, same);
        other.skip(rows);
      } else {
        one.take(rows, one.hash);
        other.take(rows, other.hash);
      }
    }
    await Promise.all([one.takeRest(), other.takeRest()]);
  } finally {
    await Promise.allSettled([one.close(), other.close()]);
  }
  one.hash.merge(same);
  other.hash.merge(same);
  return { source: one.hash, target: other.hash };
}

/** One side's rows, batch by batch. */
class Side {
  readonly hash = new RowSetHash();
  readonly #batches: AsyncIterator<CanonicalBatch>;
  #batch: CanonicalBatch | undefined;
  #row = 0;
  #ended = false;

  constructor(batches: AsyncIterable<CanonicalBatch>) {
    this.#batches = batches[Symbol.asyncIterator]();
  }

  /** Rows at hand; 0 after `fill`: there are no more. */
  get left(): number {
    return this.#batch === undefined ? 0 : this.#batch.rows - this.#row;
  }

  async fill(): Promise<void> {
    while (this.left === 0 && !this.#ended) {
      this.#batch = undefined;
      const step = await this.#batches.next();
      this.#row = 0;
      if (step.done === true) this.#ended = true;
      else this.#batch = step.value;
    }
  }

  equals(other: Side, rows: number): boolean {
    const [from, to] = this.#range(rows);
    const [otherFrom, otherTo] = other.#range(rows);
    if (this.#batch === undefined || other.#batch === undefined || to - from !== otherTo - otherFrom) return false;
    return this.#batch.bytes.compare(other.#batch.bytes, otherFrom, otherTo, from, to) === 0;
  }

  take(rows: number, into: RowSetHash): void {
    const batch = this.#batch;
    const to = this.#row + rows;
    if (batch !== undefined) for (let row = this.#row; row < to; row += 1) into.add(rowOf(batch, row));
    this.skip(rows);
  }

  skip(rows: number): void {
    this.#row += rows;
  }

  async takeRest(): Promise<void> {
    await this.fill();
    while (this.left > 0) {
      this.take(this.left, this.hash);
      await this.fill();
    }
  }

  /** Ends a scan that was left early. */
  async close(): Promise<void> {
    if (!this.#ended) await this.#batches.return?.();
  }

  /** Where the next rows lie in the batch. */
  #range(rows: number): [from: number, to: number] {
    const end = this.#batch?.end;
    return [this.#row === 0 ? 0 : (end?.[this.#row - 1] ?? 0), end?.[this.#row + rows - 1] ?? 0];
  }
}
