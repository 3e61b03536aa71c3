import { SENT_ROW } from '../../sent-form.js';
import { CanonicalWriter, FieldView } from '../canonical-values.js';

/** More than a value takes that is not its own bytes, with its length and with what stands in front of a row. */
const ROOM_BYTES = 256;

/** Rows in the form in which PostgreSQL sends them. Before each value there must be room for it: `reserveValue`. */
export class SentWriter extends CanonicalWriter {
  readonly view = new FieldView();

  reserveValue(): void {
    this.reserve(ROOM_BYTES);
  }

  /** In front of a row that begins at `start` and ends here. */
  putHead(start: number, fields: number): void {
    const { bytes } = this;
    bytes[start] = SENT_ROW;
    putWord(bytes, start + 1, this.at - start - 1);
    bytes[start + 5] = fields >>> 8;
    bytes[start + 6] = fields;
  }

  /** The length of a value; where the value begins. */
  open(length: number): number {
    const { bytes, at } = this;
    bytes[at] = 0;
    bytes[at + 1] = 0;
    bytes[at + 2] = 0;
    bytes[at + 3] = length;
    this.at = at + 4 + length;
    return at + 4;
  }
}

/**
 * Writes one value of the binary protocol, which begins at `at`; gives where the next one does. It needs no text of
 * numbers and times, on either side.
 */
export type SentEncoder = (bytes: Buffer, at: number, out: SentWriter) => number;

export function wordAt(bytes: Buffer, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}

export function putWord(bytes: Buffer, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

/** Of a value with its length in front. */
export interface Span {
  from: number;
  to: number;
}
const span: Span = { from: 0, to: 0 };

export function spanAt(bytes: Buffer, at: number): Span {
  const first = bytes[at] ?? 0;
  if (first < 0xfb) {
    span.from = at + 1;
    span.to = at + 1 + first;
    return span;
  }
  const [head, length] =
    first === 0xfc
      ? [3, bytes.readUInt16LE(at + 1)]
      : first === 0xfd
        ? [4, bytes.readUIntLE(at + 1, 3)]
        : [9, bytes.readUInt32LE(at + 1) + bytes.readUInt32LE(at + 5) * 2 ** 32];
  span.from = at + head;
  span.to = at + head + length;
  return span;
}
