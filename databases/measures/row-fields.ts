import { NULL_MARK, ODD_MARK } from '../canonical.js';
import type { CanonicalBatch } from '../source.js';

/** One value where it lies in a canonical row. */
export interface RowField {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

/** What takes the values of a row, by the place of their column. */
export interface FieldTaker {
  value(column: number, field: RowField): void;
  null(column: number): void;
  /** A value without a canonical form. */
  odd(column: number): void;
}

/** Gives a canonical row's values to `taker`; the field is one object, used again. */
export class RowFields {
  readonly #field: { bytes: Buffer; from: number; to: number } = { bytes: Buffer.alloc(0), from: 0, to: 0 };

  take({ bytes, end }: CanonicalBatch, row: number, taker: FieldTaker): void {
    const field = this.#field;
    field.bytes = bytes;
    const last = end[row] ?? 0;
    for (let at = row === 0 ? 0 : (end[row - 1] ?? 0), column = 0; at < last; column += 1) {
      const length = bytes.readUInt32BE(at);
      at += 4;
      if (length === NULL_MARK) taker.null(column);
      else if (length === ODD_MARK) {
        taker.odd(column);
        at += 4 + bytes.readUInt32BE(at);
      } else {
        field.from = at;
        at += length;
        field.to = at;
        taker.value(column, field);
      }
    }
  }
}
