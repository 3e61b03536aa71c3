import { isUtf8 } from 'node:buffer';
import type { ColumnMapping } from '../../contracts/mapping.js';
import { canonicalDate, canonicalDecimal, canonicalTime, canonicalTimestamp } from '../sqlite/canonical-text.js';

/** The value's canonical bytes (see databases/canonical.ts), or undefined: it has none in its kind, it is odd. */
export type Canonicalise = (value: Buffer) => Uint8Array | string | undefined;

/** How the texts of a column become canonical; made once for a scan. */
export function canonicaliserOf({ kind }: ColumnMapping): Canonicalise {
  switch (kind) {
    case 'text':
    case 'json':
      return textOf;
    case 'integer':
      return (value) => (scaleOfPlain(value) === 0 ? value : integerOf(ascii(value)));
    case 'decimal':
      return (value) => (scaleOfPlain(value) >= 0 ? value : canonicalDecimal(ascii(value)));
    case 'float8':
      return float8Of;
    case 'boolean':
      return (value) => flagOf(value);
    case 'date':
      return (value) => canonicalDate(ascii(value));
    case 'time':
      return (value) => canonicalTime(ascii(value));
    case 'timestamp':
      return (value) => (hasZone(ascii(value)) ? undefined : canonicalTimestamp(ascii(value)));
    case 'timestamptz':
      return (value) => (hasZone(ascii(value)) ? canonicalTimestamp(utcText(ascii(value))) : undefined);
    case 'uuid':
      return uuidOf;
    default:
      return () => undefined;
  }
}

/** Digits behind the point of a number that is canonical as it stands; -1 for any other text. */
function scaleOfPlain(value: Buffer): number {
  let point = -1;
  for (let at = 0; at < value.length; at += 1) {
    const byte = value[at] ?? 0;
    if (byte === 0x2e && point < 0 && at > 0) point = at;
    else if (byte < 0x30 || byte > 0x39) return -1;
  }
  const whole = point < 0 ? value.length : point;
  if (whole === 0 || (whole > 1 && value[0] === 0x30)) return -1;
  if (point < 0) return 0;
  const last = value.length - 1;
  return last > point && value[last] !== 0x30 ? last - point : -1;
}

function integerOf(text: string): string | undefined {
  return /^-?\d+$/.test(text) ? canonicalDecimal(text) : undefined;
}

function ascii(value: Buffer): string {
  return value.toString('latin1');
}

function textOf(value: Buffer): Buffer | undefined {
  return isUtf8(value) && !value.includes(0) ? value : undefined;
}

function float8Of(value: Buffer): Uint8Array | undefined {
  const text = ascii(value);
  if (canonicalDecimal(text) === undefined) return undefined;
  const form = Buffer.allocUnsafe(8);
  form.writeDoubleBE(Number(text));
  return form;
}

const FLAGS: ReadonlyMap<string, string> = new Map([
  ['true', '1'],
  ['false', '0'],
  ['1', '1'],
  ['0', '0'],
]);

function flagOf(value: Buffer): string | undefined {
  return value.length > 5 ? undefined : FLAGS.get(ascii(value).toLowerCase());
}

const ZONE = /^.{19}(?:\.\d+)?([+-])(\d\d)(?::?(\d\d))?$/;

function hasZone(text: string): boolean {
  return text.endsWith('Z') || ZONE.test(text);
}

/** With a zone that is written out in full. */
function utcText(text: string): string {
  const [, sign, hours, minutes = '00'] = ZONE.exec(text) ?? [];
  if (sign === undefined) return text;
  const local = text.slice(0, text.lastIndexOf(sign));
  return `${local}${sign}${hours ?? ''}:${minutes}`;
}

const UUID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

function uuidOf(value: Buffer): Uint8Array | undefined {
  const text = ascii(value);
  return UUID.test(text) && (text.length === 36 || text.length === 32)
    ? Buffer.from(text.replaceAll('-', ''), 'hex')
    : undefined;
}

/** The plain form of a field, as the copy has it: flags are digits, moments are in UTC without a zone. */
export function plainOf({ kind }: ColumnMapping, value: Buffer): Buffer {
  if (kind === 'boolean') return Buffer.from(flagOf(value) ?? value);
  if (kind !== 'timestamptz') return value;
  const text = ascii(value);
  if (text.endsWith('Z') && text.length > 19) return value.subarray(0, -1);
  const [, sign, hours, minutes = '00'] = ZONE.exec(text) ?? [];
  if (sign === undefined) return value;
  const local = text.slice(0, text.lastIndexOf(sign));
  if (Number(hours) === 0 && Number(minutes) === 0) return Buffer.from(local);
  const moment = canonicalTimestamp(utcText(text));
  return moment === undefined ? value : Buffer.from(moment.slice(0, 10) + 'T' + moment.slice(11, 19) + local.slice(19));
}
