import { qualified } from '../../../contracts/catalogue.js';
import type { MatchedTable } from '../../../contracts/existing.js';
import type { Finding } from '../../../contracts/migration.js';
import type { StructureCounts, StructureItem, StructureReport } from '../../../contracts/verification.js';
import { askedChecks, compareChecks } from './checks.js';
import type { AskedCheck } from './checks.js';
import type { AskedDefault } from './columns.js';
import { compareColumn } from './columns.js';
import { Items } from './items.js';
import { compareKeys } from './keys.js';
import type { Naming } from './keys.js';

export interface StructuresCompared {
  readonly tables: readonly MatchedTable[];
  /** Objects that Caravan has no words for in PostgreSQL, with the reason. */
  readonly refused: readonly { readonly object: string; readonly reason: string }[];
  readonly sameDefault: (asked: AskedDefault) => boolean | undefined;
  readonly sameCheck: (asked: AskedCheck) => boolean | undefined;
  /** Views that have a translation, by their names in the source. */
  readonly views: readonly { readonly object: string; readonly isThere: boolean }[];
}

/** Every object of the source against what stands for it in the target. Pure: the same input gives the same report. */
export function compareStructures({ refused, views, ...asking }: StructuresCompared): StructureReport {
  const items = asking.tables.flatMap((table) => compareTable(table, asking));
  const known = new Set(items.map(({ object }) => object));
  for (const { object, reason } of refused) {
    if (!known.has(object))
      items.push({ kind: 'object', object, state: 'not compared', how: reason, code: 'not_comparable' });
  }
  for (const { object, isThere } of views) {
    const how = isThere ? 'one of its name; what both give is compared' : 'the target has none of this name';
    items.push({ kind: 'view', object, state: isThere ? 'mapped' : 'missing', how });
  }
  return { ...countsOf(items), items };
}

/** Defaults that `compareStructures` will ask for: the server answers them all at once. */
export function askedDefaults(tables: readonly MatchedTable[]): AskedDefault[] {
  return tables.flatMap(({ columns }) =>
    columns.flatMap(({ drafted, existing }): AskedDefault[] => {
      if (drafted?.default === undefined || existing?.default === undefined) return [];
      return [{ type: existing.type, one: drafted.default, other: existing.default }];
    }),
  );
}

/** Checks that `compareStructures` will ask for. */
export function allAskedChecks(tables: readonly MatchedTable[]): AskedCheck[] {
  return tables.flatMap((table) => {
    const { drafted, existing } = table;
    if (drafted === undefined || existing === undefined) return [];
    return askedChecks({ drafted, existing, naming: namingOf(table, tables) });
  });
}

function compareTable(
  table: MatchedTable,
  { tables, sameDefault, sameCheck }: Pick<StructuresCompared, 'tables' | 'sameDefault' | 'sameCheck'>,
): StructureItem[] {
  const { source, drafted, existing, columns } = table;
  const items = new Items(qualified(source));
  if (existing === undefined) {
    items.missing('table', '', { code: 'missing_table', how: 'the target has no table of this name' });
    return items.all;
  }
  if (columns.every(({ way }) => way === undefined))
    items.notCompared('table', '', 'none of its columns can be compared');
  else if (existing.name === (drafted?.target.name ?? source.name)) items.same('table', '');
  else items.mapped('table', '', `"${existing.name}"`);
  for (const column of columns) compareColumn(column, { items, sameDefault });
  if (drafted === undefined) return items.all;
  const compared = { drafted, existing, items, naming: namingOf(table, tables) };
  compareKeys(compared);
  compareChecks({ ...compared, sameCheck });
  return items.all;
}

function namingOf(table: MatchedTable, tables: readonly MatchedTable[]): Naming {
  const tableOf = (drafted: string): MatchedTable | undefined =>
    tables.find((one) => one.drafted?.target.name === drafted);
  const columnIn = (one: MatchedTable | undefined, drafted: string): string | undefined =>
    one?.columns.find((column) => column.drafted?.target === drafted)?.existing?.name;
  return {
    column: (drafted) => columnIn(table, drafted),
    table: (drafted) => tableOf(drafted)?.existing?.name,
    columnOf: (name, drafted) => columnIn(tableOf(name), drafted),
  };
}

function countsOf(items: readonly StructureItem[]): StructureCounts {
  const count = (state: StructureItem['state']): number => items.filter((item) => item.state === state).length;
  return {
    objects: items.length,
    same: count('same'),
    mapped: count('mapped'),
    missing: count('missing'),
    differing: count('differs'),
    notCompared: count('not compared'),
  };
}

/** What of the structure is missing, weaker or was not compared. */
export function structureFindings({ items }: StructureReport): Finding[] {
  return items.flatMap(({ kind, object, how = '', code }): Finding[] => {
    if (code === undefined) return [];
    const detail = `${kind} ${object}: ${how}.`;
    const referential = code.startsWith('foreign_key');
    const about = { object, count: 1, disposition: 'listed', detail } as const;
    return [{ id: `${code}:${object}`, code, kind: referential ? 'referential' : 'structural', ...about }];
  });
}
