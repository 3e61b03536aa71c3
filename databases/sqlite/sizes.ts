import type { DatabaseSync } from 'node:sqlite';
import { allRows, firstRow, quoteName, yieldTurn } from './connect.js';

/** Up to this size rows are counted and pages summed up; above, both are estimated. */
const SMALL_FILE_BYTES = 256 * 1024 * 1024;

export interface TableSizes {
  readonly rows: ReadonlyMap<string, number>;
  readonly bytes: ReadonlyMap<string, number>;
}

export async function estimateSizes(
  database: DatabaseSync,
  of: { readonly names: readonly string[]; readonly bytes: number },
): Promise<TableSizes> {
  const small = of.bytes <= SMALL_FILE_BYTES;
  const rows = new Map<string, number>();
  for (const name of of.names) {
    rows.set(name, small ? countRows(database, name) : guessRows(database, name));
    await yieldTurn();
  }
  if (small) return { rows, bytes: pageBytes(database) };
  const total = [...rows.values()].reduce((sum, count) => sum + count, 0);
  const bytes = new Map([...rows].map(([name, count]) => [name, Math.round((of.bytes * count) / Math.max(1, total))]));
  return { rows, bytes };
}

export function countRows(database: DatabaseSync, table: string): number {
  return Number(firstRow(database, `SELECT count(*) FROM main.${quoteName(table)}`)?.[0] ?? 0);
}

/** From ANALYZE; else the span of the rowids, which is never too small for ids that only grew; else a count. */
function guessRows(database: DatabaseSync, table: string): number {
  const analysed = firstRow(database, "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'");
  const stat = analysed && firstRow(database, 'SELECT stat FROM sqlite_stat1 WHERE tbl = ?1 LIMIT 1', table);
  const known = typeof stat?.[0] === 'string' ? Number(stat[0].split(' ')[0]) : NaN;
  if (Number.isFinite(known)) return known;
  try {
    const span = firstRow(database, `SELECT max(rowid) - min(rowid) + 1 FROM main.${quoteName(table)}`)?.[0];
    return Number(span ?? 0);
  } catch {
    return countRows(database, table);
  }
}

function pageBytes(database: DatabaseSync): Map<string, number> {
  const rows = allRows(database, 'SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE') as [string, bigint][];
  return new Map(rows.map(([name, bytes]) => [name, Number(bytes)]));
}
