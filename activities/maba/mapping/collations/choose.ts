import type { Catalogue, CatalogueColumn, CatalogueTable, KeyPart } from '../../../../contracts/catalogue.js';
import { qualified } from '../../../../contracts/catalogue.js';
import type { MadeCollation } from '../../../../contracts/mapping.js';
import type { Given } from '../given/given.js';
import { Groups } from './groups.js';
import type { Strength } from './strength.js';
import { loosest, strengthOf } from './strength.js';

/** A foreign key, with both ends. */
interface Link {
  readonly table: CatalogueTable;
  readonly parent: CatalogueTable;
  readonly columns: readonly CatalogueColumn[];
  readonly parentColumns: readonly CatalogueColumn[];
}

export function pathOf(table: CatalogueTable, column: string): string {
  return `${qualified(table)}.${column}`;
}

export function partColumn(table: CatalogueTable, { column: name }: KeyPart): CatalogueColumn | undefined {
  return table.columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
}

/** Parts of the primary key and of every unique index. */
export function keyParts(table: CatalogueTable): { readonly what: string; readonly part: KeyPart }[] {
  const unique = table.indexes.filter((index) => index.unique);
  return [
    ...(table.primaryKey ?? []).map((part) => ({ what: 'primary key', part })),
    ...unique.flatMap(({ name, parts }) => parts.map((part) => ({ what: `unique key ${name}`, part }))),
  ];
}

/**
 * How texts of columns are compared, by "schema.table.column": those of keys as loosely as the source compares them,
 * what a foreign key joins alike, and as a mapping file says. Of a column that is not here nothing is known but its type.
 */
export function keyCollations(
  catalogue: Catalogue,
  keys: readonly Link[],
  given: Given['columns'],
): ReadonlyMap<string, MadeCollation> {
  if (catalogue.engine === 'postgres') return new Map();
  const groups = new Groups();
  const members = new Map<string, Strength>(
    [...given].flatMap(([path, { collate }]) => (collate ? [[path, 'plain']] : [])),
  );
  for (const { table, parent, columns, parentColumns } of keys) {
    for (const [at, column] of columns.entries()) {
      const [own, other] = [pathOf(table, column.name), pathOf(parent, parentColumns[at]?.name ?? '')];
      groups.join(own, other);
      for (const path of [own, other]) members.set(path, members.get(path) ?? 'plain');
    }
  }
  for (const table of catalogue.tables) {
    for (const { part } of keyParts(table)) {
      const column = partColumn(table, part);
      // A part under another collation than its column's (SQLite) says nothing of the column.
      if (column === undefined || part.expression !== undefined) continue;
      const path = pathOf(table, column.name);
      members.set(path, loosest([members.get(path) ?? 'plain', strengthOf(column.collation)]));
    }
  }
  const said = (path: string): Strength | undefined => given.get(path)?.collate;
  const strengths = new Map<string, Strength>();
  const strengthIn = (path: string): Strength => strengths.get(groups.of(path)) ?? 'plain';
  for (const [path, strength] of members) strengths.set(groups.of(path), loosest([strengthIn(path), strength]));
  for (const path of members.keys()) strengths.set(groups.of(path), said(path) ?? strengthIn(path));
  const paths = [...members.keys()].map((path) => [path, strengthIn(path)] as const);
  return new Map(paths.flatMap(([path, strength]) => (strength === 'plain' ? [] : [[path, strength]])));
}
