import type { ByteSink } from '../../contracts/record.js';

/** COPY text is handed to the writer in pieces of about this size, in bytes. */
export const PIECE = 256 * 1024;

/** A growing buffer that hands over what it holds and starts a new one: the writer may keep what it was given. */
export class CopySink implements ByteSink {
  bytes: Buffer = Buffer.allocUnsafe(2 * PIECE);
  length = 0;

  ensure(more: number): void {
    if (this.length + more > this.bytes.length) this.#grow(more);
  }

  get isFull(): boolean {
    return this.length >= PIECE;
  }

  take(): Buffer {
    const full = this.bytes.subarray(0, this.length);
    this.bytes = Buffer.allocUnsafe(2 * PIECE);
    this.length = 0;
    return full;
  }

  #grow(more: number): void {
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + more));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}
