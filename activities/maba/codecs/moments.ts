import { ISSUE } from '../../../contracts/record.js';
import type { FieldCodec } from '../../../contracts/record.js';
import { putMicros } from './words.js';

const ZERO = 0x30;
const MINUS = 0x2d;
const COLON = 0x3a;
const POINT = 0x2e;
const LETTER_Z = 0x5a;

const DATE_BYTES = 10;
const MINUTES_BYTES = 5;
const SECONDS_BYTES = 8;
const DAY_SECONDS = 86_400;
const MILLION = 1_000_000;
/** PostgreSQL counts from 2000-01-01: days and seconds since 1970 until then. */
const EPOCH_DAYS = 10_957;
const EPOCH_SECONDS = EPOCH_DAYS * DAY_SECONDS;

const two = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) - ZERO) * 10 + ((bytes[at + 1] ?? 0) - ZERO);

/** Days in front of a month, of a year that begins in March. */
const MARCH_DAYS = [0, 306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275];
/** Days from 0000-03-01 to 2000-01-01. */
const MARCH_EPOCH = 730_425;

/** Days since 2000-01-01 of YYYY-MM-DD in the Gregorian calendar; years 1 to 9999. */
function dayOf(bytes: Uint8Array, start: number): number {
  const month = two(bytes, start + 5);
  const year = two(bytes, start) * 100 + two(bytes, start + 2) - (month < 3 ? 1 : 0);
  const century = (year / 100) | 0;
  const leaps = (year >> 2) - century + (century >> 2);
  return year * 365 + leaps + (MARCH_DAYS[month] ?? 0) + two(bytes, start + 8) - 1 - MARCH_EPOCH;
}

/** HH:MM[:SS…] in seconds. */
function clockOf(bytes: Uint8Array, at: number, end: number): number {
  const minutes = two(bytes, at) * 60 + two(bytes, at + 3);
  return end - at === MINUTES_BYTES ? minutes * 60 : minutes * 60 + two(bytes, at + 6);
}

/** Microseconds of a fraction whose point is at `at`. Digits behind the sixth are zeros (KORA). */
function microsOf(bytes: Uint8Array, at: number, end: number): number {
  let micros = 0;
  for (let place = 100_000, digit = at + 1; digit < end && place >= 1; place /= 10, digit += 1)
    micros += ((bytes[digit] ?? 0) - ZERO) * place;
  return micros;
}

/** KORA lets a date with a time pass only at midnight. */
export const toDate: FieldCodec = (bytes, start, _end, _storage, sink) => {
  sink.ensure(4);
  sink.view.setInt32(sink.length, dayOf(bytes, start));
  sink.length += 4;
  return ISSUE.ok;
};

/**
 * "2024-01-02", "2024-01-02T03:04", "2024-01-02 03:04:05.678Z" as microseconds since 2000-01-01. What they count is UTC
 * for a timestamptz, so that no session's TimeZone can shift the instant.
 */
export const toTimestamp: FieldCodec = (bytes, start, end, _storage, sink) => {
  sink.ensure(8);
  const stop = bytes[end - 1] === LETTER_Z ? end - 1 : end;
  const at = start + DATE_BYTES + 1;
  const seconds = dayOf(bytes, start) * DAY_SECONDS + (stop > at ? clockOf(bytes, at, stop) : 0);
  putMicros(seconds, microsOf(bytes, at + SECONDS_BYTES, stop), sink);
  return ISSUE.ok;
};

/** Microseconds since midnight. */
export const toTime: FieldCodec = (bytes, start, end, _storage, sink) => {
  sink.ensure(8);
  putMicros(clockOf(bytes, start, end), microsOf(bytes, start + SECONDS_BYTES, end), sink);
  return ISSUE.ok;
};

/** [-]H..H:MM:SS[.ffffff], all of it in an interval's microseconds; no days, no months. */
export const toInterval: FieldCodec = (bytes, start, end, _storage, sink) => {
  sink.ensure(16);
  const negative = bytes[start] === MINUS;
  let at = negative ? start + 1 : start;
  let hours = 0;
  for (; bytes[at] !== COLON && at < end; at += 1) hours = hours * 10 + ((bytes[at] ?? 0) - ZERO);
  const seconds = hours * 3600 + two(bytes, at + 1) * 60 + two(bytes, at + 4);
  const micros = microsOf(bytes, at + 6, end);
  if (!negative) putMicros(seconds, micros, sink);
  else if (micros === 0) putMicros(-seconds, 0, sink);
  else putMicros(-seconds - 1, MILLION - micros, sink);
  sink.view.setInt32(sink.length, 0);
  sink.view.setInt32(sink.length + 4, 0);
  sink.length += 8;
  return ISSUE.ok;
};

/** Seconds since 1970: whole ones in front of the point, a fraction behind it, both of one sign ("-0.5"). */
function unixOf(bytes: Uint8Array, start: number, end: number): { seconds: number; micros: number } {
  const negative = bytes[start] === MINUS;
  let at = negative ? start + 1 : start;
  let whole = 0;
  for (; at < end && bytes[at] !== POINT; at += 1) whole = whole * 10 + ((bytes[at] ?? 0) - ZERO);
  const micros = microsOf(bytes, at, end);
  if (!negative) return { seconds: whole - EPOCH_SECONDS, micros };
  return micros === 0
    ? { seconds: -whole - EPOCH_SECONDS, micros }
    : { seconds: -whole - 1 - EPOCH_SECONDS, micros: MILLION - micros };
}

export const unixToTimestamp: FieldCodec = (bytes, start, end, _storage, sink) => {
  sink.ensure(8);
  const { seconds, micros } = unixOf(bytes, start, end);
  putMicros(seconds, micros, sink);
  return ISSUE.ok;
};

/** Whole days (KORA). */
export const unixToDate: FieldCodec = (bytes, start, end, _storage, sink) => {
  sink.ensure(4);
  sink.view.setInt32(sink.length, Math.floor(unixOf(bytes, start, end).seconds / DAY_SECONDS));
  sink.length += 4;
  return ISSUE.ok;
};
