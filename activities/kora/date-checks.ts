import { ISSUE } from '../../contracts/record.js';
import type { FieldCheck, Issue } from '../../contracts/record.js';
import { isDigit } from './number-checks.js';
import { STORAGE } from './storage.js';

const DAYS = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const two = (bytes: Uint8Array, at: number): number => {
  const [tens, ones] = [bytes[at], bytes[at + 1]];
  return isDigit(tens) && isDigit(ones) ? ((tens ?? 0) - 48) * 10 + ((ones ?? 0) - 48) : NaN;
};

/** YYYY-MM-DD at `start`; the calendar's own rules, years 1 to 9999. */
function calendar(bytes: Uint8Array, start: number): Issue {
  const year = two(bytes, start) * 100 + two(bytes, start + 2);
  const month = two(bytes, start + 5);
  const day = two(bytes, start + 8);
  if (Number.isNaN(year + month + day) || bytes[start + 4] !== 0x2d || bytes[start + 7] !== 0x2d) return ISSUE.bad_form;
  if (year === 0 && month === 0 && day === 0) return ISSUE.zero_date;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && !leap ? 28 : (DAYS[month] ?? 0);
  return year < 1 || month < 1 || day < 1 || day > days ? ISSUE.impossible_date : ISSUE.ok;
}

/** HH:MM:SS[.ffffff] at `at`, within a day. */
function clock(bytes: Uint8Array, at: number, end: number): Issue {
  if (end - at < 8 || bytes[at + 2] !== 0x3a || bytes[at + 5] !== 0x3a) return ISSUE.bad_form;
  const [hour, minute, second] = [two(bytes, at), two(bytes, at + 3), two(bytes, at + 6)];
  if (Number.isNaN(hour + minute + second)) return ISSUE.bad_form;
  if (hour > 23 || minute > 59 || second > 59) return ISSUE.out_of_range;
  return fraction(bytes, at + 8, end);
}

function fraction(bytes: Uint8Array, at: number, end: number): Issue {
  if (at === end) return ISSUE.ok;
  if (bytes[at] !== 0x2e || end - at > 7 || end - at < 2) return ISSUE.bad_form;
  for (let digit = at + 1; digit < end; digit += 1) if (!isDigit(bytes[digit])) return ISSUE.bad_form;
  return ISSUE.ok;
}

export const dateCheck: FieldCheck = (bytes, start, end) =>
  end - start === 10 ? calendar(bytes, start) : ISSUE.bad_form;

export const timestampCheck: FieldCheck = (bytes, start, end) => {
  if (end - start < 19) return ISSUE.bad_form;
  const issue = calendar(bytes, start);
  return issue === ISSUE.ok ? clock(bytes, start + 11, end) : issue;
};

export const timeCheck: FieldCheck = (bytes, start, end) => {
  // A sign, or three digits of hours: a duration, not a time of day.
  if (bytes[start] === 0x2d || bytes[start + 3] === 0x3a) return ISSUE.out_of_range;
  return clock(bytes, start, end);
};

/** [-]H..H:MM:SS[.ffffff] */
export const intervalCheck: FieldCheck = (bytes, start, end) => {
  const from = bytes[start] === 0x2d ? start + 1 : start;
  let at = from;
  while (at < end && isDigit(bytes[at])) at += 1;
  if (at === from || end - at < 6 || bytes[at] !== 0x3a || bytes[at + 3] !== 0x3a) return ISSUE.bad_form;
  const [minute, second] = [two(bytes, at + 1), two(bytes, at + 4)];
  if (Number.isNaN(minute + second) || minute > 59 || second > 59) return ISSUE.bad_form;
  return fraction(bytes, at + 6, end);
};

const DATE_TIME = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2})(:\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** ISO texts as SQLite's programs write them, for the operator `parse_datetime`. */
export const looseDateTimeCheck: FieldCheck = (bytes, start, end, storage) => {
  if (storage !== STORAGE.none && storage !== STORAGE.text) return ISSUE.wrong_storage;
  const value = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  const match = DATE_TIME.exec(value);
  if (match === null) return ISSUE.bad_form;
  const issue = calendar(bytes, start);
  if (issue !== ISSUE.ok || match[2] === undefined) return issue;
  if (/\.\d{7,}$/.test(match[3] ?? '')) return ISSUE.too_precise;
  const time = Buffer.from(`${match[2]}${match[3] ?? ':00'}`, 'latin1');
  return clock(time, 0, time.length);
};
