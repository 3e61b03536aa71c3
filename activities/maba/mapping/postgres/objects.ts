import type { Catalogue } from '../../../../contracts/catalogue.js';
import { qualified } from '../../../../contracts/catalogue.js';
import type { Notes } from '../notes.js';

/** Longer definitions are cut: a plan is read by people. */
const SHOWN = 1000;

/** What stays behind, with the words that make it. */
export function noteObjects(catalogue: Catalogue, notes: Notes): void {
  for (const object of catalogue.objects) {
    const { definition = '' } = object;
    const words = definition.length > SHOWN ? `${definition.slice(0, SHOWN)} …` : definition;
    const reason = `not migrated (yet)${words === '' ? '' : `: ${words}`}`;
    notes.leave(object.kind, object.schema === '' ? object.name : qualified(object), reason);
  }
  for (const { what, mend } of catalogue.cannotSee) {
    const detail = `the login cannot see: ${what}; mend it with: ${mend}`;
    notes.find('cannot_see', what, { kind: 'structural', count: 1, detail });
  }
}
