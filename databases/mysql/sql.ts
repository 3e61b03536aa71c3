import { CaravanFailure } from '../../contracts/failures.js';
import type { TableMapping } from '../../contracts/mapping.js';
import type { KeyRange } from '../source.js';

/** An identifier in backquotes; safe for every name that MySQL allows. */
/**
 * A label, and a NUL for the value that is none (index 0): the source shows that as it shows an empty label. For an enum
 * that has such a label.
 */
export function labelOrNul(name: string): string {
  return `IF(${name} + 0 = 0, _utf8mb4 x'00', ${name})`;
}

export function quoteName(name: string): string {
  return '`' + name.replaceAll('`', '``') + '`';
}

export function quoteTable(table: { readonly schema: string; readonly name: string }): string {
  return `${quoteName(table.schema)}.${quoteName(table.name)}`;
}

/** A text literal that does not depend on NO_BACKSLASH_ESCAPES (our sql_mode is pinned without it). */
export function quoteText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

const BOUND = { integer: /^-?\d{1,20}$/, date: /^[\d-]{8,10}$/, timestamp: /^[\d :.-]{8,26}$/ } as const;

/** A chunk bound as SQL. Bounds are data that come back from ledgers, so their form is checked, not trusted. */
export function boundLiteral(kind: keyof typeof BOUND, bound: string): string {
  if (!BOUND[kind].test(bound)) {
    throw new CaravanFailure('INTERNAL', {
      attempted: 'read the range of',
      on: kind,
      seen: 'a bound that has another form',
    });
  }
  return kind === 'integer' ? bound : `'${bound}'`;
}

/** WHERE clause of a half-open range, or "". Rows without a chunk key belong to the first chunk. */
export function rangeClause(table: TableMapping, range: KeyRange): string {
  const key = table.chunkKey;
  if (!key || (range.lower === undefined && range.upper === undefined)) return '';
  const column = quoteName(key.source);
  const parts: string[] = [];
  if (range.lower !== undefined) parts.push(`${column} >= ${boundLiteral(key.kind, range.lower)}`);
  if (range.upper !== undefined) parts.push(`${column} < ${boundLiteral(key.kind, range.upper)}`);
  const nullable = table.columns.find((each) => each.source === key.source)?.sourceNullable ?? false;
  const inside = parts.join(' AND ');
  return range.lower === undefined && nullable ? ` WHERE (${inside} OR ${column} IS NULL)` : ` WHERE ${inside}`;
}
