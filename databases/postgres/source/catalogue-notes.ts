import { ofExtension, OWN_SCHEMA } from './catalogue-queries.js';

/** Comments and grants, each as a statement; columns as those of catalogue-words.ts. */
const FROM = `pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`;
const OWN = `${OWN_SCHEMA} AND c.relpersistence <> 't' AND NOT ${ofExtension('pg_class', 'c.oid')}`;
const OF_TABLE = `'relation' AS of_kind, n.nspname AS of_schema, c.relname AS of_name`;
const DESCRIBED = `json_build_array(on_what || pg_catalog.quote_literal(definition)) AS statements`;

function comment(select: string): string {
  return `SELECT *, ${DESCRIBED} FROM (${select}) AS said`;
}

const KIND = `CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END`;

/** Those of migrated tables and their columns come with the tables. */
const OF_RELATIONS = comment(`
  SELECT 'comment' AS kind, n.nspname AS schema, c.relname || coalesce('.' || a.attname, '') AS name, d.description AS definition, ${OF_TABLE},
         CASE WHEN a.attname IS NULL THEN format('COMMENT ON %s %I IS ', ${KIND}, c.relname) ELSE format('COMMENT ON COLUMN %I.%I IS ', c.relname, a.attname) END AS on_what
    FROM ${FROM} JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_class'::regclass AND d.objoid = c.oid
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
   WHERE ${OWN} AND (c.relkind IN ('v', 'm', 'S') OR c.relkind IN ('r', 'p') AND c.relispartition)`);

const OF_INDEXES = comment(`
  SELECT 'comment' AS kind, n.nspname AS schema, c.relname || '.' || i.relname AS name, d.description AS definition, ${OF_TABLE}, i.relname AS part,
         format('COMMENT ON INDEX %I IS ', i.relname) AS on_what
    FROM ${FROM} JOIN pg_catalog.pg_index x ON x.indrelid = c.oid JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
    JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_class'::regclass AND d.objoid = i.oid AND d.objsubid = 0 WHERE ${OWN}`);

const OF_CONSTRAINTS = comment(`
  SELECT 'comment' AS kind, n.nspname AS schema, c.relname || '.' || k.conname AS name, d.description AS definition, ${OF_TABLE}, k.conname AS part,
         format('COMMENT ON CONSTRAINT %I ON %I IS ', k.conname, c.relname) AS on_what
    FROM ${FROM} JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid
    JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_constraint'::regclass AND d.objoid = k.oid WHERE ${OWN}`);

const TYPES = `pg_catalog.pg_type y JOIN pg_catalog.pg_namespace n ON n.oid = y.typnamespace`;
const OWN_TYPE = `${OWN_SCHEMA} AND NOT ${ofExtension('pg_type', 'y.oid')}`;
const OF_TYPE = `'type' AS of_kind, n.nspname AS of_schema, y.typname AS of_name`;
const TYPE_WORD = `CASE y.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END`;

const OF_TYPES = comment(`
  SELECT 'comment' AS kind, n.nspname AS schema, y.typname AS name, d.description AS definition, ${OF_TYPE}, format('COMMENT ON %s %I IS ', ${TYPE_WORD}, y.typname) AS on_what
    FROM ${TYPES} JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_type'::regclass AND d.objoid = y.oid WHERE ${OWN_TYPE}
  UNION ALL
  SELECT 'comment', n.nspname, y.typname || '.' || k.conname, d.description, ${OF_TYPE}, format('COMMENT ON CONSTRAINT %I ON DOMAIN %I IS ', k.conname, y.typname)
    FROM ${TYPES} JOIN pg_catalog.pg_constraint k ON k.contypid = y.oid
    JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_constraint'::regclass AND d.objoid = k.oid WHERE ${OWN_TYPE}
  UNION ALL
  SELECT 'comment', n.nspname, y.typname || '.' || a.attname, d.description, ${OF_TYPE}, format('COMMENT ON COLUMN %I.%I IS ', y.typname, a.attname)
    FROM ${TYPES} JOIN pg_catalog.pg_class c ON c.oid = y.typrelid AND c.relkind = 'c' JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
    JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = a.attnum WHERE ${OWN_TYPE}`);

const GRANTEE = `CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE coalesce(r.rolname, g.grantee::text) END`;
const TO = `CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(coalesce(r.rolname, g.grantee::text)) END`;
const OPTION = `CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END`;
/** What the owner has of his own needs no grant; the owner is another in the target. */
const ROLES = `LEFT JOIN pg_catalog.pg_roles r ON r.oid = g.grantee`;

const ON_RELATIONS = `
  SELECT 'grant' AS kind, n.nspname AS schema, c.relname || ' to ' || ${GRANTEE} || ${OPTION} AS name, string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type) AS definition, ${OF_TABLE},
         json_build_array(format('GRANT %s ON %s %I TO %s%s', string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type), CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.relname, ${TO}, ${OPTION})) AS statements
    FROM ${FROM} CROSS JOIN LATERAL aclexplode(c.relacl) AS g ${ROLES} WHERE ${OWN} AND c.relkind IN ('r', 'p', 'S', 'v', 'm') AND g.grantee <> c.relowner
   GROUP BY n.nspname, c.relname, c.relkind, g.grantee, r.rolname, g.is_grantable`;

const ON_COLUMNS = `
  SELECT 'grant' AS kind, n.nspname AS schema, c.relname || '.' || a.attname || ' to ' || ${GRANTEE} || ${OPTION} AS name, string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type) AS definition, ${OF_TABLE},
         json_build_array(format('GRANT %s ON TABLE %I TO %s%s', string_agg(format('%s (%I)', g.privilege_type, a.attname), ', ' ORDER BY g.privilege_type), c.relname, ${TO}, ${OPTION})) AS statements
    FROM ${FROM} JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid CROSS JOIN LATERAL aclexplode(a.attacl) AS g ${ROLES} WHERE ${OWN} AND g.grantee <> c.relowner
   GROUP BY n.nspname, c.relname, a.attname, g.grantee, r.rolname, g.is_grantable`;

/** Everybody may use a type unless that was taken back. */
const ON_TYPES = `
  SELECT 'grant' AS kind, n.nspname AS schema, y.typname AS name, y.typacl::text AS definition, ${OF_TYPE},
         (SELECT json_agg(sql) FROM (SELECT format('REVOKE ALL ON TYPE %I FROM PUBLIC', y.typname) AS sql UNION ALL
            SELECT format('GRANT USAGE ON TYPE %I TO %s%s', y.typname, ${TO}, ${OPTION}) FROM aclexplode(y.typacl) AS g ${ROLES} WHERE g.grantee <> y.typowner) AS made) AS statements
    FROM ${TYPES} WHERE ${OWN_TYPE} AND y.typacl IS NOT NULL AND y.typtype IN ('c', 'd', 'e')`;

const ON_ROUTINES = `
  SELECT 'grant' AS kind, n.nspname AS schema, p.proname || '(' || made.arguments || ') to ' || ${GRANTEE} || ${OPTION} AS name, 'EXECUTE' AS definition,
         'routine' AS of_kind, n.nspname AS of_schema, p.proname || '(' || made.arguments || ')' AS of_name,
         json_build_array(format('GRANT EXECUTE ON ROUTINE %I(%s) TO %s%s', p.proname, made.arguments, ${TO}, ${OPTION})) AS statements
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace CROSS JOIN LATERAL aclexplode(p.proacl) AS g ${ROLES}
    CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_function_identity_arguments(p.oid) AS arguments) made
   WHERE ${OWN_SCHEMA} AND NOT ${ofExtension('pg_proc', 'p.oid')} AND g.grantee NOT IN (0, p.proowner)`;

export const NOTES: readonly string[] = [
  OF_RELATIONS,
  OF_INDEXES,
  OF_CONSTRAINTS,
  OF_TYPES,
  ON_RELATIONS,
  ON_COLUMNS,
  ON_TYPES,
  ON_ROUTINES,
];
