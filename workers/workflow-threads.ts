import { basename } from 'node:path';
import threads from 'node:worker_threads';
import type { WorkerOptions } from 'node:worker_threads';

/** The SDK's program of a thread that runs workflow code. */
const PROGRAM = 'workflow-worker-thread';

/**
 * For each promise of a workflow the SDK notes the call stack, translated to the sources, in case somebody asks for
 * `__stack_trace`: a third of what an execution costs its worker, and it has no setting for that. Threads that are made
 * from here on do without; see `quiet-promises.ts`.
 */
export function keepNoPromiseStacks(): void {
  const quiet = new URL('./quiet-promises.js', import.meta.url).href;
  const { Worker } = threads;
  threads.Worker = class extends Worker {
    constructor(program: string | URL, options: WorkerOptions = {}) {
      const runsWorkflows = basename(String(program)).startsWith(PROGRAM);
      super(program, runsWorkflows ? { ...options, execArgv: [...process.execArgv, '--import', quiet] } : options);
    }
  };
}
