import { numericText } from '../../../databases/postgres/binary-numeric.js';
import { doubleText, singleText } from '../decimals.js';
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
  if (/^numeric\b/.test(type)) return { class: 'number', read: (bytes) => numericText(bytes) };
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
