import { CaravanFailure } from '../../contracts/failures.js';
import { outOfStep } from './copy-out.js';

/** Room at first: the rows of a small table need no more. */
const BYTES_FIRST = 64 * 1024;
const ROWS_FIRST = 256;

/** Rows behind one another in one growing buffer, which is used again: row r is `bytes.subarray(start[r], end[r])`. */
export class RowBuffer {
  rows = 0;
  length = 0;
  bytes: Buffer;
  start: Int32Array;
  end: Int32Array;
  /** Where rows begin, and behind them where the last one ends: `start` and `end` are views of it. */
  #marks: Int32Array<ArrayBuffer>;

  constructor() {
    this.bytes = Buffer.allocUnsafeSlow(BYTES_FIRST);
    this.#marks = new Int32Array(ROWS_FIRST + 1);
    this.start = this.#marks;
    this.end = this.#marks.subarray(1);
  }

  append(bytes: Buffer, from: number, to: number): void {
    const size = to - from;
    if (this.length + size > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow((this.length + size) * 2);
      this.bytes.copy(larger, 0, 0, this.length);
      this.bytes = larger;
    }
    if (this.rows === this.end.length) this.#lengthen();
    bytes.copy(this.bytes, this.length, from, to);
    this.length += size;
    this.end[this.rows++] = this.length;
  }

  reset(): void {
    this.rows = 0;
    this.length = 0;
  }

  #lengthen(): void {
    const longer = new Int32Array(this.rows * 2 + 1);
    longer.set(this.#marks);
    this.#marks = longer;
    this.start = longer;
    this.end = longer.subarray(1);
  }
}

/** Two buffers in turns: one is filled while what stands in the other is used. */
export class RowBuffers<Rows extends RowBuffer> {
  filling: Rows;
  #lent: Rows;

  constructor(make: () => Rows) {
    this.filling = make();
    this.#lent = make();
  }

  /** What was filled; valid until the next turn. */
  turn(): Rows {
    const lent = this.filling;
    this.filling = this.#lent;
    this.filling.reset();
    this.#lent = lent;
    return lent;
  }
}

/** Signature, flags, length of the extension. */
const HEADER_BYTES = 19;
/** "PG" */
const SIGNATURE = 0x5047;

/** Rows of COPY's binary form: each stands in a message of its own, the first behind the header; -1 fields end them. */
export class BinaryMessages {
  #ended = false;
  #started = false;

  /** Where the row of this message begins, with its count of fields; -1 at the end of the rows. */
  open(bytes: Buffer, from: number): number {
    // No row has as many fields as its first letters would say.
    const at = !this.#started && bytes.readInt16BE(from) === SIGNATURE ? from + HEADER_BYTES : from;
    this.#started = true;
    if (this.#ended) throw outOfStep('a row behind the end of the rows');
    if (bytes.readInt16BE(at) !== -1) return at;
    this.#ended = true;
    return -1;
  }

  /** Throws where the rows ended without their mark. */
  requireEnd(): void {
    if (this.#ended) return;
    throw new CaravanFailure('TARGET_LOST', { attempted: 'read', on: 'the rows', seen: 'they end too early' });
  }
}
