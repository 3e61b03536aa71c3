import { proxyActivities } from '@temporalio/workflow';

/** The floor of a step: the same activities one after the other, with nothing around them. */
export async function bare(input: { readonly queue: string; readonly steps: number }): Promise<number> {
  const { runTask } = proxyActivities<{ runTask(task: { taskId: string }): Promise<unknown> }>({
    taskQueue: input.queue,
    // On a machine that is busy with other things the server hands out a task that never arrives.
    startToCloseTimeout: '10 s',
    retry: { maximumAttempts: 5 },
  });
  for (let step = 0; step < input.steps; step += 1) await runTask({ taskId: String(step) });
  return input.steps;
}
