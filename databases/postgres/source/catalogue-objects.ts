import type { CatalogueObject, ObjectKind } from '../../../contracts/catalogue.js';
import type { Session } from '../connect.js';
import { ofExtension, OWN_SCHEMA } from './catalogue-queries.js';

const CLASS = `pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`;

/** Each gives kind, schema, name and definition. What belongs to an extension comes with it. */
const QUERIES: readonly string[] = [
  `SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END AS kind, n.nspname AS schema, c.relname AS name,
          pg_catalog.pg_get_viewdef(c.oid) AS definition
     FROM ${CLASS} WHERE ${OWN_SCHEMA} AND c.relkind IN ('v', 'm') AND NOT ${ofExtension('pg_class', 'c.oid')}`,
  `SELECT 'foreign table' AS kind, n.nspname AS schema, c.relname AS name, NULL AS definition
     FROM ${CLASS} WHERE ${OWN_SCHEMA} AND c.relkind = 'f' AND NOT c.relispartition`,
  `SELECT 'routine' AS kind, n.nspname AS schema, p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' AS name,
          CASE WHEN p.prokind IN ('f', 'p', 'w') THEN pg_catalog.pg_get_functiondef(p.oid) END AS definition
     FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE ${OWN_SCHEMA} AND NOT ${ofExtension('pg_proc', 'p.oid')}
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend i WHERE i.classid = 'pg_catalog.pg_proc'::regclass AND i.objid = p.oid AND i.deptype = 'i')`,
  `SELECT 'trigger' AS kind, n.nspname AS schema, c.relname || '.' || t.tgname AS name, pg_catalog.pg_get_triggerdef(t.oid) AS definition
     FROM ${CLASS} JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid
    WHERE ${OWN_SCHEMA} AND NOT t.tgisinternal AND NOT c.relispartition`,
  `SELECT 'rule' AS kind, n.nspname AS schema, c.relname || '.' || r.rulename AS name, pg_catalog.pg_get_ruledef(r.oid) AS definition
     FROM ${CLASS} JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid WHERE ${OWN_SCHEMA} AND r.rulename <> '_RETURN'`,
  `SELECT 'policy' AS kind, n.nspname AS schema, c.relname || '.' || p.polname AS name,
          'USING ' || coalesce(pg_catalog.pg_get_expr(p.polqual, c.oid), 'true') || ' WITH CHECK ' || coalesce(pg_catalog.pg_get_expr(p.polwithcheck, c.oid), 'true') AS definition
     FROM ${CLASS} JOIN pg_catalog.pg_policy p ON p.polrelid = c.oid WHERE ${OWN_SCHEMA}`,
  `SELECT 'policy' AS kind, n.nspname AS schema, c.relname || ' (row level security)' AS name, NULL AS definition
     FROM ${CLASS} WHERE ${OWN_SCHEMA} AND c.relrowsecurity`,
  `SELECT 'grant' AS kind, n.nspname AS schema, c.relname AS name, c.relacl::text AS definition
     FROM ${CLASS} WHERE ${OWN_SCHEMA} AND NOT c.relispartition AND c.relkind IN ('r', 'p', 'S', 'v', 'm') AND NOT ${ofExtension('pg_class', 'c.oid')}
      AND EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) AS g WHERE g.grantee <> c.relowner)`,
  `SELECT 'statistics' AS kind, n.nspname AS schema, s.stxname AS name, pg_catalog.pg_get_statisticsobjdef(s.oid) AS definition
     FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace WHERE ${OWN_SCHEMA}`,
  // Of a partition: what its parent does not have.
  `SELECT 'index' AS kind, n.nspname AS schema, c.relname || '.' || i.relname AS name, pg_catalog.pg_get_indexdef(i.oid) AS definition
     FROM ${CLASS} JOIN pg_catalog.pg_index x ON x.indrelid = c.oid JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
    WHERE ${OWN_SCHEMA} AND c.relispartition AND NOT i.relispartition`,
  `SELECT 'constraint' AS kind, n.nspname AS schema, c.relname || '.' || k.conname AS name, pg_catalog.pg_get_constraintdef(k.oid) AS definition
     FROM ${CLASS} JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid
    WHERE ${OWN_SCHEMA} AND c.relispartition AND k.contype IN ('f', 'c') AND k.conparentid = 0 AND k.conislocal AND k.coninhcount = 0`,
  `SELECT 'comment' AS kind, n.nspname AS schema, c.relname AS name, d.description AS definition
     FROM ${CLASS} JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = 0
    WHERE ${OWN_SCHEMA} AND c.relkind IN ('i', 'I', 'S')`,
  `SELECT 'comment' AS kind, n.nspname AS schema, c.relname || '.' || k.conname AS name, d.description AS definition
     FROM ${CLASS} JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid
     JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_constraint'::regclass AND d.objoid = k.oid
    WHERE ${OWN_SCHEMA} AND NOT c.relispartition`,
  `SELECT 'comment' AS kind, n.nspname AS schema, y.typname AS name, d.description AS definition
     FROM pg_catalog.pg_type y JOIN pg_catalog.pg_namespace n ON n.oid = y.typnamespace
     JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_type'::regclass AND d.objoid = y.oid
    WHERE ${OWN_SCHEMA} AND NOT ${ofExtension('pg_type', 'y.oid')}`,
  `SELECT 'table' AS kind, n.nspname AS schema, c.relname AS name, 'it belongs to an extension' AS definition
     FROM ${CLASS} WHERE ${OWN_SCHEMA} AND c.relkind IN ('r', 'p') AND ${ofExtension('pg_class', 'c.oid')}`,
  `SELECT 'grant' AS kind, n.nspname AS schema, c.relname || '.' || a.attname AS name, a.attacl::text AS definition
     FROM ${CLASS} JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
    WHERE ${OWN_SCHEMA} AND NOT c.relispartition AND a.attacl IS NOT NULL AND NOT ${ofExtension('pg_class', 'c.oid')}`,
  `SELECT 'storage parameters' AS kind, n.nspname AS schema, c.relname AS name, array_to_string(c.reloptions, ', ') AS definition
     FROM ${CLASS} WHERE ${OWN_SCHEMA} AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.reloptions IS NOT NULL`,
  `SELECT 'large objects' AS kind, '' AS schema, current_database() AS name, count(*)::text AS definition
     FROM pg_catalog.pg_largeobject_metadata HAVING count(*) > 0`,
  `SELECT 'publication' AS kind, '' AS schema, pubname AS name, NULL AS definition FROM pg_catalog.pg_publication`,
  `SELECT 'event trigger' AS kind, '' AS schema, t.evtname AS name, t.evtevent AS definition
     FROM pg_catalog.pg_event_trigger t WHERE NOT ${ofExtension('pg_event_trigger', 't.oid')}`,
  `SELECT 'operator' AS kind, n.nspname AS schema, o.oid::regoperator::text AS name, NULL AS definition
     FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
    WHERE ${OWN_SCHEMA} AND NOT ${ofExtension('pg_operator', 'o.oid')}`,
  `SELECT 'collation' AS kind, n.nspname AS schema, l.collname AS name, l.collcollate AS definition
     FROM pg_catalog.pg_collation l JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace
    WHERE ${OWN_SCHEMA} AND NOT ${ofExtension('pg_collation', 'l.oid')}`,
  `SELECT 'text search' AS kind, n.nspname AS schema, f.cfgname AS name, NULL AS definition
     FROM pg_catalog.pg_ts_config f JOIN pg_catalog.pg_namespace n ON n.oid = f.cfgnamespace
    WHERE ${OWN_SCHEMA} AND NOT ${ofExtension('pg_ts_config', 'f.oid')}`,
  `SELECT 'schema' AS kind, '' AS schema, n.nspname AS name, 'it is Caravan''s own' AS definition
     FROM pg_catalog.pg_namespace n WHERE n.nspname = 'caravan_store'`,
];

/** Everything that is no table, type or sequence: listed, with the words that make it. */
export async function readObjects(session: Session): Promise<CatalogueObject[]> {
  const objects: CatalogueObject[] = [];
  for (const query of QUERIES) {
    for (const row of await session.rows(`${query} ORDER BY 1, 2, 3`)) {
      const { kind, schema, name, definition } = row;
      objects.push({
        kind: (kind ?? 'view') as ObjectKind,
        schema: schema ?? '',
        name: name ?? '',
        ...(typeof definition === 'string' && { definition: definition.trim() }),
      });
    }
  }
  return objects;
}
