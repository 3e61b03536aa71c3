import type { TableMapping } from '../../../contracts/mapping.js';
import type { Session } from '../connect.js';
import { quoted } from '../identifiers.js';

export interface Fingerprint {
  readonly rows: string;
  readonly hash: string;
}

/**
 * Rows of a table as the server itself tells them: their count, and the sums of two 64-bit hashes of each row's texts.
 * Two tables of the same columns with one fingerprint hold the same rows, in whatever order.
 */
export async function fingerprintOf(session: Session, from: string, table: TableMapping): Promise<Fingerprint> {
  const row = table.columns.map((column) => hashedText(quoted(column.target), column.type)).join(` || ',' || `);
  const hashes = `pg_catalog.hashtextextended(h.line, 0)::numeric AS one, pg_catalog.hashtextextended(h.line, 1)::numeric AS other`;
  const [found] = await session.rows(
    `SELECT count(*) AS rows, coalesce(sum(one), 0)::text || ',' || coalesce(sum(other), 0)::text AS hash
       FROM (SELECT ${hashes} FROM (SELECT ${row} AS line FROM ${from}) AS h) AS hashed`,
  );
  return { rows: found?.['rows'] ?? '', hash: found?.['hash'] ?? '' };
}

/** A text of hex would be twice as long as its bytes, and PostgreSQL makes none beyond 1 GiB. */
function hashedText(column: string, type: string): string {
  const hashed =
    type === 'bytea'
      ? `pg_catalog.md5(${column})`
      : `pg_catalog.hashtextextended(${column}::text COLLATE "C", 7)::text`;
  return `coalesce(${hashed}, '-')`;
}
