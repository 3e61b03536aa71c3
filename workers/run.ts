import { Worker } from '@temporalio/worker';
import type { WorkerOptions } from '@temporalio/worker';
import { WORKFLOW_CODE } from '../contracts/worker-settings.js';
import { failureInterceptor } from './failure-interceptor.js';
import type { WorkerRuntime } from './runtime.js';

/** A queue that a process polls, and what it does there. */
export interface Poll {
  readonly taskQueue: string;
  readonly activities: object;
  /** Runs workflow code as well. */
  readonly workflows?: boolean;
  /** Activities at once. */
  readonly slots: number;
}

const GRACE = '10 s';

/** Polls until the process is told to stop. Prints the line that says it is ready. */
export async function runWorkers(runtime: WorkerRuntime, polls: readonly Poll[], work?: Promise<void>): Promise<void> {
  const workers = await Promise.all(polls.map((poll) => Worker.create(optionsOf(runtime, poll))));
  process.stdout.write(`${JSON.stringify({ event: 'worker.ready', role: runtime.role, pid: process.pid })}\n`);
  await Promise.all([...workers.map((worker) => worker.run()), work]);
}

function optionsOf({ connection, namespace, bundlePath, log, deps }: WorkerRuntime, poll: Poll): WorkerOptions {
  return {
    connection,
    namespace,
    taskQueue: poll.taskQueue,
    identity: deps.processId,
    activities: poll.activities,
    ...(poll.workflows === true ? { workflowBundle: { codePath: bundlePath }, ...WORKFLOW_CODE } : {}),
    maxConcurrentActivityTaskExecutions: poll.slots,
    // The SDK else sends a heartbeat only every 0.8 × timeout.
    maxHeartbeatThrottleInterval: '1s',
    defaultHeartbeatThrottleInterval: '1s',
    shutdownGraceTime: GRACE,
    shutdownForceTime: '20 s',
    interceptors: { activity: [(context) => ({ inbound: failureInterceptor(context, log) })] },
  };
}

/** Runs a role's main; an error ends the process with a line that says why, without values. */
export function main(role: () => Promise<void>): void {
  role().then(
    () => process.exit(0),
    (error: unknown) => {
      const text = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown error';
      process.stderr.write(`${JSON.stringify({ event: 'worker.failed', error: text })}\n`);
      process.exit(1);
    },
  );
}
