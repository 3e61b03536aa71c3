import { ISSUE } from '../../contracts/record.js';
import type { FieldCheck, Issue } from '../../contracts/record.js';
import { digitsUntil, isDigit } from './digits.js';
import { STORAGE } from './storage.js';
import { SCALE_MAX } from './type-limits.js';
import type { TypeLimits } from './type-limits.js';

const ZERO = 0x30;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;

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
  const below = boundOf(spans0, min);
  const above = boundOf(spans0, max);
  return (bytes, start, end, storage) => {
    if (storage > STORAGE.integer && !(reals && storage === STORAGE.real)) return ISSUE.wrong_storage;
    const negative = bytes[start] === MINUS;
    const from = negative ? start + 1 : start;
    if (from >= end || digitsUntil(bytes, from, end) < end) return ISSUE.not_a_number;
    const bound = negative ? below : above;
    if (end - from < bound.length) return ISSUE.ok;
    if (end - from === bound.length && isBelow(bytes, from, bound)) return ISSUE.ok;
    const exact = BigInt(text(bytes, start, end));
    return (min !== undefined && exact < min) || (max !== undefined && exact > max) ? ISSUE.out_of_range : ISSUE.ok;
  };
}

/** Digits of a bound, away from 0: of fewer digits every number lies between 0 and it. */
interface Bound {
  readonly length: number;
  readonly digits: Uint8Array;
}

function boundOf(spans0: boolean, bound: bigint | undefined): Bound {
  const digits = Buffer.from(spans0 && bound !== undefined ? String(bound).replace('-', '') : '', 'latin1');
  return { length: bound === undefined && spans0 ? Infinity : digits.length, digits };
}

/** Of as many digits: nearer to 0 than the bound. */
function isBelow(bytes: Uint8Array, start: number, { digits }: Bound): boolean {
  for (let at = 0; at < digits.length; at += 1) {
    const difference = (bytes[start + at] ?? 0) - (digits[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
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
    if (!odd && !isText && isPlain(bytes, start, end, { whole, scale })) return ISSUE.ok;
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

/** Digits with or without a point between them, of which even the zeros fit: most values are of this form. */
function isPlain(
  bytes: Uint8Array,
  start: number,
  end: number,
  { whole, scale }: Pick<TypeLimits, 'whole' | 'scale'>,
): boolean {
  const from = bytes[start] === MINUS ? start + 1 : start;
  const point = digitsUntil(bytes, from, end);
  if (point === from || point - from > whole) return false;
  if (point === end) return true;
  const places = end - point - 1;
  if (places > scale || places > SCALE_MAX) return false;
  return bytes[point] === POINT && digitsUntil(bytes, point + 1, end) === end;
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
    const from = bytes[start] === MINUS ? start + 1 : start;
    const whole = digitsUntil(bytes, from, end);
    const hasPoint = whole < end && bytes[whole] === POINT;
    const stop = hasPoint ? digitsUntil(bytes, whole + 1, end) : whole;
    if (stop < end) return exactCheck(text(bytes, start, end), storage === STORAGE.integer, single);
    const digits = hasPoint ? stop - from - 1 : stop - from;
    if (digits === 0) return ISSUE.not_a_number;
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
