import type { EngineActivities } from '../../contracts/engine-activities.js';
import type { OpenedExecution } from '../../contracts/executions.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { ExecutionRow, StoredDefinition } from '../../platform/store/engine/engine-store.js';
import type { Store } from '../../platform/store/store.js';
import { unknownExecution } from '../../platform/store/engine/events.js';
import { allocate } from './allocate.js';
import { headOf } from './definition-heads.js';
import type { DefinitionHead } from './definition-heads.js';

/** What the environment says about executions; see config/. */
export interface EngineSettings {
  readonly maxConcurrentWorkflows: number;
  readonly workflowTimeoutSeconds: number;
  readonly agentAllocationTimeoutSeconds: number;
  readonly checkpointIntervalSeconds: number;
  readonly sagaCompensationTimeoutSeconds: number;
  readonly agentLeaseSeconds: number;
}

/** Tasks that wait for an answer at once: Temporal bears some hundreds of open activities in a workflow. */
const WINDOW = 400;

export interface EngineParts {
  readonly store: Store;
  readonly settings: EngineSettings;
}

export async function openExecution(
  { store, settings }: EngineParts,
  { executionId, checkpointId }: Parameters<EngineActivities['openExecution']>[0],
): Promise<OpenedExecution> {
  const { executions } = store.engine;
  if (checkpointId !== undefined) await reopen(store, executionId, checkpointId);
  const { execution, head } = await executionAndHead(store, executionId);
  if (execution.closedAt !== null) throw notNow(executionId, `it is ${execution.projection.status}`);
  const state = checkpointId === undefined ? undefined : await stateOf(store, executionId, checkpointId);
  if (execution.projection.status === 'compensating' && state?.undoing === undefined)
    throw notNow(executionId, 'it is being undone: go on from its last checkpoint');
  const admitted = await executions.admit(executionId, settings.maxConcurrentWorkflows);
  const { definition, saga, pattern, patternOptions, taskCount, events } = head;
  const open: OpenedExecution = {
    admitted,
    workflowId: execution.workflowId,
    name: definition.name,
    pattern,
    patternOptions,
    status: execution.projection.status,
    page: { tasks: [], places: [], next: null },
    taskCount,
    agents: [],
    agentTypes: Object.fromEntries(Object.entries(definition.agents).map(([name, { type }]) => [name, type])),
    input: null,
    timeoutSeconds: execution.options.timeout ?? definition.timeout ?? settings.workflowTimeoutSeconds,
    checkpointSeconds: settings.checkpointIntervalSeconds,
    allocationSeconds: settings.agentAllocationTimeoutSeconds,
    window: WINDOW,
    events,
    ...(saga && { saga: { ...saga, timeoutSeconds: settings.sagaCompensationTimeoutSeconds } }),
    ...(state && { state }),
  };
  if (!admitted) return open;
  const { agents } =
    state?.paused === true
      ? open
      : await allocate({ store, settings }, { executionId, definition, options: execution.options });
  const around = execution.parentId === null ? undefined : await executions.around(executionId);
  return {
    ...open,
    ...(around && { around }),
    page: await executions.tasks(executionId, { offset: 0, except: state?.settled ?? [] }),
    agents,
    input: await executions.input(executionId),
  };
}

/** Where somebody goes on from a checkpoint after the workflow was terminated. */
async function reopen(store: Store, executionId: string, checkpointId: string): Promise<void> {
  // Fails before anything is changed.
  await stateOf(store, executionId, checkpointId);
  const isOpen = await store.engine.executions.reopen(executionId, checkpointId);
  if (!isOpen) throw notNow(executionId, 'it ended, or another execution of its definition runs');
}

function notNow(executionId: string, seen: string): CaravanFailure {
  return new CaravanFailure('NOT_NOW', { attempted: 'run the execution', on: executionId, seen });
}

async function stateOf(store: Store, executionId: string, checkpointId: string): Promise<OpenedExecution['state']> {
  const state = await store.engine.executions.checkpoint(executionId, checkpointId);
  if (state !== undefined) return state;
  throw new CaravanFailure('CHECKPOINT_UNKNOWN', {
    attempted: 'go on from the checkpoint',
    on: checkpointId,
    seen: `execution "${executionId}" has no such checkpoint`,
  });
}

export async function executionAndDefinition(
  store: Store,
  executionId: string,
): Promise<{ execution: ExecutionRow; definition: StoredDefinition }> {
  const execution = await store.engine.executions.get(executionId);
  const definition = execution && (await store.engine.definitions.get(execution.workflowId, execution.ordinal));
  if (execution === undefined || definition === undefined) throw unknownExecution(executionId);
  return { execution, definition };
}

export async function executionAndHead(
  store: Store,
  executionId: string,
): Promise<{ execution: ExecutionRow; head: DefinitionHead }> {
  const execution = await store.engine.executions.get(executionId);
  const head = execution && (await headOf(store, execution.workflowId, execution.ordinal));
  if (execution === undefined || head === undefined) throw unknownExecution(executionId);
  return { execution, head };
}
