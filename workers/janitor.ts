import { withEnd } from '../activities/ends.js';
import { archiveAbandoned } from '../activities/worker/archive.js';
import type { MetaActivities } from '../contracts/activities.js';
import { WORKFLOWS } from '../contracts/messages.js';
import { QUEUES } from '../contracts/queues.js';
import { sweepLeftovers } from '../databases/postgres/janitor.js';
import { isAbandoned, isClosed } from './migration-state.js';
import type { WorkerRuntime } from './runtime.js';

const INTERVAL_MS = 60_000;

export interface Janitor {
  sweep: MetaActivities['sweepLeftovers'];
  start(): void;
  stop(): void;
}

/**
 * `terminate` and workflow timeouts run no code. The janitor finds what closed workflows left in targets, by the
 * schemas' comments, and undoes it, or, past the pivot, ends what was left to do: at worker start, every minute, and when asked. It runs as the workflow
 * `maintenance`, so that it is seen and does not run twice at once.
 */
export function openJanitor(runtime: WorkerRuntime): Janitor {
  const { client, log } = runtime;
  const ask = (): void => {
    client.workflow
      .start(WORKFLOWS.maintenance, {
        taskQueue: QUEUES.control,
        workflowId: 'caravan-janitor',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowTaskTimeout: '3 s',
        workflowExecutionTimeout: '10 min',
        args: [{}],
        staticSummary: 'undo what closed migrations left',
      })
      .catch(() => {
        log.debug({ event: 'janitor.not_started' });
      });
  };
  let timer: NodeJS.Timeout | undefined;
  return {
    sweep: (input) => sweep(runtime, input),
    start: () => {
      ask();
      timer = setInterval(ask, INTERVAL_MS);
      timer.unref();
    },
    stop: () => {
      clearInterval(timer);
    },
  };
}

async function sweep(
  runtime: WorkerRuntime,
  { connection }: { connection?: string },
): Promise<{ undone: number; left: number }> {
  const { deps, log } = runtime;
  const total = { undone: 0, left: 0 };
  for (const { name, engine } of await deps.store.connections.list()) {
    if (engine !== 'postgres' || (connection !== undefined && name !== connection)) continue;
    try {
      const endpoint = await deps.store.connections.get(name);
      if (endpoint.engine !== 'postgres') continue;
      const swept = await sweepLeftovers(endpoint, async (owner) => !(await isAbandoned(runtime, owner)), {
        archive: (names) =>
          withEnd(deps.openTarget(endpoint, names), (target) => archiveAbandoned(deps, target, names)),
      });
      for (const migrationId of swept.undone) {
        // A later run under the id may be at work with them.
        if (await isClosed(runtime.client, migrationId)) await deps.store.connections.release(migrationId);
      }
      total.undone += swept.undone.length;
      total.left += swept.left.length;
    } catch {
      log.debug({ event: 'janitor.unreachable', connection: name });
    }
  }
  return total;
}
