import type { Catalogue, CatalogueColumn, CatalogueTable } from '../../../../contracts/catalogue.js';
import { qualified } from '../../../../contracts/catalogue.js';
import type { NotMigrated } from '../../../../contracts/mapping.js';
import type { StandingTable } from '../../../../databases/standing.js';
import { columnPath } from '../choose-type.js';
import type { Matched } from './match.js';

const STANDS = "the application's own table stands as it is";

const ONLY_ROWS = 'only rows are moved into tables that stand';

/** Sequences that stand free; those of columns are put behind their values. */
function sequencesLeft({ sequences = [], tables }: Catalogue): NotMigrated[] {
  const counting = new Set(
    tables.flatMap(({ columns }) =>
      columns.flatMap(({ identity }) => (identity ? [qualified(identity.sequence)] : [])),
    ),
  );
  return sequences
    .filter((sequence) => sequence.ownedBy === undefined && !counting.has(qualified(sequence)))
    .map((sequence) => ({ kind: 'sequence', name: qualified(sequence), reason: ONLY_ROWS }));
}

/** What the source has and the target's own tables have not, or have otherwise: one line each. */
export function leftOfStanding(catalogue: Catalogue, matched: Matched): NotMigrated[] {
  const native = catalogue.engine === 'postgres';
  const objects = catalogue.objects
    .filter(({ kind }) => kind === 'view' || native)
    .map((object) => ({ kind: object.kind, name: qualified(object), reason: ONLY_ROWS }));
  return [
    ...catalogue.tables.flatMap((table) => {
      const standing = matched.tables.get(qualified(table));
      return standing === undefined ? [] : leftOfTable({ catalogue, matched, table, standing });
    }),
    ...objects,
    ...sequencesLeft(catalogue),
  ];
}

interface Leaving {
  readonly catalogue: Catalogue;
  readonly matched: Matched;
  readonly table: CatalogueTable;
  readonly standing: StandingTable;
}

function leftOfTable(leaving: Leaving): NotMigrated[] {
  const { table } = leaving;
  const place = qualified(table);
  const commented =
    (table.comment ?? '') !== '' || table.columns.some(({ comment }) => comment !== undefined && comment !== '');
  return [
    ...keysLeft(leaving),
    ...nativeLeft(leaving),
    ...referencesLeft(leaving),
    ...table.checks.map(({ name }) => ({ kind: 'check', name: `${place}.${name}`, reason: STANDS })),
    ...(commented ? [{ kind: 'comment', name: place, reason: STANDS }] : []),
    ...table.columns.flatMap((column) => leftOfColumn(leaving, column)),
  ];
}

/** Target names of columns; undefined where one of them is none, or only a part of one. */
function targets({ matched, table }: Leaving, names: readonly string[]): string[] | undefined {
  const found = names.map((name) => {
    const known = table.columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
    return known && matched.columns.get(columnPath(table, known.name))?.name;
  });
  return found.every((name) => name !== undefined) ? found : undefined;
}

function isSame(one: readonly string[], other: readonly string[] | undefined): boolean {
  return other?.length === one.length && one.every((name, at) => name === other[at]);
}

function keysLeft(leaving: Leaving): NotMigrated[] {
  const { table, standing } = leaving;
  const place = qualified(table);
  const there = (parts: CatalogueTable['primaryKey'] = [], unique: boolean): boolean => {
    const plain = parts.every(({ prefix, expression }) => prefix === undefined && expression === undefined);
    const wanted = plain
      ? targets(
          leaving,
          parts.map(({ column }) => column),
        )
      : undefined;
    return standing.keys.some((key) => (key.unique || !unique) && isSame(key.columns, wanted));
  };
  const primary = table.primaryKey !== undefined && table.primaryKey.length > 0 && !there(table.primaryKey, true);
  const others = table.indexes.filter(({ parts, unique, where }) => where !== undefined || !there(parts, unique));
  return [
    ...(primary ? [{ kind: 'primary key', name: place, reason: STANDS }] : []),
    ...others.map(({ name, unique }) => ({
      kind: unique ? 'unique key' : 'index',
      name: `${place}.${name}`,
      reason: STANDS,
    })),
  ];
}

/** What only a table of PostgreSQL has. */
function nativeLeft({ table }: Leaving): NotMigrated[] {
  const place = qualified(table);
  const { exclusions = [], partitions = 0, partitioning } = table.standing ?? {};
  const reason = `its rows of ${String(partitions)} partitions go into one table of the target`;
  return [
    ...exclusions.map(({ name }) => ({ kind: 'exclusion constraint', name: `${place}.${name}`, reason: STANDS })),
    ...(partitioning === undefined ? [] : [{ kind: 'partitioning', name: place, reason }]),
  ];
}

function referencesLeft(leaving: Leaving): NotMigrated[] {
  const { table, standing, matched } = leaving;
  return table.foreignKeys.flatMap(({ name, columns, targetSchema, targetTable }) => {
    const schema = targetSchema === '' ? table.schema : targetSchema;
    const parent = [...matched.tables].find(
      ([source]) => source.toLowerCase() === `${schema}.${targetTable}`.toLowerCase(),
    );
    const own = targets(leaving, columns);
    const there = standing.foreignKeys.some((key) => isSame(key.columns, own) && key.referenced === parent?.[1].name);
    const called = name === '' ? `(${columns.join(', ')})` : name;
    return there ? [] : [{ kind: 'foreign key', name: `${qualified(table)}.${called}`, reason: STANDS }];
  });
}

function leftOfColumn({ matched, table }: Leaving, column: CatalogueColumn): NotMigrated[] {
  const name = columnPath(table, column.name);
  const own = matched.columns.get(name);
  if (own === undefined) return [];
  if (own.fills === 'generated') {
    const reason = 'the target reckons the values of its own generated column; they were not compared';
    return [{ kind: 'column', name, reason }];
  }
  const isNull = column.default?.kind === 'literal' && column.default.value === null;
  const hasDefault = column.default !== undefined && !isNull;
  const updates = column.onUpdate !== undefined && column.onUpdate !== '';
  return [
    ...(column.generated
      ? [{ kind: 'generated column', name, reason: 'a plain column of the target gets its values' }]
      : []),
    ...(hasDefault && own.fills === undefined ? [{ kind: 'default', name, reason: STANDS }] : []),
    ...((column.autoIncrement === true || column.identity !== undefined) && own.fills !== 'sequence'
      ? [{ kind: 'identity', name, reason: STANDS }]
      : []),
    ...(updates ? [{ kind: 'on update', name, reason: STANDS }] : []),
  ];
}
