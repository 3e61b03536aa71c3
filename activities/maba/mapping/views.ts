import type { Catalogue, CatalogueObject } from '../../../contracts/catalogue.js';
import { qualified } from '../../../contracts/catalogue.js';
import type { NotMigrated, TableMapping, ViewMapping } from '../../../contracts/mapping.js';
import { parseQuery } from '../../../language/expressions/queries/query-parser.js';
import { PlannedRelations } from '../queries/planned-relations.js';
import type { Relation } from '../queries/scope.js';
import { translateQuery } from '../queries/translate-query.js';
import { Untranslatable } from '../queries/typed.js';
import type { IdentifierRule } from './names.js';
import { applyRule } from './names.js';

export interface ViewDrafting {
  readonly catalogue: Catalogue;
  readonly tables: readonly TableMapping[];
  readonly targetSchema: string;
  readonly identifiers: IdentifierRule;
  /** Target names of views, by source name. */
  readonly names: ReadonlyMap<string, string>;
}

export interface DraftedViews {
  readonly views: readonly ViewMapping[];
  readonly notMigrated: readonly NotMigrated[];
  /** Tables and views, as queries may name them. */
  readonly relations: PlannedRelations;
}

/** A translated view, or why there is none. */
type Attempted = { readonly view: ViewMapping; readonly relation: Relation } | { readonly reason: string };

/**
 * Translates what can be translated, in the order in which the views stand on each other. A translation is a proposal:
 * the proof compares what it gives with what the source gives.
 */
export function draftViews(drafting: ViewDrafting): DraftedViews {
  const relations = new PlannedRelations(drafting);
  const views: ViewMapping[] = [];
  let waiting = drafting.catalogue.objects.filter(({ kind }) => kind === 'view');
  let reasons = new Map<CatalogueObject, string>();
  for (let before = -1; waiting.length !== before;) {
    before = waiting.length;
    reasons = new Map();
    for (const object of waiting) {
      const attempted = attempt(object, drafting, relations);
      if ('reason' in attempted) {
        reasons.set(object, attempted.reason);
        continue;
      }
      views.push(attempted.view);
      relations.add(object, attempted.relation);
    }
    waiting = waiting.filter((object) => reasons.has(object));
  }
  const notMigrated = waiting.map((object) => ({
    kind: 'view',
    name: qualified(object),
    reason: `it was not translated: ${reasons.get(object) ?? 'for an unknown reason'}`,
  }));
  return { views, notMigrated, relations };
}

function attempt(object: CatalogueObject, drafting: ViewDrafting, relations: PlannedRelations): Attempted {
  const { catalogue, identifiers, targetSchema } = drafting;
  const engine = catalogue.engine === 'sqlite' ? 'sqlite' : 'mysql';
  if (object.definition === undefined || object.definition === '') return { reason: 'its definition cannot be seen' };
  const parsed = parseQuery(object.definition, engine);
  if (!parsed.ok) return { reason: `${parsed.problem} (character ${String(parsed.at + 1)})` };
  const name = drafting.names.get(object.name);
  if (name === undefined) return { reason: 'it has no name in the target' };
  const reading = relations.reading();
  try {
    const { sql, columns } = translateQuery(
      parsed.query,
      { engine, relations: reading, columnName: (source) => applyRule(source, identifiers) },
      parsed.columns,
    );
    const tooLong = columns.find(({ target }) => Buffer.byteLength(target) > 63);
    if (tooLong) return { reason: `the name of the column "${tooLong.source.slice(0, 80)}" is longer than 63 bytes` };
    const view: ViewMapping = {
      source: { schema: object.schema, name: object.name },
      target: { schema: targetSchema, name },
      columns: columns.map(({ source, target, type }) => ({
        source,
        target,
        ...(type.parts !== undefined && { parts: type.parts }),
      })),
      query: sql,
      reads: [...reading.read],
    };
    return { view, relation: { name, columns } };
  } catch (error) {
    if (error instanceof Untranslatable) return { reason: error.message };
    throw error;
  }
}
