import type { ProvenBrief, ValidatorActivities } from '../../contracts/activities.js';
import { upToFailure } from '../batch.js';
import { openTargetOf, withEnd } from '../ends.js';
import type { Alive } from '../heartbeat.js';
import { proveTableIn } from './prove-table.js';
import type { Proving } from './prove-table.js';

/** Proves small tables one after the other on one connection to the target, each as `proveTable` does it. */
export async function proveTables(
  proving: Proving,
  { tables, ...input }: Parameters<ValidatorActivities['proveTables']>[0],
  alive: Alive,
): ReturnType<ValidatorActivities['proveTables']> {
  const proven = await withEnd(
    openTargetOf(proving.deps, input.migrationId),
    (target) =>
      upToFailure(proving.deps, tables, alive, async (table, seen): Promise<ProvenBrief> => {
        const whole = await proveTableIn(target, { ...proving, alive: seen }, { ...input, table, repair: false });
        const { source, targetRows, quarantinedRows, changedValues, equal, findings } = whole;
        return { source, targetRows, quarantinedRows, changedValues, equal, findings };
      }),
    alive.signal,
  );
  return { proven };
}
