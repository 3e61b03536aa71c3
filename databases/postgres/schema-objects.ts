import type { Session } from './connect.js';
import { qualified, quoted } from './identifiers.js';

/** One object that stands in a schema by itself: what belongs to it (indexes, owned sequences, row types) moves with it. */
export interface SchemaObject {
  /** As in ALTER and DROP: "TABLE", "TYPE", … */
  readonly kind: string;
  readonly name: string;
  /** Qualified and quoted, with argument types for routines. */
  readonly sql: string;
}

/** In the order in which they move: routines before the types that their arguments are named by. */
const KINDS = `
  SELECT 2 AS rank, CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END AS kind, t.typname AS name, NULL AS arguments
    FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
   WHERE t.typnamespace = $1::oid AND (t.typtype IN ('d', 'e', 'r') OR t.typtype = 'c' AND c.relkind = 'c'
      OR t.typtype = 'b' AND t.typelem = 0)
  UNION ALL
  SELECT 3, 'COLLATION', collname, NULL FROM pg_catalog.pg_collation WHERE collnamespace = $1::oid
  UNION ALL
  SELECT 1, CASE prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END, proname,
         pg_catalog.pg_get_function_identity_arguments(oid)
    FROM pg_catalog.pg_proc p WHERE pronamespace = $1::oid
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::regclass
                        AND d.objid = p.oid AND d.deptype = 'i')
  UNION ALL
  SELECT CASE c.relkind WHEN 'S' THEN 4 WHEN 'v' THEN 6 WHEN 'm' THEN 6 ELSE 5 END,
         CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                        WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END,
         c.relname, NULL
    FROM pg_catalog.pg_class c WHERE c.relnamespace = $1::oid AND (c.relkind IN ('r', 'p', 'v', 'm', 'f')
      OR c.relkind = 'S' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass
                                            AND d.objid = c.oid AND d.deptype IN ('a', 'i')
                                            AND d.refclassid = 'pg_catalog.pg_class'::regclass))
  UNION ALL
  SELECT 7, 'STATISTICS', stxname, NULL FROM pg_catalog.pg_statistic_ext WHERE stxnamespace = $1::oid
  ORDER BY 1, 3`;

export async function schemaOid(session: Session, schema: string): Promise<string | undefined> {
  const [row] = await session.rows('SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1', [schema]);
  return row?.['oid'] ?? undefined;
}

/** Objects that stand in the schema, in moving order. Empty when the schema is not there. */
export async function objectsIn(session: Session, schema: string): Promise<SchemaObject[]> {
  const oid = await schemaOid(session, schema);
  if (oid === undefined) return [];
  const rows = await session.rows(KINDS, [oid]);
  return rows.map((row) => {
    const name = row['name'] ?? '';
    const args = row['arguments'];
    const sql = qualified(schema, name) + (args === null || args === undefined ? '' : `(${args})`);
    return { kind: row['kind'] ?? '', name, sql };
  });
}

/** Whatever still depends on the schema, described; the schema can go when there is nothing. */
export async function leftIn(session: Session, schema: string): Promise<string[]> {
  const rows = await session.rows(
    `SELECT pg_catalog.pg_describe_object(d.classid, d.objid, 0) AS what FROM pg_catalog.pg_depend d
       JOIN pg_catalog.pg_namespace n ON n.oid = d.refobjid
      WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND n.nspname = $1 ORDER BY 1 LIMIT 20`,
    [schema],
  );
  return rows.map((row) => row['what'] ?? '');
}

export function moveSql(object: SchemaObject, schema: string): string {
  return `ALTER ${object.kind} ${object.sql} SET SCHEMA ${quoted(schema)}`;
}
