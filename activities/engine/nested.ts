import type {
  EngineActivities,
  NestedToUndo,
  OpenNested,
  OpenedNested,
  TaskResult,
} from '../../contracts/engine-activities.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { nestedDefinition } from '../../language/prepare.js';
import { prepare } from '../../language/prepared.js';
import type { ExecutionRow, NewDefinition } from '../../platform/store/engine/engine-store.js';
import type { Store } from '../../platform/store/store.js';
import { executionAndDefinition } from './open-execution.js';

/** Nested executions that are looked at together. */
const NESTED_PAGE = 50;

/** Executions of tasks that are patterns themselves. */
export function nestedActivities(store: Store): Pick<EngineActivities, 'openNested' | 'findNestedToUndo'> {
  return {
    openNested: (nested) => openNested(store, nested),
    findNestedToUndo: async ({ executionId, taskId, from }) => {
      const page = await store.engine.executions.nestedOf(executionId, taskId, { from, limit: NESTED_PAGE });
      const found = await Promise.all(page.map((execution) => toUndo(store, execution)));
      const nested = found.filter((one) => one !== undefined);
      const last = page.length < NESTED_PAGE ? undefined : page.at(-1);
      return { nested, ...(last && { next: last.part + 1 }) };
    },
  };
}

async function openNested(store: Store, nested: OpenNested): Promise<OpenedNested> {
  const { executions } = store.engine;
  const { definition } = await executionAndDefinition(store, nested.executionId);
  const executionId = await executions.createNested(nested, () => prepared(definition.definition, nested.taskId));
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
async function toUndo(store: Store, execution: ExecutionRow): Promise<NestedToUndo | undefined> {
  const { executions } = store.engine;
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
