import type { DatabaseSync } from 'node:sqlite';
import { CaravanFailure } from '../../contracts/failures.js';
import type { TableMapping } from '../../contracts/mapping.js';
import type { KeyRange } from '../source.js';
import { firstRow, quoteName, yieldTurn, type SqlValue } from './connect.js';

/** Affinity of a declared type, by SQLite's own five rules. */
export type Affinity = 'integer' | 'text' | 'blob' | 'real' | 'numeric';

export function affinityOf(declared: string): Affinity {
  const upper = declared.toUpperCase();
  if (upper.includes('INT')) return 'integer';
  if (/CHAR|CLOB|TEXT/.test(upper)) return 'text';
  if (upper === '' || upper.includes('BLOB')) return 'blob';
  if (/REAL|FLOA|DOUB/.test(upper)) return 'real';
  return 'numeric';
}

export const ROWID_NAMES = ['rowid', '_rowid_', 'oid'] as const;

/** The shape of one table that reading it needs; from the database, so that it holds inside a snapshot. */
export interface TableShape {
  readonly columns: ReadonlyMap<string, { readonly declared: string; readonly notNull: boolean }>;
  /** A name that means the rowid here; absent where there is none, or where columns hide all its names. */
  readonly rowidName?: string;
  /** The INTEGER PRIMARY KEY column, which is the rowid. */
  readonly rowidColumn?: string;
}

export function tableShape(database: DatabaseSync, table: string): TableShape {
  const rows = database
    .prepare('SELECT name, type, "notnull", pk FROM pragma_table_xinfo(?1, \'main\')')
    .all(table) as unknown as [string, string, bigint, bigint][];
  const columns = new Map(rows.map(([name, declared, notNull]) => [name, { declared, notNull: notNull === 1n }]));
  const withoutRowid = firstRow(
    database,
    "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?1",
    table,
  );
  if (withoutRowid?.[0] !== 0n) return { columns };
  const key = rows.filter((row) => row[3] > 0n);
  const ownIndex = firstRow(database, "SELECT 1 FROM pragma_index_list(?1, 'main') WHERE origin = 'pk'", table);
  const rowidColumn = key.length === 1 && ownIndex === undefined ? key[0]?.[0] : undefined;
  const taken = new Set(rows.map(([name]) => name.toLowerCase()));
  const rowidName = ROWID_NAMES.find((name) => !taken.has(name)) ?? (rowidColumn && quoteName(rowidColumn));
  return { columns, ...(rowidName && { rowidName }), ...(rowidColumn && { rowidColumn }) };
}

/** SQL of a column of the mapping; "rowid" is the implicit one unless a column has that name. */
export function columnSql(shape: TableShape, column: string): string {
  if (column === 'rowid' && !shape.columns.has('rowid') && shape.rowidName) return shape.rowidName;
  return quoteName(column);
}

/** Can this chunk key hold only integers, by the rules of its column (not by what is in it now)? */
export function isRowid(shape: TableShape, column: string): boolean {
  return column === shape.rowidColumn || (column === 'rowid' && !shape.columns.has('rowid'));
}

/**
 * WHERE clause of a key range for `read`. The chunk without a lower bound also takes the rows whose key is NULL, and
 * the one without an upper bound those whose key is text or blob, since SQLite orders these after all numbers: the
 * chunks cover every row, whatever is in them.
 */
export function rangeClause(
  table: TableMapping,
  range: KeyRange,
  shape: TableShape,
): { sql: string; bound: SqlValue[] } {
  const filter = table.filter === undefined ? [] : [filterOf(table)];
  if (!table.chunkKey || (range.lower === undefined && range.upper === undefined))
    return { sql: filter.map((condition) => ` WHERE ${condition}`).join(''), bound: [] };
  const { source, kind } = table.chunkKey;
  const key = columnSql(shape, source);
  const value = (text: string): SqlValue => (kind === 'integer' ? BigInt(text) : text);
  const parts: string[] = [];
  const bound: SqlValue[] = [];
  if (range.lower !== undefined) {
    parts.push(`${key} >= ?${String(bound.length + 1)}`);
    bound.push(value(range.lower));
  }
  if (range.upper !== undefined) {
    const below = `${key} < ?${String(bound.length + 1)}`;
    parts.push(range.lower !== undefined || isRowid(shape, source) ? below : `(${below} OR ${key} IS NULL)`);
    bound.push(value(range.upper));
  }
  return { sql: ` WHERE ${[...parts, ...filter].join(' AND ')}`, bound };
}

/** The plan's filter, as it was printed for SQLite; "TRUE" where all rows are moved. */
export function filterOf({ source, filter }: TableMapping): string {
  if (filter === undefined) return 'TRUE';
  if (filter.sql !== undefined) return `(${filter.sql})`;
  throw new CaravanFailure('INTERNAL', { attempted: 'filter', on: source.name, seen: 'a filter that was not printed' });
}

/** Rows that the plan moves. */
export function countRows(database: DatabaseSync, table: TableMapping): number {
  const sql = `SELECT COUNT(*) FROM main.${quoteName(table.source.name)} WHERE ${filterOf(table)}`;
  return Number(firstRow(database, sql)?.[0] ?? 0);
}

/**
 * Inner bounds, even in rows whatever the gaps between the keys: the index is walked once, `chunkRows` entries a step.
 * No bounds where the key is not an integer, or holds anything else in some row: such values order otherwise in
 * PostgreSQL, so the table is one chunk.
 */
export async function findChunkBounds(database: DatabaseSync, table: TableMapping): Promise<string[]> {
  if (table.chunkKey?.kind !== 'integer') return [];
  const shape = tableShape(database, table.source.name);
  const { source } = table.chunkKey;
  const key = columnSql(shape, source);
  const from = `FROM main.${quoteName(table.source.name)}`;
  if (!isRowid(shape, source)) {
    const declared = shape.columns.get(source)?.declared ?? '';
    if (affinityOf(declared) === 'text') return [];
    if (firstRow(database, `SELECT 1 ${from} WHERE typeof(${key}) <> 'integer' LIMIT 1`)) return [];
  }
  const bounds: string[] = [];
  const filter = filterOf(table);
  const first = database.prepare(`SELECT ${key} ${from} WHERE ${filter} ORDER BY ${key} LIMIT 1 OFFSET ?1`);
  const next = database.prepare(
    `SELECT ${key} ${from} WHERE ${key} >= ?2 AND ${filter} ORDER BY ${key} LIMIT 1 OFFSET ?1`,
  );
  let at = first.get(table.chunkRows) as unknown as [bigint] | undefined;
  while (at) {
    bounds.push(at[0].toString());
    await yieldTurn();
    const step = next.get(table.chunkRows, at[0]) as unknown as [bigint] | undefined;
    // A key that is not unique may stand in more rows than one chunk has.
    at = step && step[0] > at[0] ? step : nextGreater(database, { key, from, after: at[0] }, step !== undefined);
  }
  return bounds;
}

function nextGreater(
  database: DatabaseSync,
  walk: { readonly key: string; readonly from: string; readonly after: bigint },
  more: boolean,
): [bigint] | undefined {
  if (!more) return undefined;
  const sql = `SELECT ${walk.key} ${walk.from} WHERE ${walk.key} > ?1 ORDER BY ${walk.key} LIMIT 1`;
  return firstRow(database, sql, walk.after) as [bigint] | undefined;
}
