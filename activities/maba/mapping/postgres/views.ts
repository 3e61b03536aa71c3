import type { Catalogue, CatalogueObject } from '../../../../contracts/catalogue.js';
import { qualified } from '../../../../contracts/catalogue.js';
import type { ViewMapping } from '../../../../contracts/mapping.js';
import type { RelationNames } from '../names.js';
import type { Needs } from './needs.js';

export interface Placed {
  readonly needs: Needs;
  /** "schema.name" of tables, views and sequences that stand in the target under their own names. */
  readonly relations: Set<string>;
  readonly targetSchema: string;
}

export interface NativeViews {
  readonly views: ViewMapping[];
  /** Why the others are none. */
  readonly left: ReadonlyMap<CatalogueObject, string>;
}

export function viewsOf({ objects }: Pick<Catalogue, 'objects'>): CatalogueObject[] {
  return objects.filter(({ kind }) => kind === 'view' || kind === 'materialized view');
}

/** Views keep their names, or stay behind: others name them. Those whose names are free, taken from here on. */
export function nameViews(catalogue: Catalogue, relations: RelationNames): ReadonlySet<CatalogueObject> {
  const views = viewsOf(catalogue);
  const seen = Map.groupBy(views, ({ name }) => name);
  const named = views.filter(({ name }) => seen.get(name)?.length === 1 && !relations.isTaken(name));
  for (const view of named) relations.take(view.name, { table: view.schema, from: qualified(view) });
  return new Set(named);
}

/** Views in the source's own words, in an order in which they can be made. */
export function draftNativeViews(
  catalogue: Catalogue,
  named: ReadonlySet<CatalogueObject>,
  placed: Placed,
): NativeViews {
  const views: ViewMapping[] = [];
  /** Materialized views without rows. */
  const unfilled = new Set<string>();
  let left = new Map<CatalogueObject, string>();
  let waiting = viewsOf(catalogue);
  for (let before = -1; waiting.length !== before;) {
    before = waiting.length;
    left = new Map();
    for (const view of waiting) {
      const reason = named.has(view)
        ? obstacleOf(view, { ...placed, unfilled })
        : 'something else has its name in the target';
      if (reason !== undefined) {
        left.set(view, reason);
        continue;
      }
      views.push(mappingOf(view, placed.targetSchema));
      if (view.view?.materialized?.populated === false) unfilled.add(qualified(view));
      placed.relations.add(qualified(view));
    }
    waiting = waiting.filter((view) => left.has(view));
  }
  return { views, left };
}

function obstacleOf(
  { definition = '', view, reads = [], needs }: CatalogueObject,
  placed: Placed & { readonly unfilled: ReadonlySet<string> },
): string | undefined {
  if (definition === '' || view === undefined) return 'its definition cannot be seen';
  if (view.columns.length === 0) return 'it has no columns';
  const missing = reads.find((read) => !placed.relations.has(read));
  if (missing !== undefined) return `it reads ${missing}, which has no place in the target`;
  // One that is not filled itself is not read.
  const unfilled = view.materialized?.populated === false ? undefined : reads.find((read) => placed.unfilled.has(read));
  if (unfilled !== undefined) return `it reads ${unfilled}, which is not filled, so that nothing can be compared`;
  return placed.needs.lacks(needs, false);
}

function mappingOf(
  { schema, name, definition = '', view, reads = [] }: CatalogueObject,
  targetSchema: string,
): ViewMapping {
  const { columns = [], options = [], materialized } = view ?? {};
  return {
    source: { schema, name },
    target: { schema: targetSchema, name },
    columns: columns.map((column) => ({ source: column, target: column })),
    query: definition.replace(/;\s*$/, ''),
    reads: [...reads],
    ...(options.length > 0 && { options: [...options] }),
    ...(materialized && { materialized }),
  };
}
