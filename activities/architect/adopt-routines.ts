import type { Catalogue } from '../../contracts/catalogue.js';
import { qualified } from '../../contracts/catalogue.js';
import { canonicalJson } from '../../contracts/canonical-json.js';
import type { MigrationMapping, NotMigrated } from '../../contracts/mapping.js';
import { routineLeft } from '../maba/mapping/given/row-filter.js';
import { draftRoutines } from '../maba/mapping/routines.js';
import type { AdoptProblems } from './adopt-table.js';

/** Routines all of whose tables are in the plan; the others go, and are listed. */
export function runnable(
  { tables, routines }: MigrationMapping,
  dropped: MigrationMapping['notMigrated'],
): MigrationMapping['routines'] {
  const there = new Set(tables.map(({ source }) => qualified(source)));
  const targets = new Set(tables.map(({ target }) => target.name));
  return routines?.filter((routine) => {
    const homeless = routine.trigger && !targets.has(routine.trigger.table) ? routine.trigger.table : undefined;
    const missing = homeless ?? routine.reads.find((read) => !there.has(read));
    if (missing === undefined) return true;
    dropped.push(routineLeft(routine, `it needs ${missing}, which is not in the plan`));
    return false;
  });
}

/** The words of a routine are made from the source's own, and are not edited; it can be taken out of the plan. */
export function checkRoutines(given: MigrationMapping, catalogue: Catalogue, problems: AdoptProblems): void {
  const { routines = [] } = given;
  if (routines.length === 0) return;
  const made = new Map(draftRoutines({ ...given, catalogue }).routines.map((each) => [qualified(each.source), each]));
  for (const routine of routines) {
    const own = made.get(qualified(routine.source));
    if (own && canonicalJson(own) === canonicalJson(routine)) continue;
    problems.invalid.push(
      `the ${routine.kind} ${qualified(routine.source)} is not what is made from the source's own: leave it and its tables as they were, or take it out of the plan`,
    );
  }
}

/** Those of MySQL that the plan neither has nor lists. */
export function routinesLeftOut({ routines = [] }: MigrationMapping, { objects }: Catalogue): NotMigrated[] {
  const there = new Set(routines.map(({ source }) => qualified(source)));
  return objects
    .filter((object) => object.program !== undefined && !there.has(qualified(object)))
    .map((object) => ({ kind: object.kind, name: qualified(object), reason: 'left out of the plan' }));
}
