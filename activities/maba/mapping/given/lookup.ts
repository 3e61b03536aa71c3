import type { Catalogue, CatalogueColumn, CatalogueTable, SourceType } from '../../../../contracts/catalogue.js';
import { qualified } from '../../../../contracts/catalogue.js';

export interface FoundColumn {
  readonly table: CatalogueTable;
  readonly column: CatalogueColumn;
  /** "schema.table.column" */
  readonly path: string;
}

/** Finds what a mapping file names: exactly as the source spells it, with or without the schema in front. */
export class Lookup {
  readonly #tables = new Map<string, CatalogueTable[]>();
  readonly #columns = new Map<string, FoundColumn[]>();
  readonly columns: readonly FoundColumn[];

  constructor({ tables }: Catalogue) {
    for (const table of tables) for (const name of namesOf(table)) push(this.#tables, name, table);
    this.columns = tables.flatMap((table) =>
      table.columns.map((column) => ({ table, column, path: `${qualified(table)}.${column.name}` })),
    );
    for (const found of this.columns) {
      for (const name of namesOf(found.table)) push(this.#columns, `${name}.${found.column.name}`, found);
    }
  }

  tablesOf(name: string): readonly CatalogueTable[] {
    return this.#tables.get(name) ?? [];
  }

  columnsOf(name: string): readonly FoundColumn[] {
    return this.#columns.get(name) ?? [];
  }

  /** Columns of a type, as the source declares it or by its base name, and how exactly it names them. */
  columnsOfType(name: string): { readonly found: FoundColumn; readonly rank: number }[] {
    const wanted = plain(name);
    return this.columns.flatMap((found) => {
      const rank = typeNames(found.column.type).indexOf(wanted);
      return rank < 0 ? [] : [{ found, rank }];
    });
  }

  get tableNames(): Iterable<string> {
    return this.#tables.keys();
  }

  get columnNames(): Iterable<string> {
    return this.#columns.keys();
  }

  get typeNames(): Iterable<string> {
    return new Set(this.columns.flatMap(({ column }) => typeNames(column.type)));
  }
}

function namesOf(table: CatalogueTable): Set<string> {
  return new Set([table.name, qualified(table)]);
}

function push<T>(lists: Map<string, T[]>, name: string, item: T): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [item]);
  else list.push(item);
}

function plain(type: string): string {
  return type
    .toLowerCase()
    .replace(/\/\*.*?\*\//g, ' ')
    .replace(/\s*([(),])\s*/g, '$1')
    .replace(/\)(?=\S)(?![),])/g, ') ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** The most exact first: as declared, without its size, without its sign. */
function typeNames({ declared, base, unsigned }: SourceType): string[] {
  return [plain(declared), ...(unsigned === true ? [`${plain(base)} unsigned`] : []), plain(base)];
}
