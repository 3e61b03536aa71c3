import type { ColumnMapping } from '../../../contracts/mapping.js';
import { decimalText, doubleText, momentText, singleText } from '../decimals.js';
import { nativeReader } from './native-values.js';

/** What rules can be said of a value. */
export type ValueClass = 'number' | 'time' | 'text' | 'other';

/**
 * A value as rules look at it: a number in decimal digits, a time as "YYYY-MM-DD HH:MM:SS.f", a text as it is. Null is
 * NULL; undefined: there is a value, and it cannot be judged.
 */
export type RuleValue = string | null | undefined;

/** Reads the bytes of a canonical value (databases/canonical.ts). */
export type ReadValue = (bytes: Buffer) => string | undefined;

export interface ReadableColumn {
  readonly class: ValueClass;
  readonly read: ReadValue;
}

const latin = (bytes: Buffer): string => bytes.toString('latin1');

export function readable(column: ColumnMapping): ReadableColumn {
  switch (column.kind) {
    case 'integer':
    case 'decimal':
      return { class: 'number', read: (bytes) => decimalText(latin(bytes)) };
    case 'float8':
      return { class: 'number', read: (bytes) => doubleText(bytes.readDoubleBE(0)) };
    case 'float4':
      return { class: 'number', read: (bytes) => singleText(bytes.readFloatBE(0)) };
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return { class: 'time', read: (bytes) => momentText(latin(bytes)) };
    case 'text':
    case 'enum':
      return { class: 'text', read: (bytes) => bytes.toString() };
    case 'native':
      return nativeReader(column.type);
    case 'boolean':
    case 'bytes':
    case 'time':
    case 'interval':
    case 'json':
    case 'text_array':
    case 'bit':
    case 'uuid':
    case 'inet':
    case 'geometry':
      return { class: 'other', read: (bytes) => bytes.toString('base64') };
  }
}
