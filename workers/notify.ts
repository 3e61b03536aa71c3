import { openDispatcher } from '../activities/amani/dispatcher.js';
import { main } from './run.js';
import { openRuntime } from './runtime.js';

/** AMANI's deliveries: takes notifications from the outbox and brings them to the channels. */
async function notify(): Promise<void> {
  const runtime = await openRuntime('notify');
  const dispatcher = openDispatcher(runtime.deps, { webhook: runtime.config.webhook });
  process.stdout.write(`${JSON.stringify({ event: 'worker.ready', role: 'notify', pid: process.pid })}\n`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => {
        resolve();
      });
  });
  await dispatcher.stop();
  await runtime.close();
}

main(notify);
