import { REFERENTIAL_ACTIONS } from '../../contracts/existing.js';
import { shadowSchema, sidecarSchema } from '../../contracts/names.js';
import { madeCollation } from '../../contracts/mapping.js';
import type { ColumnMapping, MigrationMapping, TableMapping } from '../../contracts/mapping.js';
import type { Finding } from '../../contracts/migration.js';
import { madeName } from './collations/made.js';
import type { Session } from './connect.js';
import { constraintsIn, indexesIn, sameNames } from './constraints.js';
import type { ExistingConstraint, ExistingIndex } from './constraints.js';
import { finding } from './findings.js';
import { qualified, quoted } from './identifiers.js';
import { isSameIndex, unmadeIn } from './indexes.js';
import { isRelaxed } from './not-null.js';
import { isOnUpdate, triggersIn } from './on-update.js';
import type { ExistingTrigger } from './on-update.js';
import { objectName } from './shadow-table.js';
import { typeSql } from './sql-guards.js';

/** PostgreSQL's limit of columns is 1,600; wide types fill a page's worth of catalogue row earlier. */
const TYPES_PER_PROBE = 500;

/** The plan against the shadow's real catalogue, object by object. A NOT VALID constraint counts as there. */
export async function compareStructure(
  session: Session,
  hash: string,
  mapping: MigrationMapping,
): Promise<{ objects: number; findings: Finding[] }> {
  const shadow = shadowSchema(hash);
  const actual: Actual = {
    columns: await columnsIn(session, shadow),
    constraints: await constraintsIn(session, shadow),
    indexes: await indexesIn(session, shadow),
    unmade: await unmadeIn(session, sidecarSchema(hash)),
    labels: await enumsIn(session, shadow),
    triggers: await triggersIn(session, shadow),
    parts: await partsIn(session, shadow),
    types: await normalTypes(session, { shadow, sidecar: sidecarSchema(hash), mapping }),
  };
  const differences = new Differences();
  for (const type of mapping.types) {
    const labels = actual.labels.get(type.name);
    differences.check(
      labels !== undefined && sameNames(labels, type.labels),
      `${mapping.targetSchema}.${type.name}`,
      'the type',
    );
  }
  for (const table of mapping.tables) compareTable(table, { actual, mapping, shadow, differences });
  const planned = new Set(mapping.tables.map((table) => table.target.name));
  for (const name of actual.columns.keys()) {
    if (!planned.has(name)) differences.check(false, `${mapping.targetSchema}.${name}`, 'a table outside the plan');
  }
  return { objects: differences.objects, findings: differences.findings };
}

interface Column {
  readonly type: string;
  /** Where it is not its type's own. */
  readonly collation: string | undefined;
  readonly nullable: boolean;
  readonly hasDefault: boolean;
  readonly identity: string;
  readonly generated: boolean;
}

interface Actual {
  readonly columns: Map<string, Map<string, Column>>;
  readonly constraints: Map<string, ExistingConstraint[]>;
  readonly indexes: Map<string, ExistingIndex[]>;
  /** Names of indexes that could not be made. */
  readonly unmade: ReadonlySet<string>;
  readonly labels: Map<string, string[]>;
  /** What each partition is a part of, by its name. */
  readonly parts: ReadonlyMap<string, string>;
  /** By table. */
  readonly triggers: Map<string, ExistingTrigger[]>;
  /** The plan's type SQL to the server's own spelling. */
  readonly types: Map<string, string>;
}

interface Comparison {
  readonly actual: Actual;
  readonly mapping: MigrationMapping;
  readonly shadow: string;
  readonly differences: Differences;
}

class Differences {
  objects = 0;
  readonly findings: Finding[] = [];

  check(equal: boolean, object: string, what: string): void {
    this.objects += 1;
    if (equal) return;
    this.findings.push(
      finding('structure_differs', object, {
        count: 1,
        detail: `In the shadow, ${what} "${object}" is not as planned.`,
      }),
    );
  }
}

function compareTable(table: TableMapping, comparison: Comparison): void {
  const { actual, differences } = comparison;
  const name = objectName(table);
  const columns = actual.columns.get(table.target.name);
  differences.check(columns?.size === table.columns.length, name, 'the table');
  compareOnUpdate(table, comparison);
  if (columns === undefined) return;
  for (const { name: part, of } of table.partitions?.parts ?? [])
    differences.check(actual.parts.get(part) === of, `${name}.${part}`, 'the partition');
  for (const column of table.columns) {
    const there = columns.get(column.target);
    const inKey = table.primaryKey?.columns.includes(column.target) === true || column.identity !== undefined;
    const equal =
      there !== undefined &&
      there.type === actual.types.get(typeSql(column, comparison.mapping.types, comparison.shadow)) &&
      isPlannedCollation(there.collation, column) &&
      (there.nullable === (column.nullable && !inKey) || (isRelaxed(column) && !there.nullable)) &&
      (there.generated || there.hasDefault === (column.default !== undefined && column.identity === undefined)) &&
      // Plain where it was to be generated: buildKeys has said so.
      (!there.generated || column.generated !== undefined) &&
      (there.identity !== '') === (column.identity !== undefined);
    differences.check(equal, `${name}.${column.target}`, 'the column');
  }
  compareConstraints(table, comparison);
  for (const index of table.indexes) {
    const there = actual.indexes.get(table.target.name)?.find((candidate) => candidate.name === index.name);
    // One that the server cannot make was told when it was tried.
    const equal = there === undefined ? actual.unmade.has(index.name) : there.valid && isSameIndex(there, index);
    differences.check(equal, `${name}.${index.name}`, 'the index');
  }
}

/** A collation of the plan may have a hash behind its name. */
function isPlannedCollation(there: string | undefined, column: ColumnMapping): boolean {
  const made = madeCollation(column);
  return made === undefined ? there === column.collation : there?.startsWith(madeName(made)) === true;
}

/** The trigger is there with its body, and no other. */
function compareOnUpdate(table: TableMapping, { actual, differences }: Comparison): void {
  // Triggers of the source are made disabled, once all is proven; this may be another round.
  const there = (actual.triggers.get(table.target.name) ?? []).filter((trigger) => trigger.enabled);
  if (table.onUpdate === undefined) {
    if (there.length > 0) differences.check(false, objectName(table), 'what an update does to');
    return;
  }
  const [only] = there;
  const equal = there.length === 1 && only !== undefined && isOnUpdate(only, table);
  differences.check(equal, `${objectName(table)}.${table.onUpdate.name}`, 'the trigger');
}

function compareConstraints(table: TableMapping, { actual, differences }: Comparison): void {
  const name = objectName(table);
  const there = actual.constraints.get(table.target.name) ?? [];
  const find = (kind: string, wanted: string): ExistingConstraint | undefined =>
    there.find((constraint) => constraint.kind === kind && constraint.name === wanted);
  if (table.primaryKey !== undefined) {
    const found = find('p', table.primaryKey.name);
    differences.check(
      found !== undefined && sameNames(found.columns, table.primaryKey.columns),
      `${name}.${table.primaryKey.name}`,
      'the primary key',
    );
  }
  for (const key of table.uniqueKeys) {
    const found = find('u', key.name);
    differences.check(
      found !== undefined && sameNames(found.columns, key.columns),
      `${name}.${key.name}`,
      'the unique key',
    );
  }
  for (const key of table.foreignKeys) {
    const found = find('f', key.name);
    const equal =
      found !== undefined &&
      sameNames(found.columns, key.columns) &&
      found.referenced === key.targetTable.name &&
      sameNames(found.referencedColumns, key.targetColumns) &&
      REFERENTIAL_ACTIONS[found.onDelete ?? ''] === key.onDelete &&
      REFERENTIAL_ACTIONS[found.onUpdate ?? ''] === key.onUpdate;
    differences.check(equal, `${name}.${key.name}`, 'the foreign key');
  }
  for (const key of table.exclusions ?? [])
    differences.check(find('x', key.name) !== undefined, `${name}.${key.name}`, 'the exclusion constraint');
  for (const check of table.checks)
    differences.check(find('c', check.name) !== undefined, `${name}.${check.name}`, 'the check');
}

async function columnsIn(session: Session, schema: string): Promise<Map<string, Map<string, Column>>> {
  const rows = await session.rows(
    `SELECT c.relname AS table_name, a.attname AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
            CASE WHEN a.attcollation <> t.typcollation THEN l.collname END AS collation, a.attnotnull AS not_null, a.atthasdef AS has_default, a.attidentity AS identity,
            a.attgenerated AS generated
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
       LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
      WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname, a.attnum`,
    [schema],
  );
  const tables = new Map<string, Map<string, Column>>();
  for (const row of rows) {
    const columns = tables.get(row['table_name'] ?? '') ?? new Map<string, Column>();
    tables.set(row['table_name'] ?? '', columns);
    if (row['name'] === null || row['name'] === undefined) continue;
    columns.set(row['name'], {
      type: row['type'] ?? '',
      collation: row['collation'] ?? undefined,
      nullable: row['not_null'] === 'f',
      hasDefault: row['has_default'] === 't',
      identity: row['identity'] ?? '',
      generated: (row['generated'] ?? '') !== '',
    });
  }
  return tables;
}

async function partsIn(session: Session, schema: string): Promise<Map<string, string>> {
  const rows = await session.rows(
    `SELECT c.relname AS name, p.relname AS parent
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
      WHERE n.nspname = $1 AND c.relispartition AND c.relkind IN ('r', 'p')`,
    [schema],
  );
  return new Map(rows.map((row) => [row['name'] ?? '', row['parent'] ?? '']));
}

async function enumsIn(session: Session, schema: string): Promise<Map<string, string[]>> {
  const rows = await session.rows(
    `SELECT t.typname AS name, (SELECT coalesce(json_agg(e.enumlabel ORDER BY e.enumsortorder), '[]')
                                  FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid) AS labels
       FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
      WHERE n.nspname = $1 AND t.typtype IN ('e', 'd', 'c')`,
    [schema],
  );
  return new Map(rows.map((row) => [row['name'] ?? '', JSON.parse(row['labels'] ?? '[]') as string[]]));
}

/** The server itself says how it spells each type: from the columns of a table that is rolled back. */
async function normalTypes(
  session: Session,
  at: { shadow: string; sidecar: string; mapping: MigrationMapping },
): Promise<Map<string, string>> {
  const { shadow, sidecar, mapping } = at;
  const texts = mapping.tables.flatMap((table) =>
    table.columns.map((column) => typeSql(column, mapping.types, shadow)),
  );
  const distinct = [...new Set(texts)];
  const types = new Map<string, string>();
  for (let from = 0; from < distinct.length; from += TYPES_PER_PROBE) {
    const batch = distinct.slice(from, from + TYPES_PER_PROBE);
    const probe = qualified(sidecar, 'type_probe');
    await session.run('BEGIN');
    try {
      await session.run(
        `CREATE TABLE ${probe} (${batch.map((type, column) => `${quoted(`c${column}`)} ${type}`).join(', ')})`,
      );
      const rows = await session.rows(
        `SELECT pg_catalog.format_type(atttypid, atttypmod) AS type FROM pg_catalog.pg_attribute
          WHERE attrelid = $1::regclass AND attnum > 0 ORDER BY attnum`,
        [probe],
      );
      for (const [column, row] of rows.entries()) types.set(batch[column] ?? '', row['type'] ?? '');
    } finally {
      await session.run('ROLLBACK');
    }
  }
  return types;
}
