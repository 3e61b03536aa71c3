import type { Catalogue, CatalogueSequence, CatalogueTable } from '../../../../contracts/catalogue.js';
import { qualified } from '../../../../contracts/catalogue.js';
import type { SequenceMapping } from '../../../../contracts/mapping.js';
import type { Notes } from '../notes.js';

/** Sequences that expressions ask by name. */
const ASKED = /(?:next|curr|set)val\('((?:[^']|'')+)'::regclass/g;

const TYPES = ['smallint', 'integer', 'bigint'] as const;

/** Which sequences are migrated: those of migrated columns, those that defaults ask, and free ones beside a table. */
export class Sequences {
  readonly #all: readonly CatalogueSequence[];
  readonly #asked = new Set<CatalogueSequence>();

  constructor({ sequences = [] }: Catalogue) {
    this.#all = sequences;
  }

  /** Why an expression cannot ask its sequences; undefined where it can. */
  lacks(expression: string): string | undefined {
    for (const [, text = ''] of expression.matchAll(ASKED)) {
      const name = unquoted(text.replaceAll("''", "'"));
      const sequence = this.#all.find((each) => each.name === name && each.hidden !== true);
      if (sequence === undefined)
        return `it asks the sequence ${text}, which stands behind another one or cannot be seen`;
      this.#asked.add(sequence);
    }
    return undefined;
  }

  /** `targets`: target names of migrated tables by "schema.name". */
  draft(tables: readonly CatalogueTable[], targets: ReadonlyMap<string, string>, notes: Notes): SequenceMapping[] {
    const schemas = new Set(tables.map((table) => table.schema));
    const counting = tables.flatMap((table) => table.columns.flatMap((column) => column.identity?.sequence ?? []));
    const identities = new Set(counting.map(qualified));
    return this.#all.flatMap((sequence) => {
      if (identities.has(qualified(sequence))) return [];
      const owner = sequence.ownedBy && targets.get(`${sequence.ownedBy.schema}.${sequence.ownedBy.table}`);
      const beside = sequence.ownedBy === undefined && schemas.has(sequence.schema);
      const wanted = this.#asked.has(sequence) || owner !== undefined || beside;
      const type = TYPES.find((known) => known === sequence.type);
      if (!wanted || sequence.hidden === true || type === undefined) {
        if (sequence.ownedBy === undefined) notes.leave('sequence', qualified(sequence), 'no migrated table uses it');
        return [];
      }
      const ownedBy = owner === undefined ? undefined : { table: owner, column: sequence.ownedBy?.column ?? '' };
      return [{ name: sequence.name, type, ...optionsOf(sequence), next: sequence.next, ...(ownedBy && { ownedBy }) }];
    });
  }
}

export function optionsOf({ start, increment, min, max, cache, cycle }: CatalogueSequence) {
  return { start, increment, min, max, cache, cycle };
}

/** A name as PostgreSQL prints it; one with a schema in front is no name here. */
function unquoted(text: string): string {
  const quoted = /^"((?:[^"]|"")*)"$/.exec(text);
  return quoted ? (quoted[1] ?? '').replaceAll('""', '"') : text;
}
