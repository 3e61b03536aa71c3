import type { InPlan, OpenedComparison } from '../../../contracts/activities.js';
import type { Deps } from '../../deps.js';
import { openExistingOf, withEnd } from '../../ends.js';
import { openSnapshot } from '../../open-snapshot.js';
import type { SnapshotHost } from '../../snapshot-host.js';

/** Opens a state of the source, then one of the target, and holds both in this process until they are closed. */
export async function openComparison(
  deps: Deps,
  host: SnapshotHost,
  input: InPlan & { readonly connections: number; readonly queue: string },
): Promise<OpenedComparison> {
  const opened = await openSnapshot(deps, host, { ...input, whole: true });
  try {
    const target = await withEnd(openExistingOf(deps, input.migrationId), (end) => end.openSnapshot());
    host.join(opened.snapshotId, target);
    const { position: sourcePosition } = host.get(opened.snapshotId).snapshot;
    return { ...opened, compared: { sourcePosition, targetPosition: target.position, at: target.takenAt } };
  } catch (error) {
    await host.close(opened.snapshotId);
    throw error;
  }
}
