import type { FieldPacket } from 'mysql2';
import { microseconds, moment } from '../asking.js';
import type { AnswerColumn, AnswerKind } from '../asking.js';

/** Type numbers of the protocol. */
const KINDS: Readonly<Record<number, AnswerKind>> = {
  0: 'decimal',
  1: 'integer',
  2: 'integer',
  3: 'integer',
  4: 'float4',
  5: 'float8',
  7: 'timestamp',
  8: 'integer',
  9: 'integer',
  10: 'date',
  11: 'time',
  12: 'timestamp',
  13: 'integer',
  16: 'bit',
  245: 'json',
  246: 'decimal',
  255: 'geometry',
};

/** The character set of bytes that are no text. */
const BINARY = 63;
const SET_FLAG = 2048;
/** Of floats whose digits are not fixed. */
const NOT_FIXED = 31;
const CHAR = 254;

export function answerColumn(field: FieldPacket): AnswerColumn {
  const kind = kindOf(field);
  // Of a float with a fixed number of digits the server sends no more.
  const isFixed = kind === 'decimal' || (kind.startsWith('float') && field.decimals < NOT_FIXED);
  return { name: field.name, kind, ...(isFixed && { scale: field.decimals }) };
}

function kindOf(field: FieldPacket): AnswerKind {
  const { columnType = CHAR, characterSet, flags } = field;
  const known = KINDS[columnType];
  if (known !== undefined) return known;
  if ((field as { readonly extendedFormat?: string }).extendedFormat === 'json') return 'json';
  if ((Number(flags) & SET_FLAG) !== 0) return 'set';
  if (characterSet === BINARY) return 'bytes';
  return columnType === CHAR ? 'char' : 'text';
}

/** A value as the text protocol gives it. */
export function cellOf(value: Buffer, field: FieldPacket | undefined): string {
  switch (field && kindOf(field)) {
    case 'bytes':
      return value.toString('hex');
    case 'bit':
      return bitsOf(value, field?.columnLength ?? 0);
    case 'geometry':
      return placeOf(value);
    case 'timestamp':
      return moment(value.toString('latin1'));
    case 'time': {
      const text = value.toString('latin1');
      return microseconds(text) ?? text;
    }
    default:
      return value.toString('utf8');
  }
}

function bitsOf(value: Buffer, width: number): string {
  const bits = [...value].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return bits.slice(Math.max(0, bits.length - width));
}

const SRID_BYTES = 4;
/** One byte order, four bytes of the kind of place. */
const WKB_HEAD_BYTES = 5;
const HAS_SRID = 0x20;

/** The server gives the SRID, little-endian, and WKB behind it. */
function placeOf(value: Buffer): string {
  const wkb = value.subarray(SRID_BYTES);
  if (value.length < SRID_BYTES + WKB_HEAD_BYTES || value.readUInt32LE(0) === 0) return wkb.toString('hex');
  const head = Buffer.from(wkb.subarray(0, WKB_HEAD_BYTES));
  head[4] = (head[4] ?? 0) | HAS_SRID;
  return Buffer.concat([head, value.subarray(0, SRID_BYTES), wkb.subarray(WKB_HEAD_BYTES)]).toString('hex');
}
