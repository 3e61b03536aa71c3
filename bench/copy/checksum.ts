import { WrongResult } from '../wrong-result.js';
import { COLUMNS, TABLE } from './rows.js';

/** Count of rows and sum of 60 bits of each row's MD5, both computed by the server itself from plain texts. */
export interface Checksum {
  readonly rows: string;
  readonly sum: string;
}

export function checksumSqlMariadb(table: string = TABLE): string {
  const fields = COLUMNS.map((column) => {
    if (column === 'ordered_at') return `DATE_FORMAT(${column}, '%Y-%m-%d %H:%i:%s')`;
    return `COALESCE(CAST(${column} AS CHAR CHARACTER SET utf8mb4), '~')`;
  });
  const row = `CONVERT(CONCAT_WS('|', ${fields.join(', ')}) USING utf8mb4)`;
  const bits = `CAST(CONV(LEFT(MD5(${row}), 15), 16, 10) AS UNSIGNED)`;
  return `SELECT CAST(COUNT(*) AS CHAR) AS \`rows\`, CAST(SUM(${bits}) AS CHAR) AS \`sum\` FROM ${table}`;
}

export function checksumSqlPostgres(table: string): string {
  const fields = COLUMNS.map((column) => {
    if (column === 'ordered_at') return `to_char(${column}, 'YYYY-MM-DD HH24:MI:SS')`;
    if (column === 'active') return `${column}::int::text`;
    return `COALESCE(${column}::text, '~')`;
  });
  const bits = `('x' || left(md5(concat_ws('|', ${fields.join(', ')})), 15))::bit(60)::bigint`;
  return `SELECT count(*)::text AS rows, sum(${bits})::text AS sum FROM ${table}`;
}

/** Throws unless both sides hold the same rows. */
export function requireEqual(what: string, expected: Checksum, found: Checksum): void {
  if (expected.rows === found.rows && expected.sum === found.sum) return;
  const seen = `${found.rows} rows with checksum ${found.sum}, not ${expected.rows} with ${expected.sum}`;
  throw new WrongResult(`${what} is wrong: ${seen}. No figure is printed.`);
}
