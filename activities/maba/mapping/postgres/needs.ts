import type { Catalogue, CatalogueMadeType, CatalogueNeed, SourceType } from '../../../../contracts/catalogue.js';
import { qualified } from '../../../../contracts/catalogue.js';
import type { MadeType } from '../../../../contracts/mapping.js';
import { nativeType } from '../types-postgres.js';
import type { Routines } from './routines.js';

/**
 * What the plan needs beside tables: types, extensions, collations. Each is asked for when something needs it; the
 * answer is a reason where it cannot be had.
 */
export class Needs {
  readonly extensions = new Set<string>();
  readonly collations = new Set<string>();
  readonly #types: ReadonlyMap<string, CatalogueMadeType>;
  readonly #used = new Map<CatalogueMadeType, string | undefined>();

  readonly #routines: Routines;

  constructor({ types = [] }: Catalogue, routines: Routines) {
    this.#routines = routines;
    this.#types = new Map(types.map((type) => [qualified(type), type]));
  }

  /** Why these things cannot all be had; undefined where they can. `early`: before there are tables. */
  lacks(needs: readonly CatalogueNeed[] | undefined, early = true): string | undefined {
    for (const need of needs ?? []) {
      if (need.extension !== undefined) this.extensions.add(need.extension);
      else if (need.routine !== undefined) {
        const reason = this.#routines.lacks(need.routine, this, early);
        if (reason !== undefined) return `it needs ${need.what}, ${reason}`;
      } else if (need.type === undefined) return `it needs ${need.what}, which is not migrated (yet)`;
      else {
        const reason = this.#named(need.type);
        if (reason !== undefined) return reason;
      }
    }
    return undefined;
  }

  /** Why a column cannot be of this type and collation. */
  refusesType(type: SourceType, collation: string | undefined): string | undefined {
    if (collation?.includes('.') === true) return `its collation ${collation} is not migrated (yet)`;
    if (collation !== undefined) this.collations.add(collation);
    const { named } = type;
    if (named === undefined) return undefined;
    if (named.refused !== undefined) return named.refused;
    if (named.extension === undefined) return this.#named(qualified(named));
    this.extensions.add(named.extension);
    return undefined;
  }

  /** Types that something uses, in the order in which they can be made. */
  used(): MadeType[] {
    return [...this.#types.values()].filter((type) => this.isUsed(type)).map(madeOf);
  }

  isUsed(type: CatalogueMadeType): boolean {
    return this.#used.has(type);
  }

  /** Is the type "schema.name" made? */
  makes(name: string): boolean {
    const type = this.#types.get(name);
    return type !== undefined && this.#used.has(type) && this.#used.get(type) === undefined;
  }

  #named(name: string): string | undefined {
    const type = this.#types.get(name);
    if (type === undefined) return `its type ${name} is not known`;
    if (this.#used.has(type)) return this.#used.get(type);
    const reason = this.#lacksPart(type);
    const told = reason === undefined ? undefined : `its type ${name}: ${reason}`;
    this.#used.set(type, told);
    return told;
  }

  #lacksPart(type: CatalogueMadeType): string | undefined {
    if (type.refused !== undefined) return type.refused;
    const parts = [...(type.domain ? [type.domain] : []), ...(type.attributes ?? [])];
    for (const part of parts) {
      const reason = this.refusesType(part.type, part.collation);
      if (reason !== undefined) return reason;
    }
    // A type is made before any routine.
    const routine = type.needs.find((need) => need.routine !== undefined && need.extension === undefined);
    return routine ? `it needs ${routine.what}, which is made after it` : this.lacks(type.needs);
  }
}

function madeOf({ name, labels, domain, attributes }: CatalogueMadeType): MadeType {
  return {
    name,
    labels: [...(labels ?? [])],
    ...(domain && {
      domain: {
        type: nativeType(domain.type),
        ...(domain.collation !== undefined && { collation: domain.collation }),
        notNull: domain.notNull,
        ...(domain.default !== undefined && { default: domain.default }),
        checks: domain.checks.map(({ validated, ...check }) => ({ ...check, ...(!validated && { validated }) })),
      },
    }),
    ...(attributes && {
      attributes: attributes.map((part) => ({
        name: part.name,
        type: nativeType(part.type),
        ...(part.collation !== undefined && { collation: part.collation }),
      })),
    }),
  };
}
