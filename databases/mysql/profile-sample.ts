import type { CatalogueTable } from '../../contracts/catalogue.js';
import type { MysqlSession } from './connect.js';
import { quoteName, quoteTable } from './sql.js';

const SLICES = 16;
const INTEGERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint']);
/** Above this a random choice, which looks at every row, costs too much: the first rows are taken. */
const RANDOM_MAX = 20_000_000;

function leadingInteger(table: CatalogueTable): string | undefined {
  const name = table.primaryKey?.[0]?.column;
  const column = table.columns.find((each) => each.name === name);
  return column && INTEGERS.has(column.type.base) ? column.name : undefined;
}

async function slices(
  session: MysqlSession,
  request: { table: CatalogueTable; key: string; rows: number; list: string },
): Promise<string[]> {
  const { table, rows, list } = request;
  const key = quoteName(request.key);
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

/** A FROM item with about `rows` rows of the table: ranges spread over its primary key where that is an integer. */
export async function sampleOf(session: MysqlSession, table: CatalogueTable, rows: number): Promise<string> {
  const from = quoteTable(table);
  if (table.estimatedRows <= rows) return from;
  const list = table.columns.map((column) => quoteName(column.name)).join(', ');
  const key = leadingInteger(table);
  const parts = key === undefined ? [] : await slices(session, { table, key, rows, list });
  if (parts.length > 0) return `(${parts.join(' UNION ALL ')}) AS sampled`;
  const share = rows / Math.max(table.estimatedRows, 1);
  const chosen = table.estimatedRows <= RANDOM_MAX ? `WHERE RAND(7) < ${share.toFixed(9)} ` : '';
  return `(SELECT ${list} FROM ${from} ${chosen}LIMIT ${String(Math.ceil(rows))}) AS sampled`;
}
