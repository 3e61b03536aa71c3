import { join } from 'node:path';
import { createNotifyActivities } from '../activities/amani/activities.js';
import { createArchitectActivities } from '../activities/architect/activities.js';
import { createMetaActivities } from '../activities/meta/activities.js';
import { QUEUES } from '../contracts/queues.js';
import { openSigner } from '../platform/certificate/signer.js';
import { openJanitor } from './janitor.js';
import { main, runWorkers } from './run.js';
import { openRuntime } from './runtime.js';

/** Workflows, and the short activities of the Meta agent, the Architect and AMANI. */
async function control(): Promise<void> {
  const runtime = await openRuntime('control');
  const { deps, config } = runtime;
  const janitor = openJanitor(runtime);
  const certificates = {
    signer: openSigner({ keyFile: join(config.home, 'certificate-key.pem') }),
    folder: join(config.home, 'certificates'),
    caravanVersion: runtime.caravanVersion,
  };
  const activities = {
    ...createMetaActivities({ deps, certificates, sweep: (input) => janitor.sweep(input) }),
    ...createArchitectActivities(deps),
    ...createNotifyActivities(deps),
  };
  janitor.start();
  await runWorkers(runtime, [{ taskQueue: QUEUES.control, activities, workflows: true, slots: 20 }]);
  janitor.stop();
  await runtime.close();
}

main(control);
