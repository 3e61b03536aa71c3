import type { CatalogueColumn } from '../../../contracts/catalogue.js';

export type Family = 'number' | 'time' | 'text' | 'binary' | 'other';

const FAMILIES: Readonly<Record<string, Family>> = {
  ...Object.fromEntries(['int2', 'int4', 'int8', 'numeric', 'float4', 'float8'].map((base) => [base, 'number'])),
  ...Object.fromEntries(['date', 'timestamp', 'timestamptz', 'time'].map((base) => [base, 'time'])),
  ...Object.fromEntries(['text', 'varchar', 'bpchar'].map((base) => [base, 'text'])),
  bytea: 'binary',
};

/** How the profile looks at the values of a column. */
export function familyOf({ type }: CatalogueColumn): Family {
  if (type.named !== undefined || type.declared.endsWith('[]')) return 'other';
  return FAMILIES[type.base] ?? 'other';
}
