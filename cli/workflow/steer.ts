import { WorkflowNotFoundError } from '@temporalio/client';
import { EXECUTION_UPDATES } from '../../contracts/execution-messages.js';
import type { ResolveTask } from '../../contracts/execution-messages.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { ExecutionRow } from '../../platform/store/engine/engine-store.js';
import type { CliContext } from '../cli-context.js';
import { listenForInterrupts } from '../migrate/interrupts.js';
import { patient } from '../patience.js';
import { withSession } from '../session.js';
import type { Session } from '../session.js';
import { openExecutionDisplay } from './display.js';
import { findOpenExecution, findResumable, handleOf, isLiving, lostFailure, startWorkflow } from './executions.js';
import { follow } from './follow.js';
import { endLines } from './report.js';
import { readInput } from './submit.js';

/** Who says it, and why. */
export interface Said {
  readonly by?: string;
  readonly reason?: string;
}

type Update = keyof typeof EXECUTION_UPDATES;

/** A refusal comes back as the catalogued failure that the execution's validator threw. */
async function update<Answer>(
  session: Session,
  { executionId }: ExecutionRow,
  { name, attempted, message }: { name: Update; attempted: string; message: Readonly<Record<string, unknown>> },
): Promise<Answer> {
  if (!(await isLiving(session, executionId))) {
    // It may have ended between two looks.
    await findOpenExecution(session, executionId, attempted);
    throw lostFailure(attempted, executionId);
  }
  try {
    return await patient(() =>
      handleOf(session, executionId).executeUpdate<Answer, [unknown]>(EXECUTION_UPDATES[name], { args: [message] }),
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) await findOpenExecution(session, executionId, attempted);
    throw error;
  }
}

/** `caravan workflow pause`: starts nothing new; prints the checkpoint that was kept. */
export async function runWorkflowPause(context: CliContext, id: string, said: Said): Promise<number> {
  return withSession(context, async (session) => {
    const row = await findOpenExecution(session, id, 'pause');
    const message = saidBy(context, said);
    const { checkpointId } = await update<{ checkpointId: string }>(session, row, {
      name: 'pause',
      attempted: 'pause',
      message,
    });
    context.print(`paused ${row.executionId}, by ${message.by}; checkpoint ${checkpointId}`);
    return 0;
  });
}

/**
 * `caravan workflow resume`: goes on after a pause. An execution whose Temporal workflow is gone begins again at a
 * checkpoint, the last one unless another is named; without any at its beginning, where keys keep effects from
 * happening twice.
 */
export async function runWorkflowResume(
  context: CliContext,
  id: string,
  { checkpoint, ...said }: Said & { readonly checkpoint?: string },
): Promise<number> {
  return withSession(context, async (session) => {
    const row = await findResumable(session, id);
    const { executionId, projection } = row;
    if (await isLiving(session, executionId)) {
      if (checkpoint !== undefined) throw notLost(executionId);
      const message = saidBy(context, said);
      await update(session, row, { name: 'resume', attempted: 'resume', message });
      context.print(`resumed ${executionId}, by ${message.by}`);
      return 0;
    }
    const checkpointId = checkpoint ?? projection.lastCheckpointId ?? undefined;
    if (checkpointId !== undefined) await requireCheckpoint(session, executionId, checkpointId);
    await startWorkflow(session, row, checkpointId);
    const place = checkpointId === undefined ? 'its beginning: it has no checkpoint' : `checkpoint ${checkpointId}`;
    context.print(`${executionId} was lost, and goes on from ${place}`);
    return 0;
  });
}

function notLost(executionId: string): CaravanFailure {
  return new CaravanFailure('NOT_NOW', {
    attempted: 'go on from a checkpoint',
    on: executionId,
    seen: 'it is not lost: its workflow runs',
    next: 'Leave --checkpoint out to resume it after a pause.',
  });
}

/** Looked at first: an execution that is started with a checkpoint it does not have fails for good. */
async function requireCheckpoint({ store }: Session, executionId: string, checkpointId: string): Promise<void> {
  if ((await patient(() => store.engine.executions.checkpoint(executionId, checkpointId))) !== undefined) return;
  throw new CaravanFailure('CHECKPOINT_UNKNOWN', {
    attempted: 'go on from the checkpoint',
    on: checkpointId,
    seen: `execution "${executionId}" has no such checkpoint`,
  });
}

/** `caravan workflow cancel`: stops, undoes what was done, and waits for it. 0 when it ended cancelled, with no undo failed. */
export async function runWorkflowCancel(
  context: CliContext,
  id: string,
  { wait = true, ...said }: Said & { readonly wait?: boolean },
): Promise<number> {
  const interrupts = listenForInterrupts();
  try {
    return await withSession(context, async (session) => {
      const row = await findOpenExecution(session, id, 'cancel');
      const { executionId } = row;
      await update(session, row, { name: 'cancel', attempted: 'cancel', message: saidBy(context, said) });
      context.tell('cancelling; what was done is being undone');
      if (!wait) return 0;
      const display = openExecutionDisplay(context);
      const end = await follow({ session, executionId, interrupts, display, fromNow: true });
      const { status, counts } = end.row.projection;
      if (end.kind !== 'over') context.tell('it goes on with it');
      else for (const line of endLines(end.row)) context.print(line);
      return end.kind === 'over' && status === 'cancelled' && (counts.parked ?? 0) === 0 ? 0 : 1;
    });
  } finally {
    interrupts.close();
  }
}

export interface DecideOptions extends Said {
  readonly approve?: boolean;
  readonly reject?: boolean;
  /** JSON, or "@" and a file. */
  readonly output?: string;
}

/** `caravan workflow decide`: approves or rejects a task, or gives what a person did. */
export async function runWorkflowDecide(
  context: CliContext,
  [id, taskId]: readonly [string, string],
  { approve, reject, output: text, ...said }: DecideOptions,
): Promise<number> {
  const decision = oneOf({ approve, reject });
  const output = readInput(text, context.cwd);
  return withSession(context, async (session) => {
    const row = await findOpenExecution(session, id, 'decide');
    const message = { taskId, approved: decision === 'approve', ...(output !== undefined && { output }) };
    const who = saidBy(context, said);
    await update(session, row, { name: 'decideTask', attempted: 'decide', message: { ...message, ...who } });
    context.print(`${decision === 'approve' ? 'approved' : 'rejected'} task "${taskId}", by ${who.by}`);
    return 0;
  });
}

export type ResolveOptions = Said & Partial<Record<ResolveTask['action'], boolean>>;

/** `caravan workflow resolve`: what becomes of a task, or of an undo, that failed for good. */
export async function runWorkflowResolve(
  context: CliContext,
  [id, taskId]: readonly [string, string],
  { retry, skip, fail, ...said }: ResolveOptions,
): Promise<number> {
  const action = oneOf({ retry, skip, fail });
  return withSession(context, async (session) => {
    const row = await findOpenExecution(session, id, 'resolve');
    const who = saidBy(context, said);
    await update(session, row, { name: 'resolveTask', attempted: 'resolve', message: { taskId, action, ...who } });
    context.print(`task "${taskId}": ${action}, by ${who.by}`);
    return 0;
  });
}

function saidBy({ config }: CliContext, { by = config.user, reason }: Said): { by: string; reason?: string } {
  return { by, ...(reason === undefined ? {} : { reason }) };
}

/** The one option that is given. */
function oneOf<Name extends string>(options: Readonly<Partial<Record<Name, boolean>>>): Name {
  const names = Object.keys(options) as Name[];
  const given = names.filter((name) => options[name] === true);
  const [only] = given;
  if (only !== undefined && given.length === 1) return only;
  const seen = given.length === 0 ? 'none is given' : 'more than one is given';
  throw new CaravanFailure('USAGE', { attempted: 'use', on: names.map((name) => `--${name}`).join(' or '), seen });
}
