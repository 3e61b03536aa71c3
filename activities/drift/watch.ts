import { qualified } from '../../contracts/catalogue.js';
import type { Catalogue } from '../../contracts/catalogue.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { TableMapping } from '../../contracts/mapping.js';
import type { Source } from '../../databases/source.js';
import type { Deps } from '../deps.js';
import { driftOf } from './drift.js';
import type { Drift } from './drift.js';

const NONE: Drift = new Map();

/** Looks whether the tables of a plan are still those that were discovered. */
export class SchemaWatch {
  readonly #before: Catalogue | undefined;
  readonly #tables: readonly string[];

  constructor(before: Catalogue | undefined, tables: readonly string[]) {
    this.#before = before;
    this.#tables = tables;
  }

  /** `catalogueId` is absent in what began before it was told: then nothing is compared. */
  static async open(
    deps: Deps,
    catalogueId: string | undefined,
    tables: readonly TableMapping[],
  ): Promise<SchemaWatch> {
    const before = catalogueId === undefined ? undefined : await deps.store.discovery.catalogue(catalogueId);
    return new SchemaWatch(
      before,
      tables.map(({ source }) => qualified(source)),
    );
  }

  async look(source: Source): Promise<Drift> {
    if (this.#before === undefined) return NONE;
    return driftOf(this.#before, await source.catalogue(), this.#tables);
  }

  /** Reading told that something changed: what it was is looked up, and told by name. */
  async named<T>(source: Source, work: () => Promise<T>, refuse: (drift: Drift) => void): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof CaravanFailure && error.code === 'SCHEMA_DRIFT') refuse(await this.look(source));
      throw error;
    }
  }
}
