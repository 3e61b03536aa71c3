import { ISSUE } from '../../contracts/record.js';
import type { FieldCheck, Issue } from '../../contracts/record.js';
import { STORAGE } from './storage.js';
import { SCALE_MAX } from './type-limits.js';
import type { TypeLimits } from './type-limits.js';

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;

export const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= NINE;

const text = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');

/** Most digits that a double always holds exactly. */
const SAFE_DIGITS = 15;

/**
 * Digits with an optional minus, within the target type's range. `reals`: SQLite's reals without a fraction count as
 * integers too (their text has no point).
 */
export function integerCheck({ min, max }: Pick<TypeLimits, 'min' | 'max'>, reals = false): FieldCheck {
  const spans0 = (min ?? 0n) <= 0n && (max ?? 0n) >= 0n;
  const sureBelow = spans0 ? sureDigits(min) : 0;
  const sureAbove = spans0 ? sureDigits(max) : 0;
  return (bytes, start, end, storage) => {
    if (storage > STORAGE.integer && !(reals && storage === STORAGE.real)) return ISSUE.wrong_storage;
    const negative = bytes[start] === MINUS;
    const from = negative ? start + 1 : start;
    if (from >= end) return ISSUE.not_a_number;
    for (let at = from; at < end; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte < ZERO || byte > NINE) return ISSUE.not_a_number;
    }
    if (end - from <= (negative ? sureBelow : sureAbove)) return ISSUE.ok;
    const exact = BigInt(text(bytes, start, end));
    return (min !== undefined && exact < min) || (max !== undefined && exact > max) ? ISSUE.out_of_range : ISSUE.ok;
  };
}

/** Of so many digits every number lies between 0 and the bound: one less than it has. */
function sureDigits(bound: bigint | undefined): number {
  return bound === undefined ? Infinity : String(bound).replace('-', '').length - 1;
}

/**
 * A decimal that fits the column's digits: PostgreSQL rounds on input what does not. Texts in SQLite's numeric columns
 * must be plain ("-12.50"); other engines and reals may have an exponent.
 */
export function decimalCheck({ whole, scale }: Pick<TypeLimits, 'whole' | 'scale'>): FieldCheck {
  const odd = whole < 0 || scale < 0;
  return (bytes, start, end, storage) => {
    if (storage === STORAGE.blob) return ISSUE.wrong_storage;
    const isText = storage === STORAGE.text;
    let at = bytes[start] === MINUS || (isText && bytes[start] === PLUS) ? start + 1 : start;
    const first = at;
    while (at < end && bytes[at] === ZERO) at += 1;
    const significant = at;
    while (at < end && isDigit(bytes[at])) at += 1;
    const wholeDigits = at - significant;
    const written = at - first;
    let places = 0;
    let fraction = 0;
    if (at < end && bytes[at] === POINT) {
      for (at += 1; at < end && isDigit(bytes[at]); at += 1) {
        places += 1;
        if (bytes[at] !== ZERO) fraction = places;
      }
      if (isText && places === 0) return ISSUE.not_a_number;
    }
    if (written + places === 0 || (isText && (written === 0 || at < end))) return ISSUE.not_a_number;
    if (at < end || odd) return slowCheck(text(bytes, start, end), whole, scale);
    if (wholeDigits > whole) return ISSUE.out_of_range;
    return fraction > scale || places > SCALE_MAX ? ISSUE.too_precise : ISSUE.ok;
  };
}

const WITH_EXPONENT = /^-?(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

/** "1.5e-7", as doubles print; and types whose first or last digit does not stand next to the point. */
function slowCheck(value: string, whole: number, scale: number): Issue {
  const match = WITH_EXPONENT.exec(value);
  if (match === null) return ISSUE.not_a_number;
  const [, left = '', right = '', exponent = '0'] = match;
  const digits = left + right;
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return digits === '' ? ISSUE.not_a_number : ISSUE.ok;
  const point = left.length + Number(exponent);
  const leading = digits.length - digits.replace(/^0+/, '').length;
  if (point - leading > whole) return ISSUE.out_of_range;
  return significant.length - point > scale ? ISSUE.too_precise : ISSUE.ok;
}

/** Most digits that a double's text has; what has more was not read from a double and would be rounded. */
const DOUBLE_DIGITS = 17;

/** A number that a double (or, `single`, a float of 24 bits) holds exactly as the source does. */
export function floatCheck({ single }: Pick<TypeLimits, 'single'>): FieldCheck {
  return (bytes, start, end, storage) => {
    if (storage >= STORAGE.text) return ISSUE.wrong_storage;
    let digits = 0;
    let points = 0;
    for (let at = bytes[start] === MINUS ? start + 1 : start; at < end; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte >= ZERO && byte <= NINE) digits += 1;
      else if (byte === POINT) points += 1;
      else return exactCheck(text(bytes, start, end), storage === STORAGE.integer, single);
    }
    if (digits === 0 || points > 1) return ISSUE.not_a_number;
    if (!single && (storage !== STORAGE.integer || digits <= SAFE_DIGITS) && digits <= DOUBLE_DIGITS) return ISSUE.ok;
    return exactCheck(text(bytes, start, end), storage === STORAGE.integer, single);
  };
}

const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * The source's reals are doubles and parse back exactly; integers of SQLite may have more bits than a double, and a
 * decimal that a person mapped to a double more digits. A value that becomes 0 or infinite by parsing is refused by
 * PostgreSQL as out of range.
 */
function exactCheck(value: string, isInteger: boolean, single: boolean): Issue {
  if (value === 'Infinity' || value === '-Infinity') return ISSUE.ok;
  if (!FLOAT.test(value)) return ISSUE.not_a_number;
  const double = Number(value);
  if (!Number.isFinite(double) || (double === 0 && /^[^eE]*[1-9]/.test(value))) return ISSUE.out_of_range;
  if (isInteger ? BigInt(double) !== BigInt(value) : significantDigits(value) > DOUBLE_DIGITS) return ISSUE.too_precise;
  if (!single || Math.fround(double) === double) return ISSUE.ok;
  return Number.isFinite(Math.fround(double)) ? ISSUE.too_precise : ISSUE.out_of_range;
}

function significantDigits(value: string): number {
  const [mantissa = ''] = value.split(/e/i);
  const digits = mantissa.replace(/[^0-9]/g, '').replace(/^0+/, '');
  return digits.replace(/0+$/, '').length;
}

export const booleanCheck: FieldCheck = (bytes, start, end, storage) => {
  if (storage > STORAGE.integer) return ISSUE.wrong_storage;
  const byte = bytes[start];
  return end - start === 1 && (byte === ZERO || byte === ZERO + 1) ? ISSUE.ok : ISSUE.not_a_boolean;
};

/** An unsigned integer of at most `width` bits, as digits. */
export function bitsCheck(width: number): FieldCheck {
  return integerCheck({ min: 0n, max: (1n << BigInt(width)) - 1n });
}

/** Unix seconds of years 1 to 9999. */
const SECONDS_MIN = -62_135_596_800n;
const SECONDS_MAX = 253_402_300_799n;
const DAY = 86_400n;

/** Seconds since 1970: integers, or reals with no more digits than the column keeps; for a date, whole days. */
export function unixSecondsCheck({ secondDigits }: Pick<TypeLimits, 'secondDigits'>, isDate: boolean): FieldCheck {
  const integer = integerCheck({ min: SECONDS_MIN, max: SECONDS_MAX });
  return (bytes, start, end, storage) => {
    if (storage !== STORAGE.real && !isDate) return integer(bytes, start, end, storage);
    if (storage >= STORAGE.text) return ISSUE.wrong_storage;
    const match = /^(-?\d+)(?:\.(\d+))?$/.exec(text(bytes, start, end));
    // Reals print with an exponent from 1e21 on and below 1e-6: too large, or too precise.
    if (match === null) return text(bytes, start, end).includes('e-') ? ISSUE.too_precise : ISSUE.out_of_range;
    const [, whole = '0', fraction = ''] = match;
    const seconds = BigInt(whole);
    const negative = whole.startsWith('-') && fraction !== '';
    if (seconds < SECONDS_MIN || (negative && seconds === SECONDS_MIN) || seconds > SECONDS_MAX)
      return ISSUE.out_of_range;
    if (isDate) return fraction === '' && seconds % DAY === 0n ? ISSUE.ok : ISSUE.too_precise;
    return fraction.length > secondDigits ? ISSUE.too_precise : ISSUE.ok;
  };
}
