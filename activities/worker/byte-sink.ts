import type { ByteSink } from '../../contracts/record.js';

/** Rows are handed to the writer in pieces of about this size, in bytes. */
export const PIECE = 256 * 1024;
/** Room at first: the rows of a small table need no more. */
const FIRST = 32 * 1024;
/** A buffer that a long value made larger than this is not kept, and grows by what is needed only. */
const KEPT = 8 * 1024 * 1024;

/** Bytes of somebody else that stand in front of what the sink holds from `at` on. */
interface Laid {
  readonly at: number;
  readonly bytes: Buffer;
}

/**
 * Two growing buffers in turns: one is filled while the other, handed over, is being written. What was handed over stays
 * as it is until the next `take`; a new buffer for every piece would be most of the copy's garbage. A long value is not
 * copied: it fills the sink, so that it is written before its batch is given back.
 */
export class CopySink implements ByteSink {
  bytes: Buffer = Buffer.allocUnsafe(FIRST);
  view: DataView = viewOf(this.bytes);
  length = 0;
  /** Bytes of long values, which do not count in `length`. */
  laidBytes = 0;
  #laid: Laid[] = [];
  #other: Buffer = Buffer.allocUnsafe(FIRST);

  ensure(more: number): void {
    if (this.length + more > this.bytes.length) this.#grow(more);
  }

  lay(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start < PIECE) return false;
    const value = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    this.#laid.push({ at: this.length, bytes: value });
    this.laidBytes += value.length;
    return true;
  }

  get isFull(): boolean {
    return this.length + this.laidBytes >= PIECE;
  }

  /** Forgets what was put in behind this `length`: a row has bytes of its own in front of every long value. */
  rewind(length: number): void {
    this.length = length;
    this.#laid = this.#laid.filter(({ at }) => at <= length);
    this.laidBytes = this.#laid.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** What it holds, in pieces that belong behind one another. */
  take(): Buffer[] {
    const full = this.bytes;
    const { length } = this;
    const laid = this.#laid;
    this.#use(this.#other);
    this.#other = full.length > KEPT ? Buffer.allocUnsafe(FIRST) : full;
    this.length = 0;
    this.laidBytes = 0;
    this.#laid = [];
    const pieces: Buffer[] = [];
    let from = 0;
    for (const { at, bytes } of laid) {
      pieces.push(full.subarray(from, at), bytes);
      from = at;
    }
    pieces.push(full.subarray(from, length));
    return pieces.filter((piece) => piece.length > 0);
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

/** Sinks of chunks that were copied whole, for the next ones. */
const spare: CopySink[] = [];
const SPARE_MAX = 4;

export function takeSink(): CopySink {
  return spare.pop() ?? new CopySink();
}

/** Nobody writes any more what it handed over. */
export function giveSink(sink: CopySink): void {
  sink.take();
  if (spare.length < SPARE_MAX) spare.push(sink);
}

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
