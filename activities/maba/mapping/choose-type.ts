import type { Catalogue, CatalogueColumn, CatalogueForeignKey, CatalogueTable } from '../../../contracts/catalogue.js';
import { qualified } from '../../../contracts/catalogue.js';
import type { ColumnProfile, TableProfile } from '../../../contracts/profile.js';
import type { MadeCollation } from '../../../contracts/mapping.js';
import { jsonCheckedColumn } from './checks.js';
import type { ChosenType, TypeContext } from './choice.js';
import { keyCollations } from './collations/choose.js';
import type { Given } from './given/given.js';
import { chooseCsvType } from './types-csv.js';
import { chooseMysqlType } from './types-mysql.js';
import { choosePostgresType } from './types-postgres.js';
import { chooseSqliteType } from './types-sqlite.js';

/** What all choices of one migration look at; made once. */
export interface Survey {
  readonly catalogue: Catalogue;
  readonly profiles: ReadonlyMap<string, TableProfile>;
  readonly answers: Readonly<Record<string, string>>;
  /** "schema.table.column" of columns that a foreign key has on either side. */
  readonly referenced: ReadonlySet<string>;
  /** "schema.table.column" of unsigned 64-bit columns that stay bigint. */
  readonly keptBigint: ReadonlySet<string>;
  /** How texts are compared, by "schema.table.column"; what is not there is compared exactly. */
  readonly collations: ReadonlyMap<string, MadeCollation>;
  /** What a mapping file says of columns, by "schema.table.column". */
  readonly given: Given['columns'];
}

export function columnPath(table: { readonly schema: string; readonly name: string }, column: string): string {
  return `${qualified(table)}.${column}`;
}

export function typeQuestionId(table: { readonly schema: string; readonly name: string }, column: string): string {
  return `type:${columnPath(table, column)}`;
}

/** Finds by exact name, else without regard to case: SQLite, and MySQL for columns, fold names. */
export function findByName<T extends { readonly name: string }>(items: readonly T[], name: string): T | undefined {
  return (
    items.find((item) => item.name === name) ?? items.find((item) => item.name.toLowerCase() === name.toLowerCase())
  );
}

export interface ResolvedForeignKey {
  readonly key: CatalogueForeignKey;
  readonly table: CatalogueTable;
  readonly parent: CatalogueTable;
  readonly columns: readonly CatalogueColumn[];
  readonly parentColumns: readonly CatalogueColumn[];
}

/** The foreign key with both ends found in the catalogue. */
export function resolveForeignKey(
  catalogue: Catalogue,
  table: CatalogueTable,
  key: CatalogueForeignKey,
): ResolvedForeignKey | { readonly missing: 'table' | 'columns' } {
  const schema = key.targetSchema === '' ? table.schema : key.targetSchema;
  const parent = findByName(
    catalogue.tables.filter((candidate) => candidate.schema.toLowerCase() === schema.toLowerCase()),
    key.targetTable,
  );
  if (!parent) return { missing: 'table' };
  const names = key.targetColumns.length > 0 ? key.targetColumns : (parent.primaryKey ?? []).map((part) => part.column);
  const parentColumns = names.map((name) => findByName(parent.columns, name));
  const columns = key.columns.map((name) => findByName(table.columns, name));
  const complete = <T>(items: readonly (T | undefined)[]): items is T[] => items.every((item) => item !== undefined);
  if (
    !complete(columns) ||
    !complete(parentColumns) ||
    columns.length !== parentColumns.length ||
    columns.length === 0
  ) {
    return { missing: 'columns' };
  }
  return { key, table, parent, columns, parentColumns };
}

function allForeignKeys(catalogue: Catalogue): ResolvedForeignKey[] {
  return catalogue.tables.flatMap((table) =>
    table.foreignKeys.flatMap((key) => {
      const resolved = resolveForeignKey(catalogue, table, key);
      return 'missing' in resolved ? [] : [resolved];
    }),
  );
}

const isUnsigned64 = (column: CatalogueColumn): boolean =>
  column.type.base === 'bigint' && column.type.unsigned === true;
const BIGINT_MAX = 9_223_372_036_854_775_807n;

function fitsBigint(profile: ColumnProfile | undefined): boolean {
  const max = profile?.max;
  return max === undefined || (/^-?\d+$/.test(max) && BigInt(max) <= BIGINT_MAX);
}

/**
 * An identity column cannot be numeric, and a foreign key cannot join numeric with bigint: unsigned 64-bit columns
 * that count, and all that reference them, stay bigint together.
 */
function keptBigints(
  catalogue: Catalogue,
  keys: readonly ResolvedForeignKey[],
  profiles: Survey['profiles'],
): Set<string> {
  const kept = new Set<string>();
  for (const table of catalogue.tables) {
    const known = profiles.get(qualified(table))?.columns;
    for (const column of table.columns) {
      if (column.autoIncrement !== true || !isUnsigned64(column)) continue;
      if (fitsBigint(known?.find((candidate) => candidate.column === column.name)))
        kept.add(columnPath(table, column.name));
    }
  }
  const pairs = keys.flatMap(({ table, parent, columns, parentColumns }) =>
    columns.map((column, at) => {
      const other = parentColumns[at] ?? column;
      return { own: column, ownPath: columnPath(table, column.name), other, otherPath: columnPath(parent, other.name) };
    }),
  );
  for (let size = -1; size !== kept.size;) {
    size = kept.size;
    for (const { own, ownPath, other, otherPath } of pairs) {
      if (kept.has(otherPath) && isUnsigned64(own)) kept.add(ownPath);
      if (kept.has(ownPath) && isUnsigned64(other)) kept.add(otherPath);
    }
  }
  return kept;
}

export function surveyOf(
  catalogue: Catalogue,
  profiles: readonly TableProfile[],
  answers: Readonly<Record<string, string>>,
  given: Given['columns'] = new Map(),
): Survey {
  const byTable = new Map(profiles.map((profile) => [`${profile.schema}.${profile.table}`, profile]));
  const keys = allForeignKeys(catalogue);
  const referenced = new Set(
    keys.flatMap(({ table, parent, columns, parentColumns }) => [
      ...columns.map((column) => columnPath(table, column.name)),
      ...parentColumns.map((column) => columnPath(parent, column.name)),
    ]),
  );
  return {
    catalogue,
    profiles: byTable,
    answers,
    referenced,
    keptBigint: keptBigints(catalogue, keys, byTable),
    collations: keyCollations(catalogue, keys, given),
    given,
  };
}

export function inPrimaryKey(table: CatalogueTable, column: string): boolean {
  return (table.primaryKey ?? []).some((part) => part.column === column);
}

export function contextOf(survey: Survey, table: CatalogueTable, column: CatalogueColumn): TypeContext {
  const path = columnPath(table, column.name);
  const tableProfile = survey.profiles.get(qualified(table));
  const profile = tableProfile?.columns.find((candidate) => candidate.column === column.name);
  const answer = survey.answers[typeQuestionId(table, column.name)];
  const cast = survey.given.get(path)?.cast;
  return {
    engine: survey.catalogue.engine,
    column,
    whole: tableProfile !== undefined && tableProfile.sample >= 1,
    keyed: inPrimaryKey(table, column.name) || survey.referenced.has(path),
    jsonChecked: table.checks.some(
      (check) =>
        check.enforced !== false &&
        jsonCheckedColumn(check.expression, survey.catalogue.engine)?.toLowerCase() === column.name.toLowerCase(),
    ),
    keptBigint: survey.keptBigint.has(path),
    ...(profile && { profile }),
    ...(cast && { cast }),
    ...(answer !== undefined && { answer }),
  };
}

export function chooseType(context: TypeContext): ChosenType {
  if (context.cast) return context.cast;
  if (context.engine === 'postgres') return choosePostgresType(context);
  if (context.engine === 'csv') return chooseCsvType(context);
  return context.engine === 'sqlite' ? chooseSqliteType(context) : chooseMysqlType(context);
}
