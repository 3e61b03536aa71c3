import type { TableMapping } from '../../../contracts/mapping.js';
import type { Session } from '../connect.js';
import { quoted } from '../identifiers.js';
import { rangeClause, sourceTable } from './range.js';

/** More bounds than this would be work of the ledger and not of the copy; steps then grow. */
const BOUNDS_MAX = 100_000;
/** Keys per row up to which a key counts as dense: its chunks are then even enough by arithmetic alone. */
const DENSE = 1.25;

/** Inner bounds of a dense integer key, without a walk; undefined where the key has gaps. */
function denseBounds(
  first: string,
  last: string,
  { rows, step }: { rows: number; step: number },
): string[] | undefined {
  const from = BigInt(first);
  const keys = BigInt(last) - from + 1n;
  if (Number(keys) > rows * DENSE || Number(keys) / step > BOUNDS_MAX) return undefined;
  const bounds: string[] = [];
  for (let at = from + BigInt(step); at <= BigInt(last); at += BigInt(step)) bounds.push(at.toString());
  return bounds;
}

/**
 * Inner bounds of chunks that are even in rows: reckoned where the key is dense, else by a walk along the key's index,
 * one step of `chunkRows` entries at a time. A key value that fills more than a chunk stands in one.
 */
export async function chunkBounds(session: Session, table: TableMapping): Promise<string[]> {
  const key = table.chunkKey;
  if (key === undefined) return [];
  const column = quoted(key.source);
  const from = sourceTable(table);
  const one = async (where: string, offset: number): Promise<string | undefined> => {
    const sql = `SELECT ${column}::text AS bound FROM ${from}${where} ORDER BY ${column} LIMIT 1 OFFSET ${String(offset)}`;
    return (await session.rows(sql))[0]?.['bound'] ?? undefined;
  };
  const step = Math.max(table.chunkRows, Math.ceil(table.estimatedRows / BOUNDS_MAX));
  let last = await one('', 0);
  if (key.kind === 'integer' && last !== undefined) {
    const greatest = (await session.rows(`SELECT max(${column})::text AS bound FROM ${from}`))[0]?.['bound'];
    const dense = greatest == null ? undefined : denseBounds(last, greatest, { rows: table.estimatedRows, step });
    if (dense !== undefined) return dense;
  }
  const bounds: string[] = [];
  while (last !== undefined && bounds.length < BOUNDS_MAX) {
    const here = rangeClause(table, { lower: last });
    let next = await one(here, step);
    if (next === last) next = await one(here.replace('>=', '>'), 0);
    if (next !== undefined) bounds.push(next);
    last = next;
  }
  return bounds;
}
