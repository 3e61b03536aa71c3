import { ofExtension, OWN_SCHEMA } from './catalogue-queries.js';

const CLASS = `pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`;
/** Somebody's, where the catalogue has no schema: the server's own have numbers below. */
const OWN_OID = 16384;

const COLUMNS_OF = (oid: string): string =>
  `(SELECT json_agg(json_build_array(a.attname, a.attnotnull) ORDER BY a.attnum)::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = ${oid} AND a.attnum > 0 AND NOT a.attisdropped)`;

/** What nothing makes again (yet): kind, schema, name and definition. What belongs to an extension comes with it. */
export const LISTED: readonly string[] = [
  `SELECT 'foreign table' AS kind, n.nspname AS schema, c.relname AS name, NULL AS definition
     FROM ${CLASS} WHERE ${OWN_SCHEMA} AND c.relkind = 'f' AND NOT c.relispartition`,
  `SELECT 'constraint' AS kind, n.nspname AS schema, c.relname || '.' || k.conname AS name, 'NO INHERIT' AS definition
     FROM ${CLASS} JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid
    WHERE ${OWN_SCHEMA} AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND k.contype IN ('c', 'n') AND k.connoinherit`,
  `SELECT 'partition' AS kind, n.nspname AS schema, c.relname AS name, 'its columns have another order, or NOT NULL of their own' AS definition
     FROM ${CLASS} JOIN pg_catalog.pg_inherits h ON h.inhrelid = c.oid WHERE ${OWN_SCHEMA} AND c.relispartition
      AND ${COLUMNS_OF('c.oid')} IS DISTINCT FROM ${COLUMNS_OF('h.inhparent')}`,
  `SELECT 'persistence' AS kind, n.nspname AS schema, c.relname AS name, 'UNLOGGED: in the target it is logged' AS definition
     FROM ${CLASS} WHERE ${OWN_SCHEMA} AND c.relkind IN ('r', 'p', 'S') AND c.relpersistence = 'u'
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE c.relkind = 'S' AND d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
        AND d.refclassid = 'pg_catalog.pg_class'::regclass)`,
  `SELECT 'tablespace' AS kind, n.nspname AS schema, c.relname AS name, s.spcname AS definition
     FROM ${CLASS} JOIN pg_catalog.pg_tablespace s ON s.oid = c.reltablespace WHERE ${OWN_SCHEMA} AND c.relkind IN ('r', 'p', 'm', 'i', 'I')`,
  `SELECT 'access method' AS kind, n.nspname AS schema, c.relname AS name, a.amname AS definition
     FROM ${CLASS} JOIN pg_catalog.pg_am a ON a.oid = c.relam WHERE ${OWN_SCHEMA} AND c.relkind IN ('r', 'p', 'm') AND a.amname <> 'heap'`,
  `SELECT 'access method' AS kind, '' AS schema, amname AS name, NULL AS definition
     FROM pg_catalog.pg_am a WHERE a.oid >= ${String(OWN_OID)} AND NOT ${ofExtension('pg_am', 'a.oid')}`,
  `SELECT 'typed table' AS kind, n.nspname AS schema, c.relname AS name, 'OF ' || c.reloftype::regtype AS definition
     FROM ${CLASS} WHERE ${OWN_SCHEMA} AND c.relkind IN ('r', 'p') AND c.reloftype <> 0`,
  `SELECT 'table' AS kind, n.nspname AS schema, c.relname AS name, 'it belongs to an extension' AS definition
     FROM ${CLASS} WHERE ${OWN_SCHEMA} AND c.relkind IN ('r', 'p') AND ${ofExtension('pg_class', 'c.oid')}`,
  `SELECT 'large objects' AS kind, '' AS schema, current_database() AS name, count(*)::text AS definition
     FROM pg_catalog.pg_largeobject_metadata HAVING count(*) > 0`,
  `SELECT 'publication' AS kind, '' AS schema, pubname AS name, NULL AS definition FROM pg_catalog.pg_publication`,
  `SELECT 'subscription' AS kind, '' AS schema, s.subname AS name, NULL AS definition
     FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database b ON b.oid = s.subdbid WHERE b.datname = current_database()`,
  `SELECT 'event trigger' AS kind, '' AS schema, t.evtname AS name, t.evtevent AS definition
     FROM pg_catalog.pg_event_trigger t WHERE NOT ${ofExtension('pg_event_trigger', 't.oid')}`,
  `SELECT 'operator' AS kind, n.nspname AS schema, o.oid::regoperator::text AS name, NULL AS definition
     FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
    WHERE ${OWN_SCHEMA} AND NOT ${ofExtension('pg_operator', 'o.oid')}`,
  `SELECT 'operator class' AS kind, n.nspname AS schema, o.opcname AS name, NULL AS definition
     FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_namespace n ON n.oid = o.opcnamespace
    WHERE ${OWN_SCHEMA} AND NOT ${ofExtension('pg_opclass', 'o.oid')}
   UNION ALL SELECT 'operator class', n.nspname, f.opfname || ' (family)', NULL
     FROM pg_catalog.pg_opfamily f JOIN pg_catalog.pg_namespace n ON n.oid = f.opfnamespace
    WHERE ${OWN_SCHEMA} AND NOT ${ofExtension('pg_opfamily', 'f.oid')}`,
  `SELECT 'cast' AS kind, '' AS schema, format('%s AS %s', castsource::regtype, casttarget::regtype) AS name, NULL AS definition
     FROM pg_catalog.pg_cast k WHERE k.oid >= ${String(OWN_OID)} AND NOT ${ofExtension('pg_cast', 'k.oid')}
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend i WHERE i.classid = 'pg_catalog.pg_cast'::regclass AND i.objid = k.oid AND i.deptype = 'i')`,
  `SELECT 'conversion' AS kind, n.nspname AS schema, o.conname AS name, NULL AS definition
     FROM pg_catalog.pg_conversion o JOIN pg_catalog.pg_namespace n ON n.oid = o.connamespace WHERE ${OWN_SCHEMA} AND NOT ${ofExtension('pg_conversion', 'o.oid')}`,
  `SELECT 'language' AS kind, '' AS schema, l.lanname AS name, NULL AS definition
     FROM pg_catalog.pg_language l WHERE l.oid >= ${String(OWN_OID)} AND NOT ${ofExtension('pg_language', 'l.oid')}`,
  `SELECT 'foreign server' AS kind, '' AS schema, s.srvname AS name, NULL AS definition
     FROM pg_catalog.pg_foreign_server s WHERE NOT ${ofExtension('pg_foreign_server', 's.oid')}
   UNION ALL SELECT 'foreign server', '', w.fdwname || ' (wrapper)', NULL
     FROM pg_catalog.pg_foreign_data_wrapper w WHERE NOT ${ofExtension('pg_foreign_data_wrapper', 'w.oid')}`,
  `SELECT 'collation' AS kind, n.nspname AS schema, l.collname AS name, l.collcollate AS definition
     FROM pg_catalog.pg_collation l JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace
    WHERE ${OWN_SCHEMA} AND NOT ${ofExtension('pg_collation', 'l.oid')}`,
  ...(
    [
      ['pg_ts_config', 'cfgname', 'cfgnamespace', ''],
      ['pg_ts_dict', 'dictname', 'dictnamespace', ' (dictionary)'],
      ['pg_ts_parser', 'prsname', 'prsnamespace', ' (parser)'],
      ['pg_ts_template', 'tmplname', 'tmplnamespace', ' (template)'],
    ] as const
  ).map(
    ([
      table,
      name,
      schema,
      kind,
    ]) => `SELECT 'text search' AS kind, n.nspname AS schema, f.${name} || '${kind}' AS name, NULL AS definition
     FROM pg_catalog.${table} f JOIN pg_catalog.pg_namespace n ON n.oid = f.${schema} WHERE ${OWN_SCHEMA} AND NOT ${ofExtension(table, 'f.oid')}`,
  ),
  `SELECT 'security label' AS kind, '' AS schema, pg_catalog.pg_describe_object(l.classoid, l.objoid, l.objsubid) AS name, l.label AS definition FROM pg_catalog.pg_seclabel l`,
  `SELECT 'grant' AS kind, '' AS schema, format('schema %s', n.nspname) AS name, n.nspacl::text AS definition
     FROM pg_catalog.pg_namespace n WHERE ${OWN_SCHEMA} AND n.nspacl IS NOT NULL AND NOT ${ofExtension('pg_namespace', 'n.oid')}
      AND EXISTS (SELECT FROM aclexplode(n.nspacl) AS g WHERE g.grantee NOT IN (n.nspowner, CASE WHEN n.nspname = 'public' THEN 0 ELSE n.nspowner END))`,
  `SELECT 'grant' AS kind, coalesce(n.nspname, '') AS schema, format('default privileges of %s', d.defaclrole::regrole) AS name, d.defaclacl::text AS definition
     FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace`,
  `SELECT 'setting' AS kind, '' AS schema, coalesce(r.rolname, current_database()) AS name, array_to_string(s.setconfig, ', ') AS definition
     FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database b ON b.oid = s.setdatabase LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
    WHERE b.datname = current_database()`,
  `SELECT 'comment' AS kind, '' AS schema, format('schema %s', n.nspname) AS name, d.description AS definition
     FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_namespace'::regclass AND d.objoid = n.oid
    WHERE ${OWN_SCHEMA} AND NOT (n.nspname = 'public' AND d.description = 'standard public schema')`,
  `SELECT 'schema' AS kind, '' AS schema, n.nspname AS name, 'it is Caravan''s own' AS definition
     FROM pg_catalog.pg_namespace n WHERE n.nspname = 'caravan_store'`,
];
