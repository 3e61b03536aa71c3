import type { Catalogue, CatalogueColumn, CatalogueTable } from '../../../../contracts/catalogue.js';
import { qualified } from '../../../../contracts/catalogue.js';
import type { ExistingTable, MatchedColumn, MatchedTable } from '../../../../contracts/existing.js';
import type { MigrationMapping, TableMapping } from '../../../../contracts/mapping.js';
import { applyRule } from '../names.js';
import { wayBetween } from './ways.js';

export interface Matching {
  readonly catalogue: Catalogue;
  /** As Caravan itself would move the source, with what a mapping file says. */
  readonly drafted: MigrationMapping;
  readonly existing: readonly ExistingTable[];
}

/** Which table and column of the target stand for those of the source. Pure; every source table is in it. */
export function matchExisting({ catalogue, drafted, existing }: Matching): MatchedTable[] {
  const draftedOf = new Map(drafted.tables.map((table) => [qualified(table.source), table]));
  const named = catalogue.tables.map((table) => ({
    item: table,
    wanted: draftedOf.get(qualified(table))?.target.name,
    source: table.name,
  }));
  const tables = existing.filter(({ kind }) => kind === 'table');
  const found = pairUp(named, tables);
  return catalogue.tables.map((source) => {
    const table = found.get(source);
    const own = draftedOf.get(qualified(source));
    return {
      source,
      ...(own && { drafted: own }),
      ...(table && { existing: table }),
      columns: matchColumns(catalogue, { source, drafted: own, existing: table }),
    };
  });
}

interface Ends {
  readonly source: CatalogueTable;
  readonly drafted: TableMapping | undefined;
  readonly existing: ExistingTable | undefined;
}

function matchColumns({ engine }: Catalogue, { source, drafted, existing }: Ends): MatchedColumn[] {
  const draftedOf = new Map(drafted?.columns.map((column) => [column.source, column]));
  const named = source.columns.map((column) => ({
    item: column,
    wanted: draftedOf.get(column.name)?.target,
    source: column.name,
  }));
  const found = pairUp(named, existing?.columns ?? []);
  return source.columns.map((column): MatchedColumn => {
    const own = draftedOf.get(column.name);
    const there = found.get(column);
    const ends = { source: column, ...(own && { drafted: own }) };
    if (there === undefined) return ends;
    return { ...ends, existing: there, ...wayBetween({ engine, existing: there, ...ends }) };
  });
}

interface Named<T> {
  readonly item: T;
  /** As Caravan would name it, or a mapping file does. */
  readonly wanted: string | undefined;
  readonly source: string;
}

/**
 * Each item gets what is named like it: by the plan's name, exactly, folded, in snake case, and at last by its letters
 * and digits alone. A better name comes first, so that no item takes what is another's by right.
 */
function pairUp<T extends CatalogueTable | CatalogueColumn, There extends { readonly name: string }>(
  items: readonly Named<T>[],
  there: readonly There[],
): Map<T, There> {
  const spellings: readonly ((named: Named<T>) => string | undefined)[] = [
    ({ wanted }) => wanted,
    ({ source }) => source,
    ({ source }) => applyRule(source, 'lower'),
    ({ source }) => applyRule(source, 'snake'),
  ];
  const pairs = new Map<T, There>();
  const taken = new Set<There>();
  const take = (named: Named<T>, wanted: (name: string) => boolean): void => {
    if (pairs.has(named.item)) return;
    const free = there.filter((candidate) => !taken.has(candidate) && wanted(candidate.name));
    const [only] = free;
    if (only === undefined || free.length > 1) return;
    pairs.set(named.item, only);
    taken.add(only);
  };
  for (const spelled of spellings) {
    for (const named of items) {
      const name = spelled(named);
      if (name !== undefined) take(named, (candidate) => candidate === name);
    }
  }
  for (const named of items) take(named, (candidate) => bare(candidate) === bare(named.source));
  return pairs;
}

function bare(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
}
