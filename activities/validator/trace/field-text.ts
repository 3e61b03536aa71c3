import { isUtf8 } from 'node:buffer';
import type { ColumnMapping, ValueKind } from '../../../contracts/mapping.js';
import { nativeValue } from '../../kora/differences/native.js';
import type { CanonicalField } from '../expected-row.js';

/** A canonical field as people read it; null is NULL. */
export function fieldText(
  { state, bytes }: CanonicalField,
  { kind, type }: Pick<ColumnMapping, 'kind' | 'type'>,
): string | null {
  if (state === 'null') return null;
  if (state === 'odd') return plainText(bytes);
  return kind === 'native' ? nativeText(bytes, type) : canonicalText(bytes, kind);
}

/** PostgreSQL's binary form; of a type that is not told here its bytes. */
function nativeText(bytes: Buffer, type: string): string {
  const known = nativeValue(type, bytes);
  if (known !== undefined) return canonicalText(known.bytes, known.kind);
  switch (type.replace(/\(.*\)/u, '')) {
    case 'boolean':
      return bytes[0] === 1 ? 'true' : 'false';
    case 'uuid':
      return canonicalText(bytes, 'uuid');
    case 'jsonb':
      // Behind the version of the form.
      return plainText(bytes.subarray(1));
    case 'numeric':
      return numericText(bytes);
    default:
      // What has no text here has numbers in it, which are no text.
      return /^(?:"|json$|xml$|name$|point|line|lseg|box|path|polygon|circle)/u.test(type)
        ? plainText(bytes)
        : hexText(bytes);
  }
}

/** Groups of four digits: their number, the place of the first, the sign, the digits behind the point. */
function numericText(bytes: Buffer): string {
  const sign = bytes.readUInt16BE(4);
  if (sign !== 0 && sign !== 0x4000)
    return { 0xc000: 'NaN', 0xd000: 'Infinity', 0xf000: '-Infinity' }[sign] ?? hexText(bytes);
  const [groups, weight, scale] = [bytes.readInt16BE(0), bytes.readInt16BE(2), bytes.readInt16BE(6)];
  const group = (at: number): string =>
    String(at >= 0 && at < groups ? bytes.readInt16BE(8 + 2 * at) : 0).padStart(4, '0');
  const all = (from: number, to: number): string =>
    Array.from({ length: Math.max(0, to - from) }, (_, at) => group(from + at)).join('');
  const whole = all(Math.min(0, weight + 1), weight + 1).replace(/^0+/u, '') || '0';
  const fraction = all(weight + 1, weight + 1 + Math.ceil(scale / 4)).slice(0, scale);
  return `${sign === 0 ? '' : '-'}${whole}${scale === 0 ? '' : `.${fraction}`}`;
}

function canonicalText(bytes: Buffer, kind: ValueKind): string {
  switch (kind) {
    case 'float8':
      return bytes.length === 8 ? String(bytes.readDoubleBE()) : hexText(bytes);
    case 'float4':
      return bytes.length === 4 ? shortText(bytes.readFloatBE()) : hexText(bytes);
    case 'boolean':
      return bytes.toString() === '1' ? 'true' : 'false';
    case 'uuid':
      return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, '$1-$2-$3-$4-$5');
    case 'interval':
      return `${bytes.toString()} microseconds`;
    case 'text_array':
      return JSON.stringify(elementsOf(bytes));
    case 'bytes':
    case 'geometry':
    case 'inet':
      return hexText(bytes);
    default:
      return plainText(bytes);
  }
}

/** The shortest text that is this number in 4 bytes. */
function shortText(value: number): string {
  for (let digits = 1; digits < 9; digits += 1) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === value) return String(text);
  }
  return String(Number(value.toPrecision(9)));
}

function plainText(bytes: Buffer): string {
  return isUtf8(bytes) && !bytes.includes(0) ? bytes.toString() : hexText(bytes);
}

function hexText(bytes: Buffer): string {
  return `0x${bytes.toString('hex')}`;
}

function elementsOf(bytes: Buffer): string[] {
  const elements: string[] = [];
  for (let at = 0; at + 4 <= bytes.length;) {
    const end = at + 4 + bytes.readUInt32BE(at);
    elements.push(bytes.toString('utf8', at + 4, end));
    at = end;
  }
  return elements;
}
