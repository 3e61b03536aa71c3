import type { CatalogueColumn, CatalogueTable, SourceEngine } from '../../../../contracts/catalogue.js';
import type { FilterColumn, FilterDialect, FilterSort } from '../../../../language/filters.js';

const MYSQL: ReadonlyMap<string, FilterSort> = new Map(
  Object.entries({
    number:
      'tinyint bool boolean smallint mediumint int integer bigint year decimal numeric dec fixed float double real',
    text: 'char varchar tinytext text mediumtext longtext enum',
    moment: 'date datetime timestamp',
  } as const).flatMap(([sort, bases]) => bases.split(' ').map((base) => [base, sort as FilterSort] as const)),
);

function mysqlColumn({ name, type }: CatalogueColumn): FilterColumn {
  const sort = MYSQL.get(type.base.toLowerCase().replace(/\s*\/\*.*$/, ''));
  return sort === undefined ? { name } : { name, sort };
}

/** What a filter on a table may name; undefined where the engine's rows cannot be filtered. */
export function filterTerms(
  engine: SourceEngine,
  { columns }: CatalogueTable,
): { readonly columns: readonly FilterColumn[]; readonly dialect: FilterDialect } | undefined {
  switch (engine) {
    case 'mysql':
    case 'mariadb':
      return { columns: columns.map(mysqlColumn), dialect: 'mysql' };
    case 'sqlite':
      return { columns: columns.map(({ name }) => ({ name, sort: 'any' })), dialect: 'sqlite' };
    case 'csv':
      return { columns: columns.map(({ name }) => ({ name, sort: 'any' })), dialect: 'tree' };
    default:
      return undefined;
  }
}
