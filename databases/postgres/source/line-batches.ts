import type { RowBatch } from '../../source.js';
import type { RowCollector } from '../copy-out.js';

/** A batch is given once it holds this much; what is on its way then comes along. */
const BATCH_BYTES = 512 * 1024;

/** Lines of COPY's text form, each in a message of its own, as they came. */
export class LineCollector implements RowCollector<RowBatch> {
  #filling = new Lines();
  #lent = new Lines();

  get rows(): number {
    return this.#filling.rows;
  }

  get isFull(): boolean {
    return this.#filling.length >= BATCH_BYTES;
  }

  take(bytes: Buffer, from: number, to: number): void {
    this.#filling.append(bytes, from, to);
  }

  batch(): RowBatch {
    const lent = this.#filling;
    this.#filling = this.#lent;
    this.#filling.reset();
    this.#lent = lent;
    return lent;
  }

  end(): void {
    // The text form has no end of its own.
  }
}

class Lines implements RowBatch {
  readonly fields = 1;
  readonly lines = true;
  rows = 0;
  length = 0;
  bytes = Buffer.allocUnsafeSlow(BATCH_BYTES * 2);
  start = new Int32Array(8192);
  end = new Int32Array(8192);

  append(bytes: Buffer, from: number, to: number): void {
    const size = to - from;
    if (this.length + size > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow((this.length + size) * 2);
      this.bytes.copy(larger, 0, 0, this.length);
      this.bytes = larger;
    }
    if (this.rows === this.end.length) {
      this.start = longer(this.start);
      this.end = longer(this.end);
    }
    bytes.copy(this.bytes, this.length, from, to);
    this.start[this.rows] = this.length;
    this.length += size;
    this.end[this.rows++] = this.length;
  }

  reset(): void {
    this.rows = 0;
    this.length = 0;
  }
}

function longer(old: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(old.length * 2);
  grown.set(old);
  return grown;
}
