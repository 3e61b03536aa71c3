import type { ExistingColumn, ExistingTable } from '../../../contracts/existing.js';
import type { Row, Session } from '../connect.js';
import { constraintsIn, indexesIn } from '../constraints.js';
import { qualified, quoted } from '../identifiers.js';
import { triggersIn } from '../on-update.js';
import { kindOf } from '../views.js';

const COLUMNS = `
  SELECT c.relname AS table_name, c.relkind AS kind, a.attname AS name,
         CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod)
              ELSE pg_catalog.format_type(a.atttypid, a.atttypmod) END AS type,
         pg_catalog.format_type(a.atttypid, a.atttypmod) AS declared,
         CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN (SELECT b.typname FROM pg_catalog.pg_type b WHERE b.oid = t.typbasetype)
              ELSE t.typname END AS base,
         (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid) AS labels,
         a.attnotnull AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'n' AND NOT k.convalidated
              AND k.conkey = ARRAY[a.attnum]) AS not_null,
         a.attgenerated <> '' AS generated, pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS expression
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
   WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'f', 'v', 'm') ORDER BY c.relname, a.attnum`;

/** Sequences that give a column its values: an identity's own, and those that its default asks. */
const SEQUENCES = `
  SELECT t.relname AS table_name, a.attname AS column_name, sn.nspname AS schema, s.relname AS name, q.seqincrement AS increment,
         has_sequence_privilege(s.oid, 'SELECT') AND has_schema_privilege(sn.oid, 'USAGE') AS readable
    FROM pg_catalog.pg_class s JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
    JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid
    JOIN LATERAL (
      SELECT p.refobjid AS relation, p.refobjsubid AS number FROM pg_catalog.pg_depend p
       WHERE p.classid = 'pg_catalog.pg_class'::regclass AND p.objid = s.oid
         AND p.refclassid = 'pg_catalog.pg_class'::regclass AND p.deptype = 'i'
      UNION
      SELECT d.adrelid, d.adnum FROM pg_catalog.pg_depend p JOIN pg_catalog.pg_attrdef d ON d.oid = p.objid
       WHERE p.classid = 'pg_catalog.pg_attrdef'::regclass AND p.refclassid = 'pg_catalog.pg_class'::regclass
         AND p.refobjid = s.oid) used ON true
    JOIN pg_catalog.pg_class t ON t.oid = used.relation JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = used.number
   WHERE n.nspname = $1 ORDER BY t.relname, a.attname`;

/** Tables and views of a schema with all that belongs to them. */
export async function readExisting(session: Session, schema: string): Promise<ExistingTable[]> {
  const rows = await session.rows(COLUMNS, [schema]);
  const constraints = await constraintsIn(session, schema);
  const indexes = await indexesIn(session, schema);
  const triggers = await triggersIn(session, schema);
  const sequences = await sequencesIn(session, schema);
  return [...Map.groupBy(rows, (row) => row['table_name'] ?? '')].map(([name, columns]) => ({
    name,
    kind: columns[0]?.['kind'] === 'v' || columns[0]?.['kind'] === 'm' ? 'view' : 'table',
    columns: columns.map((row) => columnOf(row, sequences.get(`${name}\0${row['name'] ?? ''}`))),
    constraints: constraints.get(name) ?? [],
    indexes: indexes.get(name) ?? [],
    triggers: triggers.get(name) ?? [],
  }));
}

function columnOf(row: Row, sequence: ExistingColumn['sequence']): ExistingColumn {
  const generated = row['generated'] === 't';
  const kind = kindOf(row['base'] ?? '');
  return {
    name: row['name'] ?? '',
    type: row['type'] ?? '',
    declared: row['declared'] ?? '',
    base: row['base'] ?? '',
    ...(row['labels'] && { labels: JSON.parse(row['labels']) as string[] }),
    ...(kind && { kind }),
    nullable: row['not_null'] !== 't',
    ...(row['expression'] && !generated && { default: row['expression'] }),
    generated,
    ...(sequence && { sequence }),
  };
}

type Sequence = NonNullable<ExistingColumn['sequence']>;

/** By table and column. What a sequence gives next, and the greatest value that the column has. */
async function sequencesIn(session: Session, schema: string): Promise<Map<string, Sequence>> {
  const sequences = new Map<string, Sequence>();
  for (const row of await session.rows(SEQUENCES, [schema])) {
    const [table, column] = [row['table_name'] ?? '', row['column_name'] ?? ''];
    let state: Sequence = { next: null, greatest: null };
    if (row['readable'] === 't') {
      const increment = row['increment'] ?? '1';
      // One that counts down is told with the other sign: then it collides alike.
      const greatest = increment.startsWith('-') ? `-min(${quoted(column)})` : `max(${quoted(column)})`;
      const sign = increment.startsWith('-') ? '-' : '';
      const [found] = await session.rows(
        `SELECT (${sign}(CASE WHEN is_called THEN last_value::numeric + ${increment} ELSE last_value END))::text AS next,
                (SELECT (${greatest})::text FROM ${qualified(schema, table)}) AS greatest
           FROM ${qualified(row['schema'] ?? '', row['name'] ?? '')}`,
      );
      state = { next: found?.['next'] ?? null, greatest: found?.['greatest'] ?? null };
    }
    sequences.set(`${table}\0${column}`, state);
  }
  return sequences;
}
