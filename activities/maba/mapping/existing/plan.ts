import { qualified } from '../../../../contracts/catalogue.js';
import type { ExistingTable, MatchedColumn, MatchedTable } from '../../../../contracts/existing.js';
import type {
  ColumnMapping,
  ForeignKeyMapping,
  MigrationMapping,
  NativeObject,
  NotMigrated,
  RoutineMapping,
  TableMapping,
  ViewMapping,
} from '../../../../contracts/mapping.js';
import { ROWS } from '../../../../contracts/mapping.js';
import { routineLeft } from '../given/row-filter.js';
import { applyRule } from '../names.js';
import { plainType } from './ways.js';

/** What both sides are read by: the tables and columns that can be compared, by their names and types in the target. */
export function comparisonPlan(
  drafted: MigrationMapping,
  matched: readonly MatchedTable[],
  existing: readonly ExistingTable[],
): MigrationMapping {
  const { views, missing } = comparedViews(drafted, existing);
  const left = drafted.notMigrated.filter(({ kind }) => kind !== 'generated column');
  const { objects = [], routines = [], ...known } = drafted;
  return {
    ...known,
    types: [],
    tables: matched.flatMap((table) => comparedTable(table, drafted, matched) ?? []),
    views,
    notMigrated: [...left.map(notCompared), ...objects.map(notRead), ...routines.map(notTried), ...missing],
  };
}

/** Whose definition is all that there is of them. */
const OBJECTS = new Set([
  'view',
  'materialized view',
  'trigger',
  'event trigger',
  'routine',
  'event',
  'rule',
  'policy',
  'virtual table',
]);

/** What PostgreSQL's own words make is not read again. */
function notRead({ kind, name }: NativeObject): NotMigrated {
  return { kind, name, reason: 'what it does is not compared' };
}

function notTried(routine: RoutineMapping): NotMigrated {
  return routineLeft(routine, 'what it does is not compared');
}

function notCompared({ kind, name, reason }: NotMigrated): NotMigrated {
  if (kind === ROWS) return { kind, name, reason: reason.replace('are moved', 'are compared') };
  return {
    kind,
    name,
    reason: OBJECTS.has(kind) ? 'what it does is not compared' : `it is not compared: ${reason}`,
  };
}

function comparedTable(
  { source, drafted, existing, columns }: MatchedTable,
  { targetSchema }: MigrationMapping,
  all: readonly MatchedTable[],
): TableMapping | undefined {
  const ways = columns.flatMap(({ way }) => way ?? []);
  if (existing === undefined || ways.length === 0) return undefined;
  const rowKey =
    drafted?.rowKey?.every((key) => ways.some((way) => way.source === key)) === true ? drafted.rowKey : undefined;
  const chunkKey = chunkKeyOf(drafted, ways, existing);
  const apart = columns.flatMap((column) => apartFrom(column) ?? []);
  return {
    source: { schema: source.schema, name: source.name },
    target: { schema: targetSchema, name: existing.name },
    columns: ways,
    ...(apart.length > 0 && { apart }),
    ...(drafted?.filter && { filter: drafted.filter }),
    uniqueKeys: [],
    indexes: [],
    foreignKeys: (drafted?.foreignKeys ?? []).flatMap(
      (key) => tiedBy(key, { table: { columns }, all, targetSchema }) ?? [],
    ),
    checks: [],
    ...(rowKey && { rowKey }),
    ...(chunkKey && { chunkKey }),
    chunkRows: drafted?.chunkRows ?? 100_000,
    estimatedRows: drafted?.estimatedRows ?? source.estimatedRows,
    transactional: source.transactional,
  };
}

interface Ties {
  readonly table: Pick<MatchedTable, 'columns'>;
  readonly all: readonly MatchedTable[];
  readonly targetSchema: string;
}

/** A foreign key by the names that its tables and columns have in the target; undefined where one is missing there. */
function tiedBy(key: ForeignKeyMapping, { table, all, targetSchema }: Ties): ForeignKeyMapping | undefined {
  const other = all.find(({ drafted }) => drafted?.target.name === key.targetTable.name);
  const columns = namesIn(table, key.columns);
  const targetColumns = other && namesIn(other, key.targetColumns);
  if (other?.existing === undefined || columns === undefined || targetColumns === undefined) return undefined;
  return { ...key, columns, targetTable: { schema: targetSchema, name: other.existing.name }, targetColumns };
}

function namesIn({ columns }: Pick<MatchedTable, 'columns'>, drafted: readonly string[]): string[] | undefined {
  const names = drafted.map((name) => columns.find((column) => column.drafted?.target === name)?.existing?.name);
  return names.includes(undefined) ? undefined : names.filter((name) => name !== undefined);
}

/** A column whose values cannot be compared one by one: what either side has of it can still be looked at as a whole. */
function apartFrom({ drafted, existing, way }: MatchedColumn): NonNullable<TableMapping['apart']>[number] | undefined {
  if (way !== undefined || drafted === undefined || existing?.kind === undefined) return undefined;
  const isNative = drafted.kind === 'native';
  const type = plainType(isNative ? { type: existing.declared, base: '' } : existing);
  const target: ColumnMapping = {
    source: drafted.source,
    target: existing.name,
    type,
    kind: isNative ? 'native' : existing.kind,
    sourceNullable: true,
    nullable: existing.nullable,
    transform: [{ op: 'as_is' }],
    limits: {},
    onInvalid: 'null',
    confidence: 1,
    reasons: [],
  };
  return { source: drafted, target };
}

/** Ranges are read on both sides only where the key orders alike on both, and the target has an index to find them by. */
function chunkKeyOf(
  drafted: TableMapping | undefined,
  ways: TableMapping['columns'],
  { indexes }: ExistingTable,
): TableMapping['chunkKey'] {
  const key = drafted?.chunkKey;
  const way = ways.find(({ source }) => source === key?.source);
  if (key === undefined || way === undefined) return undefined;
  const own = drafted?.columns.find(({ source }) => source === key.source);
  // A smaller type could not take every bound, and one of fewer digits would round it.
  const isWider = key.kind === 'integer' && (way.type === 'bigint' || way.type === 'numeric');
  const alike = way.type === own?.type || isWider;
  const indexed = indexes.some(({ columns, valid, partial }) => valid && !partial && columns[0] === way.target);
  return alike && indexed ? { ...key, target: way.target } : undefined;
}

/** Views whose columns are known on both sides; one that the target has not is listed. */
function comparedViews(
  { views, targetSchema, identifiers }: MigrationMapping,
  existing: readonly ExistingTable[],
): { views: ViewMapping[]; missing: NotMigrated[] } {
  const missing: NotMigrated[] = [];
  const compared = views.flatMap((view): ViewMapping[] => {
    const { name } = view.source;
    const names = [
      view.target.name,
      name,
      applyRule(name, identifiers),
      applyRule(name, 'lower'),
      applyRule(name, 'snake'),
    ];
    const there = names.flatMap((wanted) => existing.find((one) => one.name === wanted) ?? [])[0];
    if (there !== undefined) return [{ ...view, target: { schema: targetSchema, name: there.name }, query: '' }];
    missing.push({ kind: 'view', name: qualified(view.source), reason: 'the target has none of this name' });
    return [];
  });
  return { views: compared, missing };
}
