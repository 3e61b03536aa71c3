import type { InPlan } from '../../contracts/activities.js';
import type { Target } from '../../databases/target.js';
import type { Deps } from '../deps.js';
import { openTargetOf, recordOf, withEnd } from '../ends.js';

/** Entries moved at once. */
const ENTRIES = 2000;

/**
 * After promotion: quarantine and value ledger go to the store, then the sidecar goes. A second call finds the sidecar
 * gone, or writes the same entries again by key.
 */
export async function archiveSidecar(
  deps: Deps,
  { migrationId }: InPlan,
): Promise<{ quarantined: number; changed: number }> {
  const { input } = await recordOf(deps, migrationId);
  return withEnd(openTargetOf(deps, migrationId), async (target) => {
    if ((await target.promotionRecord()) !== undefined) {
      await archive(deps, target, migrationId, 'quarantine');
      await archive(deps, target, migrationId, 'value_ledger');
      await target.dropSidecar(input.targetSchema);
    }
    return {
      quarantined: await deps.store.archive.count(migrationId, 'quarantine'),
      changed: await deps.store.archive.count(migrationId, 'value_ledger'),
    };
  });
}

async function archive(
  deps: Deps,
  target: Target,
  migrationId: string,
  kind: 'quarantine' | 'value_ledger',
): Promise<void> {
  for (let after = 0; ;) {
    const entries = await target.ledger.entries(kind, after, ENTRIES);
    const last = entries.at(-1);
    if (last === undefined) return;
    await deps.store.archive.put(migrationId, kind, entries);
    after = last.id;
  }
}
