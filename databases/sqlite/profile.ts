import type { DatabaseSync } from 'node:sqlite';
import { qualified, type CatalogueTable } from '../../contracts/catalogue.js';
import type { TableProfile } from '../../contracts/profile.js';
import { STORAGE } from '../source.js';
import { tableShape, type TableShape } from './bounds.js';
import { ColumnProfiler } from './column-profile.js';
import { firstRow, quoteName, yieldTurn, type SqlValue } from './connect.js';
import { toFailure } from './errors.js';
import { TableSketch } from './profile-sketch.js';
import { RowCursor } from './rows.js';
import { countRows } from './sizes.js';

/** Rows between two turns of the event loop. */
const ROWS_PER_TURN = 4096;
/** Up to this many rows distinct values are counted exactly, by the database. */
const EXACT_DISTINCT_ROWS_MAX = 200_000;
/** A sample is this many stripes of neighbouring rows, evenly over the rowids. */
const STRIPES = 64;

/**
 * Profile in one pass over the rows, inside this process: the file is here, so handing each row to JavaScript once is
 * cheaper than one aggregate function call for each value. Over `sampleAbove` rows, a sample of about that many.
 */
export async function profileTable(
  database: DatabaseSync,
  table: CatalogueTable,
  options: { readonly sampleAbove: number; readonly signal?: AbortSignal },
): Promise<TableProfile> {
  const rows = countRows(database, table.name);
  const shape = tableShape(database, table.name);
  const exact = rows <= options.sampleAbove;
  const profilers = table.columns.map((column) => new ColumnProfiler(column));
  const sketch = new TableSketch(table.columns, exact ? rows : Math.min(rows, options.sampleAbove));
  const tails = exact ? [{ tail: '', bound: [] }] : sampleTails(database, { table: table.name, shape, rows }, options);
  let looked = 0;
  for (const { tail, bound } of tails) {
    const columns = table.columns.map((column) => column.name);
    const cursor = new RowCursor(database, shape, { table: table.name, columns, tail, bound });
    try {
      looked += await takeRows(cursor, { profilers, sketch }, options.signal);
    } catch (error) {
      throw toFailure(error, { attempted: 'profile', on: qualified(table) });
    } finally {
      cursor.close();
    }
  }
  const results = [];
  for (const [index, profiler] of profilers.entries()) {
    const name = table.columns[index]?.name ?? '';
    const countIt = exact && !profiler.distinct.exact && rows <= EXACT_DISTINCT_ROWS_MAX;
    const profiled = profiler.result(countIt ? countDistinct(database, table.name, name) : undefined);
    const fingerprint = sketch.columns[index]?.sketch.result();
    results.push({ ...profiled, ...(fingerprint && { fingerprint }) });
    if (countIt) await yieldTurn();
    options.signal?.throwIfAborted();
  }
  const sample = rows === 0 ? 1 : looked / rows;
  return { schema: table.schema, table: table.name, rows, exact, sample: exact ? 1 : sample, columns: results };
}

async function takeRows(
  cursor: RowCursor,
  { profilers, sketch }: { readonly profilers: readonly ColumnProfiler[]; readonly sketch: TableSketch },
  signal?: AbortSignal,
): Promise<number> {
  let taken = 0;
  while (cursor.next()) {
    sketch.add(cursor);
    let field = 0;
    for (const profiler of profilers) {
      profiler.add(cursor.values[field] ?? null, cursor.storage[field] === STORAGE.text);
      field++;
    }
    if (++taken % ROWS_PER_TURN === 0) {
      await yieldTurn();
      signal?.throwIfAborted();
    }
  }
  return taken;
}

function countDistinct(database: DatabaseSync, table: string, column: string): number {
  // COLLATE BINARY: under the column's own collation "a" and "A" may be one value.
  const sql = `SELECT count(DISTINCT ${quoteName(column)} COLLATE BINARY) FROM main.${quoteName(table)}`;
  return Number(firstRow(database, sql)?.[0] ?? 0);
}

/** Tails of the queries that make the sample: stripes over the rowids, or every n-th row where there is no rowid. */
function sampleTails(
  database: DatabaseSync,
  of: { readonly table: string; readonly shape: TableShape; readonly rows: number },
  options: { readonly sampleAbove: number },
): { tail: string; bound: SqlValue[] }[] {
  const rowid = of.shape.rowidName;
  if (rowid === undefined) return [{ tail: ' LIMIT ?1', bound: [BigInt(options.sampleAbove)] }];
  const from = `FROM main.${quoteName(of.table)}`;
  const span = firstRow(database, `SELECT min(${rowid}), max(${rowid}) ${from}`);
  const [least, most] = [span?.[0] as bigint, span?.[1] as bigint];
  const size = BigInt(Math.max(1, Math.floor(options.sampleAbove / STRIPES)));
  const width = (most - least) / BigInt(STRIPES) + 1n;
  return Array.from({ length: STRIPES }, (_, stripe) => {
    const lower = least + width * BigInt(stripe);
    const tail = ` WHERE ${rowid} >= ?1 AND ${rowid} < ?2 ORDER BY ${rowid} LIMIT ?3`;
    // At the upper end of 64 bits the bound would overflow; then the stripe has no upper bound.
    const upper = lower + width > 0x7fffffffffffffffn ? 0x7fffffffffffffffn : lower + width;
    return { tail, bound: lower > 0x7fffffffffffffffn ? [0n, 0n, 0n] : [lower, upper, size] };
  });
}
