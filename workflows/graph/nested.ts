import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { ChildWorkflowHandle } from '@temporalio/workflow';
import {
  ApplicationFailure,
  CancellationScope,
  getExternalWorkflowHandle,
  isCancellation,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { OpenNested } from '../../contracts/engine-activities.js';
import { EXECUTION_SIGNALS } from '../../contracts/execution-messages.js';
import type { NestedStands } from '../../contracts/execution-messages.js';
import { executionWorkflowId } from '../../contracts/executions.js';
import type { ExecutionTask, GraphInput, GraphResult } from '../../contracts/executions.js';
import type { FailureCode } from '../../contracts/failures.js';
import { WORKFLOWS } from '../../contracts/messages.js';
import { backOffMs } from '../kit/back-off.js';
import { codeOf, rootOf } from '../kit/failures.js';
import { CHILD, engineAtOnce } from '../kit/profiles.js';
import { inWindow } from '../kit/window.js';
import type { AttemptBook, Call } from './dispatcher.js';
import type { Engine } from './engine.js';

type GraphWorkflow = (input: GraphInput) => Promise<GraphResult>;

/** One execution that a task needs: of the task itself, or of its instance for one item. */
interface NestedCall extends Pick<Call, 'mayGiveUp' | 'onAttempt'> {
  readonly task: ExecutionTask;
  /** Id in the definition. */
  readonly of: string;
  readonly part: number;
  readonly scope: OpenNested['scope'];
  readonly book: AttemptBook;
}

/** Ends of a nested execution after which it is not begun again: somebody said so, or the world is not as it was. */
const FOR_GOOD: readonly (FailureCode | undefined)[] = ['CANCELLED', 'UNDO_INCOMPLETE', 'DEFINITION_INVALID'];

/** Between two looks at a nested execution that still runs though nobody waits for it, milliseconds. */
const LOOK_MS_MIN = 500;
const LOOK_MS_MAX = 30_000;
/** Executions of one task that are undone at once. */
const UNDONE_AT_ONCE = 20;

/**
 * A task that is itself a pattern: an execution of its own, a child of this one. Its failure is a failed attempt, and
 * the next attempt begins another execution. One that this execution lost sight of is taken up again where it stands.
 */
export async function runNested(engine: Engine, call: NestedCall): Promise<unknown> {
  const { events, gate } = engine;
  const { of, book, mayGiveUp } = call;
  const { id, retry } = call.task;
  const data = id === of ? {} : { part_of: of };
  let { last: attempt, spent } = book;
  for (;;) {
    await gate.opened();
    attempt += 1;
    book.note({ attempt, spent });
    events.add('task.started', { task: id, attempt, data });
    try {
      const output = await held(call, () => resultOf(engine, call));
      events.add('task.completed', { task: id, attempt, data });
      return output;
    } catch (error) {
      if (isCancellation(error)) throw error;
      events.add('task.failed', { task: id, attempt, data: { ...data, reason: codeOf(error) ?? 'failure' } });
      spent += 1;
      book.note({ attempt, spent });
      const isUsedUp = spent >= retry.max_attempts || isForGood(error, retry.non_retryable);
      if (isUsedUp && (mayGiveUp === undefined || (await mayGiveUp()))) throw error;
      await sleep(backOffMs(retry, spent), { summary: `${id}: again after a failure` });
    }
  }
}

/** A pivot is told of, and no cancel reaches it: one that did not say that it failed may have been passed. */
async function held({ onAttempt }: NestedCall, work: () => Promise<unknown>): Promise<unknown> {
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

async function resultOf(engine: Engine, { of, part, scope, task }: NestedCall): Promise<unknown> {
  const { executionId: parentId, values } = engine;
  // What its tasks read of tasks around it is in the store.
  await values.keepForNested();
  for (let waitMs = LOOK_MS_MIN; ; waitMs = Math.min(LOOK_MS_MAX, 2 * waitMs)) {
    const seen = await engineAtOnce.openNested({ executionId: parentId, taskId: of, part, scope });
    const { executionId, checkpointId } = seen;
    const ended = seen.result ?? (await runChild(engine, task.id, { executionId, checkpointId }));
    if (ended !== undefined) return { tasks: ended.output, counts: ended.tasks };
    await untilNextLook(waitMs);
  }
}

/** Undoes what executions of a task did by what they know of undoing. Names the task where that is not whole. */
export async function undoNested(engine: Engine, { id }: ExecutionTask): Promise<{ left: string[] }> {
  let isWhole = true;
  let waitMs = LOOK_MS_MIN;
  for (let from: number | undefined = 0; from !== undefined;) {
    const page = await engineAtOnce.findNestedToUndo({ executionId: engine.executionId, taskId: id, from });
    const ends: (GraphResult | undefined)[] = [];
    await inWindow(page.nested, UNDONE_AT_ONCE, async (nested) => {
      ends.push(await runChild(engine, id, { ...nested, undo: true }));
    });
    isWhole &&= !ends.some((end) => end?.error?.code === 'UNDO_INCOMPLETE');
    if (ends.includes(undefined)) {
      await untilNextLook(waitMs);
      waitMs = Math.min(LOOK_MS_MAX, 2 * waitMs);
    } else from = page.next;
  }
  return { left: isWhole ? [] : [id] };
}

/** It runs, and is nobody's: whoever began it is gone, and it was asked to stop. */
async function untilNextLook(waitMs: number): Promise<void> {
  await sleep(waitMs, { summary: 'an earlier run of the nested execution still ends' });
}

/** Undefined: it runs already, and is not this execution's child. */
async function runChild(engine: Engine, taskId: string, input: GraphInput): Promise<GraphResult | undefined> {
  const { nested, opened, isPaused, clock } = engine;
  const { executionId } = input;
  nested.set(executionId, false);
  clock.calls(1);
  try {
    const child = await started(input, `${taskId} of ${opened.name}`);
    if (child === undefined) return undefined;
    // Until now it could not be told.
    if (isPaused()) await child.signal(EXECUTION_SIGNALS.hold, { paused: true });
    return await child.result();
  } finally {
    nestedStands(engine, { executionId, stands: false });
    clock.calls(-1);
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
  for (const executionId of nested.keys()) {
    const handle = getExternalWorkflowHandle(executionWorkflowId(executionId));
    await handle.signal(EXECUTION_SIGNALS.hold, { paused }).catch(() => undefined);
  }
}

/** A nested execution that waits for people is a question to people here as well: that time does not count. */
export function nestedStands({ nested, clock }: Engine, { executionId, stands }: NestedStands): void {
  if ((nested.get(executionId) ?? stands) === stands) return;
  nested.set(executionId, stands);
  clock.waits(stands ? 1 : -1);
  clock.calls(stands ? -1 : 1);
}

/** Tells the execution around this one whenever the clock stops or goes on. */
export function tellStanding({ executionId, clock, opened }: Engine): void {
  const around = workflowInfo().parent?.workflowId;
  if (around === undefined || opened.nested !== true) return;
  // A run before this one may have told something.
  let told = opened.state === undefined ? false : undefined;
  clock.listen((stands) => {
    if (stands === told) return;
    told = stands;
    // Where nobody waits for it any more nobody is to be told.
    getExternalWorkflowHandle(around)
      .signal(EXECUTION_SIGNALS.stands, { executionId, stands } satisfies NestedStands)
      .catch(() => undefined);
  });
}
