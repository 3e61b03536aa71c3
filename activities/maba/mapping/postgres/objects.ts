import type { Catalogue, CatalogueObject } from '../../../../contracts/catalogue.js';
import { qualified } from '../../../../contracts/catalogue.js';
import type { NativeObject } from '../../../../contracts/mapping.js';
import type { Renamed } from '../names.js';
import type { Notes } from '../notes.js';
import type { Routines } from './routines.js';
import { madeRoutine } from './routines.js';
import { viewsOf } from './views.js';
import type { Placed } from './views.js';

/** Longer definitions are cut: a plan is read by people. */
const SHOWN = 1000;
/** What the others name comes first. */
const ORDER: readonly CatalogueObject['kind'][] = [
  'routine',
  'index',
  'default',
  'statistics',
  'rule',
  'trigger',
  'policy',
];

export interface ObjectDrafting extends Placed {
  readonly catalogue: Catalogue;
  readonly routines: Routines;
  /** Names of keys and indexes that are others in the target. */
  readonly renamed: readonly Renamed[];
  /** Why views stay behind. */
  readonly left: ReadonlyMap<CatalogueObject, string>;
  readonly notes: Notes;
}

/** What is made in the source's own words; what is not stays behind, with the words that make it and the reason. */
export function draftObjects(drafting: ObjectDrafting): NativeObject[] {
  const { catalogue, notes, left } = drafting;
  for (const { what, mend } of catalogue.cannotSee) {
    const detail = `the login cannot see: ${what}; mend it with: ${mend}`;
    notes.find('cannot_see', what, { kind: 'structural', count: 1, detail });
  }
  for (const view of viewsOf(catalogue)) {
    const reason = left.get(view);
    if (reason !== undefined) leave(notes, view, reason);
  }
  const made = new Map<string, NativeObject>();
  const placeIn = ({ kind }: CatalogueObject): number => (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.length);
  const views = new Set(viewsOf(catalogue).map(qualified));
  for (const object of catalogue.objects.toSorted((a, b) => placeIn(a) - placeIn(b))) {
    if (viewsOf({ objects: [object] }).length > 0) continue;
    const reason = obstacleOf(object, { ...drafting, made, views });
    if (reason !== undefined) leave(notes, object, reason);
    else made.set(`${object.kind} ${qualified(object)}`, objectOf(object, drafting));
  }
  return [...made.values()].toSorted((a, b) => Number(b.routine?.early ?? false) - Number(a.routine?.early ?? false));
}

function leave(notes: Notes, object: CatalogueObject, reason: string): void {
  const { definition = '' } = object;
  const words = definition.length > SHOWN ? `${definition.slice(0, SHOWN)} …` : definition;
  notes.leave(
    object.kind,
    object.schema === '' ? object.name : qualified(object),
    `${reason}${words === '' ? '' : `: ${words}`}`,
  );
}

type Trying = ObjectDrafting & {
  readonly made: ReadonlyMap<string, NativeObject>;
  readonly views: ReadonlySet<string>;
};

/** Why it is not made. */
function obstacleOf(object: CatalogueObject, trying: Trying): string | undefined {
  const { words, reads = [], needs } = object;
  if (object.kind === 'routine') {
    const refused = trying.routines.refuses(object);
    if (refused !== undefined) return refused;
  }
  if (words === undefined) return 'not migrated (yet)';
  const homeless = homeOf(words, trying);
  if (homeless !== undefined) return homeless;
  const missing = reads.find((read) => !trying.relations.has(read));
  if (missing !== undefined) return `it needs ${missing}, which has no place in the target`;
  // Views are made after routines, and made anew while tables stay.
  const above = reads.find((read) => trying.views.has(read) && read !== (words.of && qualified(words.of)));
  if (above !== undefined) return `it needs the view ${above}`;
  return trying.needs.lacks(needs, false);
}

/** Why what it belongs to is not there under its own name. */
function homeOf({ of, part }: NonNullable<CatalogueObject['words']>, trying: Trying): string | undefined {
  if (of === undefined) return undefined;
  const name = qualified(of);
  const there =
    of.kind === 'relation'
      ? trying.relations.has(name)
      : of.kind === 'type'
        ? trying.needs.makes(name)
        : trying.made.has(`routine ${name}`);
  if (!there) return `${name} has no place of this name in the target`;
  return part !== undefined && trying.renamed.some(({ from }) => from === `${name}.${part}`)
    ? `${part} has another name in the target`
    : undefined;
}

function objectOf(object: CatalogueObject, { routines }: ObjectDrafting): NativeObject {
  if (object.kind === 'routine') return madeRoutine(object, routines.isEarly(object));
  const { words, reads = [] } = object;
  const { of, statements = [], promoted } = words ?? {};
  return {
    kind: object.kind,
    name: qualified(object),
    ...(of?.kind === 'relation' && { relation: of.name }),
    ...(of?.kind === 'routine' && { of: qualified(of) }),
    statements: [...statements],
    ...(promoted !== undefined && { promoted }),
    reads: [...new Set([...reads, ...(of?.kind === 'relation' ? [qualified(of)] : [])])],
  };
}
