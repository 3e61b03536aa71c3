import type { InPlan } from '../../contracts/activities.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { Chunk, Target, TargetNames } from '../../databases/target.js';
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
  const { input, hash } = await recordOf(deps, migrationId);
  return withEnd(openTargetOf(deps, migrationId), async (target) => {
    if ((await target.promotionRecord()) !== undefined) {
      await archiveLedgers(deps, target, { migrationId, hash });
      await archiveChunks(deps, target, { migrationId, hash });
      await target.dropSidecar(input.targetSchema);
    }
    return {
      quarantined: await deps.store.archive.count(migrationId, 'quarantine'),
      changed: await deps.store.archive.count(migrationId, 'value_ledger'),
    };
  });
}

/**
 * For the janitor: keeps what the sidecar of a promoted migration holds, whose workflow was ended before it could. False
 * when the store does not know the run, or no longer: then nobody could ask for the entries, or purge them.
 */
export async function archiveAbandoned(
  deps: Pick<Deps, 'store' | 'box'>,
  target: Target,
  { hash, workflowId: migrationId }: TargetNames,
): Promise<boolean> {
  const promoted = await target.promotionRecord();
  const record = await deps.store.migrations.byHash(hash);
  if (promoted === undefined || record?.migrationId !== migrationId) return false;
  await archiveLedgers(deps, target, { migrationId, hash });
  await archiveChunks(deps, target, { migrationId, hash });
  // Documents are those of the latest run under an id.
  if ((await deps.store.migrations.get(migrationId))?.hash === hash) {
    await deps.store.migrations.putPromotion(migrationId, promoted);
  }
  return true;
}

/** A copy that was looked at is taken away by who looked; what a killed command left goes after this time. */
const STAGE_KEPT_MS = 3_600_000;

/**
 * For people who look before promotion: a copy of what the ledgers hold now goes to the store under the name `stage`,
 * sealed as it is, so that no row passes through a history. False when there is no sidecar.
 */
export async function stageLedgers(
  deps: Deps,
  { migrationId, stage }: { readonly migrationId: string; readonly stage: string },
): Promise<{ there: boolean }> {
  const { input } = await recordOf(deps, migrationId);
  await deps.store.archive.dropStages(migrationId, Date.now() - STAGE_KEPT_MS);
  if (input.target === undefined) return { there: false };
  return withEnd(openTargetOf(deps, migrationId), async (target) => {
    try {
      await archiveLedgers(deps, target, { migrationId, hash: stage });
      return { there: true };
    } catch (error) {
      if (error instanceof CaravanFailure && error.code === 'LEDGER_INCOMPLETE') return { there: false };
      throw error;
    }
  });
}

/** How each table was copied, so that a row can be traced when the sidecar is gone. Bounds are keys: they are sealed. */
async function archiveChunks(
  { store, box }: Pick<Deps, 'store' | 'box'>,
  target: Target,
  run: { readonly migrationId: string; readonly hash: string },
): Promise<void> {
  for (let after: Chunk | undefined; ;) {
    const chunks = await target.ledger.chunks(after, ENTRIES);
    after = chunks.at(-1);
    if (after === undefined) return;
    await store.traces.putChunks(
      run,
      chunks.map(({ lower, upper, committedAt = null, ...chunk }) => {
        const bounds = box.seal(Buffer.from(JSON.stringify({ lower, upper })), chunk.table);
        return { ...chunk, bounds, committedAt };
      }),
    );
  }
}

async function archiveLedgers(
  { store }: Pick<Deps, 'store'>,
  target: Target,
  run: { readonly migrationId: string; readonly hash: string },
): Promise<void> {
  for (const kind of ['quarantine', 'value_ledger'] as const) {
    for (let after = 0; ;) {
      const entries = await target.ledger.entries(kind, after, ENTRIES);
      const last = entries.at(-1);
      if (last === undefined) break;
      await store.archive.put(run, kind, entries);
      after = last.id;
    }
  }
}
