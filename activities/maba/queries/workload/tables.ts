import type { Catalogue } from '../../../../contracts/catalogue.js';
import { qualified } from '../../../../contracts/catalogue.js';
import type { MigrationMapping, ObjectName } from '../../../../contracts/mapping.js';
import type { WorkloadQuery } from '../../../../contracts/workload.js';
import type { Translated } from './outcome.js';

interface Place {
  readonly schema: string;
  readonly name: string;
}

/** Tables and views that a query may name: those of the source, and which of them the target has. */
export class KnownTables {
  readonly #database: string;
  readonly #schemas: ReadonlySet<string>;
  readonly #source: readonly Place[];
  readonly #migrated: ReadonlyMap<string, ObjectName>;
  readonly #routines: ReadonlySet<string>;

  constructor(catalogue: Catalogue, migration: MigrationMapping) {
    const views = catalogue.objects.filter(({ kind }) => kind === 'view' || kind === 'materialized view');
    const routines = catalogue.objects.filter(({ kind }) => kind === 'routine');
    this.#database = catalogue.database;
    this.#source = [...catalogue.tables, ...views];
    this.#schemas = new Set(this.#source.map(({ schema }) => schema.toLowerCase()));
    const made = [...migration.tables.filter(({ rows }) => rows !== 'none'), ...migration.views];
    this.#migrated = new Map(made.map(({ source, target }) => [qualified(source), target]));
    this.#routines = new Set(routines.map(({ name }) => name.toLowerCase()));
  }

  isRoutine(name: string): boolean {
    return this.#routines.has(name.toLowerCase());
  }

  target(table: string): ObjectName | undefined {
    return this.#migrated.get(table);
  }

  /** All tables of a query, as "schema.name" of the source; or why it cannot be replayed because of them. */
  resolve({
    tables,
    database,
  }: WorkloadQuery): { readonly tables: readonly string[] } | Extract<Translated, { reason: string }> {
    const found: string[] = [];
    for (const named of tables) {
      const at = named.indexOf('.');
      const [schema, name] = at < 0 ? [undefined, named] : [named.slice(0, at), named.slice(at + 1)];
      const strange = this.#strange(schema, database);
      if (strange !== undefined) return { reason: 'other_database', detail: strange };
      const place = this.#find(schema, name);
      if (place === undefined) return { reason: 'unknown_table', detail: named };
      if (!this.#migrated.has(qualified(place))) return { reason: 'not_migrated', detail: qualified(place) };
      found.push(qualified(place));
    }
    return { tables: [...new Set(found)] };
  }

  /** The other database that it means, if any. */
  #strange(schema: string | undefined, database: string | undefined): string | undefined {
    if (schema !== undefined) return this.#schemas.has(schema.toLowerCase()) ? undefined : schema;
    if (database === undefined || same(database, this.#database)) return undefined;
    return database;
  }

  #find(schema: string | undefined, name: string): Place | undefined {
    const inSchema = this.#source.filter((place) => schema === undefined || same(place.schema, schema));
    return inSchema.find((place) => place.name === name) ?? inSchema.find((place) => same(place.name, name));
  }
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
