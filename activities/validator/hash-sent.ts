import { createHash } from 'node:crypto';
import { SENT_HEAD_BYTES } from '../../databases/sent-form.js';
import type { CanonicalBatch, SentStream } from '../../databases/source.js';
import { RowSetHash, rowOf } from './row-hash.js';

/**
 * Holds the rows of both sides against each other in the form in which the target sends them: byte by byte as they come,
 * and nobody looks for rows in them. From the first byte that differs on, each side's rows are hashed one by one, in
 * whatever order they come. Undefined: they are not equal in this form. Else the count of the rows, and the hash of them
 * all in the source's order.
 */
export async function hashSent(
  source: AsyncIterable<CanonicalBatch>,
  target: SentStream,
): Promise<RowSetHash | undefined> {
  const all = createHash('sha256');
  const own = new RowSetHash();
  const seen = new Seen(target);
  let rows = 0;
  let rest: Promise<RowSetHash> | undefined;
  for await (const batch of source) {
    let row = 0;
    if (rest === undefined) {
      row = await seen.equalRows(batch);
      if (row < batch.rows) {
        rest = hashRest(target, seen.from(batch, row));
        // A failure of the source comes first where both fail.
        rest.catch(() => undefined);
      }
    }
    for (; row < batch.rows; row += 1) own.add(sentRow(batch, row));
    all.update(batch.bytes.subarray(0, batch.end[batch.rows - 1]));
    rows += batch.rows;
  }
  const other = await (rest ?? hashRest(target, seen.left));
  return own.equals(other) ? RowSetHash.ofRun(rows, all.digest()) : undefined;
}

async function hashRest(target: SentStream, seen: Buffer): Promise<RowSetHash> {
  const hash = new RowSetHash();
  for await (const batch of target.rest(seen)) {
    for (let row = 0; row < batch.rows; row += 1) hash.add(rowOf(batch, row));
  }
  return hash;
}

/** A row without what stands in front of it. */
function sentRow({ bytes, end }: CanonicalBatch, row: number): Buffer {
  return bytes.subarray((row === 0 ? 0 : (end[row - 1] ?? 0)) + SENT_HEAD_BYTES, end[row]);
}

/** The target's bytes as far as they have been looked at. */
class Seen {
  readonly #target: SentStream;
  #piece: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Bytes of the batch that are equal. */
  #equal = 0;

  constructor(target: SentStream) {
    this.#target = target;
  }

  /** What of the target was not looked at. */
  get left(): Buffer {
    return this.#piece.subarray(this.#at);
  }

  /** How many rows of a batch come from the target in the same order, as the same bytes. */
  async equalRows({ bytes, end, rows }: CanonicalBatch): Promise<number> {
    const length = end[rows - 1] ?? 0;
    this.#equal = 0;
    while (this.#equal < length) {
      if (this.#at === this.#piece.length) {
        this.#piece = await this.#target.next();
        this.#at = 0;
      }
      const size = Math.min(length - this.#equal, this.#piece.length - this.#at);
      const [from, to] = [this.#equal, this.#equal + size];
      if (this.#piece.compare(bytes, from, to, this.#at, this.#at + size) !== 0) return rowsWithin(end, rows, from);
      this.#equal = to;
      this.#at += size;
    }
    return rows;
  }

  /** The target's bytes from a row on that is not equal: what was equal of it is what the source has. */
  from({ bytes, end }: CanonicalBatch, row: number): Buffer {
    return Buffer.concat([bytes.subarray(row === 0 ? 0 : end[row - 1], this.#equal), this.left]);
  }
}

/** How many rows end within so many bytes. */
function rowsWithin(end: Int32Array, rows: number, bytes: number): number {
  let row = 0;
  while (row < rows && (end[row] ?? 0) <= bytes) row += 1;
  return row;
}
