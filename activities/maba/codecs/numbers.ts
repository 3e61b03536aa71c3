import { ISSUE } from '../../../contracts/record.js';
import type { FieldCodec } from '../../../contracts/record.js';
import { putBillions, putHalves, textOf } from './words.js';

const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;

/** Digits that 32 bits always hold. */
const INT32_DIGITS = 9;

/** At most nine digits. */
function shortDigits(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at += 1) value = (Math.imul(value, 10) + ((bytes[at] ?? 0) - ZERO)) | 0;
  return value;
}

/** Digits without a sign, of a value below 2^53 * 10^9. */
function digitsAbove(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at += 1) value = value * 10 + ((bytes[at] ?? 0) - ZERO);
  return value;
}

/** An integer within 32 bits, as 4 bytes. */
export const toInt4: FieldCodec = (bytes, start, end, _storage, sink) => {
  sink.ensure(4);
  sink.view.setInt32(sink.length, smallInteger(bytes, start, end));
  sink.length += 4;
  return ISSUE.ok;
};

/** An integer within 16 bits, as 2 bytes. */
export const toInt2: FieldCodec = (bytes, start, end, _storage, sink) => {
  sink.ensure(2);
  sink.view.setInt16(sink.length, smallInteger(bytes, start, end));
  sink.length += 2;
  return ISSUE.ok;
};

function smallInteger(bytes: Uint8Array, start: number, end: number): number {
  const negative = bytes[start] === MINUS;
  const from = negative ? start + 1 : start;
  const value = end - from <= INT32_DIGITS ? shortDigits(bytes, from, end) : digitsAbove(bytes, from, end);
  return negative ? -value : value;
}

/** An integer within 64 bits, as 8 bytes: the digits above the last nine, a billion times, and those nine. */
export const toInt8: FieldCodec = (bytes, start, end, _storage, sink) => {
  sink.ensure(8);
  const negative = bytes[start] === MINUS;
  const from = negative ? start + 1 : start;
  const cut = end - INT32_DIGITS;
  if (cut <= from) {
    const value = shortDigits(bytes, from, end);
    putHalves(negative ? -value >> 31 : 0, negative ? -value : value, sink);
    return ISSUE.ok;
  }
  const low = shortDigits(bytes, cut, end);
  const high = cut - from <= INT32_DIGITS ? shortDigits(bytes, from, cut) : digitsAbove(bytes, from, cut);
  putBillions(high, low, negative, sink);
  return ISSUE.ok;
};

/** Powers of ten that a double holds exactly. */
const POWERS = Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));
/** Most digits whose integer a double holds exactly, whatever they are. */
const EXACT_DIGITS = 15;

/**
 * The double nearest to a decimal. Of up to 15 digits both the integer and the power of ten are exact, so one division
 * rounds correctly (Clinger's fast path); other texts go to the engine's own parser, which rounds correctly too.
 */
function doubleOf(bytes: Uint8Array, start: number, end: number): number {
  const negative = bytes[start] === MINUS;
  const from = negative ? start + 1 : start;
  let value = 0;
  let point = end;
  if (end - from > EXACT_DIGITS + 1) return Number(textOf(bytes, start, end));
  for (let at = from; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === POINT) point = at + 1;
    else if (byte < ZERO || byte > ZERO + 9) return Number(textOf(bytes, start, end));
    else value = value * 10 + (byte - ZERO);
  }
  if (point === end && end - from > EXACT_DIGITS) return Number(textOf(bytes, start, end));
  value /= POWERS[end - point] ?? 1;
  return negative ? -value : value;
}

export const toFloat8: FieldCodec = (bytes, start, end, _storage, sink) => {
  sink.ensure(8);
  sink.view.setFloat64(sink.length, doubleOf(bytes, start, end));
  sink.length += 8;
  return ISSUE.ok;
};

/** KORA passes only texts whose double is a float of 24 bits: nothing is rounded a second time. */
export const toFloat4: FieldCodec = (bytes, start, end, _storage, sink) => {
  const double = doubleOf(bytes, start, end);
  if (Math.fround(double) !== double) return ISSUE.too_precise;
  sink.ensure(4);
  sink.view.setFloat32(sink.length, double);
  sink.length += 4;
  return ISSUE.ok;
};

export const toBoolean: FieldCodec = (bytes, start, end, _storage, sink) => {
  const byte = bytes[start];
  if (end - start !== 1 || (byte !== ZERO && byte !== ZERO + 1)) return ISSUE.not_a_boolean;
  sink.ensure(1);
  sink.bytes[sink.length++] = byte - ZERO;
  return ISSUE.ok;
};

/** An unsigned integer as `width` bits: their number, and the bits from the left of the first byte on. */
export function toBits(width: number): FieldCodec {
  const size = Math.ceil(width / 8);
  const padding = 2 ** (8 * size - width);
  return (bytes, start, end, _storage, sink) => {
    sink.ensure(4 + size);
    const first = sink.length + 4;
    if (end - start <= EXACT_DIGITS) {
      const value = digitsAbove(bytes, start, end);
      if (value >= 2 ** width) return ISSUE.out_of_range;
      // A power of two: the product of more than 53 bits is exact too.
      for (let at = first + size - 1, rest = value * padding; at >= first; at -= 1) {
        const above = Math.floor(rest / 256);
        sink.bytes[at] = rest - 256 * above;
        rest = above;
      }
    } else {
      let rest = BigInt(textOf(bytes, start, end));
      if (rest >= 1n << BigInt(width)) return ISSUE.out_of_range;
      rest *= BigInt(padding);
      for (let at = first + size - 1; at >= first; at -= 1, rest >>= 8n) sink.bytes[at] = Number(rest & 255n);
    }
    sink.view.setInt32(sink.length, width);
    sink.length = first + size;
    return ISSUE.ok;
  };
}
