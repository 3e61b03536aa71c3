import { executeChild, getExternalWorkflowHandle } from '@temporalio/workflow';
import { setPausedSignal } from './messages.js';
import type { PauseGate } from './pause.js';
import { CHILD } from './profiles.js';

interface PausableChild {
  readonly workflowId: string;
  readonly input: unknown;
  readonly staticSummary: string;
}

/** Runs a child workflow to its end; it hears when its parent is paused, and when it goes on. */
export async function executePausableChild<Result>(
  type: string,
  gate: PauseGate,
  { workflowId, input, staticSummary }: PausableChild,
): Promise<Result> {
  const stopListening = gate.onChange((paused) => {
    // A child that has just ended needs no word.
    getExternalWorkflowHandle(workflowId)
      .signal(setPausedSignal, paused)
      .catch(() => undefined);
  });
  try {
    return (await executeChild(type, { ...CHILD, workflowId, args: [input], staticSummary })) as Result;
  } finally {
    stopListening();
  }
}
