import type { Catalogue } from '../../../contracts/catalogue.js';
import { qualified } from '../../../contracts/catalogue.js';
import type { TableMapping } from '../../../contracts/mapping.js';
import type { KnownRelations, Relation } from './scope.js';
import { typeOfColumn } from './typed.js';

interface Known {
  readonly schema: string;
  readonly name: string;
  readonly relation: Relation;
}

/** Tables and views of the plan, found by the source's names. */
export class PlannedRelations {
  readonly #database: string;
  readonly #known: Known[] = [];

  constructor({ catalogue, tables }: { readonly catalogue: Catalogue; readonly tables: readonly TableMapping[] }) {
    this.#database = catalogue.database;
    for (const table of tables) {
      const { schema, name } = table.source;
      this.#known.push({ schema, name, relation: relationOf(table, catalogue) });
    }
  }

  add({ schema, name }: { readonly schema: string; readonly name: string }, relation: Relation): void {
    this.#known.push({ schema, name, relation });
  }

  /** For one query: remembers what it reads. */
  reading(): KnownRelations & { readonly read: ReadonlySet<string> } {
    const read = new Set<string>();
    return {
      read,
      find: (schema, name) => {
        const found =
          this.#find(schema ?? this.#database, name) ??
          (schema === undefined ? this.#find(undefined, name) : undefined);
        if (found) read.add(qualified(found));
        return found?.relation;
      },
    };
  }

  #find(schema: string | undefined, name: string): Known | undefined {
    const inSchema = this.#known.filter(
      (known) => schema === undefined || known.schema.toLowerCase() === schema.toLowerCase(),
    );
    return (
      inSchema.find((known) => known.name === name) ??
      inSchema.find((known) => known.name.toLowerCase() === name.toLowerCase())
    );
  }
}

function relationOf(table: TableMapping, catalogue: Catalogue): Relation {
  const source = catalogue.tables.find(
    ({ schema, name }) => schema === table.source.schema && name === table.source.name,
  );
  const columns = new Map(source?.columns.map((column) => [column.name, column]));
  const sourceName = (target: string): string =>
    table.columns.find((column) => column.target === target)?.source ?? target;
  const keys = [...(table.primaryKey ? [table.primaryKey] : []), ...table.uniqueKeys];
  return {
    name: table.target.name,
    columns: table.columns.map((column) => ({
      source: column.source,
      target: column.target,
      type: typeOfColumn(column, columns.get(column.source)?.collation),
      ...(columns.get(column.source)?.invisible === true && { hidden: true }),
      ...(column.identity !== undefined && { counts: true }),
      ...(column.generated !== undefined && { computed: true }),
    })),
    ...(table.primaryKey && { primaryKey: table.primaryKey.columns.map(sourceName) }),
    keys: keys.map((key) => key.columns.map(sourceName)),
  };
}
