import { isUtf8 } from 'node:buffer';
import type { ColumnMapping } from '../../contracts/mapping.js';
import { jsonbText } from '../jsonb.js';
import { STORAGE } from '../source.js';
import { canonicalDate, canonicalDecimal, canonicalTime, canonicalTimestamp, decimalOfReal } from './canonical-text.js';

/** One stored value, as the proof's own reading gives it. */
export interface StoredValue {
  /** `STORAGE`; never null here. */
  readonly storage: number;
  /** Its bytes; of integers and reals SQLite's own decimal text. */
  readonly bytes: Buffer;
}

/** The value's canonical bytes (see databases/canonical.ts), or undefined: it has none in its kind, it is odd. */
export type Canonicalise = (value: StoredValue) => Uint8Array | string | undefined;

/**
 * Storage classes, as bits 1 << class, whose bytes are canonical as they stand: always, or where the row they come
 * from is known to be valid UTF-8 without NUL. Spares the common cases a function call; the canonicaliser agrees.
 */
export function directStorage(column: ColumnMapping): { readonly always: number; readonly clean: number } {
  switch (column.kind) {
    case 'integer':
    case 'decimal':
      return { always: 1 << STORAGE.integer, clean: 0 };
    case 'text':
    case 'enum':
      return { always: 1 << STORAGE.integer, clean: 1 << STORAGE.text };
    case 'json':
      return column.type === 'jsonb'
        ? { always: 0, clean: 0 }
        : { always: 1 << STORAGE.integer, clean: 1 << STORAGE.text };
    case 'bytes':
      return { always: (1 << STORAGE.blob) | (1 << STORAGE.text), clean: 0 };
    default:
      return { always: 0, clean: 0 };
  }
}

/** How the values of a column become canonical; made once for a scan. */
export function canonicaliserOf(column: ColumnMapping): Canonicalise {
  const fromUnix = column.transform.some((step) => step.op === 'from_unix_seconds');
  switch (column.kind) {
    case 'integer':
      return integerOf;
    case 'decimal':
      return decimalOf;
    case 'float8':
      return float8Of;
    case 'float4':
      return float4Of;
    case 'boolean':
      return booleanOf;
    case 'text':
    case 'enum':
      return textOf;
    case 'json':
      return column.type === 'jsonb' ? jsonbOf : textOf;
    case 'bytes':
      return ({ storage, bytes }) => (storage === STORAGE.blob || storage === STORAGE.text ? bytes : undefined);
    case 'date':
      return (value) => (fromUnix ? dateOfSeconds(value) : plainText(value, canonicalDate));
    case 'timestamp':
    case 'timestamptz':
      return (value) => (fromUnix ? timestampOfSeconds(value) : plainText(value, canonicalTimestamp));
    case 'time':
      return (value) => plainText(value, canonicalTime);
    case 'text_array':
      return textArrayOf;
    case 'bit':
      return bitsOf(column);
    case 'uuid':
      return uuidOf;
    case 'interval':
    case 'inet':
    case 'geometry':
    case 'native':
      return () => undefined;
  }
}

function ascii(bytes: Buffer): string {
  return bytes.toString('latin1');
}

function integerOf({ storage, bytes }: StoredValue): Uint8Array | undefined {
  return storage === STORAGE.integer ? bytes : undefined;
}

function decimalOf({ storage, bytes }: StoredValue): Uint8Array | string | undefined {
  if (storage === STORAGE.integer) return bytes;
  if (storage === STORAGE.real) return decimalOfReal(realOf(bytes));
  return storage === STORAGE.text ? canonicalDecimal(ascii(bytes)) : undefined;
}

/** SQLite prints 17 digits, which is exact, and infinities as "Inf". */
function realOf(bytes: Buffer): number {
  const text = ascii(bytes);
  if (text === 'Inf') return Infinity;
  return text === '-Inf' ? -Infinity : Number(text);
}

function doubleOf({ storage, bytes }: StoredValue): number | undefined {
  if (storage === STORAGE.real) return realOf(bytes);
  if (storage !== STORAGE.integer) return undefined;
  const value = Number(ascii(bytes));
  return BigInt(value) === BigInt(ascii(bytes)) ? value : undefined;
}

function float8Of(value: StoredValue): Uint8Array | undefined {
  const double = doubleOf(value);
  if (double === undefined) return undefined;
  const form = Buffer.allocUnsafe(8);
  form.writeDoubleBE(double);
  return form;
}

function float4Of(value: StoredValue): Uint8Array | undefined {
  const double = doubleOf(value);
  if (double === undefined || Math.fround(double) !== double) return undefined;
  const form = Buffer.allocUnsafe(4);
  form.writeFloatBE(double);
  return form;
}

/** "0" and "1", as number or as text; never a blob. */
function booleanOf(value: StoredValue): Uint8Array | undefined {
  if (value.storage === STORAGE.blob) return undefined;
  const bytes = keyBytes(value);
  return bytes.length === 1 && (bytes[0] === 0x30 || bytes[0] === 0x31) ? bytes : undefined;
}

function textOf({ storage, bytes }: StoredValue): Uint8Array | string | undefined {
  switch (storage) {
    case STORAGE.text:
      return isUtf8(bytes) && !bytes.includes(0) ? bytes : undefined;
    case STORAGE.integer:
      return bytes;
    case STORAGE.real:
      return shortestText(realOf(bytes));
    default:
      return undefined;
  }
}

/** As PostgreSQL prints it. */
function jsonbOf(value: StoredValue): string | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : jsonbText(typeof text === 'string' ? text : Buffer.from(text).toString());
}

/** The text of a real in text columns and in keys: the shortest that parses back to it. */
function shortestText(value: number): string {
  return value.toString();
}

/** Bytes of a key field, as `read` gives them. */
export function keyBytes({ storage, bytes }: StoredValue): Uint8Array {
  return storage === STORAGE.real ? Buffer.from(shortestText(realOf(bytes))) : bytes;
}

function plainText({ storage, bytes }: StoredValue, parse: (text: string) => string | undefined): string | undefined {
  return storage === STORAGE.text ? parse(ascii(bytes)) : undefined;
}

function timestampOfSeconds({ storage, bytes }: StoredValue): string | undefined {
  if (storage !== STORAGE.integer) return undefined;
  const moment = new Date(Number(ascii(bytes)) * 1000);
  const year = moment.getUTCFullYear();
  if (!(year >= 1 && year <= 9999)) return undefined;
  return `${moment.toISOString().slice(0, 19).replace('T', ' ')}.000000`;
}

function dateOfSeconds(value: StoredValue): string | undefined {
  const text = timestampOfSeconds(value);
  return text?.endsWith(' 00:00:00.000000') ? text.slice(0, 10) : undefined;
}

function textArrayOf(value: StoredValue): Uint8Array | undefined {
  const bytes = value.storage === STORAGE.text ? textOf(value) : undefined;
  if (bytes === undefined) return undefined;
  const elements =
    bytes.length === 0
      ? []
      : Buffer.from(bytes as Uint8Array)
          .toString()
          .split(',');
  return Buffer.concat(
    elements.map((element) => {
      const body = Buffer.from(element);
      const size = Buffer.allocUnsafe(4);
      size.writeUInt32BE(body.length);
      return Buffer.concat([size, body]);
    }),
  );
}

function bitsOf(column: ColumnMapping): Canonicalise {
  const width = column.transform.find((step) => step.op === 'to_bits')?.width ?? 64;
  return ({ storage, bytes }) => {
    if (storage !== STORAGE.integer) return undefined;
    const value = BigInt(ascii(bytes));
    if (value < 0n || value >= 1n << BigInt(width)) return undefined;
    return value.toString(2).padStart(width, '0');
  };
}

function uuidOf({ storage, bytes }: StoredValue): Uint8Array | undefined {
  if (storage === STORAGE.blob) return bytes.length === 16 ? bytes : undefined;
  if (storage !== STORAGE.text) return undefined;
  const text = ascii(bytes);
  const plain = /^([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/i;
  return plain.test(text) ? Buffer.from(text.replaceAll('-', ''), 'hex') : undefined;
}
