import type { EngineActivities } from '../../contracts/engine-activities.js';
import { allocate } from './allocate.js';
import { nestedActivities, outputsInScope } from './nested.js';
import { executionAndHead, openExecution } from './open-execution.js';
import type { EngineParts } from './open-execution.js';

export interface EngineDeps extends EngineParts {
  /** Tells an execution that it has its turn. */
  readonly wake: (executionId: string) => Promise<void>;
}

/** Executions that are told at once that there is room. */
const WOKEN = 20;

/** Bookkeeping of executions: what the workflow `graph` asks of the store. */
export function createEngineActivities(deps: EngineDeps): EngineActivities {
  const { store } = deps;
  const { executions, agents } = store.engine;
  return {
    openExecution: (input) => openExecution(deps, input),
    ...nestedActivities(store),
    readExecutionTasks: ({ executionId, ...which }) => executions.tasks(executionId, which),
    appendEvents: ({ executionId, events }) => executions.append(executionId, events),
    saveCheckpoint: async ({ events = [], ...checkpoint }) => {
      if (events.length > 0) await executions.append(checkpoint.executionId, events);
      return { checkpointId: await executions.saveCheckpoint(checkpoint) };
    },
    putOutputs: ({ executionId, outputs }) => executions.putOutputs(executionId, outputs),
    getOutputs: async ({ executionId, taskIds }) => ({ outputs: await outputsInScope(store, executionId, taskIds) }),
    allocateAgents: async ({ executionId, lost }) => {
      const { execution, head } = await executionAndHead(store, executionId);
      return allocate(deps, { executionId, definition: head.definition, options: execution.options }, lost);
    },
    releaseAgents: ({ executionId }) => agents.release(executionId),
    closeExecution: async ({ executionId, output, error, events }) => {
      await executions.close({ executionId, output, events, ...(error && { error }) });
      const waiting = await executions.waiting(WOKEN);
      await Promise.all(waiting.map((id) => deps.wake(id)));
    },
  };
}
