import type { Catalogue, CatalogueObject } from '../../../../contracts/catalogue.js';
import { qualified } from '../../../../contracts/catalogue.js';
import type { NativeObject } from '../../../../contracts/mapping.js';
import type { Needs } from './needs.js';

/** Languages whose routines are words alone, and that every server has. */
const LANGUAGES: ReadonlySet<string> = new Set(['sql', 'plpgsql']);

/**
 * Which routines are made in the target, and when. A body is text that is looked up when it runs: it may name no schema
 * but the target's, and one that runs before promotion may name nothing of anybody's at all.
 */
export class Routines {
  readonly #targetSchema: string;
  readonly #all: ReadonlyMap<string, CatalogueObject>;
  readonly #early = new Set<CatalogueObject>();
  /** Names of tables that have another one in the target, in lower case. */
  #renamed: ReadonlySet<string> = new Set();

  constructor({ objects }: Pick<Catalogue, 'objects'>, targetSchema: string) {
    this.#targetSchema = targetSchema;
    const routines = objects.filter(({ kind }) => kind === 'routine');
    this.#all = new Map(routines.map((routine) => [qualified(routine), routine]));
  }

  rename(tables: Iterable<string>): void {
    this.#renamed = new Set([...tables].map((name) => name.toLowerCase()));
  }

  /** Why a routine, "schema.name(arguments)", cannot be had; undefined where it can. */
  lacks(name: string, needs: Needs, early: boolean): string | undefined {
    const routine = this.#all.get(name);
    if (routine === undefined) return 'which cannot be seen';
    const reason = this.refuses(routine) ?? (early ? this.#refusesEarly(routine) : undefined);
    if (reason !== undefined) return `which is not migrated: ${reason}`;
    if (!early) return undefined;
    this.#early.add(routine);
    return needs.lacks(routine.needs);
  }

  /** Why it is not made at all. */
  refuses({ routine, words }: CatalogueObject): string | undefined {
    if (routine === undefined || words === undefined) return 'it is an aggregate, or a function of a library';
    if (!LANGUAGES.has(routine.language)) return `it is written in ${routine.language}`;
    if (routine.definer) return 'it runs with the rights of its owner, who would be another one';
    if (routine.hidden) return 'it stands behind another one of its name';
    const schema = routine.schemas.find((name) => name !== this.#targetSchema.toLowerCase());
    if (schema !== undefined) return `its body names the schema ${schema}`;
    const table = routine.names.find((name) => this.#renamed.has(name));
    return table === undefined ? undefined : `its body names ${table}, which has another name in the target`;
  }

  isEarly(routine: CatalogueObject): boolean {
    return this.#early.has(routine);
  }

  #refusesEarly({ routine, reads = [], needs = [] }: CatalogueObject): string | undefined {
    const [named] = routine?.names ?? [];
    if (named !== undefined) return `its body names ${named}, which has no place yet when the rows arrive`;
    const [row] = reads;
    if (row !== undefined) return `it works on rows of ${row}`;
    return needs.some((need) => need.routine !== undefined) ? 'it needs others' : undefined;
  }
}

export function madeRoutine(object: CatalogueObject, early: boolean): NativeObject {
  const { routine, words, reads = [] } = object;
  return {
    kind: object.kind,
    name: qualified(object),
    routine: { name: routine?.name ?? '', arguments: routine?.arguments ?? 0, early },
    statements: [...(words?.statements ?? [])],
    reads: [...reads],
  };
}
