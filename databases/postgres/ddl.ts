import { shadowSchema } from '../../contracts/names.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { MigrationMapping, TableMapping } from '../../contracts/mapping.js';
import { columnCollateSql, makeCollations, namesIn as collationsIn, unusedCollations } from './collations/made.js';
import type { MadeNames } from './collations/made.js';
import type { Session } from './connect.js';
import { qualified, quoted } from './identifiers.js';
import { generatedSql } from './generated.js';
import { indexSql } from './indexes.js';
import { makeObject, promotedSql } from './native-objects.js';
import { onUpdateBody } from './on-update.js';
import { inTransaction } from './session-pool.js';
import { constraintSql, createTypeSql, makeSequences, sequenceOptionsSql } from './native-ddl.js';
import { expressionSql, typeSql, wordsSql } from './sql-guards.js';

/** Tables made in one transaction: each takes a handful of locks, and a server has 6,400 by default. */
const TABLES_PER_TRANSACTION = 100;

/** Refuses names, types and expressions that could not, or must not, stand in a statement; before anything is made. */
export function checkDefinitions(hash: string, mapping: MigrationMapping): void {
  const shadow = shadowSchema(hash);
  quoted(mapping.targetSchema);
  for (const type of mapping.types) createTypeSql(shadow, type, mapping.types);
  for (const sequence of mapping.sequences ?? []) sequenceOptionsSql(sequence);
  for (const { promoted } of mapping.objects ?? []) if (promoted !== undefined) promotedSql(promoted);
  for (const table of mapping.tables) {
    createTableSql(shadow, { table, mapping, collations: collationsIn(shadow) });
    const keys = [...(table.primaryKey === undefined ? [] : [table.primaryKey]), ...table.uniqueKeys];
    for (const named of [...keys, ...table.indexes, ...table.foreignKeys, ...table.checks]) quoted(named.name);
    for (const key of [...keys, ...(table.exclusions ?? [])])
      if (key.definition !== undefined) constraintSql(key.definition);
    for (const check of table.checks) expressionSql(check.expression);
    onUpdateBody(table);
    for (const column of table.columns) if (column.default !== undefined) expressionSql(column.default);
    for (const index of table.indexes) indexSql(index);
  }
}

/** Enum types and tables (columns without keys, defaults, identity) in the shadow. What is there stays. */
export async function makeTypesAndTables(session: Session, hash: string, mapping: MigrationMapping): Promise<void> {
  const shadow = shadowSchema(hash);
  const types = await namesIn(session, shadow, 'type');
  const tables = await namesIn(session, shadow, 'table');
  const collations = await makeCollations(session, hash, mapping);
  const runAll = async (statements: readonly string[]): Promise<void> => {
    for (let at = 0; at < statements.length; at += TABLES_PER_TRANSACTION) {
      const batch = statements.slice(at, at + TABLES_PER_TRANSACTION);
      await inTransaction(session, () => session.run(batch.join(';\n')));
    }
  };
  await runAll(
    mapping.types.filter((type) => !types.has(type.name)).map((type) => createTypeSql(shadow, type, mapping.types)),
  );
  await makeEarlyRoutines(session, hash, mapping);
  await runAll(
    mapping.tables
      .filter((table) => !tables.has(table.target.name))
      .map((table) => createTableSql(shadow, { table, mapping, collations })),
  );
  await makeSequences(session, shadow, mapping);
}

/** Routines that columns, checks and indexes need. */
async function makeEarlyRoutines(session: Session, hash: string, mapping: MigrationMapping): Promise<void> {
  for (const object of mapping.objects ?? []) {
    if (object.routine?.early !== true) continue;
    const made = await makeObject(session, hash, object);
    if (made.made) continue;
    throw new CaravanFailure('PLAN_INVALID', { attempted: 'make the routine', on: object.name, seen: made.reason });
  }
}

/** Drops tables, functions and types that the mapping does not name. Before the pivot only; nothing of the plan depends on them. */
export async function dropUnnamed(session: Session, hash: string, mapping: MigrationMapping): Promise<void> {
  const shadow = shadowSchema(hash);
  const tables = new Set(mapping.tables.map((table) => table.target.name));
  const types = new Set(mapping.types.map((type) => type.name));
  const functions = new Set([
    ...mapping.tables.flatMap((table) => table.onUpdate?.name ?? []),
    ...(mapping.objects ?? []).flatMap(({ routine }) => routine?.name ?? []),
    ...(mapping.routines ?? []).map(({ target }) => target.name),
  ]);
  const unnamed = [
    ...[...(await namesIn(session, shadow, 'table'))]
      .filter((name) => !tables.has(name))
      .map((name) => `DROP TABLE ${qualified(shadow, name)}`),
    ...[...(await namesIn(session, shadow, 'function'))]
      .filter((name) => !functions.has(name))
      .map((name) => `DROP ROUTINE ${qualified(shadow, name)}`),
    ...[...(await namesIn(session, shadow, 'type'))]
      .filter((name) => !types.has(name))
      .reverse()
      .map((name) => `DROP TYPE ${qualified(shadow, name)}`),
    ...(await unusedCollations(session, shadow, mapping)),
  ];
  for (let at = 0; at < unnamed.length; at += TABLES_PER_TRANSACTION) {
    const batch = unnamed.slice(at, at + TABLES_PER_TRANSACTION);
    await inTransaction(session, () => session.run(batch.join(';\n')));
  }
}

/** Never UNLOGGED: after a crash such a table is empty while the ledger says done. */
function createTableSql(
  schema: string,
  {
    table,
    mapping,
    collations,
  }: { readonly table: TableMapping; readonly mapping: MigrationMapping; readonly collations: MadeNames },
): string {
  const columns = table.columns.map((column) => {
    const type = typeSql(column, mapping.types, schema);
    return `${quoted(column.target)} ${type}${columnCollateSql(column, collations)}${generatedSql(column)}${column.nullable ? '' : ' NOT NULL'}`;
  });
  const { key, parts = [] } = table.partitions ?? {};
  const made = `CREATE TABLE ${qualified(schema, table.target.name)} (\n  ${columns.join(',\n  ')}\n)${partitionedSql(key)}`;
  return [made, ...parts.map((part) => partSql(schema, part))].join(';\n');
}

function partSql(schema: string, { name, of, bound, key }: Partition): string {
  const words = wordsSql(bound, /^(?:FOR VALUES |DEFAULT$)/);
  return `CREATE TABLE ${qualified(schema, name)} PARTITION OF ${qualified(schema, of)} ${words}${partitionedSql(key)}`;
}

function partitionedSql(key: string | undefined): string {
  return key === undefined ? '' : ` PARTITION BY ${wordsSql(key, /^(?:RANGE|LIST|HASH) \(/)}`;
}

type Partition = NonNullable<TableMapping['partitions']>['parts'][number];

const NAMES = {
  table: `SELECT c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition`,
  type: `SELECT t.typname AS name FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE n.nspname = $1 AND (t.typtype IN ('e', 'd') OR t.typtype = 'c'
      AND (SELECT c.relkind FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid) = 'c') ORDER BY t.oid`,
  function: `SELECT p.proname AS name FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = $1 AND p.pronargs = 0`,
} as const;

async function namesIn(session: Session, schema: string, what: keyof typeof NAMES): Promise<Set<string>> {
  const rows = await session.rows(NAMES[what], [schema]);
  return new Set(rows.map((row) => row['name'] ?? ''));
}

/** The mapping's column with this target name; the plan was checked before, so its absence is a defect of the plan. */
export function targetColumn(table: TableMapping, name: string): TableMapping['columns'][number] {
  const column = table.columns.find((candidate) => candidate.target === name);
  if (column !== undefined) return column;
  throw new CaravanFailure('PLAN_INVALID', {
    attempted: 'find the column',
    on: `${table.target.name}.${name}`,
    seen: 'the mapping of the table has no such column',
    facts: { table: table.target.name, column: name },
  });
}
