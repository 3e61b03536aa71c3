import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Worker, bundleWorkflowCode } from '@temporalio/worker';
import { WORKFLOW_CODE } from '../../contracts/worker-settings.js';
import type { EngineStack } from './stack.js';

/** What Temporal alone takes: a workflow that calls an agent so many times, one after the other, and nothing else. */
export interface Floor {
  run(of: Bare): Promise<void>;
  /** Starts one that waits until it is told to go on, and gives the means to tell it. */
  open(of: Bare): Promise<() => Promise<void>>;
  /** How many of those that waited there are in this state. */
  waiting(status: 'Running' | 'Completed'): Promise<number>;
  close(): Promise<void>;
}

export interface Bare {
  readonly queue: string;
  readonly steps: number;
  readonly executionId?: string;
}

/** A worker of this process for the bare workflow alone, with the settings of Caravan's own. */
export async function openFloor({ client, native, state }: EngineStack): Promise<Floor> {
  const taskQueue = `bench-floor-${randomUUID()}`;
  const workflowsPath = fileURLToPath(new URL('./bare-workflow.js', import.meta.url));
  const quiet = () => undefined;
  const logger = { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet };
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger });
  const worker = await Worker.create({
    connection: native,
    namespace: state.namespace,
    taskQueue,
    workflowBundle,
    ...WORKFLOW_CODE,
  });
  const running = worker.run();
  const optionsOf = (of: Bare) => ({ taskQueue, workflowId: `bare-${randomUUID()}`, args: [of] });
  return {
    run: async (of) => {
      await client.workflow.execute('bare', optionsOf(of));
    },
    open: async (of) => {
      const handle = await client.workflow.start('bareWaiting', optionsOf(of));
      return () => handle.signal('go');
    },
    waiting: async (status) => {
      const query = `TaskQueue = "${taskQueue}" AND WorkflowType = "bareWaiting" AND ExecutionStatus = "${status}"`;
      return (await client.workflow.count(query)).count;
    },
    close: async () => {
      worker.shutdown();
      await running;
    },
  };
}
