import type { Row, Session } from '../connect.js';

/** The catalogue as rows, each kind read once for the whole database. Lists come as JSON. */
export interface CatalogueRows {
  readonly tables: readonly Row[];
  readonly columns: readonly Row[];
  readonly constraints: readonly Row[];
  readonly indexes: readonly Row[];
  readonly types: readonly Row[];
  readonly attributes: readonly Row[];
  readonly domainChecks: readonly Row[];
  readonly sequences: readonly Row[];
  readonly needs: readonly Row[];
  readonly partitions: readonly Row[];
}

/** Schemas that people made: not the server's, not what Caravan keeps or builds. */
export const OWN_SCHEMA = `n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'caravan_store')
  AND n.nspname !~ '^caravan_(lease_|old_)?[0-9a-f]{12}(_meta)?$'`;

/** Objects of an extension come with it. */
export function ofExtension(classId: string, oid: string): string {
  return `EXISTS (SELECT FROM pg_catalog.pg_depend x WHERE x.classid = 'pg_catalog.${classId}'::regclass AND x.objid = ${oid} AND x.deptype = 'e')`;
}

/** What a routine is called in lists: "schema.name(arguments)". NULL where the number is no routine's. */
export function routineName(oid: string): string {
  return `(SELECT rn.nspname || '.' || r.proname || '(' || pg_catalog.pg_get_function_identity_arguments(r.oid) || ')'
       FROM pg_catalog.pg_proc r JOIN pg_catalog.pg_namespace rn ON rn.oid = r.pronamespace
      WHERE d.refclassid = 'pg_catalog.pg_proc'::regclass AND r.oid = ${oid})`;
}

/** Tables that are migrated: partitions are read through their parents. */
const TABLE = `${OWN_SCHEMA} AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND NOT ${ofExtension('pg_class', 'c.oid')}`;
const TABLES_FROM = `pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`;

const TABLES = `
  SELECT c.oid, n.nspname AS schema, c.relname AS name, pg_catalog.obj_description(c.oid, 'pg_class') AS comment,
         part.partitions, part.foreign_parts, part.rows, part.bytes,
         EXISTS (SELECT FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class k ON k.oid = i.inhrelid
                  WHERE i.inhrelid = c.oid OR i.inhparent = c.oid AND NOT k.relispartition) AS inherits,
         has_schema_privilege(n.oid, 'USAGE') AND (has_table_privilege(c.oid, 'SELECT') OR NOT EXISTS (
           SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              AND NOT has_column_privilege(c.oid, a.attnum, 'SELECT'))) AND NOT pg_catalog.row_security_active(c.oid) AS readable
    FROM ${TABLES_FROM} CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE l.relid <> c.oid) AS partitions, count(*) FILTER (WHERE k.relkind = 'f') AS foreign_parts,
             sum(CASE WHEN k.reltuples >= 0 THEN k.reltuples ELSE pg_catalog.pg_relation_size(k.oid) / 100 END)::bigint AS rows,
             sum(CASE WHEN k.relkind = 'r' THEN pg_catalog.pg_table_size(k.oid) ELSE 0 END) AS bytes
        FROM (SELECT relid FROM pg_catalog.pg_partition_tree(c.oid) WHERE isleaf UNION SELECT c.oid WHERE c.relkind = 'r') l
        JOIN pg_catalog.pg_class k ON k.oid = l.relid) part
   WHERE ${TABLE} ORDER BY n.nspname, c.relname`;

/** Partitioned tables, each with all its parts, a part behind what it is a part of. */
const PARTITIONS = `
  SELECT c.oid AS table_oid, k.oid, kn.nspname AS schema, k.relname AS name, pn.nspname || '.' || p.relname AS parent, k.relkind AS kind,
         pg_catalog.pg_get_expr(k.relpartbound, k.oid) AS bound, CASE WHEN k.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(k.oid) END AS key
    FROM ${TABLES_FROM} CROSS JOIN LATERAL pg_catalog.pg_partition_tree(c.oid) AS t
    JOIN pg_catalog.pg_class k ON k.oid = t.relid JOIN pg_catalog.pg_namespace kn ON kn.oid = k.relnamespace
    LEFT JOIN pg_catalog.pg_class p ON p.oid = t.parentrelid LEFT JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
   WHERE ${TABLE} AND c.relkind = 'p' ORDER BY c.oid, t.level, kn.nspname, k.relname`;

/** What a type is, from its oid and modifier; an array is told by its elements' type. */
function typeOf(oid: string, modifier: string): { readonly columns: string; readonly joins: string } {
  return {
    columns: `pg_catalog.format_type(${oid}, ${modifier}) AS declared, et.typname AS type_name, en.nspname AS type_schema,
         et.oid <> ${oid} AS is_array, et.typtype AS type_type, te.extname AS type_extension,
         pg_catalog.pg_type_is_visible(et.oid) AS type_visible,
         CASE WHEN et.typtype = 'c' THEN (SELECT tc.relkind FROM pg_catalog.pg_class tc WHERE tc.oid = et.typrelid) END AS type_relation`,
    joins: `JOIN pg_catalog.pg_type t ON t.oid = ${oid}
         LEFT JOIN pg_catalog.pg_type el ON el.typarray = t.oid JOIN pg_catalog.pg_type et ON et.oid = coalesce(el.oid, t.oid)
         JOIN pg_catalog.pg_namespace en ON en.oid = et.typnamespace
         LEFT JOIN pg_catalog.pg_depend td ON td.classid = 'pg_catalog.pg_type'::regclass AND td.objid = et.oid AND td.deptype = 'e'
         LEFT JOIN pg_catalog.pg_extension te ON te.oid = td.refobjid`,
  };
}

const collation = (oid: string): { readonly columns: string; readonly joins: string } => ({
  columns: `CASE WHEN ${oid} <> t.typcollation THEN cl.collname END AS collation, cn.nspname AS collation_schema`,
  joins: `LEFT JOIN pg_catalog.pg_collation cl ON cl.oid = ${oid} LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = cl.collnamespace`,
});

const COLUMN_TYPE = typeOf('a.atttypid', 'a.atttypmod');
const COLUMN_COLLATION = collation('a.attcollation');

const COLUMNS = `
  SELECT a.attrelid AS table_oid, a.attname AS name, a.attnotnull AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND NOT k.convalidated
              AND k.conkey = ARRAY[a.attnum]) AS not_null,
         a.attidentity AS identity, to_jsonb(a) ->> 'attgenerated' AS generated, d.oid AS default_oid,
         pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS expression, pg_catalog.col_description(a.attrelid, a.attnum) AS comment,
         ${COLUMN_TYPE.columns}, ${COLUMN_COLLATION.columns}
    FROM ${TABLES_FROM} JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
         ${COLUMN_TYPE.joins} ${COLUMN_COLLATION.joins}
   WHERE ${TABLE} ORDER BY a.attrelid, a.attnum`;

const names = (keys: string, table: string): string =>
  `(SELECT json_agg(a.attname ORDER BY u.position) FROM unnest(${keys}) WITH ORDINALITY AS u(number, position)
     JOIN pg_catalog.pg_attribute a ON a.attrelid = ${table} AND a.attnum = u.number)`;

const CONSTRAINTS = `
  SELECT k.oid, k.conindid AS index_oid, k.conrelid AS table_oid, k.conname AS name, k.contype AS kind, k.condeferrable AS deferrable, k.condeferred AS deferred,
         k.convalidated AS validated, coalesce(to_jsonb(k) ->> 'conenforced', 'true') AS enforced, k.connoinherit AS no_inherit,
         ${names('k.conkey', 'k.conrelid')} AS columns, pg_catalog.pg_get_constraintdef(k.oid) AS definition,
         pg_catalog.pg_get_expr(k.conbin, k.conrelid) AS expression, x.nspname AS target_schema, r.relname AS target_table,
         ${names('k.confkey', 'k.confrelid')} AS target_columns, k.confupdtype AS on_update, k.confdeltype AS on_delete,
         k.confmatchtype AS match, coalesce(to_jsonb(k) ->> 'conperiod', 'false') AS period,
         (SELECT json_agg(a.attname ORDER BY a.attnum) FROM json_array_elements_text((to_json(k) -> 'confdelsetcols')) AS s(number)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = s.number::int2
           WHERE json_typeof(to_json(k) -> 'confdelsetcols') = 'array') AS delete_columns
    FROM ${TABLES_FROM} JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid
    LEFT JOIN pg_catalog.pg_class r ON r.oid = k.confrelid LEFT JOIN pg_catalog.pg_namespace x ON x.oid = r.relnamespace
   WHERE ${TABLE} AND k.contype IN ('p', 'u', 'f', 'c', 'x') AND k.conparentid = 0 ORDER BY k.conrelid, k.conname`;

const INDEXES = `
  SELECT x.indexrelid AS oid, x.indrelid AS table_oid, i.relname AS name, x.indisunique AS is_unique, x.indisvalid AS valid, m.amname AS method,
         pg_catalog.pg_get_indexdef(x.indexrelid) AS definition, pg_catalog.pg_get_expr(x.indpred, x.indrelid) AS predicate,
         (SELECT json_agg(coalesce(a.attname, '') ORDER BY k.position) FROM unnest(x.indkey::int2[]) WITH ORDINALITY AS k(number, position)
            LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.number AND k.number > 0
           WHERE k.position <= x.indnkeyatts) AS columns
    FROM ${TABLES_FROM} JOIN pg_catalog.pg_index x ON x.indrelid = c.oid JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
    JOIN pg_catalog.pg_am m ON m.oid = i.relam
   WHERE ${TABLE} AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = x.indexrelid AND k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x'))
   ORDER BY x.indrelid, i.relname`;

const TYPE_FROM = `pg_catalog.pg_type y JOIN pg_catalog.pg_namespace n ON n.oid = y.typnamespace`;
/** Types that somebody made; those of tables, of arrays and of ranges over others are no types of their own. */
const MADE = `${OWN_SCHEMA} AND NOT ${ofExtension('pg_type', 'y.oid')} AND (y.typtype IN ('d', 'e', 'r')
  OR y.typtype = 'c' AND (SELECT k.relkind FROM pg_catalog.pg_class k WHERE k.oid = y.typrelid) = 'c' OR y.typtype = 'b' AND y.typcategory <> 'A')`;
const DOMAIN_TYPE = typeOf('y.typbasetype', 'y.typtypmod');
const DOMAIN_COLLATION = collation('y.typcollation');

const TYPES = `
  SELECT y.oid, n.nspname AS schema, y.typname AS name, y.typtype AS kind, pg_catalog.pg_type_is_visible(y.oid) AS visible,
         (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = y.oid) AS labels,
         y.typnotnull AS not_null, pg_catalog.pg_get_expr(y.typdefaultbin, 0) AS expression, base.*
    FROM ${TYPE_FROM} LEFT JOIN LATERAL (
      SELECT ${DOMAIN_TYPE.columns}, ${DOMAIN_COLLATION.columns} FROM (SELECT) AS one ${DOMAIN_TYPE.joins} ${DOMAIN_COLLATION.joins}) base ON y.typtype = 'd'
   WHERE ${MADE} ORDER BY y.oid`;

const ATTRIBUTES = `
  SELECT y.oid AS type_oid, a.attname AS name, ${COLUMN_TYPE.columns}, ${COLUMN_COLLATION.columns}
    FROM ${TYPE_FROM} JOIN pg_catalog.pg_attribute a ON a.attrelid = y.typrelid AND a.attnum > 0 AND NOT a.attisdropped
         ${COLUMN_TYPE.joins} ${COLUMN_COLLATION.joins}
   WHERE ${MADE} AND y.typtype = 'c' ORDER BY y.oid, a.attnum`;

const DOMAIN_CHECKS = `
  SELECT k.oid, k.contypid AS type_oid, k.conname AS name, k.convalidated AS validated, pg_catalog.pg_get_constraintdef(k.oid) AS definition
    FROM ${TYPE_FROM} JOIN pg_catalog.pg_constraint k ON k.contypid = y.oid AND k.contype = 'c'
   WHERE ${MADE} ORDER BY k.contypid, k.conname`;

const SEQUENCES = `
  SELECT c.oid, n.nspname AS schema, c.relname AS name, pg_catalog.format_type(s.seqtypid, NULL) AS type, s.seqstart AS start,
         s.seqincrement AS increment, s.seqmin AS min, s.seqmax AS max, s.seqcache AS cache, s.seqcycle AS cycle,
         pg_catalog.pg_table_is_visible(c.oid) AS visible,
         has_schema_privilege(n.oid, 'USAGE') AND has_sequence_privilege(c.oid, 'SELECT') AS readable,
         d.refobjid AS table_oid, a.attname AS column_name
    FROM ${TABLES_FROM} JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
    LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
          AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
   WHERE ${OWN_SCHEMA} AND c.relpersistence <> 't' AND NOT ${ofExtension('pg_class', 'c.oid')} ORDER BY n.nspname, c.relname`;

/**
 * What defaults, constraints, indexes and types need of things that are no part of every server (those have numbers
 * below 16384): functions, operators, types of others. Tables and their columns are another matter.
 */
const NEEDS = `
  SELECT DISTINCT d.classid::regclass::text AS class, d.objid AS oid, pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0) AS what,
         e.extname AS extension, CASE WHEN y.oid IS NOT NULL AND e.oid IS NULL AND pg_catalog.pg_type_is_visible(y.oid) THEN n.nspname || '.' || y.typname END AS type,
         CASE WHEN e.oid IS NULL THEN ${routineName('d.refobjid')} END AS routine
    FROM pg_catalog.pg_depend d
    LEFT JOIN pg_catalog.pg_type v ON d.refclassid = 'pg_catalog.pg_type'::regclass AND v.oid = d.refobjid
    LEFT JOIN pg_catalog.pg_type y ON y.oid = coalesce((SELECT el.oid FROM pg_catalog.pg_type el WHERE el.typarray = v.oid), v.oid)
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = y.typnamespace
    LEFT JOIN pg_catalog.pg_depend x ON x.classid = d.refclassid AND x.objid = coalesce(y.oid, d.refobjid) AND x.deptype = 'e'
    LEFT JOIN pg_catalog.pg_extension e ON e.oid = x.refobjid
   WHERE d.classid::regclass::text IN ('pg_attrdef', 'pg_constraint', 'pg_class', 'pg_type', 'pg_catalog.pg_attrdef', 'pg_catalog.pg_constraint', 'pg_catalog.pg_class', 'pg_catalog.pg_type')
     AND d.deptype IN ('n', 'a') AND d.refobjid >= 16384
     AND d.refclassid NOT IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_namespace'::regclass, 'pg_catalog.pg_constraint'::regclass, 'pg_catalog.pg_extension'::regclass)
   ORDER BY 1, 2, 3`;

/**
 * Everything about one database, in about ten queries whatever the number of tables. With the schemas of people and of
 * extensions in the search path, definitions name what is there without its schema: the target has all in one schema.
 */
export async function readCatalogueRows(session: Session): Promise<CatalogueRows> {
  const [path] = await session.rows(
    `SELECT string_agg(quote_ident(n.nspname), ', ' ORDER BY n.nspname <> 'public', n.nspname) AS path
       FROM pg_catalog.pg_namespace n WHERE ${OWN_SCHEMA}`,
  );
  await session.rows(`SELECT pg_catalog.set_config('search_path', $1, true)`, [path?.['path'] ?? '']);
  return {
    tables: await session.rows(TABLES),
    columns: await session.rows(COLUMNS),
    constraints: await session.rows(CONSTRAINTS),
    indexes: await session.rows(INDEXES),
    types: await session.rows(TYPES),
    attributes: await session.rows(ATTRIBUTES),
    domainChecks: await session.rows(DOMAIN_CHECKS),
    sequences: await withNext(session, await session.rows(SEQUENCES)),
    needs: await session.rows(NEEDS),
    partitions: await session.rows(PARTITIONS),
  };
}

const SEQUENCES_PER_QUERY = 200;

/** The value that each sequence gives next; where the login may not read it, none. */
async function withNext(session: Session, sequences: readonly Row[]): Promise<Row[]> {
  const next = new Map<string, string>();
  const readable = sequences.filter((row) => row['readable'] === 't');
  for (let at = 0; at < readable.length; at += SEQUENCES_PER_QUERY) {
    const parts = readable.slice(at, at + SEQUENCES_PER_QUERY).map((row) => {
      const oid = row['oid'] ?? '0';
      const place = [row['schema'], row['name']].map((part) => `"${(part ?? '').replaceAll('"', '""')}"`).join('.');
      const value = `CASE WHEN is_called THEN last_value::numeric + ${row['increment'] ?? '1'} ELSE last_value END`;
      return `SELECT ${oid} AS oid, (${value})::text AS next FROM ${place}`;
    });
    for (const row of await session.rows(parts.join(' UNION ALL '))) next.set(row['oid'] ?? '', row['next'] ?? '');
  }
  return sequences.map((row) => ({ ...row, next: next.get(row['oid'] ?? '') ?? null }));
}
