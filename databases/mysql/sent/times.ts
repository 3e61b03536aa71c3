import { isDate } from '../canonical-times.js';
import { putWord, wordAt, type SentEncoder } from './writer.js';

/** Of 2000-01-01 since 1970-01-01. */
const EPOCH_DAYS = 10_957;

/** Days since 2000-01-01 in the calendar that both servers use. */
function daysOf(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const ofEra = shifted - era * 400;
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const days = ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear;
  return era * 146_097 + days - 719_468 - EPOCH_DAYS;
}

/** NaN where it is no day. */
function dayAt(bytes: Buffer, at: number): number {
  const year = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  const month = bytes[at + 2] ?? 0;
  const day = bytes[at + 3] ?? 0;
  return isDate(year, month, day) ? daysOf(year, month, day) : NaN;
}

export const date: SentEncoder = (bytes, at, out) => {
  const next = at + 1 + (bytes[at] ?? 0);
  const days = next - at === 5 ? dayAt(bytes, at + 1) : NaN;
  if (Number.isNaN(days)) out.odd(bytes, at, next);
  else putWord(out.bytes, out.open(4), days);
  return next;
};

const DAY_SECONDS = 86_400;
/** Microseconds of a second are these times 64: so a double holds the product of any second of the calendar. */
const MICROS_64TH = 15_625;
const LOW_26 = 2 ** 26;

export const moment: SentEncoder = (bytes, at, out) => {
  const length = bytes[at] ?? 0;
  const next = at + 1 + length;
  const days = length >= 4 ? dayAt(bytes, at + 1) : NaN;
  if (Number.isNaN(days)) {
    out.odd(bytes, at, next);
    return next;
  }
  let seconds = days * DAY_SECONDS;
  if (length >= 7) seconds += (bytes[at + 5] ?? 0) * 3600 + (bytes[at + 6] ?? 0) * 60 + (bytes[at + 7] ?? 0);
  const micros = length >= 11 ? wordAt(bytes, at + 8) : 0;
  const scaled = seconds * MICROS_64TH;
  const high = Math.floor(scaled / LOW_26);
  const low = (scaled - high * LOW_26) * 64 + micros;
  const to = out.open(8);
  putWord(out.bytes, to, low >= 2 ** 32 ? high + 1 : high);
  putWord(out.bytes, to + 4, low);
  return next;
};
