import { SnapshotHost } from '../activities/snapshot-host.js';
import { createValidatorActivities } from '../activities/validator/activities.js';
import { checkChunk } from '../activities/worker/check-chunk.js';
import { copyChunk } from '../activities/worker/copy-chunk.js';
import { QUEUES, processQueue } from '../contracts/queues.js';
import { main, runWorkers } from './run.js';
import { openRuntime } from './runtime.js';
import { watchSnapshots } from './watch-snapshots.js';

const SHARED_SLOTS = 6;
const OWN_SLOTS = 100;

/** Validators: KORA's proof. A repair is a copy from the proof's snapshot, by the Worker's own code. */
async function verify(): Promise<void> {
  const runtime = await openRuntime('verify');
  const { deps } = runtime;
  const host = new SnapshotHost(deps.processId);
  const activities = createValidatorActivities(deps, host, {
    repairChunk: async (input, alive) => {
      await copyChunk(deps, host, { ...input, repair: true }, alive);
    },
    checkChunk: (input, alive) => checkChunk(deps, { ...input, alive }),
  });
  const stop = watchSnapshots(runtime, host);
  await runWorkers(runtime, [
    { taskQueue: QUEUES.verify, activities, slots: SHARED_SLOTS },
    { taskQueue: processQueue(deps.processId), activities, slots: OWN_SLOTS },
  ]);
  stop();
  await host.closeAll();
  await runtime.close();
}

main(verify);
