import type { ExistingConstraint, ExistingIndex } from '../../contracts/existing.js';
import type { Session } from './connect.js';

export type { ExistingConstraint, ExistingIndex };

/** Lists come back as JSON, because the session parses no arrays. */
const names = (keys: string, table: string): string =>
  `(SELECT coalesce(json_agg(a.attname ORDER BY k.position), '[]') FROM unnest(${keys}) WITH ORDINALITY AS k(number, position)
     JOIN pg_catalog.pg_attribute a ON a.attrelid = ${table} AND a.attnum = k.number)`;

/** Constraints of each table of a schema, by table name. */
export async function constraintsIn(
  session: Session,
  schema: string,
  table?: string,
): Promise<Map<string, ExistingConstraint[]>> {
  const rows = await session.rows(
    `SELECT t.relname AS table_name, c.conname AS name, c.contype AS kind, c.convalidated AS validated,
            ${names('c.conkey', 'c.conrelid')} AS columns, r.relname AS referenced,
            ${names('c.confkey', 'c.confrelid')} AS referenced_columns,
            c.confdeltype AS on_delete, c.confupdtype AS on_update,
            pg_catalog.pg_get_expr(c.conbin, c.conrelid) AS expression
       FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_class t ON t.oid = c.conrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
       LEFT JOIN pg_catalog.pg_class r ON r.oid = c.confrelid
      WHERE n.nspname = $1 AND ($2::text IS NULL OR t.relname = $2) AND c.contype IN ('p', 'u', 'f', 'c', 'x')
      ORDER BY c.conname`,
    [schema, table ?? null],
  );
  return groupByTable(rows, (row) => ({
    name: row['name'] ?? '',
    kind: row['kind'] ?? '',
    columns: list(row['columns']),
    validated: row['validated'] === 't',
    referenced: row['referenced'] ?? null,
    referencedColumns: list(row['referenced_columns']),
    onDelete: row['on_delete'] ?? null,
    onUpdate: row['on_update'] ?? null,
    expression: row['expression'] ?? null,
  }));
}

export async function indexesIn(
  session: Session,
  schema: string,
  table?: string,
): Promise<Map<string, ExistingIndex[]>> {
  const rows = await session.rows(
    `SELECT t.relname AS table_name, i.relname AS name, x.indisvalid AND x.indisready AS valid, x.indisunique AS is_unique,
            m.amname AS method, x.indpred IS NOT NULL AS partial,
            EXISTS (SELECT FROM pg_catalog.pg_constraint c WHERE c.conindid = x.indexrelid AND c.contype IN ('p', 'u', 'x')) AS owned,
            (SELECT json_agg(coalesce(a.attname, '') || CASE WHEN k.option & 1 = 1 THEN ' desc' ELSE '' END ORDER BY k.position)
               FROM unnest(x.indkey::int2[], x.indoption::int2[]) WITH ORDINALITY AS k(number, option, position)
               LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.number AND k.number > 0) AS columns
       FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
       JOIN pg_catalog.pg_class t ON t.oid = x.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
       JOIN pg_catalog.pg_am m ON m.oid = i.relam
      WHERE n.nspname = $1 AND ($2::text IS NULL OR t.relname = $2)
      ORDER BY i.relname`,
    [schema, table ?? null],
  );
  return groupByTable(rows, (row) => ({
    name: row['name'] ?? '',
    valid: row['valid'] === 't',
    unique: row['is_unique'] === 't',
    method: row['method'] ?? '',
    partial: row['partial'] === 't',
    columns: list(row['columns']),
    constraint: row['owned'] === 't',
  }));
}

export function sameNames(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, at) => name === other[at]);
}

function groupByTable<T>(
  rows: readonly Readonly<Record<string, string | null>>[],
  parse: (row: Readonly<Record<string, string | null>>) => T,
): Map<string, T[]> {
  const grouped = new Map<string, T[]>();
  for (const row of rows) {
    const table = row['table_name'] ?? '';
    const items = grouped.get(table) ?? [];
    items.push(parse(row));
    grouped.set(table, items);
  }
  return grouped;
}

function list(json: string | null | undefined): string[] {
  return JSON.parse(json ?? '[]') as string[];
}
