import type { EngineActivities, OpenNested } from '../../contracts/engine-activities.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { nestedDefinition } from '../../language/prepare.js';
import { prepare } from '../../language/prepared.js';
import { allocate } from './allocate.js';
import { executionAndDefinition, executionAndHead, openExecution } from './open-execution.js';
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
    openNested: (nested) => openNested(deps, nested),
    readExecutionTasks: ({ executionId, ...which }) => executions.tasks(executionId, which),
    appendEvents: ({ executionId, events }) => executions.append(executionId, events),
    saveCheckpoint: async (checkpoint) => ({ checkpointId: await executions.saveCheckpoint(checkpoint) }),
    putOutputs: ({ executionId, outputs }) => executions.putOutputs(executionId, outputs),
    getOutputs: async ({ executionId, taskIds }) => ({ outputs: await executions.outputs(executionId, taskIds) }),
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

async function openNested(
  { store }: EngineDeps,
  { executionId, taskId, of = taskId, around }: OpenNested,
): Promise<{ executionId: string }> {
  const { definition } = await executionAndDefinition(store, executionId);
  const nested = nestedDefinition(definition.definition, of);
  if (nested === undefined) {
    throw new CaravanFailure('DEFINITION_INVALID', {
      attempted: 'start the pattern of task',
      on: taskId,
      seen: 'the task is no pattern',
    });
  }
  const made = { parentId: executionId, taskId, definition: prepare(nested), ...(around && { around }) };
  return { executionId: await store.engine.executions.createNested(made) };
}
