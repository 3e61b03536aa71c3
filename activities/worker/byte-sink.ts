import type { ByteSink } from '../../contracts/record.js';

/** Rows are handed to the writer in pieces of about this size, in bytes. */
export const PIECE = 256 * 1024;
/** Room at first: the rows of a small table need no more. */
const FIRST = 32 * 1024;
/** A buffer that a long value made larger than this is not kept, and grows by what is needed only. */
const KEPT = 8 * 1024 * 1024;

/**
 * Two growing buffers in turns: one is filled while the other, handed over, is being written. What was handed over stays
 * as it is until the next `take`; a new buffer for every piece would be most of the copy's garbage.
 */
export class CopySink implements ByteSink {
  bytes: Buffer = Buffer.allocUnsafe(FIRST);
  view: DataView = viewOf(this.bytes);
  length = 0;
  #other: Buffer = Buffer.allocUnsafe(FIRST);

  ensure(more: number): void {
    if (this.length + more > this.bytes.length) this.#grow(more);
  }

  get isFull(): boolean {
    return this.length >= PIECE;
  }

  take(): Buffer {
    const full = this.bytes;
    const { length } = this;
    this.#use(this.#other);
    this.#other = full.length > KEPT ? Buffer.allocUnsafe(2 * PIECE) : full;
    this.length = 0;
    return full.subarray(0, length);
  }

  #grow(more: number): void {
    const needed = this.length + more;
    const grown = Buffer.allocUnsafe(needed > KEPT ? needed + PIECE : Math.max(this.bytes.length * 2, needed));
    this.bytes.copy(grown, 0, 0, this.length);
    this.#use(grown);
  }

  #use(bytes: Buffer): void {
    this.bytes = bytes;
    this.view = viewOf(bytes);
  }
}

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
