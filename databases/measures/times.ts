import { decimalText } from './exact-sum.js';

const DAY_MS = 86_400_000;
export const DAY_MICROS = 86_400_000_000n;

/** Days since 1970-01-01 of "YYYY-MM-DD" as it begins; NaN for what is no such day. */
export function daysOf(text: string): number {
  return Date.parse(`${text.slice(0, 10)}T00:00:00Z`) / DAY_MS;
}

/** Microseconds since 1970-01-01 of "YYYY-MM-DD HH:MM:SS.ffffff", or since midnight of "HH:MM:SS.ffffff". */
export function microsecondsOf(text: string): number {
  const isMoment = text.length >= 19;
  const [hour, minute, second] = (isMoment ? text.slice(11, 26).replace(/[+-].*$/, '') : text).split(':');
  const seconds = 3600 * Number(hour) + 60 * Number(minute);
  const micros = Math.round(Number(second) * 1e6) + seconds * 1e6;
  return isMoment ? daysOf(text) * DAY_MS * 1000 + micros : micros;
}

/** A sum of days and one of clock times, "1234567:08:09.5", as microseconds. */
export function microsecondsOfSums(days: string, clock: string): string | undefined {
  const match = /^(-?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/.exec(clock);
  if (match === null || !/^-?\d+$/.test(days)) return undefined;
  const [, sign = '', hours = '', minutes = '', seconds = '', fraction = ''] = match;
  const micros =
    (BigInt(hours) * 3600n + BigInt(minutes) * 60n + BigInt(seconds)) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
  return decimalText(BigInt(days) * DAY_MICROS + (sign === '-' ? -micros : micros), 0);
}
