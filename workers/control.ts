import { createNotifyActivities } from '../activities/amani/activities.js';
import { createArchitectActivities } from '../activities/architect/activities.js';
import { createEngineActivities } from '../activities/engine/activities.js';
import { createBuiltInAgents } from '../activities/engine/agents/run-task.js';
import { openTaskTeller } from '../activities/engine/agents/task-teller.js';
import { createMetaActivities } from '../activities/meta/activities.js';
import { EXECUTION_SIGNALS } from '../contracts/execution-messages.js';
import { QUEUES } from '../contracts/queues.js';
import { openSigner } from '../platform/certificate/signer.js';
import { certificatesFolder, signingKeyFile } from '../platform/secrets/key-files.js';
import { openJanitor } from './janitor.js';
import { reconcileExecutions } from './reconcile-executions.js';
import { main, runWorkers } from './run.js';
import { openRuntime } from './runtime.js';
import { keepNoPromiseStacks } from './workflow-threads.js';
import { signal, watchAgents } from './watch-agents.js';

/** Tasks of built-in agents wait for servers and databases: they must not hold up the bookkeeping beside them. */
const SLOTS = 100;

/** Workflows, the short activities of the Meta agent, the Architect and AMANI, and the built-in agents. */
async function control(): Promise<void> {
  const runtime = await openRuntime('control');
  const { deps, config } = runtime;
  if (!config.callStacks) keepNoPromiseStacks();
  const janitor = openJanitor(runtime);
  const certificates = {
    signer: openSigner({ keyFile: signingKeyFile(config.home) }),
    folder: certificatesFolder(config.home),
    caravanVersion: runtime.caravanVersion,
  };
  const teller = openTaskTeller({ store: deps.store, log: runtime.log });
  const activities = {
    ...createMetaActivities({ deps, certificates, sweep: (input) => janitor.sweep(input) }),
    ...createArchitectActivities(deps),
    ...createNotifyActivities(deps),
    ...createEngineActivities({
      store: deps.store,
      settings: config.engine,
      wake: (executionId) => signal(runtime, executionId, EXECUTION_SIGNALS.admitted),
    }),
    ...createBuiltInAgents({ store: deps.store, settings: config.engine, teller }),
  };
  const watch = watchAgents(runtime);
  const reconciler = reconcileExecutions(runtime);
  janitor.start();
  await runWorkers(runtime, [{ taskQueue: QUEUES.control, activities, workflows: true, slots: SLOTS }]);
  await teller.settled();
  watch.stop();
  reconciler.stop();
  janitor.stop();
  await runtime.close();
}

main(control);
