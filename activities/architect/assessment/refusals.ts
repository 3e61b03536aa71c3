import { qualified } from '../../../contracts/catalogue.js';
import type { Catalogue } from '../../../contracts/catalogue.js';
import { CaravanFailure, FAILURES } from '../../../contracts/failures.js';
import { shellWord } from '../../../contracts/needs.js';
import type { Refusal } from '../../../contracts/assessment.js';
import type { Refused } from '../../maba/mapping/notes.js';

/** What is refused in the mapping, with what would be needed. */
export function mappingRefusals(refused: readonly Refused[], catalogue: Catalogue): Refusal[] {
  return refused.map(({ object, reason }) => {
    const table = catalogue.tables
      .map(qualified)
      .filter((name) => object === name || object.startsWith(`${name}.`) || object.startsWith(`${name} `))
      .reduce((longest, name) => (name.length > longest.length ? name : longest), '');
    const leave = table === '' ? 'leave its table out' : `leave the table out with --exclude ${shellWord(table)}`;
    return { object, reason, needed: `${changeFor(object, reason)}, or ${leave}` };
  });
}

function changeFor(object: string, reason: string): string {
  if (reason.includes('has no mapping')) return 'give the column a type that has a mapping';
  if (reason.startsWith('the check has no translation')) return 'drop or rewrite the check in the source';
  if (object.endsWith('(primary key)')) return 'change the primary key in the source';
  return 'change it in the source';
}

/** Included tables that the login may not read. */
export function unreadableRefusals({ unreadable }: Catalogue): Refusal[] {
  return unreadable.map((object) => ({
    object,
    reason: 'the login may not read it',
    needed: `grant SELECT on it, or leave it out with --exclude ${shellWord(object)}`,
  }));
}

/** A failure that would end the planning of a migration, as one more thing that is refused. */
export async function refusalOf(work: () => Promise<void>): Promise<Refusal[]> {
  try {
    await work();
    return [];
  } catch (error) {
    if (!(error instanceof CaravanFailure) || FAILURES[error.code].exit !== 2) throw error;
    return [asRefusal(error)];
  }
}

export function asRefusal(failure: CaravanFailure): Refusal {
  const object = failure.facts.names?.slice(0, 5).join(', ') ?? failure.code;
  return { object, reason: failure.seen, needed: failure.next };
}
