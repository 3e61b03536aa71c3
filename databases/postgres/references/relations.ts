import type { RelatedTable } from '../../checked.js';
import type { Session } from '../connect.js';
import { constraintsIn, indexesIn } from '../constraints.js';

const COLUMNS = `
  SELECT c.relname AS table_name, greatest(c.reltuples, 0)::bigint AS rows, a.attname AS name, coalesce(b.typname, t.typname) AS type
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
   WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname, a.attnum`;

/** Tables of a schema with their keys. */
export async function readRelations(session: Session, schema: string): Promise<RelatedTable[]> {
  const rows = await session.rows(COLUMNS, [schema]);
  const constraints = await constraintsIn(session, schema);
  const indexes = await indexesIn(session, schema);
  return [...Map.groupBy(rows, (row) => row['table_name'] ?? '')].map(([name, columns]) => ({
    name,
    columns: columns.map((row) => ({ name: row['name'] ?? '', type: row['type'] ?? '' })),
    constraints: constraints.get(name) ?? [],
    indexes: indexes.get(name) ?? [],
    rows: Number(columns[0]?.['rows']),
  }));
}
