import { doubleText, singleText } from './decimals.js';
import type { ReadableColumn, ReadValue } from './values.js';

/** Milliseconds of 2000-01-01 UTC, from which PostgreSQL counts. */
const EPOCH_MS = Date.UTC(2000, 0, 1);
const DAY_MS = 86_400_000;
/** Years 1 to 9999; what lies beyond, and infinity, is not judged. */
const LEAST_MS = Date.UTC(2000, 0, 1) - 730_119 * DAY_MS;
const GREATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const NUMBERS: Readonly<Record<string, ReadValue>> = {
  smallint: (bytes) => String(bytes.readInt16BE(0)),
  integer: (bytes) => String(bytes.readInt32BE(0)),
  bigint: (bytes) => String(bytes.readBigInt64BE(0)),
  real: (bytes) => singleText(bytes.readFloatBE(0)),
  'double precision': (bytes) => doubleText(bytes.readDoubleBE(0)),
};

/** Values as PostgreSQL's binary form has them: a native column is read in no other (native-forms.ts). */
export function nativeReader(type: string): ReadableColumn {
  const read = NUMBERS[type];
  if (read !== undefined) return { class: 'number', read };
  if (/^numeric\b/.test(type)) return { class: 'number', read: numericText };
  if (type === 'date') return { class: 'time', read: (bytes) => momentOf(bytes.readInt32BE(0) * DAY_MS)?.slice(0, 10) };
  if (/^timestamp\b/.test(type))
    return { class: 'time', read: (bytes) => momentOf(Number(bytes.readBigInt64BE(0) / 1000n)) };
  if (/^(?:text|character varying|character)\b/.test(type) && !type.endsWith(']'))
    return { class: 'text', read: (bytes) => bytes.toString() };
  return { class: 'other', read: (bytes) => bytes.toString('base64') };
}

function momentOf(sinceEpochMs: number): string | undefined {
  const ms = EPOCH_MS + sinceEpochMs;
  if (ms < LEAST_MS || ms > GREATEST_MS) return undefined;
  return new Date(ms).toISOString().replace('T', ' ').slice(0, -1);
}

const NEGATIVE = 0x4000;
const POSITIVE = 0;
/** Decimal digits of one of its digits. */
const GROUP = 4;
const HEAD_BYTES = 8;

/** Count of groups, weight of the first, sign, scale, and then the groups of four digits. */
function numericText(bytes: Buffer): string | undefined {
  const groups = bytes.readUInt16BE(0);
  const weight = bytes.readInt16BE(2);
  const sign = bytes.readUInt16BE(4);
  if (sign !== POSITIVE && sign !== NEGATIVE) return undefined;
  const group = (at: number): string =>
    at < 0 || at >= groups ? '0000' : String(bytes.readUInt16BE(HEAD_BYTES + 2 * at)).padStart(GROUP, '0');
  let whole = '';
  for (let at = 0; at <= weight; at += 1) whole += group(at);
  let fraction = '';
  for (let at = weight + 1; at < groups; at += 1) fraction += group(at);
  const digits = whole.replace(/^0+(?=\d)/, '') || '0';
  const places = fraction.replace(/0+$/, '');
  return (sign === NEGATIVE ? '-' : '') + digits + (places === '' ? '' : `.${places}`);
}
