import type { StandingColumn, StandingTable } from '../../standing.js';
import type { Row, Session } from '../connect.js';
import { constraintsIn, indexesIn } from '../constraints.js';

/** A column that a sequence counts: by its default, or as an identity column. */
const COUNTED = `EXISTS (
  SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
   WHERE d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = f.oid
     AND d.refclassid = 'pg_catalog.pg_class'::regclass)`;

/** What `plainType` and `wordsOfType` need of a column's type; an array is told by its elements' type. */
export const TYPE = {
  columns: `pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, t.typname AS type_name, t.typtype AS type_kind,
         et.typname AS element, et.oid <> t.oid AS is_array, en.nspname = 'pg_catalog' AS built_in`,
  joins: `JOIN pg_catalog.pg_type t ON t.oid = a.atttypid LEFT JOIN pg_catalog.pg_type el ON el.typarray = t.oid
    JOIN pg_catalog.pg_type et ON et.oid = coalesce(el.oid, t.oid) JOIN pg_catalog.pg_namespace en ON en.oid = et.typnamespace`,
};

const COLUMNS = `
  SELECT c.relname AS table_name, a.attname AS name, NOT a.attnotnull AS nullable, ${TYPE.columns},
         CASE WHEN b.typnamespace = 'pg_catalog'::regnamespace THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END AS domain_of,
         (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid) AS labels,
         CASE WHEN a.attgenerated <> '' THEN 'generated' WHEN a.attidentity <> '' OR ${COUNTED} THEN 'sequence'
              WHEN a.atthasdef OR t.typdefault IS NOT NULL THEN 'default' END AS fills
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ${TYPE.joins} LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype
    LEFT JOIN pg_catalog.pg_attrdef f ON f.adrelid = c.oid AND f.adnum = a.attnum
   WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY c.relname, a.attnum`;

const TABLES = `
  SELECT c.relname AS name, c.relkind AS kind, c.relispartition AS partition,
         EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent)) AS inherits,
         pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned, pg_catalog.row_security_active(c.oid) AS secured
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY c.relname`;

/** What stands in a schema, with all that rows from elsewhere must fit. */
export async function standingTables(session: Session, schema: string): Promise<StandingTable[]> {
  const tables = await session.rows(TABLES, [schema]);
  const columns = Map.groupBy(await session.rows(COLUMNS, [schema]), (row) => row['table_name'] ?? '');
  const indexes = await indexesIn(session, schema);
  const constraints = await constraintsIn(session, schema);
  return tables.map((row): StandingTable => {
    const name = row['name'] ?? '';
    const obstacle = obstacleOf(row);
    return {
      name,
      columns: (columns.get(name) ?? []).map(columnOf),
      keys: (indexes.get(name) ?? [])
        .filter(({ valid }) => valid)
        .map((index) => ({
          columns: index.columns.map((column) => column.replace(/ desc$/, '')),
          unique: index.unique && !index.partial,
        })),
      foreignKeys: (constraints.get(name) ?? [])
        .filter(({ kind }) => kind === 'f')
        .map((key) => ({ columns: key.columns, referenced: key.referenced ?? '' })),
      ...(obstacle !== undefined && { obstacle }),
    };
  });
}

const NO_TABLES: Readonly<Record<string, string>> = {
  v: 'it is a view',
  m: 'it is a materialized view',
  f: 'it is a foreign table',
  p: 'it is partitioned',
};

function obstacleOf(row: Row): string | undefined {
  const other = NO_TABLES[row['kind'] ?? ''];
  if (other !== undefined) return other;
  if (row['partition'] === 't') return 'it is a partition';
  if (row['inherits'] === 't') return 'it inherits, or others inherit from it';
  if (row['owned'] !== 't') return 'the login is no member of the role that owns it';
  return row['secured'] === 't' ? 'its row security holds for its owner too (FORCE)' : undefined;
}

function columnOf(row: Row): StandingColumn {
  const fills = row['fills'];
  return {
    name: row['name'] ?? '',
    type: plainType(row),
    declared: wordsOfType(row),
    ...(row['domain_of'] !== null && row['domain_of'] !== undefined && { domainOf: row['domain_of'] }),
    ...(row['type_kind'] === 'e' && { labels: JSON.parse(row['labels'] ?? '[]') as string[] }),
    nullable: row['nullable'] === 't',
    ...(fills !== null && fills !== undefined && { fills: fills as NonNullable<StandingColumn['fills']> }),
  };
}

/** A type as a plan spells it, from its own and its printed name. */
export function plainType(row: Row): string {
  const name = row['type_name'] ?? '';
  if (row['type_kind'] === 'e' || name === 'citext') return name;
  return (row['type'] ?? '')
    .replace(/^character varying/, 'varchar')
    .replace(/^timestamp(\(\d\))? with time zone$/, 'timestamptz$1')
    .replace(/^(timestamp|time)(\(\d\))? without time zone$/, '$1$2');
}

/** A type in PostgreSQL's own words, as a plan from PostgreSQL spells it: one that somebody made by its quoted name. */
export function wordsOfType(row: Row): string {
  const declared = row['type'] ?? '';
  if (row['built_in'] === 't') return declared;
  const modifier = /\([^()]*\)/.exec(declared)?.[0] ?? '';
  return `"${(row['element'] ?? '').replaceAll('"', '""')}"${modifier}${row['is_array'] === 't' ? '[]' : ''}`;
}
