import type { EngineActivities, NestedToUndo, OpenedNested, TaskResult } from '../../contracts/engine-activities.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { nestedDefinition } from '../../language/prepare.js';
import { prepare } from '../../language/prepared.js';
import type { ExecutionRow, NewDefinition } from '../../platform/store/engine/engine-store.js';
import type { Store } from '../../platform/store/store.js';
import { executionAndDefinition } from './open-execution.js';

/** Executions of tasks that are patterns themselves. */
export function nestedActivities(store: Store): Pick<EngineActivities, 'openNested' | 'findNestedToUndo'> {
  return {
    openNested: ({ executionId, taskId }) => openNested(store, executionId, taskId),
    findNestedToUndo: async ({ executionId, taskId }) => {
      const nested = await nestedToUndo(store, executionId, taskId);
      return nested === undefined ? {} : { nested };
    },
  };
}

async function openNested(store: Store, parentId: string, taskId: string): Promise<OpenedNested> {
  const { executions } = store.engine;
  const { definition } = await executionAndDefinition(store, parentId);
  const executionId = await executions.createNested(parentId, taskId, () => prepared(definition.definition, taskId));
  const execution = await executions.get(executionId);
  if (execution?.projection.status === 'completed') return { executionId, result: await resultOf(store, execution) };
  const checkpointId = await executions.lastCheckpoint(executionId);
  return { executionId, ...(checkpointId !== undefined && { checkpointId }) };
}

function prepared(definition: Parameters<typeof nestedDefinition>[0], taskId: string): NewDefinition {
  const nested = nestedDefinition(definition, taskId);
  if (nested !== undefined) return prepare(nested);
  throw new CaravanFailure('DEFINITION_INVALID', {
    attempted: 'start the pattern of task',
    on: taskId,
    seen: 'the task is no pattern',
  });
}

async function resultOf(store: Store, { executionId, projection }: ExecutionRow): Promise<OpenedNested['result']> {
  const output = (await store.engine.executions.result(executionId)) as Readonly<Record<string, unknown>> | null;
  const { done = 0, skipped = 0, failed = 0, undone = 0 } = projection.counts;
  return { output: output ?? {}, tasks: { done, skipped, failed, undone } };
}

/** One that ended and did not complete was undone by itself; one that passed its pivot, or may have, cannot be undone. */
async function nestedToUndo(store: Store, parentId: string, taskId: string): Promise<NestedToUndo | undefined> {
  const { executions } = store.engine;
  const execution = await executions.nestedOf(parentId, taskId);
  if (execution === undefined) return undefined;
  const { executionId, closedAt, error, projection } = execution;
  const isOver = closedAt !== null && projection.status !== 'completed' && error?.code !== 'EXECUTION_TERMINATED';
  const checkpointId = isOver ? undefined : await executions.lastCheckpoint(executionId);
  if (checkpointId === undefined) return undefined;
  const state = await executions.checkpoint(executionId, checkpointId);
  const isFinal = state === undefined || state.pivoted || (state.pivotsAsked ?? []).length > 0;
  return isFinal || state.undos.length === 0 ? undefined : { executionId, checkpointId };
}

/** Outputs of these tasks; what is none of the execution's own tasks is one of the execution around it. */
export async function outputsInScope(
  store: Store,
  executionId: string,
  taskIds: readonly string[],
): Promise<readonly TaskResult[]> {
  const { executions } = store.engine;
  const own = await executions.outputs(executionId, taskIds);
  if (own.length === taskIds.length) return own;
  const parentId = (await executions.get(executionId))?.parentId;
  if (parentId == null) return own;
  const found = new Set(own.map(({ taskId }) => taskId));
  const missing = taskIds.filter((id) => !found.has(id));
  const { tasks } = await executions.tasks(executionId, { ids: missing });
  const outer = missing.filter((missed) => !tasks.some(({ id }) => id === missed));
  return outer.length === 0 ? own : [...own, ...(await outputsInScope(store, parentId, outer))];
}
