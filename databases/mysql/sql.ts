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

const BOUND = {
  integer: /^-?\d{1,20}$/,
  date: /^[\d-]{8,10}$/,
  timestamp: /^[\d :.-]{8,26}$/,
  uuid: /^[\da-f-]{36}$/i,
} as const;

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

/** WHERE clause of a half-open range and of the plan's filter, or "". */
export function rangeClause(table: TableMapping, range: KeyRange): string {
  const conditions = [rangeOf(table, range), ...(table.filter ? [filterOf(table)] : [])].filter((text) => text !== '');
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
}

/** The plan's filter, as it was printed for this engine; "TRUE" where all rows are moved. */
export function filterOf({ source, filter }: TableMapping): string {
  if (filter === undefined) return 'TRUE';
  if (filter.sql !== undefined) return `(${filter.sql})`;
  throw new CaravanFailure('INTERNAL', { attempted: 'filter', on: source.name, seen: 'a filter that was not printed' });
}

/** Rows without a chunk key belong to the first chunk. */
function rangeOf(table: TableMapping, range: KeyRange): string {
  const key = table.chunkKey;
  if (!key || (range.lower === undefined && range.upper === undefined)) return '';
  const column = quoteName(key.source);
  const parts: string[] = [];
  if (range.lower !== undefined) parts.push(`${column} >= ${boundLiteral(key.kind, range.lower)}`);
  if (range.upper !== undefined) parts.push(`${column} < ${boundLiteral(key.kind, range.upper)}`);
  const nullable = table.columns.find((each) => each.source === key.source)?.sourceNullable ?? false;
  const inside = parts.join(' AND ');
  return range.lower === undefined && nullable ? `(${inside} OR ${column} IS NULL)` : inside;
}
