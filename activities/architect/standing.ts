import type { PlanDocument } from '../../contracts/definition.schema.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { MigrationMapping } from '../../contracts/mapping.js';
import type { MigrationInput } from '../../contracts/migration.schema.js';
import { misfits } from '../../databases/standing.js';
import type { StandingTable } from '../../databases/standing.js';
import type { Deps } from '../deps.js';
import { openTargetOf, withEnd } from '../ends.js';
import type { DraftedMapping, DraftMappingInput } from '../maba/mapping/draft-mapping.js';
import { draftStanding } from '../maba/mapping/standing/draft.js';

/** `--mode data-only`: the plan comes from both catalogues. What does not fit is told at once. */
export async function draftIntoStanding(
  deps: Deps,
  migrationId: string,
  input: DraftMappingInput,
): Promise<DraftedMapping> {
  const { targetSchema } = input;
  const standing = await withEnd(openTargetOf(deps, migrationId), (target) => target.standingTables(targetSchema));
  const draft = draftStanding(input, standing);
  if ('misfits' in draft) throw misfits(targetSchema, draft.misfits);
  return draft.drafted;
}

/** A table with its TOAST, its sequence and its shadow. */
const LOCKED_OF_TABLE = 6;

/** What the swap locks: a table that rows come into with all its indexes, and what it refers to. */
export function lockedObjects({ tables }: MigrationMapping, standing: readonly StandingTable[]): number {
  const byName = new Map(standing.map((table) => [table.name, table]));
  return tables.reduce((count, { target }) => {
    const own = byName.get(target.name);
    return count + LOCKED_OF_TABLE + 2 * (own?.keys.length ?? 0) + (own?.foreignKeys.length ?? 0);
  }, 0);
}

/** A plan says itself where its rows go; the start may only agree. */
export function checkMode({ name, migration }: PlanDocument, { mode }: MigrationInput): void {
  const planned = migration.mode ?? 'schema-and-data';
  const agrees = planned === 'data-only' ? mode !== 'schema-only' : mode !== 'data-only';
  if (agrees) return;
  throw new CaravanFailure('INPUT_INVALID', {
    attempted: `use the mode ${mode} with the plan`,
    on: name,
    seen: `the plan was made for ${planned}`,
    next: 'Leave the mode out, or make a plan for it.',
  });
}
