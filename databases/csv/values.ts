import type { ColumnMapping } from '../../contracts/mapping.js';

/** How the copy brings texts of files to the form in which a value of their kind is checked and encoded. */

/** Changes a field where it lies, and gives its new end. What is not in the expected form stays as it is. */
export type Reshape = (bytes: Buffer, start: number, end: number) => number;

export function reshapeOf(column: ColumnMapping): Reshape | undefined {
  switch (column.kind) {
    case 'boolean':
      return toFlag;
    case 'timestamptz':
      return toUtc;
    default:
      return undefined;
  }
}

const TRUE = 0x74;
const FALSE = 0x66;
const LOWER = 0x20;

/** "true", "TRUE", "True" to "1", and so "0". Anything else is left to the check, which refuses it. */
function toFlag(bytes: Buffer, start: number, end: number): number {
  const first = (bytes[start] ?? 0) | LOWER;
  const isTrue = end - start === 4 && first === TRUE;
  if (!isTrue && !(end - start === 5 && first === FALSE)) return end;
  const word = bytes.toString('latin1', start, end).toLowerCase();
  if (word !== (isTrue ? 'true' : 'false')) return end;
  bytes[start] = isTrue ? 0x31 : 0x30;
  return start + 1;
}

const SECONDS_BYTES = 19;
const ZERO = 0x30;
const COLON = 0x3a;
const PLUS = 0x2b;
const MINUS = 0x2d;
const LETTER_Z = 0x5a;

/** "2024-01-02T03:04:05.6+02:00" to the same instant in UTC, without its zone. The fraction stays. */
function toUtc(bytes: Buffer, start: number, end: number): number {
  if (bytes[end - 1] === LETTER_Z) return end - start > SECONDS_BYTES ? end - 1 : end;
  let sign = end - 1;
  while (sign >= start + SECONDS_BYTES && bytes[sign] !== PLUS && bytes[sign] !== MINUS) sign -= 1;
  if (sign < start + SECONDS_BYTES) return end;
  const hasColon = bytes[sign + 3] === COLON;
  const size = end - sign;
  if (size !== 3 && size !== (hasColon ? 6 : 5)) return end;
  const hours = two(bytes, sign + 1);
  const minutes = size === 3 ? 0 : two(bytes, sign + (hasColon ? 4 : 3));
  const shift = (hours * 60 + minutes) * (bytes[sign] === PLUS ? -1 : 1);
  return shift === 0 || shiftMinutes(bytes, start, shift) ? sign : end;
}

const two = (bytes: Buffer, at: number): number => ((bytes[at] ?? 0) - ZERO) * 10 + (bytes[at + 1] ?? 0) - ZERO;

/** False where that leaves the years 1 to 9999: then nothing is changed. */
function shiftMinutes(bytes: Buffer, start: number, minutes: number): boolean {
  const moment = new Date(0);
  moment.setUTCFullYear(
    two(bytes, start) * 100 + two(bytes, start + 2),
    two(bytes, start + 5) - 1,
    two(bytes, start + 8),
  );
  moment.setUTCHours(two(bytes, start + 11), two(bytes, start + 14) + minutes, two(bytes, start + 17));
  const year = moment.getUTCFullYear();
  if (!(year >= 1 && year <= 9999)) return false;
  bytes.write(moment.toISOString().slice(0, SECONDS_BYTES), start, 'latin1');
  return true;
}

/** Unquoted fields that are NULL, by their length. */
export class NullWords {
  readonly #byLength = new Map<number, Buffer[]>();
  readonly #lengths: number;

  constructor(words: readonly string[]) {
    let lengths = 0;
    for (const word of new Set(words)) {
      const bytes = Buffer.from(word);
      this.#byLength.set(bytes.length, [...(this.#byLength.get(bytes.length) ?? []), bytes]);
      lengths |= 1 << Math.min(bytes.length, 31);
    }
    this.#lengths = lengths;
  }

  has(bytes: Buffer, start: number, end: number): boolean {
    const length = end - start;
    if ((this.#lengths & (1 << Math.min(length, 31))) === 0) return false;
    if (length === 0) return true;
    const words = this.#byLength.get(length) ?? [];
    return words.some((word) => bytes.compare(word, 0, length, start, end) === 0);
  }
}
