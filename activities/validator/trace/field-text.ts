import { isUtf8 } from 'node:buffer';
import type { ValueKind } from '../../../contracts/mapping.js';
import type { CanonicalField } from '../expected-row.js';

/** A canonical field as people read it; null is NULL. */
export function fieldText({ state, bytes }: CanonicalField, kind: ValueKind): string | null {
  if (state === 'null') return null;
  if (state === 'odd') return plainText(bytes);
  switch (kind) {
    case 'float8':
      return bytes.length === 8 ? String(bytes.readDoubleBE()) : hexText(bytes);
    case 'float4':
      // The shortest text that is this number in 4 bytes.
      return bytes.length === 4 ? String(Number(bytes.readFloatBE().toPrecision(9))) : hexText(bytes);
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
