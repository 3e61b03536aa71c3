import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';

interface BareInput {
  readonly queue: string;
  readonly steps: number;
  /** Passed on to the agent. */
  readonly executionId?: string;
}

type Agent = Record<'runTask', (task: { readonly executionId?: string; readonly taskId: string }) => Promise<unknown>>;

/** The floor of a step: the same activities one after the other, with nothing around them. */
export async function bare({ queue, steps, ...identity }: BareInput): Promise<number> {
  const { runTask } = proxyActivities<Agent>({
    taskQueue: queue,
    // On a machine that is busy with other things the server hands out a task that never arrives.
    startToCloseTimeout: '10 s',
    retry: { maximumAttempts: 5 },
  });
  for (let step = 0; step < steps; step += 1) await runTask({ ...identity, taskId: String(step) });
  return steps;
}

/** The same, once it is told to. */
export async function bareWaiting(input: BareInput): Promise<number> {
  let isTold = false;
  setHandler(defineSignal('go'), () => {
    isTold = true;
  });
  await condition(() => isTold);
  return bare(input);
}
