import { ofExtension, OWN_SCHEMA } from './catalogue-queries.js';

/**
 * Things that belong to a table, a view, a sequence or a type, each with the statements that make it again. Columns:
 * kind, schema, name, definition (for people); of_kind, of_schema, of_name, part; statements as JSON, promoted; and class
 * and oid, by which its dependencies are found.
 */
const FROM = `pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`;
const OWN = `${OWN_SCHEMA} AND c.relpersistence <> 't' AND NOT ${ofExtension('pg_class', 'c.oid')}`;
const OF_TABLE = `'relation' AS of_kind, n.nspname AS of_schema, c.relname AS of_name`;

/** `made` statements, and the comment when there is one. */
function words(made: readonly string[], comment?: { readonly on: string; readonly text: string }): string {
  const said =
    comment &&
    `CASE WHEN ${comment.text} IS NOT NULL THEN ${comment.on} || pg_catalog.quote_literal(${comment.text}) END`;
  return `json_build_array(${[...made, ...(said === undefined ? [] : [said])].join(', ')}) AS statements`;
}

/** Things of a table that fire are made disabled: until promotion the rows are the source's, and nobody else's. */
const disabled = (what: string, name: string): string =>
  `CASE WHEN c.relkind <> 'v' THEN format('ALTER TABLE %I DISABLE ${what} %I', c.relname, ${name}) END`;
const enabled = (what: string, state: string, name: string): string =>
  `CASE WHEN c.relkind <> 'v' AND ${state} <> 'D' THEN format('ENABLE %s${what} %I', CASE ${state} WHEN 'A' THEN 'ALWAYS ' WHEN 'R' THEN 'REPLICA ' ELSE '' END, ${name}) END AS promoted`;
const described = (oid: string, catalogue: string): string => `pg_catalog.obj_description(${oid}, '${catalogue}')`;

const TRIGGERS = `
  SELECT 'trigger' AS kind, n.nspname AS schema, c.relname || '.' || t.tgname AS name, pg_catalog.pg_get_triggerdef(t.oid) AS definition, ${OF_TABLE},
         ${words(['pg_catalog.pg_get_triggerdef(t.oid, true)', disabled('TRIGGER', 't.tgname')], { on: `format('COMMENT ON TRIGGER %I ON %I IS ', t.tgname, c.relname)`, text: described('t.oid', 'pg_trigger') })},
         ${enabled('TRIGGER', 't.tgenabled', 't.tgname')}, 'pg_trigger' AS class, t.oid
    FROM ${FROM} JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid
   WHERE ${OWN} AND NOT t.tgisinternal AND coalesce(to_jsonb(t) ->> 'tgparentid', '0') = '0'`;

const RULES = `
  SELECT 'rule' AS kind, n.nspname AS schema, c.relname || '.' || r.rulename AS name, pg_catalog.pg_get_ruledef(r.oid) AS definition, ${OF_TABLE},
         ${words([`rtrim(pg_catalog.pg_get_ruledef(r.oid, true), ';')`, disabled('RULE', 'r.rulename')], { on: `format('COMMENT ON RULE %I ON %I IS ', r.rulename, c.relname)`, text: described('r.oid', 'pg_rewrite') })},
         ${enabled('RULE', 'r.ev_enabled', 'r.rulename')}, 'pg_rewrite' AS class, r.oid
    FROM ${FROM} JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid WHERE ${OWN} AND r.rulename <> '_RETURN'`;

const POLICIES = `
  SELECT 'policy' AS kind, n.nspname AS schema, c.relname || '.' || p.polname AS name, made.sql AS definition, ${OF_TABLE},
         ${words(['made.sql'], { on: `format('COMMENT ON POLICY %I ON %I IS ', p.polname, c.relname)`, text: described('p.oid', 'pg_policy') })},
         'pg_policy' AS class, p.oid
    FROM ${FROM} JOIN pg_catalog.pg_policy p ON p.polrelid = c.oid CROSS JOIN LATERAL (
      SELECT format('CREATE POLICY %I ON %I AS %s FOR %s TO %s%s%s', p.polname, c.relname, CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
               CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
               (SELECT string_agg(coalesce(quote_ident(g.rolname), 'PUBLIC'), ', ' ORDER BY g.rolname) FROM unnest(p.polroles) AS o(oid) LEFT JOIN pg_catalog.pg_roles g ON g.oid = o.oid),
               ' USING (' || pg_catalog.pg_get_expr(p.polqual, c.oid) || ')', ' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, c.oid) || ')') AS sql) made
   WHERE ${OWN}`;

/** Only at the end: under FORCE not even the owner would see the rows. */
const ROW_SECURITY = `
  SELECT 'policy' AS kind, n.nspname AS schema, c.relname || ' (row level security)' AS name, NULL AS definition, ${OF_TABLE}, '[]' AS statements,
         CASE WHEN c.relrowsecurity THEN 'ENABLE ROW LEVEL SECURITY' || CASE WHEN c.relforcerowsecurity THEN ', ' ELSE '' END ELSE '' END
         || CASE WHEN c.relforcerowsecurity THEN 'FORCE ROW LEVEL SECURITY' ELSE '' END AS promoted
    FROM ${FROM} WHERE ${OWN} AND (c.relrowsecurity OR c.relforcerowsecurity)`;

const STATISTICS = `
  SELECT 'statistics' AS kind, sn.nspname AS schema, s.stxname AS name, pg_catalog.pg_get_statisticsobjdef(s.oid) AS definition, ${OF_TABLE},
         ${words(
           [
             `replace(pg_catalog.pg_get_statisticsobjdef(s.oid), format('CREATE STATISTICS %I.%I', sn.nspname, s.stxname), format('CREATE STATISTICS %I', s.stxname))`,
             `CASE WHEN (to_jsonb(s) ->> 'stxstattarget')::int >= 0 THEN format('ALTER STATISTICS %I SET STATISTICS %s', s.stxname, to_jsonb(s) ->> 'stxstattarget') END`,
           ],
           {
             on: `format('COMMENT ON STATISTICS %I IS ', s.stxname)`,
             text: described('s.oid', 'pg_statistic_ext'),
           },
         )}, 'pg_statistic_ext' AS class, s.oid
    FROM ${FROM} JOIN pg_catalog.pg_statistic_ext s ON s.stxrelid = c.oid JOIN pg_catalog.pg_namespace sn ON sn.oid = s.stxnamespace WHERE ${OWN}`;

/** Of partitions, too: those that are no part of one of their parent's. */
const INDEXES = `
  SELECT 'index' AS kind, n.nspname AS schema, c.relname || '.' || i.relname AS name, pg_catalog.pg_get_indexdef(i.oid) AS definition, ${OF_TABLE},
         json_build_array(pg_catalog.pg_get_indexdef(i.oid, 0, true)) AS statements, 'pg_class' AS class, i.oid
    FROM ${FROM} JOIN pg_catalog.pg_index x ON x.indrelid = c.oid JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
   WHERE ${OWN} AND (c.relkind = 'm' OR c.relispartition AND NOT i.relispartition) AND x.indisvalid
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = i.oid AND k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x'))`;

/** What a partition has that its parent has not. */
const OF_PARTITIONS = `
  SELECT 'constraint' AS kind, n.nspname AS schema, c.relname || '.' || k.conname AS name, pg_catalog.pg_get_constraintdef(k.oid) AS definition, ${OF_TABLE},
         json_build_array(format('ALTER TABLE %I ADD CONSTRAINT %I %s', c.relname, k.conname, pg_catalog.pg_get_constraintdef(k.oid))) AS statements, 'pg_constraint' AS class, k.oid
    FROM ${FROM} JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid
   WHERE ${OWN} AND c.relispartition AND k.contype IN ('p', 'u', 'x', 'f', 'c') AND k.conparentid = 0 AND k.conislocal AND k.coninhcount = 0`;

const PARTITION_DEFAULTS = `
  SELECT 'default' AS kind, n.nspname AS schema, c.relname || '.' || a.attname AS name, coalesce(made.sql, 'none') AS definition, ${OF_TABLE},
         json_build_array(format('ALTER TABLE ONLY %I ALTER COLUMN %I ', c.relname, a.attname) || coalesce('SET DEFAULT ' || made.sql, 'DROP DEFAULT')) AS statements, 'pg_attrdef' AS class, d.oid
    FROM ${FROM} JOIN pg_catalog.pg_inherits h ON h.inhrelid = c.oid JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_attribute pa ON pa.attrelid = h.inhparent AND pa.attname = a.attname
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum LEFT JOIN pg_catalog.pg_attrdef pd ON pd.adrelid = h.inhparent AND pd.adnum = pa.attnum
    CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS sql, pg_catalog.pg_get_expr(pd.adbin, pd.adrelid) AS parents) made
   WHERE ${OWN} AND c.relispartition AND coalesce(to_jsonb(a) ->> 'attgenerated', '') = '' AND made.sql IS DISTINCT FROM made.parents`;

const VIEW_DEFAULTS = `
  SELECT 'default' AS kind, n.nspname AS schema, c.relname || '.' || a.attname AS name, pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS definition, ${OF_TABLE},
         json_build_array(format('ALTER VIEW %I ALTER COLUMN %I SET DEFAULT %s', c.relname, a.attname, pg_catalog.pg_get_expr(d.adbin, d.adrelid))) AS statements, 'pg_attrdef' AS class, d.oid
    FROM ${FROM} JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum WHERE ${OWN} AND c.relkind = 'v'`;

const options = (list: string, prefix: string): string =>
  `(SELECT string_agg(format('${prefix}%I=%L', o.option_name, o.option_value), ', ') FROM pg_catalog.pg_options_to_table(${list}) AS o)`;

const PARAMETERS = `
  SELECT 'storage parameters' AS kind, n.nspname AS schema, c.relname AS name, array_to_string(c.reloptions || t.reloptions, ', ') AS definition, ${OF_TABLE},
         json_build_array(format('ALTER TABLE %I SET (%s)', c.relname, concat_ws(', ', ${options('c.reloptions', '')}, ${options('t.reloptions', 'toast.')}))) AS statements
    FROM ${FROM} LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
   WHERE ${OWN} AND c.relkind IN ('r', 'p', 'm') AND (c.reloptions IS NOT NULL OR t.reloptions IS NOT NULL)`;

/** A constraint's definition does not tell them, an index's does. */
const CONSTRAINT_PARAMETERS = `
  SELECT 'storage parameters' AS kind, n.nspname AS schema, c.relname || '.' || i.relname AS name, array_to_string(i.reloptions, ', ') AS definition, ${OF_TABLE}, i.relname AS part,
         json_build_array(format('ALTER INDEX %I SET (%s)', i.relname, ${options('i.reloptions', '')})) AS statements
    FROM ${FROM} JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x') JOIN pg_catalog.pg_class i ON i.oid = k.conindid
   WHERE ${OWN} AND i.reloptions IS NOT NULL`;

const alterColumn = `format('ALTER TABLE ONLY %I ALTER COLUMN %I SET ', c.relname, a.attname)`;
const STORAGES = `CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END`;

const COLUMN_OPTIONS = `
  SELECT * FROM (SELECT 'column options' AS kind, n.nspname AS schema, c.relname || '.' || a.attname AS name, NULL AS definition, ${OF_TABLE},
         json_build_array(CASE WHEN a.attstorage <> t.typstorage THEN ${alterColumn} || 'STORAGE ' || ${STORAGES} END,
           CASE to_jsonb(a) ->> 'attcompression' WHEN 'p' THEN ${alterColumn} || 'COMPRESSION pglz' WHEN 'l' THEN ${alterColumn} || 'COMPRESSION lz4' END,
           CASE WHEN (to_jsonb(a) ->> 'attstattarget')::int >= 0 THEN ${alterColumn} || 'STATISTICS ' || (to_jsonb(a) ->> 'attstattarget') END,
           CASE WHEN a.attoptions IS NOT NULL THEN ${alterColumn} || '(' || ${options('a.attoptions', '')} || ')' END) AS statements
    FROM ${FROM} JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
   WHERE ${OWN} AND c.relkind IN ('r', 'p', 'm')) AS o WHERE statements::text ~ 'ALTER'`;

const INDEX_OPTIONS = `
  SELECT 'column options' AS kind, n.nspname AS schema, c.relname || '.' || i.relname || '.' || a.attnum AS name, NULL AS definition, ${OF_TABLE}, i.relname AS part,
         json_build_array(format('ALTER INDEX %I ALTER COLUMN %s SET STATISTICS %s', i.relname, a.attnum, to_jsonb(a) ->> 'attstattarget')) AS statements
    FROM ${FROM} JOIN pg_catalog.pg_index x ON x.indrelid = c.oid JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid JOIN pg_catalog.pg_attribute a ON a.attrelid = i.oid
   WHERE ${OWN} AND (to_jsonb(a) ->> 'attstattarget')::int >= 0`;

const REPLICA_IDENTITIES = `
  SELECT 'replica identity' AS kind, n.nspname AS schema, c.relname AS name, made.what AS definition, ${OF_TABLE}, i.relname AS part,
         json_build_array(format('ALTER TABLE ONLY %I REPLICA IDENTITY %s', c.relname, made.what)) AS statements
    FROM ${FROM} LEFT JOIN pg_catalog.pg_index x ON x.indrelid = c.oid AND x.indisreplident LEFT JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
    CROSS JOIN LATERAL (SELECT CASE c.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' ELSE format('USING INDEX %I', i.relname) END AS what) made
   WHERE ${OWN} AND c.relkind IN ('r', 'p') AND c.relreplident IN ('f', 'n', 'i') AND (c.relreplident <> 'i' OR i.oid IS NOT NULL)`;

const CLUSTERED = `
  SELECT 'cluster' AS kind, n.nspname AS schema, c.relname AS name, i.relname AS definition, ${OF_TABLE}, i.relname AS part,
         json_build_array(format('ALTER TABLE %I CLUSTER ON %I', c.relname, i.relname)) AS statements
    FROM ${FROM} JOIN pg_catalog.pg_index x ON x.indrelid = c.oid AND x.indisclustered JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid WHERE ${OWN}`;

/** What stands on a table, a view or a sequence, by the oid of its part. */
export const WORDS: readonly string[] = [
  INDEXES,
  OF_PARTITIONS,
  PARTITION_DEFAULTS,
  VIEW_DEFAULTS,
  STATISTICS,
  PARAMETERS,
  CONSTRAINT_PARAMETERS,
  COLUMN_OPTIONS,
  INDEX_OPTIONS,
  REPLICA_IDENTITIES,
  CLUSTERED,
  RULES,
  TRIGGERS,
  POLICIES,
  ROW_SECURITY,
];
