import { grown } from '../grown.js';
import { STORAGE, type RowBatch } from '../source.js';
import type { SqlValue } from './connect.js';

/** The fields of one batch in buffers that are used again. */
export class BatchFields {
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly storage: Uint8Array;
  bytes: Buffer;
  length = 0;
  readonly #fields: number;

  constructor(fields: number, { rows, bytes }: { readonly rows: number; readonly bytes: number }) {
    const places = rows * fields;
    this.start = new Int32Array(places);
    this.end = new Int32Array(places);
    this.storage = new Uint8Array(places);
    this.bytes = Buffer.allocUnsafeSlow(bytes);
    this.#fields = fields;
  }

  /** `isSpaced`: all that is no number was packed, with ASCII in between. */
  view(rows: number, isSpaced: boolean): RowBatch {
    const { bytes, start, end, storage, length } = this;
    return { rows, fields: this.#fields, bytes, start, end, storage, ...(isSpaced && { spaced: length }) };
  }

  /** Bytes that are taken apart in their place. */
  begin(packed: Uint8Array): void {
    this.length = 0;
    this.#reserve(packed.length);
    this.bytes.set(packed);
    this.length = packed.length;
  }

  /** A value as the driver gives it: text as the bytes that it is stored in. */
  append(at: number, value: SqlValue): void {
    if (value === null) {
      this.storage[at] = STORAGE.null;
      this.start[at] = -1;
      this.end[at] = -1;
    } else if (typeof value === 'number') this.appendReal(at, value);
    else this.appendBytes(at, typeof value === 'object' ? value : Buffer.from(String(value)));
  }

  appendBytes(at: number, value: Uint8Array): void {
    this.#reserve(value.length);
    this.bytes.set(value, this.length);
    this.start[at] = this.length;
    this.length += value.length;
    this.end[at] = this.length;
  }

  /**
   * Its shortest text. A double that is some whole number of ten-thousandths, of 15 digits at most, has no shorter one
   * than that: no two such numbers are the same double.
   */
  appendReal(at: number, value: number): void {
    const parts = Math.round(value * 1e4);
    if (parts === 0 || Math.abs(parts) >= 1e15 || parts / 1e4 !== value) {
      this.appendBytes(at, Buffer.from(realText(value), 'latin1'));
      return;
    }
    this.#reserve(24);
    this.start[at] = this.length;
    this.length = putTenThousandths(this.bytes, this.length, parts);
    this.end[at] = this.length;
  }

  /** Room for `size` more bytes; what is there already stays. */
  #reserve(size: number): void {
    if (this.length + size > this.bytes.length) this.bytes = grown(this.bytes, this.length, size);
  }
}

/** Writes `parts` / 10,000 as decimal text without zeros at the end; where it ends. */
function putTenThousandths(bytes: Buffer, from: number, parts: number): number {
  let at = from;
  let rest = Math.abs(parts);
  if (parts < 0) bytes[at++] = 0x2d;
  const whole = Math.floor(rest / 1e4);
  let digits = 1;
  for (let power = 10; power <= whole; power *= 10) digits++;
  let place = at + digits;
  at = place;
  for (let left = whole; digits > 0; digits--) {
    const high = Math.floor(left / 10);
    bytes[--place] = 0x30 + (left - 10 * high);
    left = high;
  }
  rest -= whole * 1e4;
  if (rest === 0) return at;
  bytes[at++] = 0x2e;
  for (let unit = 1000; rest > 0; unit /= 10) {
    const digit = Math.floor(rest / unit);
    bytes[at++] = 0x30 + digit;
    rest -= digit * unit;
  }
  return at;
}

/**
 * "0.1", "1e+21", "Infinity": JavaScript's shortest form, which every reader takes back to the same double. Minus zero
 * is "0", as in SQLite's own text of it: its REAL columns drop that sign too, and no expression tells it apart.
 */
export function realText(value: number): string {
  return String(value);
}
