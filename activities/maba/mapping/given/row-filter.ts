import type { CatalogueTable, SourceEngine } from '../../../../contracts/catalogue.js';
import { qualified } from '../../../../contracts/catalogue.js';
import { ALL_ROWS, ROWS } from '../../../../contracts/mapping.js';
import type { MigrationMapping, NotMigrated, RoutineMapping, TableMapping } from '../../../../contracts/mapping.js';
import { checkFilter } from '../../../../language/filters.js';
import { filterTerms } from './filter-terms.js';

/** What a table leaves behind of its rows, as it stands in `notMigrated`. */
export function rowsLeft({ source, filter, rows }: TableMapping): NotMigrated[] {
  const name = qualified(source);
  if (rows === 'none') return [{ kind: ALL_ROWS, name, reason: 'the plan moves none of its rows' }];
  if (filter === undefined) return [];
  return [{ kind: ROWS, name, reason: `only rows that meet its filter are moved: ${filter.where}` }];
}

/** A routine that is no part of the plan. */
export function routineLeft({ kind, source }: RoutineMapping, reason: string): NotMigrated {
  return { kind: kind === 'trigger' ? 'trigger' : 'routine', name: qualified(source), reason };
}

/** The plan with no rows to move. A view is kept only where it was compared on the data, and there is none. */
export function withoutRows(mapping: MigrationMapping): MigrationMapping {
  const tables = mapping.tables.map((table): TableMapping => ({ ...table, rows: 'none', estimatedRows: 0 }));
  const views = mapping.views.map(({ source }) => ({
    kind: 'view',
    name: qualified(source),
    reason: 'no rows are moved on which it could be compared with the source',
  }));
  const { routines, ...others } = mapping;
  const untried = (routines ?? []).map((routine) =>
    routineLeft(routine, 'no rows are moved on which it could be tried beside the source'),
  );
  const notMigrated = [...otherLeft(mapping), ...views, ...untried, ...tables.flatMap(rowsLeft)];
  return { ...others, tables, views: [], notMigrated };
}

export function otherLeft({ notMigrated }: MigrationMapping): NotMigrated[] {
  return notMigrated.filter(({ kind }) => kind !== ROWS && kind !== ALL_ROWS);
}

/** The filter of a plan that is given back, printed anew for the source; or why it cannot be. */
export function adoptFilter(
  engine: SourceEngine,
  source: CatalogueTable,
  { where }: NonNullable<TableMapping['filter']>,
): { readonly filter: { where: string; sql: string } } | { readonly problem: string } {
  const terms = filterTerms(engine, source);
  if (terms === undefined) return { problem: `rows of ${engine} cannot be filtered yet` };
  const checked = checkFilter(where, terms.columns, terms.dialect);
  if (!checked.ok) return { problem: `its filter: ${checked.problem}` };
  return { filter: { where: checked.where, sql: checked.sql } };
}
