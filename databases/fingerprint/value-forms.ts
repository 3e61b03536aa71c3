import { canonicalDecimal } from '../sqlite/canonical-text.js';

/** How the bytes of a value are to be understood. A time is a date, a moment, or a time of day or span "HH:MM:SS". */
export type ValueForm = 'number' | 'time' | 'text' | 'binary';

/** A value where it lies. One is used for all values of a column. */
export interface ValueView {
  bytes: Buffer;
  from: number;
  to: number;
  /** Of a value that was cut when it was read: how long it is, in characters (binary: bytes); else -1. */
  length: number;
}

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const POINT = 0x2e;
/** Up to so many digits a double holds every decimal. */
const EXACT_DIGITS = 15;

/**
 * Brings a number to its decimal digits without needless zeros, in place, and gives it as a double; NaN for what is no
 * number, which is left as it is.
 */
export function readNumber(value: ValueView): number {
  const { bytes, from } = value;
  const isNegative = bytes[from] === MINUS;
  const first = isNegative ? from + 1 : from;
  let digits = 0;
  let point = -1;
  for (let at = first; at < value.to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= ZERO && byte <= NINE) digits = digits * 10 + byte - ZERO;
    else if (byte === POINT && point === -1) point = at;
    else return readOther(value);
  }
  const leading = bytes[first] === ZERO && value.to > first + 1 && point !== first + 1;
  const size = value.to - first;
  if (size === 0 || leading || point === first || size > EXACT_DIGITS || (isNegative && digits === 0)) {
    return readOther(value);
  }
  if (point === -1) return isNegative ? -digits : digits;
  const scale = value.to - point - 1;
  while (bytes[value.to - 1] === ZERO) value.to--;
  if (value.to === point + 1) value.to = point;
  const size10 = digits / 10 ** scale;
  return isNegative ? -size10 : size10;
}

/** Long numbers, exponents, and zeros in front. */
function readOther(value: ValueView): number {
  const text = value.bytes.toString('latin1', value.from, value.to);
  const decimal = canonicalDecimal(text);
  if (decimal === undefined) return NaN;
  if (decimal !== text) replace(value, decimal);
  return Number(decimal);
}

function replace(value: ValueView, text: string): void {
  value.bytes = Buffer.from(text, 'latin1');
  value.from = 0;
  value.to = value.bytes.length;
}

const MOMENT = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?)?Z?$/;
const CLOCK = /^(-?)(\d{1,3}):(\d\d):(\d\d(?:\.\d+)?)$/;

/**
 * Brings a time to its form, in place, and gives it in seconds: since 1970-01-01 UTC, or since midnight. NaN for what is
 * no possible time (zero dates, offsets), which is left as it is.
 */
export function readTime(value: ValueView): number {
  trimFraction(value);
  const text = value.bytes.toString('latin1', value.from, value.to);
  const moment = MOMENT.exec(text);
  if (moment) {
    const [, year, month, day, hour = '0', minute = '0', second = '0'] = moment;
    if (text[10] === 'T') replace(value, text.replace('T', ' '));
    return secondsOf(
      [Number(year), Number(month), Number(day)],
      3600 * Number(hour) + 60 * Number(minute) + Number(second),
    );
  }
  const clock = CLOCK.exec(text);
  if (!clock) return NaN;
  const seconds = 3600 * Number(clock[2]) + 60 * Number(clock[3]) + Number(clock[4]);
  return clock[1] === '' ? seconds : -seconds;
}

function trimFraction(value: ValueView): void {
  const { bytes, from, to } = value;
  let end = to;
  while (end > from && bytes[end - 1] === ZERO) end--;
  if (bytes[end - 1] === POINT) value.to = end - 1;
  else if (bytes.subarray(from, end).includes(POINT)) value.to = end;
}

const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function secondsOf([year, month, day]: readonly [number, number, number], seconds: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const last = month === 2 && !isLeap ? 28 : (MONTH_DAYS[month - 1] ?? 0);
  if (year < 1 || day < 1 || day > last) return NaN;
  // Days since 1970-01-01, of years that begin in March.
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - 400 * era;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const days = 146_097 * era + 365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return 86_400 * (days - 719_468) + seconds;
}
