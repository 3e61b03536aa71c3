import type { CatalogueTable } from '../../contracts/catalogue.js';
import type { MysqlSession } from './connect.js';
import { quoteName, quoteTable } from './sql.js';

const SLICES = 16;
const INTEGERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint']);
/** Above this a random choice, which looks at every row, costs too much: the first rows are taken. */
const RANDOM_MAX = 20_000_000;

export interface SampleRequest {
  readonly table: CatalogueTable;
  /** About so many rows. */
  readonly rows: number;
  /** What to SELECT. */
  readonly list: string;
}

function leadingInteger(table: CatalogueTable): string | undefined {
  const name = table.primaryKey?.[0]?.column;
  const column = table.columns.find((each) => each.name === name);
  return column && INTEGERS.has(column.type.base) ? column.name : undefined;
}

async function slices(session: MysqlSession, request: SampleRequest, leading: string): Promise<string[]> {
  const { table, rows, list } = request;
  const key = quoteName(leading);
  const from = quoteTable(table);
  const [ends] = await session.query(`SELECT MIN(${key}) + 0 AS least, MAX(${key}) + 0 AS greatest FROM ${from}`, {
    attempted: 'profile',
    on: table.name,
  });
  if (typeof ends?.least !== 'string' || typeof ends.greatest !== 'string') return [];
  const least = BigInt(ends.least);
  const span = BigInt(ends.greatest) - least + 1n;
  const place = (slice: number): bigint => least + (span * BigInt(slice)) / BigInt(SLICES);
  return Array.from(
    { length: SLICES },
    (_, slice) =>
      `(SELECT ${list} FROM ${from} WHERE ${key} >= ${String(place(slice))} AND ${key} < ${String(place(slice + 1))}
        ORDER BY ${key} LIMIT ${String(Math.ceil(rows / SLICES))})`,
  );
}

/**
 * A query for about `rows` rows of the table, by its estimated number of rows: all, or ranges spread over its primary
 * key where that is an integer, or rows chosen at random.
 */
export async function sampleQuery(session: MysqlSession, request: SampleRequest): Promise<string> {
  const { table, rows, list } = request;
  const all = `SELECT ${list} FROM ${quoteTable(table)}`;
  if (table.estimatedRows <= rows) return all;
  const leading = leadingInteger(table);
  const parts = leading === undefined ? [] : await slices(session, request, leading);
  if (parts.length > 0) return parts.join(' UNION ALL ');
  const share = rows / Math.max(table.estimatedRows, 1);
  const chosen = table.estimatedRows <= RANDOM_MAX ? ` WHERE RAND(7) < ${share.toFixed(9)}` : '';
  return `${all}${chosen} LIMIT ${String(Math.ceil(rows))}`;
}

/** A FROM item with about `rows` rows of the table. */
export async function sampleOf(session: MysqlSession, table: CatalogueTable, rows: number): Promise<string> {
  if (table.estimatedRows <= rows) return quoteTable(table);
  const list = table.columns.map((column) => quoteName(column.name)).join(', ');
  return `(${await sampleQuery(session, { table, rows, list })}) AS sampled`;
}
