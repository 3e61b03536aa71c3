import type { TableMapping } from '../../contracts/mapping.js';
import type { MysqlSession } from './connect.js';
import type { Attempt } from './errors.js';
import { boundLiteral, filterOf, quoteName, quoteTable, rangeClause } from './sql.js';

/** More bounds than this would be work of the ledger and not of the copy; steps then grow. */
const BOUNDS_MAX = 100_000;

/** "0000-00-00" and "2021-00-01": the target, which gets the same bounds, has no such days. */
function hasNoDay(bound: string): boolean {
  return /^0000|^\d{4}-(?:00|\d\d-00)/.test(bound);
}

/** Keys per row up to which a key counts as dense: its chunks are then even enough by arithmetic alone. */
const DENSE = 1.25;

/** Inner bounds of a dense integer key, without a walk; undefined where the key has gaps. */
function denseBounds(first: string, last: string, rows: number, step: number): string[] | undefined {
  const from = BigInt(first);
  const keys = BigInt(last) - from + 1n;
  if (Number(keys) > rows * DENSE) return undefined;
  const bounds: string[] = [];
  for (let at = from + BigInt(step); at <= BigInt(last); at += BigInt(step)) bounds.push(at.toString());
  return bounds;
}

/**
 * Inner bounds of chunks that are even in rows: reckons them where the key is dense, else walks the key's index, one step of `chunkRows` entries at a time (about
 * ten million entries a second). A key value that fills more than a chunk stands in one.
 */
export async function chunkBounds(session: MysqlSession, table: TableMapping): Promise<string[]> {
  const key = table.chunkKey;
  if (!key) return [];
  const { schema, name } = table.source;
  const attempt: Partial<Attempt> = { attempted: 'cut', on: `${schema}.${name}`, schema, table: name };
  const column = quoteName(key.source);
  const from = quoteTable(table.source);
  const kept = `${column} IS NOT NULL`;
  const filter = filterOf(table);
  const one = async (where: string, offset: number): Promise<string | undefined> => {
    // "+ 0" takes the zeros of ZEROFILL and YEAR away.
    const value = key.kind === 'integer' ? `${column} + 0` : column;
    const sql = `SELECT ${value} AS bound FROM ${from} WHERE ${where} AND ${filter} ORDER BY ${column} LIMIT 1 OFFSET ${String(offset)}`;
    return (await session.query(sql, attempt))[0]?.bound ?? undefined;
  };
  const bounds: string[] = [];
  const step = Math.max(table.chunkRows, Math.ceil(table.estimatedRows / BOUNDS_MAX));
  let last = await one(kept, 0);
  if (key.kind === 'integer' && last !== undefined) {
    const greatest = (await session.query(`SELECT MAX(${column}) + 0 AS bound FROM ${from}`, attempt))[0]?.bound;
    const dense = greatest == null ? undefined : denseBounds(last, greatest, table.estimatedRows, step);
    if (dense !== undefined && dense.length < BOUNDS_MAX) return dense;
  }
  while (last !== undefined && bounds.length < BOUNDS_MAX) {
    const literal = boundLiteral(key.kind, last);
    let next = await one(`${column} >= ${literal}`, step);
    if (next === last) next = await one(`${column} > ${literal}`, 0);
    if (next !== undefined && !hasNoDay(next)) bounds.push(next);
    last = next;
  }
  return bounds;
}

/** Rows that the plan moves. */
export async function countRows(session: MysqlSession, table: TableMapping): Promise<number> {
  const { schema, name } = table.source;
  const sql = `SELECT COUNT(*) AS count FROM ${quoteTable(table.source)}${rangeClause(table, {})}`;
  const rows = await session.query(sql, { attempted: 'count', on: `${schema}.${name}`, schema, table: name });
  return Number(rows[0]?.['count'] ?? 0);
}
