import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Worker, bundleWorkflowCode } from '@temporalio/worker';
import type { EngineStack } from './stack.js';

/** What Temporal alone takes: a workflow that calls an agent so many times, one after the other, and nothing else. */
export interface Floor {
  run(queue: string, steps: number): Promise<void>;
  close(): Promise<void>;
}

/** A worker of this process for the bare workflow alone. */
export async function openFloor({ client, native, state }: EngineStack): Promise<Floor> {
  const taskQueue = 'bench-floor';
  const workflowsPath = fileURLToPath(new URL('./bare-workflow.js', import.meta.url));
  const quiet = () => undefined;
  const logger = { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet };
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger });
  const worker = await Worker.create({
    connection: native,
    namespace: state.namespace,
    taskQueue,
    workflowBundle,
  });
  const running = worker.run();
  return {
    run: async (queue, steps) => {
      const workflowId = `bare-${randomUUID()}`;
      await client.workflow.execute('bare', { taskQueue, workflowId, args: [{ queue, steps }] });
    },
    close: async () => {
      worker.shutdown();
      await running;
    },
  };
}
