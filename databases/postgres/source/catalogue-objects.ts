import type { CatalogueNeed, CatalogueObject, CatalogueView, ObjectKind } from '../../../contracts/catalogue.js';
import type { Row, Session } from '../connect.js';
import { LISTED } from './catalogue-listed.js';
import { NOTES } from './catalogue-notes.js';
import { ofExtension, OWN_SCHEMA, routineName } from './catalogue-queries.js';
import { WORDS } from './catalogue-words.js';
import { jsonList, needsOf, rowsBy } from './rows.js';

const CLASS = `pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`;

const VIEWS = `
  SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END AS kind, n.nspname AS schema, c.relname AS name,
         pg_catalog.pg_get_viewdef(c.oid) AS definition, c.relispopulated AS populated, to_json(c.reloptions) AS options,
         (SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
         'pg_rewrite' AS class, r.oid, c.oid AS view_oid
    FROM ${CLASS} JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid AND r.rulename = '_RETURN'
   WHERE ${OWN_SCHEMA} AND c.relkind IN ('v', 'm') AND NOT ${ofExtension('pg_class', 'c.oid')} ORDER BY c.oid`;

/** The body's words that could name a thing of somebody: they are looked up when it runs, wherever it then is. */
const MENTIONED = (names: string): string =>
  `(SELECT json_agg(DISTINCT w) FROM regexp_split_to_table(lower(p.prosrc || ' ' || coalesce(array_to_string(p.proconfig, ' '), '')), '[^[:alnum:]_$]+') AS w WHERE w IN (${names}))`;
/** An extension's function beside one of the server's under one name is no name of its own. */
const NAMES = `SELECT lower(q.proname) FROM pg_catalog.pg_proc q WHERE q.oid >= 16384 AND (NOT ${ofExtension('pg_proc', 'q.oid')}
    OR NOT EXISTS (SELECT FROM pg_catalog.pg_proc own WHERE own.proname = q.proname AND own.pronamespace = 'pg_catalog'::regnamespace))
  UNION ALL SELECT lower(q.relname) FROM pg_catalog.pg_class q WHERE q.oid >= 16384 AND q.relkind NOT IN ('t', 'i', 'I')
  UNION ALL SELECT lower(q.typname) FROM pg_catalog.pg_type q WHERE q.oid >= 16384`;
const SCHEMAS = `SELECT lower(q.nspname) FROM pg_catalog.pg_namespace q WHERE q.nspname !~ '^pg_'`;
const HEAD = `format('%s %I.%I', made.word, n.nspname, p.proname)`;

const ROUTINES = `
  SELECT 'routine' AS kind, n.nspname AS schema, p.proname || '(' || made.arguments || ')' AS name, made.definition,
         p.proname AS plain_name, p.pronargs AS arguments, l.lanname AS language, p.prosecdef AS definer, NOT pg_catalog.pg_function_is_visible(p.oid) AS hidden,
         ${MENTIONED(NAMES)} AS names, ${MENTIONED(SCHEMAS)} AS schemas,
         json_build_array(CASE WHEN starts_with(made.definition, 'CREATE OR REPLACE ' || ${HEAD}) THEN format('CREATE %s %I', made.word, p.proname) || substr(made.definition, length('CREATE OR REPLACE ' || ${HEAD}) + 1) END,
           CASE WHEN p.proacl IS NOT NULL AND NOT EXISTS (SELECT FROM aclexplode(p.proacl) AS g WHERE g.grantee = 0) THEN format('REVOKE ALL ON %s %I(%s) FROM PUBLIC', made.word, p.proname, made.arguments) END,
           CASE WHEN made.comment IS NOT NULL THEN format('COMMENT ON %s %I(%s) IS %L', made.word, p.proname, made.arguments, made.comment) END) AS statements,
         'pg_proc' AS class, p.oid
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    CROSS JOIN LATERAL (SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS word, pg_catalog.pg_get_function_identity_arguments(p.oid) AS arguments,
      pg_catalog.obj_description(p.oid, 'pg_proc') AS comment, CASE WHEN p.prokind IN ('f', 'p', 'w') THEN pg_catalog.pg_get_functiondef(p.oid) END AS definition) made
   WHERE ${OWN_SCHEMA} AND NOT ${ofExtension('pg_proc', 'p.oid')}
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend i WHERE i.classid = 'pg_catalog.pg_proc'::regclass AND i.objid = p.oid AND i.deptype = 'i')
   ORDER BY p.oid`;

/** What an object needs beside what every server has. Of a table, a view, a sequence and the row of one: its name. */
const DEPENDENCIES = `
  SELECT DISTINCT pg_catalog.replace(d.classid::regclass::text, 'pg_catalog.', '') AS class, d.objid AS oid,
         CASE WHEN c.oid IS NULL THEN pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0) END AS what, e.extname AS extension,
         CASE WHEN y.oid IS NOT NULL AND e.oid IS NULL AND pg_catalog.pg_type_is_visible(y.oid) THEN n.nspname || '.' || y.typname END AS type,
         CASE WHEN e.oid IS NULL THEN ${routineName('d.refobjid')} END AS routine, cn.nspname || '.' || c.relname AS relation
    FROM pg_catalog.pg_depend d
    LEFT JOIN pg_catalog.pg_type v ON d.refclassid = 'pg_catalog.pg_type'::regclass AND v.oid = d.refobjid
    LEFT JOIN pg_catalog.pg_type y ON y.oid = coalesce((SELECT el.oid FROM pg_catalog.pg_type el WHERE el.typarray = v.oid), v.oid)
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = y.typnamespace
    LEFT JOIN pg_catalog.pg_class c ON c.oid = coalesce(nullif(y.typrelid, 0), CASE WHEN d.refclassid = 'pg_catalog.pg_class'::regclass THEN d.refobjid END) AND c.relkind <> 'c'
    LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_depend x ON x.classid = d.refclassid AND x.objid = coalesce(y.oid, d.refobjid) AND x.deptype = 'e'
    LEFT JOIN pg_catalog.pg_extension e ON e.oid = x.refobjid
   WHERE d.classid IN ('pg_catalog.pg_rewrite'::regclass, 'pg_catalog.pg_trigger'::regclass, 'pg_catalog.pg_policy'::regclass, 'pg_catalog.pg_statistic_ext'::regclass,
           'pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_class'::regclass, 'pg_catalog.pg_attrdef'::regclass, 'pg_catalog.pg_constraint'::regclass)
     AND d.deptype IN ('n', 'a') AND d.refobjid >= 16384
     AND d.refclassid NOT IN ('pg_catalog.pg_namespace'::regclass, 'pg_catalog.pg_constraint'::regclass, 'pg_catalog.pg_extension'::regclass)
   ORDER BY 1, 2, 3`;

type Dependencies = Pick<CatalogueObject, 'needs' | 'reads'>;

async function dependencies(session: Session): Promise<(row: Row) => Dependencies> {
  const found = rowsBy(await session.rows(DEPENDENCIES), (row) => `${row['class'] ?? ''} ${row['oid'] ?? ''}`);
  return (row) => {
    const mine = found.get(`${row['class'] ?? ''} ${row['oid'] ?? ''}`) ?? [];
    const needs: CatalogueNeed[] = needsOf(
      mine.filter(({ relation, extension }) => relation == null || extension != null),
    );
    const itself = `${row['schema'] ?? ''}.${row['name'] ?? ''}`;
    const named = mine.filter(({ extension }) => extension == null).flatMap(({ relation }) => relation ?? []);
    const reads = [...new Set(named)].filter((name) => name !== itself);
    return { ...(needs.length > 0 && { needs }), ...(reads.length > 0 && { reads }) };
  };
}

function objectOf({ kind, schema, name, definition }: Row): CatalogueObject {
  return {
    kind: (kind ?? 'view') as ObjectKind,
    schema: schema ?? '',
    name: name ?? '',
    ...(typeof definition === 'string' && { definition: definition.trim() }),
  };
}

/** Without those that do not apply. */
function statementsOf(row: Row): string[] {
  return (JSON.parse(row['statements'] ?? '[]') as (string | null)[]).filter((statement) => statement !== null);
}

function withWords(row: Row): Pick<CatalogueObject, 'words'> {
  const { of_kind: kind, of_schema: schema, of_name: name, part, promoted } = row;
  return {
    words: {
      ...(kind != null && {
        of: { kind: kind as 'relation' | 'type' | 'routine', schema: schema ?? '', name: name ?? '' },
      }),
      ...(part != null && { part }),
      statements: statementsOf(row),
      ...(promoted != null && promoted !== '' && { promoted }),
    },
  };
}

function viewOf(row: Row, queries: ReadonlyMap<string, string>): CatalogueView {
  const query = queries.get(row['view_oid'] ?? '');
  return {
    columns: jsonList(row['columns']),
    options: row['kind'] === 'view' ? jsonList(row['options']) : [],
    ...(query !== undefined && { materialized: { populated: row['populated'] === 't', query } }),
  };
}

function routineOf(row: Row): Pick<CatalogueObject, 'routine' | 'words'> {
  const statements = statementsOf(row);
  return {
    routine: {
      name: row['plain_name'] ?? '',
      arguments: Number(row['arguments']),
      language: row['language'] ?? '',
      definer: row['definer'] === 't',
      hidden: row['hidden'] === 't',
      names: jsonList(row['names']),
      schemas: jsonList(row['schemas']),
    },
    ...(/^CREATE (?:FUNCTION|PROCEDURE) /.test(statements[0] ?? '') && { words: { statements } }),
  };
}

/** What fills materialized views, with every name qualified: the source itself is asked by it. */
async function materializedQueries(session: Session): Promise<Map<string, string>> {
  const [path] = await session.rows(`SELECT current_setting('search_path') AS path`);
  await session.rows(`SELECT pg_catalog.set_config('search_path', '', true)`);
  const rows = await session.rows(
    `SELECT c.oid, rtrim(pg_catalog.pg_get_viewdef(c.oid), ';') AS query FROM ${CLASS} WHERE ${OWN_SCHEMA} AND c.relkind = 'm'`,
  );
  await session.rows(`SELECT pg_catalog.set_config('search_path', $1, true)`, [path?.['path'] ?? '']);
  return new Map(rows.map((row) => [row['oid'] ?? '', row['query'] ?? '']));
}

/** Everything that is no table, type or sequence, with the words that make it, in the order in which it was made. */
export async function readObjects(session: Session): Promise<CatalogueObject[]> {
  const depends = await dependencies(session);
  const queries = await materializedQueries(session);
  const objects: CatalogueObject[] = [];
  for (const row of await session.rows(VIEWS))
    objects.push({ ...objectOf(row), view: viewOf(row, queries), ...depends(row) });
  for (const row of await session.rows(ROUTINES))
    objects.push({ ...objectOf(row), ...routineOf(row), ...depends(row) });
  for (const query of [...WORDS, ...NOTES]) {
    for (const row of await session.rows(`SELECT * FROM (${query}) AS q ORDER BY kind, schema, name`))
      objects.push({ ...objectOf(row), ...withWords(row), ...depends(row) });
  }
  for (const query of LISTED) {
    for (const row of await session.rows(`SELECT * FROM (${query}) AS q ORDER BY kind, schema, name`))
      objects.push(objectOf(row));
  }
  return objects;
}
