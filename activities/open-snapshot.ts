import type { InPlan, OpenedSnapshot } from '../contracts/activities.js';
import { openSourceOf, planOf } from './ends.js';
import type { Deps } from './deps.js';
import type { SnapshotHost } from './snapshot-host.js';

/** Opens S1 or S2 in this process and holds it until it is closed. */
export async function openSnapshot(
  deps: Deps,
  host: SnapshotHost,
  input: InPlan & { readonly connections: number; readonly queue: string },
): Promise<OpenedSnapshot> {
  const { migration } = (await planOf(deps, input.planId)).document;
  const source = await openSourceOf(deps, input.migrationId);
  try {
    const tables = migration.tables.map((table) => table.source);
    const snapshot = await source.openSnapshot({ connections: input.connections, tables });
    const snapshotId = host.hold({ migrationId: input.migrationId, source, snapshot });
    const { connections, consistent, detail } = snapshot;
    return { snapshotId, queue: input.queue, connections, consistent, detail };
  } catch (error) {
    await source.close().catch(() => undefined);
    throw error;
  }
}
