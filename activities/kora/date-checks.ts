import { ISSUE, viewOf } from '../../contracts/record.js';
import type { FieldCheck, Issue } from '../../contracts/record.js';
import { areDigits, isDigit } from './digits.js';
import { STORAGE } from './storage.js';
import type { TypeLimits } from './type-limits.js';

const DAYS = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const ZERO = 0x30;
const DASH = 0x2d;
const COLON = 0x3a;
const POINT = 0x2e;
const SPACE = 0x20;
const LETTER_T = 0x54;
const LETTER_Z = 0x5a;

const DATE_BYTES = 10;
const MINUTES_BYTES = 5;
const SECONDS_BYTES = 8;
/** Most digits of a fraction that engines without storage classes print. */
const FRACTION_DIGITS = 6;

/** Two digits; -1 where there are none. */
function two(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] ?? 0) - ZERO;
  const ones = (bytes[at + 1] ?? 0) - ZERO;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}

const byteOf = (word: number, place: 0 | 1 | 2 | 3): number => (word >>> (8 * place)) & 0xff;

/** Two digits of a word, lowest byte first; another number than 0 to 99 where they are none. */
const pairOf = (word: number, place: 0 | 1 | 2): number =>
  byteOf(word, place) * 10 + byteOf(word, (place + 1) as 1 | 2 | 3) - ZERO * 11;

/** A day that every month of every year has, as most are: nothing more is to be asked. */
function isUsualDay(bytes: Uint8Array, start: number): boolean {
  const view = viewOf(bytes);
  const year = view.getInt32(start, true);
  const middle = view.getInt32(start + 4, true);
  if (!areDigits(year) || year === 0x30303030 || (middle & 0xff0000ff) !== 0x2d00002d) return false;
  if (!areDigits((middle & 0x00ffff00) | 0x30000030)) return false;
  const month = pairOf(middle, 1);
  const day = two(bytes, start + 8);
  return month >= 1 && month <= 12 && day >= 1 && day <= 28;
}

/** YYYY-MM-DD at `start`; the calendar's own rules, years 1 to 9999. */
function calendar(bytes: Uint8Array, start: number): Issue {
  if (isUsualDay(bytes, start)) return ISSUE.ok;
  const century = two(bytes, start);
  const years = two(bytes, start + 2);
  const month = two(bytes, start + 5);
  const day = two(bytes, start + 8);
  if (century < 0 || years < 0 || month < 0 || day < 0) return ISSUE.bad_form;
  if (bytes[start + 4] !== DASH || bytes[start + 7] !== DASH) return ISSUE.bad_form;
  const year = century * 100 + years;
  if (year === 0 && month === 0 && day === 0) return ISSUE.zero_date;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && !leap ? 28 : (DAYS[month] ?? 0);
  return year < 1 || month < 1 || day < 1 || day > days ? ISSUE.impossible_date : ISSUE.ok;
}

/** How much of a time SQLite's programs may leave away or add, and what the column keeps. */
interface ClockRules {
  /** Minutes alone, and fractions with any number of zeros at their end. */
  readonly loose: boolean;
  readonly secondDigits: number;
}

/** HH:MM:SS within a day. */
function isUsualClock(bytes: Uint8Array, at: number): boolean {
  const view = viewOf(bytes);
  const first = view.getInt32(at, true);
  const last = view.getInt32(at + 4, true);
  if (byteOf(first, 2) !== COLON || byteOf(last, 1) !== COLON) return false;
  if (!areDigits((first & 0xff00ffff) | 0x00300000) || !areDigits((last & 0xffff00ff) | 0x00003000)) return false;
  return pairOf(first, 0) < 24 && byteOf(first, 3) < ZERO + 6 && byteOf(last, 2) < ZERO + 6;
}

/** HH:MM:SS[.ffffff] at `at`, within a day. */
function clock(bytes: Uint8Array, at: number, end: number, rules: ClockRules): Issue {
  const length = end - at;
  if (length === SECONDS_BYTES && isUsualClock(bytes, at)) return ISSUE.ok;
  const short = rules.loose && length === MINUTES_BYTES;
  if ((length < SECONDS_BYTES && !short) || bytes[at + 2] !== COLON) return ISSUE.bad_form;
  const hour = two(bytes, at);
  const minute = two(bytes, at + 3);
  if (hour < 0 || minute < 0) return ISSUE.bad_form;
  if (hour > 23 || minute > 59) return ISSUE.out_of_range;
  if (short) return ISSUE.ok;
  const second = two(bytes, at + 6);
  if (second < 0 || bytes[at + 5] !== COLON) return ISSUE.bad_form;
  return second > 59 ? ISSUE.out_of_range : fraction(bytes, at + SECONDS_BYTES, end, rules);
}

/** PostgreSQL rounds digits that the column does not keep, up to the next day: they must be zeros. */
function fraction(bytes: Uint8Array, at: number, end: number, rules: ClockRules): Issue {
  if (at === end) return ISSUE.ok;
  const digits = end - at - 1;
  if (bytes[at] !== POINT || digits < 1 || (digits > FRACTION_DIGITS && !rules.loose)) return ISSUE.bad_form;
  let issue: Issue = ISSUE.ok;
  for (let digit = 0; digit < digits; digit += 1) {
    const byte = bytes[at + 1 + digit];
    if (!isDigit(byte)) return ISSUE.bad_form;
    if (digit >= rules.secondDigits && byte !== ZERO) issue = ISSUE.too_precise;
  }
  return issue;
}

function isMidnight(bytes: Uint8Array, at: number, end: number): boolean {
  for (let place = at; place < end; place += 1) {
    const byte = bytes[place];
    if (byte !== ZERO && byte !== COLON && byte !== POINT) return false;
  }
  return true;
}

const LOOSE: ClockRules = { loose: true, secondDigits: FRACTION_DIGITS };
const STRICT: ClockRules = { loose: false, secondDigits: FRACTION_DIGITS };

/**
 * A date, alone or with a time: "YYYY-MM-DD[ T]HH:MM:SS[.f]". SQLite's texts may end with "Z" and have no seconds. Other
 * zones are refused: the instant and the text would not both be kept. A date takes midnight only.
 */
export function momentCheck(
  kind: 'date' | 'timestamp',
  { secondDigits }: Pick<TypeLimits, 'secondDigits'>,
): FieldCheck {
  const rules: { readonly loose: ClockRules; readonly strict: ClockRules } =
    kind === 'date'
      ? { loose: LOOSE, strict: STRICT }
      : { loose: { loose: true, secondDigits }, strict: { loose: false, secondDigits } };
  return (bytes, start, end, storage) => {
    if (storage !== STORAGE.none && storage !== STORAGE.text) return ISSUE.wrong_storage;
    if (end - start < DATE_BYTES) return ISSUE.bad_form;
    const issue = calendar(bytes, start);
    if (issue !== ISSUE.ok || end - start === DATE_BYTES) return issue;
    const separator = bytes[start + DATE_BYTES];
    if (separator !== SPACE && separator !== LETTER_T) return ISSUE.bad_form;
    const from = start + DATE_BYTES + 1;
    const isText = storage === STORAGE.text;
    const to = isText && bytes[end - 1] === LETTER_Z ? end - 1 : end;
    const timeIssue = clock(bytes, from, to, isText ? rules.loose : rules.strict);
    if (timeIssue !== ISSUE.ok || kind !== 'date') return timeIssue;
    return isMidnight(bytes, from, to) ? ISSUE.ok : ISSUE.too_precise;
  };
}

/** A time of day. */
export function timeCheck({ secondDigits }: Pick<TypeLimits, 'secondDigits'>): FieldCheck {
  const strict: ClockRules = { loose: false, secondDigits };
  const loose: ClockRules = { loose: true, secondDigits };
  return (bytes, start, end, storage) => {
    if (storage !== STORAGE.none && storage !== STORAGE.text) return ISSUE.wrong_storage;
    // A sign, or three digits of hours: a duration, not a time of day.
    if (end > start && (bytes[start] === DASH || (end - start > 3 && bytes[start + 3] === COLON)))
      return ISSUE.out_of_range;
    return clock(bytes, start, end, storage === STORAGE.text ? loose : strict);
  };
}

/** More hours than PostgreSQL reads. */
const HOUR_DIGITS = 8;

/** [-]H..H:MM:SS[.ffffff]. SQLite has no durations: none of its values has a canonical form. */
export function intervalCheck({ secondDigits }: Pick<TypeLimits, 'secondDigits'>): FieldCheck {
  const rules: ClockRules = { loose: false, secondDigits };
  return (bytes, start, end, storage) => {
    if (storage !== STORAGE.none) return ISSUE.wrong_storage;
    const from = bytes[start] === DASH ? start + 1 : start;
    let at = from;
    while (at < end && isDigit(bytes[at])) at += 1;
    if (at === from || end - at < 6 || bytes[at] !== COLON || bytes[at + 3] !== COLON) return ISSUE.bad_form;
    const minute = two(bytes, at + 1);
    const second = two(bytes, at + 4);
    if (minute < 0 || second < 0 || minute > 59 || second > 59) return ISSUE.bad_form;
    if (at - from > HOUR_DIGITS) return ISSUE.out_of_range;
    return fraction(bytes, at + 6, end, rules);
  };
}
