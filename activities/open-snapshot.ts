import { createHash } from 'node:crypto';
import type { InPlan, OpenedSnapshot } from '../contracts/activities.js';
import type { Snapshot } from '../databases/source.js';
import { refuseAnyDrift } from './drift/drift.js';
import { SchemaWatch } from './drift/watch.js';
import { openSourceOf, planOf } from './ends.js';
import type { Deps } from './deps.js';
import type { SnapshotHost } from './snapshot-host.js';

/**
 * Opens S1 or S2 in this process and holds it until it is closed. What has become of the source's tables since they were
 * discovered is looked at once it is open: a table that drifted is not read. With `whole` one is enough to refuse all.
 */
export async function openSnapshot(
  deps: Deps,
  host: SnapshotHost,
  input: InPlan & {
    readonly connections: number;
    readonly queue: string;
    readonly catalogueId?: string;
    readonly whole: boolean;
  },
): Promise<OpenedSnapshot> {
  const { migration } = (await planOf(deps, input.planId)).document;
  const watch = await SchemaWatch.open(deps, input.catalogueId, migration.tables);
  const source = await openSourceOf(deps, input.migrationId);
  try {
    const tables = migration.tables.map((table) => table.source);
    const opening = (): Promise<Snapshot> => source.openSnapshot({ connections: input.connections, tables });
    const snapshot = await watch.named(source, opening, refuseAnyDrift);
    const drift = await watch.look(source);
    if (input.whole && drift.size > 0) {
      await snapshot.close();
      refuseAnyDrift(drift);
    }
    const { position: stood, detail: told } = snapshot;
    const read = input.whole ? 'proof' : 'copy';
    await deps.store.migrations.putState(input.migrationId, read, { position: stood, detail: told });
    const snapshotId = host.hold({ migrationId: input.migrationId, source, snapshot, watch, drift });
    const { connections, consistent, detail } = snapshot;
    const position = consistent ? positionDigest(snapshot.position) : undefined;
    return {
      snapshotId,
      queue: input.queue,
      connections,
      consistent,
      detail,
      ...(position !== undefined && { position }),
    };
  } catch (error) {
    await source.close().catch(() => undefined);
    throw error;
  }
}

/** SQLite's data_version counts for one connection only: equal numbers of two connections tell nothing. */
function positionDigest(position: string): string | undefined {
  if (!/^(?:gtid|binlog|lsn):|^sha256 /.test(position)) return undefined;
  return createHash('sha256').update(position).digest('hex').slice(0, 32);
}
