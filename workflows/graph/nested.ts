import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { ChildWorkflowHandle } from '@temporalio/workflow';
import {
  ApplicationFailure,
  CancellationScope,
  getExternalWorkflowHandle,
  isCancellation,
  sleep,
  startChild,
} from '@temporalio/workflow';
import { EXECUTION_SIGNALS } from '../../contracts/execution-messages.js';
import { executionWorkflowId } from '../../contracts/executions.js';
import type { ExecutionTask, GraphInput, GraphResult } from '../../contracts/executions.js';
import type { FailureCode } from '../../contracts/failures.js';
import { WORKFLOWS } from '../../contracts/messages.js';
import { backOffMs } from '../kit/back-off.js';
import { codeOf, rootOf } from '../kit/failures.js';
import { CHILD, engineAtOnce } from '../kit/profiles.js';
import type { Call } from './dispatcher.js';
import type { Engine } from './engine.js';

type GraphWorkflow = (input: GraphInput) => Promise<GraphResult>;
type Conduct = Pick<Call, 'mayGiveUp' | 'onAttempt'>;

/** Ends of a nested execution after which it is not begun again: somebody said so, or the world is not as it was. */
const FOR_GOOD: readonly (FailureCode | undefined)[] = ['CANCELLED', 'UNDO_INCOMPLETE', 'DEFINITION_INVALID'];

/** Between two looks at a nested execution that still runs though nobody waits for it, milliseconds. */
const LOOK_MS_MIN = 500;
const LOOK_MS_MAX = 30_000;

/**
 * A task that is itself a pattern: an execution of its own, a child of this one. Its failure is a failed attempt, and
 * the next attempt begins another execution. One that this execution lost sight of is taken up again where it stands.
 */
export async function runNested(engine: Engine, task: ExecutionTask, conduct: Conduct): Promise<unknown> {
  const { memory, events, gate } = engine;
  const { id, retry } = task;
  let spent = memory.spentOf(id);
  for (;;) {
    await gate.opened();
    const attempt = memory.attemptOf(id) + 1;
    memory.set(id, 'running', attempt, spent);
    events.add('task.started', { task: id, attempt });
    try {
      const output = await held(conduct, () => resultOf(engine, task));
      events.add('task.completed', { task: id, attempt });
      return output;
    } catch (error) {
      if (isCancellation(error)) throw error;
      events.add('task.failed', { task: id, attempt, data: { reason: codeOf(error) ?? 'failure' } });
      spent += 1;
      memory.set(id, 'running', attempt, spent);
      const isUsedUp = spent >= retry.max_attempts || isForGood(error, retry.non_retryable);
      if (isUsedUp && (conduct.mayGiveUp === undefined || (await conduct.mayGiveUp()))) throw error;
      await sleep(backOffMs(retry, spent), { summary: `${id}: again after a failure` });
    }
  }
}

/** A pivot is told of, and no cancel reaches it: one that did not say that it failed may have been passed. */
async function held({ onAttempt }: Conduct, work: () => Promise<unknown>): Promise<unknown> {
  if (onAttempt === undefined) return work();
  onAttempt('asked');
  try {
    const output = await CancellationScope.nonCancellable(work);
    onAttempt('done');
    return output;
  } catch (error) {
    const code = codeOf(error);
    const isOpen = code === undefined || code === 'CANCELLED' || code === 'EXECUTION_TIMED_OUT';
    onAttempt(isOpen ? 'unknown' : 'failed');
    throw error;
  }
}

function isForGood(error: unknown, never: readonly string[]): boolean {
  const root = rootOf(error);
  return FOR_GOOD.includes(codeOf(error)) || (root instanceof ApplicationFailure && never.includes(root.type ?? ''));
}

async function resultOf(engine: Engine, { id }: ExecutionTask): Promise<unknown> {
  // What its tasks read of tasks around it is in the store.
  await engine.values.keepAll();
  return untilSeen(async () => {
    const { executionId, checkpointId, result } = await engineAtOnce.openNested({
      executionId: engine.executionId,
      taskId: id,
    });
    const ended = result ?? (await runChild(engine, id, { executionId, checkpointId }));
    return ended && { tasks: ended.output, counts: ended.tasks };
  });
}

/** Undoes what the execution of a task did by what that execution knows of undoing. Names the task where it is not whole. */
export async function undoNested(engine: Engine, { id }: ExecutionTask): Promise<{ left: string[] }> {
  const ended = await untilSeen(async () => {
    const { nested } = await engineAtOnce.findNestedToUndo({ executionId: engine.executionId, taskId: id });
    return nested === undefined ? 'nothing' : runChild(engine, id, { ...nested, undo: true });
  });
  return { left: ended !== 'nothing' && ended.error?.code === 'UNDO_INCOMPLETE' ? [id] : [] };
}

/** Looks again as long as the execution runs and is nobody's: whoever began it is gone, and it was asked to stop. */
async function untilSeen<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let waitMs = LOOK_MS_MIN; ; waitMs = Math.min(LOOK_MS_MAX, 2 * waitMs)) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await sleep(waitMs, { summary: 'an earlier run of the nested execution still ends' });
  }
}

/** Undefined: it runs already, and is not this execution's child. */
async function runChild(engine: Engine, taskId: string, input: GraphInput): Promise<GraphResult | undefined> {
  const { nested, opened, isPaused } = engine;
  const { executionId } = input;
  nested.add(executionId);
  try {
    const child = await started(input, `${taskId} of ${opened.name}`);
    if (child === undefined) return undefined;
    // Until now it could not be told.
    if (isPaused()) await child.signal(EXECUTION_SIGNALS.hold, { paused: true });
    return await child.result();
  } finally {
    nested.delete(executionId);
  }
}

async function started(
  input: GraphInput,
  staticSummary: string,
): Promise<ChildWorkflowHandle<GraphWorkflow> | undefined> {
  try {
    return await startChild<GraphWorkflow>(WORKFLOWS.graph, {
      ...CHILD,
      workflowId: executionWorkflowId(input.executionId),
      args: [input],
      staticSummary,
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
    throw error;
  }
}

/** Pauses the executions of tasks that are patterns themselves, or lets them go on. One that just ended needs no word. */
export async function holdNested({ nested }: Engine, paused: boolean): Promise<void> {
  for (const executionId of nested) {
    const handle = getExternalWorkflowHandle(executionWorkflowId(executionId));
    await handle.signal(EXECUTION_SIGNALS.hold, { paused }).catch(() => undefined);
  }
}
