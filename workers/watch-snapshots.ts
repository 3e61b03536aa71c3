import type { SnapshotHost } from '../activities/snapshot-host.js';
import { isClosed } from './migration-state.js';
import type { WorkerRuntime } from './runtime.js';

const INTERVAL_MS = 30_000;

/** Closes the snapshots of migrations that are closed: a terminated workflow cannot ask for it. */
export function watchSnapshots({ client, log }: WorkerRuntime, host: SnapshotHost): () => void {
  const look = async (): Promise<void> => {
    for (const { id, migrationId } of host.migrations()) {
      if (await isClosed(client, migrationId)) {
        log.info({ event: 'snapshot.closed', migrationId });
        await host.close(id);
      }
    }
  };
  const timer = setInterval(() => {
    look().catch(() => undefined);
  }, INTERVAL_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}
