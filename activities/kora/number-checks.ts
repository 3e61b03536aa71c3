import { ISSUE } from '../../contracts/record.js';
import type { FieldCheck, Issue } from '../../contracts/record.js';
import type { Limits } from '../../contracts/mapping.js';
import { STORAGE } from './storage.js';

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;

export const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= NINE;

const text = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');

/** Most digits that a double holds exactly. */
const SAFE_DIGITS = 15;

/** Digits with an optional minus, within the target type's range. */
export function integerCheck(limits: Limits): FieldCheck {
  const min = limits.min === undefined ? undefined : BigInt(limits.min);
  const max = limits.max === undefined ? undefined : BigInt(limits.max);
  const minNumber = min === undefined ? -Infinity : Number(min);
  const maxNumber = max === undefined ? Infinity : Number(max);
  return (bytes, start, end, storage) => {
    if (storage !== STORAGE.none && storage !== STORAGE.integer) return ISSUE.wrong_storage;
    const negative = bytes[start] === MINUS;
    const from = negative ? start + 1 : start;
    if (from >= end) return ISSUE.not_a_number;
    let value = 0;
    for (let at = from; at < end; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte < ZERO || byte > NINE) return ISSUE.not_a_number;
      value = value * 10 + (byte - ZERO);
    }
    if (end - from <= SAFE_DIGITS) {
      const signed = negative ? -value : value;
      return signed < minNumber || signed > maxNumber ? ISSUE.out_of_range : ISSUE.ok;
    }
    const exact = BigInt(text(bytes, start, end));
    return (min !== undefined && exact < min) || (max !== undefined && exact > max) ? ISSUE.out_of_range : ISSUE.ok;
  };
}

/** A plain decimal (or one with an exponent) that fits precision and scale without rounding. */
export function decimalCheck(limits: Limits): FieldCheck {
  const scale = limits.scale ?? (limits.precision === undefined ? undefined : 0);
  const whole = limits.precision === undefined ? undefined : limits.precision - (scale ?? 0);
  return (bytes, start, end, storage) => {
    if (storage === STORAGE.blob) return ISSUE.wrong_storage;
    let at = bytes[start] === MINUS || bytes[start] === PLUS ? start + 1 : start;
    while (at < end && bytes[at] === ZERO) at += 1;
    const leadingZeros = at > start && bytes[at - 1] === ZERO;
    const wholeFrom = at;
    while (at < end && isDigit(bytes[at])) at += 1;
    const wholeDigits = at - wholeFrom;
    let fraction = 0;
    let seen = wholeDigits > 0 || leadingZeros;
    if (at < end && bytes[at] === POINT) {
      at += 1;
      for (let place = 1; at < end && isDigit(bytes[at]); at += 1, place += 1) {
        seen = true;
        if (bytes[at] !== ZERO) fraction = place;
      }
    }
    if (!seen) return ISSUE.not_a_number;
    if (at < end) return exponentCheck(text(bytes, start, end), whole, scale);
    return fits(wholeDigits, fraction, whole, scale);
  };
}

function fits(wholeDigits: number, fraction: number, whole: number | undefined, scale: number | undefined): Issue {
  if (whole !== undefined && wholeDigits > whole) return ISSUE.out_of_range;
  return scale !== undefined && fraction > scale ? ISSUE.too_precise : ISSUE.ok;
}

/** "1.5e-7", as doubles print. */
function exponentCheck(value: string, whole: number | undefined, scale: number | undefined): Issue {
  const match = /^[+-]?(\d+)(?:\.(\d*))?[eE]([+-]?\d{1,4})$/.exec(value);
  if (match === null) return ISSUE.not_a_number;
  const [, left = '', right = '', exponent = '0'] = match;
  const digits = left + right;
  const point = left.length + Number(exponent);
  const significant = digits.replace(/0+$/, '');
  const leading = digits.length - digits.replace(/^0+/, '').length;
  return fits(Math.max(0, point - leading), Math.max(0, significant.length - point), whole, scale);
}

const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$|^-?Infinity$|^NaN$/;

/** Any floating point text. */
export const floatCheck: FieldCheck = (bytes, start, end, storage) => {
  if (storage === STORAGE.blob || storage === STORAGE.text) return ISSUE.wrong_storage;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if ((byte < ZERO || byte > NINE) && byte !== POINT && byte !== MINUS) {
      return FLOAT.test(text(bytes, start, end)) ? ISSUE.ok : ISSUE.not_a_number;
    }
  }
  return end > start ? ISSUE.ok : ISSUE.not_a_number;
};

export const booleanCheck: FieldCheck = (bytes, start, end) => {
  const byte = bytes[start];
  return end - start === 1 && (byte === ZERO || byte === ZERO + 1) ? ISSUE.ok : ISSUE.not_a_boolean;
};

/** An unsigned integer of at most `width` bits, as digits. */
export function bitsCheck(width: number): FieldCheck {
  return integerCheck({ min: '0', max: ((1n << BigInt(width)) - 1n).toString() });
}
