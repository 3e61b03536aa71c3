import type { ColumnMapping } from '../contracts/mapping.js';

/**
 * The form in which PostgreSQL sends a value of a column in binary, for a proof that needs no text of it on either side:
 *
 * integer      two's complement, big-endian, as many bytes as the type has
 * numeric      count of groups, weight, sign, scale, and groups of four digits; `scale` is the type's, else the least
 * float8/4     IEEE 754, big-endian
 * boolean      one byte, 0 or 1
 * date         days since 2000-01-01, 4 bytes
 * moment       microseconds since 2000-01-01 (UTC), 8 bytes
 * canonical    as in canonical.ts: its own text or bytes
 *
 * Values that are sent alike are equal. Equal values that are sent otherwise (a sum of zero with another scale) are for
 * the canonical form to tell: it decides whatever differs here.
 */
export type SentForm =
  | { readonly as: 'integer'; readonly bytes: 2 | 4 | 8 }
  | { readonly as: 'numeric'; readonly scale?: number }
  | { readonly as: 'float8' | 'float4' | 'boolean' | 'date' | 'moment' | 'canonical' };

const INTEGERS: Readonly<Record<string, 2 | 4 | 8>> = {
  smallint: 2,
  int2: 2,
  integer: 4,
  int: 4,
  int4: 4,
  bigint: 8,
  int8: 8,
};

const NUMERIC = /^(?:numeric|decimal)(?:\(\s*\d+\s*(?:,\s*(\d+)\s*)?\))?$/i;

export function sentForm({ kind, type }: Pick<ColumnMapping, 'kind' | 'type'>): SentForm {
  const plain = type.trim();
  switch (kind) {
    case 'integer':
    case 'decimal': {
      const bytes = INTEGERS[plain.toLowerCase()];
      return bytes === undefined ? numericForm(plain) : { as: 'integer', bytes };
    }
    case 'float8':
    case 'float4':
    case 'date':
      return { as: kind };
    case 'boolean':
      return { as: /^bool(?:ean)?$/i.test(plain) ? 'boolean' : 'canonical' };
    case 'timestamp':
    case 'timestamptz':
      return { as: 'moment' };
    default:
      return { as: 'canonical' };
  }
}

function numericForm(type: string): SentForm {
  const match = NUMERIC.exec(type);
  if (match === null) return { as: 'canonical' };
  if (!type.includes('(')) return { as: 'numeric' };
  return { as: 'numeric', scale: Number(match[1] ?? '0') };
}

/** In front of a row's fields: the letter of the message, its length, the count of fields. */
export const SENT_HEAD_BYTES = 7;
/** The letter of a message that bears a row. */
export const SENT_ROW = 0x64;
