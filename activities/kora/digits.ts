import { viewOf } from '../../contracts/record.js';

const ZERO = 0x30;
const NINE = 0x39;

export const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= NINE;

/** Whether all four bytes are digits: their upper halves are 3, before 6 is added and behind it. */
export function areDigits(word: number): boolean {
  return ((word & 0xf0f0f0f0) | (((word + 0x06060606) & 0xf0f0f0f0) >>> 4)) === 0x33333333;
}

/** The first byte that is no digit; `end` where there is none. */
export function digitsUntil(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  if (end - start >= 4) {
    const view = viewOf(bytes);
    while (at + 4 <= end && areDigits(view.getInt32(at, true))) at += 4;
  }
  while (at < end) {
    const byte = bytes[at] ?? 0;
    if (byte < ZERO || byte > NINE) return at;
    at += 1;
  }
  return at;
}
