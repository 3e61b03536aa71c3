import { getExternalWorkflowHandle } from '@temporalio/workflow';
import { EXECUTION_SIGNALS } from '../../contracts/execution-messages.js';
import { executionWorkflowId } from '../../contracts/executions.js';
import type { Engine } from './engine.js';

/** Pauses the executions of tasks that are patterns themselves, or lets them go on. One that just ended needs no word. */
export async function holdNested({ nested }: Engine, paused: boolean): Promise<void> {
  for (const executionId of nested) {
    const handle = getExternalWorkflowHandle(executionWorkflowId(executionId));
    await handle.signal(EXECUTION_SIGNALS.hold, { paused }).catch(() => undefined);
  }
}
