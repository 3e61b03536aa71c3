import { ISSUE } from '../../../contracts/record.js';
import type { ByteSink, FieldCodec } from '../../../contracts/record.js';
import { textOf } from './words.js';

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;

/** Decimal digits of one digit of a numeric, which counts to 10,000. */
const GROUP = 4;
const TENS = [1, 10, 100, 1000];
/** Number of groups, weight of the first one, sign, digits behind the point: two bytes each. */
const HEAD_BYTES = 8;
const NEGATIVE = 0x4000;

/**
 * PostgreSQL's numeric: groups of four digits, counted from the point. It keeps the digits behind the point as they are
 * written, zeros too, and drops empty groups and the sign of zero itself.
 */
export const toNumeric: FieldCodec = (bytes, start, end, _storage, sink) => {
  const signed = bytes[start] === MINUS || bytes[start] === PLUS;
  let first = signed ? start + 1 : start;
  while (first < end && bytes[first] === ZERO) first += 1;
  let point = first;
  while (point < end && isDigit(bytes[point])) point += 1;
  let last = point;
  if (bytes[point] === POINT && point < end) {
    last = point + 1;
    while (last < end && isDigit(bytes[last])) last += 1;
  }
  if (last < end) {
    const plain = Buffer.from(withoutExponent(textOf(bytes, start, end)), 'latin1');
    return toNumeric(plain, 0, plain.length, 0, sink);
  }
  const places = Math.max(0, end - point - 1);
  const whole = Math.ceil((point - first) / GROUP);
  const groups = whole + Math.ceil(places / GROUP);
  sink.ensure(HEAD_BYTES + 2 * groups);
  const { view, length } = sink;
  view.setInt16(length, groups);
  view.setInt16(length + 2, whole - 1);
  view.setInt16(length + 4, bytes[start] === MINUS ? NEGATIVE : 0);
  view.setInt16(length + 6, places);
  sink.length = length + HEAD_BYTES;
  if (whole > 0) putGroups(bytes, first, point, sink);
  if (places > 0) putPlaces(bytes, point + 1, end, sink);
  return ISSUE.ok;
};

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= NINE;

/** Digits in front of the point: the first group may be short. */
function putGroups(bytes: Uint8Array, start: number, end: number, sink: ByteSink): void {
  let { length } = sink;
  let group = 0;
  for (let at = start, left = end - start; at < end; at += 1) {
    group = group * 10 + ((bytes[at] ?? 0) - ZERO);
    left -= 1;
    if (left % GROUP !== 0) continue;
    sink.view.setInt16(length, group);
    length += 2;
    group = 0;
  }
  sink.length = length;
}

/** Digits behind the point: the last group is filled with zeros. */
function putPlaces(bytes: Uint8Array, start: number, end: number, sink: ByteSink): void {
  let { length } = sink;
  for (let at = start; at < end; at += GROUP) {
    const stop = Math.min(end, at + GROUP);
    let group = 0;
    for (let place = at; place < stop; place += 1) group = group * 10 + ((bytes[place] ?? 0) - ZERO);
    sink.view.setInt16(length, group * (TENS[at + GROUP - stop] ?? 1));
    length += 2;
  }
  sink.length = length;
}

/** "-1.50e-3" as "-0.00150": as many digits behind the point as PostgreSQL keeps of the exponent's form. */
function withoutExponent(text: string): string {
  const [mantissa = '', exponent = '0'] = text.split(/e/i);
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [left = '', right = ''] = mantissa.replace(/^[+-]/, '').split('.');
  const point = left.length + Number(exponent);
  const digits = left + right;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  const padded = digits.padEnd(point, '0');
  return `${sign}${padded.slice(0, point)}.${padded.slice(point)}`;
}
