import { createScoutActivities } from '../activities/scout/activities.js';
import { SnapshotHost } from '../activities/snapshot-host.js';
import { createWorkerActivities } from '../activities/worker/activities.js';
import { QUEUES, processQueue } from '../contracts/queues.js';
import { main, runWorkers } from './run.js';
import { openRuntime } from './runtime.js';
import { watchSnapshots } from './watch-snapshots.js';

/** Activities at once on the shared queue: what is memory-hungry is few. */
const SHARED_SLOTS = 6;
/** On the process's own queue chunks wait for a reader inside the activity, so that they never wait in the queue. */
const OWN_SLOTS = 100;

/** Scouts and Workers: everything that reads the source or writes the target in bulk. */
async function copy(): Promise<void> {
  const runtime = await openRuntime('copy');
  const { deps } = runtime;
  const host = new SnapshotHost(deps.processId);
  const activities = createWorkerActivities(deps, host);
  const stop = watchSnapshots(runtime, host);
  await runWorkers(runtime, [
    { taskQueue: QUEUES.copy, activities: { ...activities, ...createScoutActivities(deps) }, slots: SHARED_SLOTS },
    { taskQueue: processQueue(deps.processId), activities, slots: OWN_SLOTS },
  ]);
  stop();
  await host.closeAll();
  await runtime.close();
}

main(copy);
