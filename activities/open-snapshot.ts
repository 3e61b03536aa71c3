import { createHash } from 'node:crypto';
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
