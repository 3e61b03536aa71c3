import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { ExecutionTask, UndoCall } from '../../contracts/executions.js';
import type { FailureReport } from '../../contracts/failures.js';
import { failure, failureFromReport, reportFailure } from '../kit/failures.js';
import type { SagaStep } from '../kit/saga.js';
import type { AttemptBook, Call } from './dispatcher.js';
import type { Engine } from './engine.js';
import { Parts } from './parts.js';
import type { Part } from './parts.js';

/** What a pattern adds to how its tasks are run. */
export interface TaskHooks {
  /** Goes to the agent as `context.shared`. */
  readonly shared?: (task: ExecutionTask) => unknown;
  /** After an output; what it returns is the task's output. */
  readonly after?: (task: ExecutionTask, output: unknown) => Promise<unknown>;
  /** True: the task is skipped; what depends on it goes on. */
  readonly skip?: (task: ExecutionTask) => boolean;
  /** Runs a task that is itself a pattern; `of` is the task in the definition, `local` what it tells those inside. */
  readonly nested?: (task: ExecutionTask, of: string, local: Readonly<Record<string, unknown>>) => Promise<unknown>;
}

/** One task from its release to its output: event, condition, approval, undo, call. */
export class TaskRunner {
  readonly #engine: Engine;
  readonly #hooks: TaskHooks;
  /** Of the tasks that run in several instances now. */
  readonly #parts = new Map<string, Parts>();

  constructor(engine: Engine, hooks: TaskHooks = {}) {
    this.#engine = engine;
    this.#hooks = hooks;
  }

  /** A task whose condition is false is skipped; what depends on it goes on. A throw fails the task. */
  async run(task: ExecutionTask): Promise<void> {
    const { memory, events, values } = this.#engine;
    const passedBy = this.#hooks.skip?.(task) === true;
    if (passedBy || (task.when !== undefined && !(await values.isTrue(task.when, values.eventOf(task.onEvent))))) {
      memory.set(task.id, 'skipped');
      events.add('task.skipped', { task: task.id, data: { reason: passedBy ? 'pattern' : 'when' } });
      return;
    }
    if (task.approval !== undefined) await this.#approved(task);
    if (task.pivot === true) await this.#engine.saga.approach(() => this.#pass(task));
    else await this.#do(task);
  }

  /** The point of no return. A checkpoint is kept that knows it was asked for: a lost run may have passed it. */
  async #pass(task: ExecutionTask): Promise<void> {
    const { saga, checkpoint } = this.#engine;
    const wasAsked = saga.undecided.includes(task.id);
    saga.pivotAsked(task.id);
    try {
      await checkpoint('pivot');
    } finally {
      if (!wasAsked) saga.pivotFailed(task.id);
    }
    await this.#do(task);
    if (!saga.pivoted) saga.pivot();
  }

  async #do(task: ExecutionTask): Promise<void> {
    const { memory, values, people } = this.#engine;
    // Before the call, so that a call that was lost but had its effect is undone as well.
    rememberUndo(this.#engine, task);
    const given = await this.#untilDecided(task);
    if (given !== SKIPPED) {
      // Whoever ends the run now waits for it: the call had its effect.
      await CancellationScope.nonCancellable(() => values.keep(task.id, given.output));
      memory.set(task.id, 'done');
      memory.forgetParts(task.id);
      values.forgetParts(task.id);
    }
    people.forget(task.id);
  }

  async #approved({ id, approval }: ExecutionTask): Promise<void> {
    const decision = await this.#asked({ id, of: id, what: 'approval' }, approval?.deadlineSeconds);
    if (decision === undefined) throw failure('DEADLINE_PASSED', `Nobody approved task "${id}".`);
    if (!decision.approved) throw failure('TASK_REJECTED', `Task "${id}" was rejected by ${decision.by}.`);
  }

  /** `of`: the task itself, where `id` is one of its instances. */
  async #asked(
    { id, of, what }: { readonly id: string; readonly of: string; readonly what: 'approval' | 'human' },
    deadlineSeconds?: number,
  ): ReturnType<Engine['people']['decision']> {
    const { memory, events, people } = this.#engine;
    const about = { task: id, attempt: memory.attemptOf(of), ordinal: what };
    const part = id === of ? {} : { part_of: of };
    memory.set(of, 'blocked');
    events.add('task.waiting_for_person', { ...about, data: { what, ...part } });
    const decision = await people.decision(id, what, deadlineSeconds);
    const data = decision === undefined ? { decision: 'deadline' } : { approved: decision.approved, by: decision.by };
    events.add('task.decided', { ...about, data: { what, ...data, ...part } });
    memory.set(of, 'running');
    return decision;
  }

  /** Tries, and when all attempts are used up and a person is to decide, tries as often as that person says. */
  async #untilDecided(task: ExecutionTask): Promise<{ readonly output: unknown } | typeof SKIPPED> {
    const { memory, people } = this.#engine;
    for (let before = people.exhausted(task.id); ; before = undefined) {
      let report = before;
      if (report === undefined) {
        memory.set(task.id, 'running');
        try {
          return { output: await this.#output(task) };
        } catch (error) {
          if (isCancellation(error) || task.onExhausted !== 'escalate') throw error;
          report = reportFailure(error);
        }
      }
      const action = await this.#resolved(task.id, report);
      if (action === 'fail') throw failureFromReport(report);
      if (action === 'skip') return SKIPPED;
    }
  }

  /** What a person says after all attempts failed. */
  async #resolved(id: string, report: FailureReport): Promise<'retry' | 'skip' | 'fail'> {
    const { memory, events, people } = this.#engine;
    const about = { task: id, attempt: memory.attemptOf(id), ordinal: 'exhausted' };
    memory.set(id, 'blocked');
    events.add('task.waiting_for_person', { ...about, data: { what: 'exhausted', code: report.code } });
    const { action, by } = await people.resolution(id, 'exhausted', report);
    events.add('task.decided', { ...about, data: { what: 'exhausted', action, by } });
    if (action === 'skip') {
      memory.set(id, 'skipped');
      events.add('task.skipped', { task: id, attempt: memory.attemptOf(id), data: { reason: 'decided', by } });
    }
    // All attempts anew; their count goes on.
    if (action === 'retry') memory.set(id, 'running', memory.attemptOf(id), 0);
    return action;
  }

  async #output(task: ExecutionTask): Promise<unknown> {
    const output = await this.#whole(task);
    return this.#hooks.after === undefined ? output : this.#hooks.after(task, output);
  }

  /** Once; once for each item; or once for each agent that takes a part of it. */
  async #whole(task: ExecutionTask): Promise<unknown> {
    const { forEach, parallel = 1, nested } = task;
    if (forEach !== undefined) return this.#each(task, await this.#engine.values.list(forEach, task));
    if (parallel > 1 && nested !== true) return this.#each(task, Array<null>(parallel).fill(null));
    if (nested === true && this.#hooks.nested !== undefined) {
      const { nested: run } = this.#hooks;
      return this.#told(task.id, () => run(task, task.id, this.#engine.values.eventOf(task.onEvent)));
    }
    if (task.agentType === 'human') return this.#told(task.id, () => this.#byPerson(task, task.id));
    const { memory } = this.#engine;
    const { id } = task;
    return this.#call(task, {
      last: memory.attemptOf(id),
      spent: memory.spentOf(id),
      note: ({ attempt, spent }) => {
        memory.set(id, 'running', attempt, spent);
      },
    });
  }

  /** Begin and end of what no agent is called for: who calls one tells of each attempt. */
  async #told(
    id: string,
    work: () => Promise<unknown>,
    data: Readonly<Record<string, unknown>> = {},
  ): Promise<unknown> {
    const { events, memory } = this.#engine;
    const attempt = memory.attemptOf(id) + 1;
    memory.set(id, 'running', attempt);
    events.add('task.started', { task: id, attempt, data });
    const output = await work();
    events.add('task.completed', { task: id, attempt, data });
    return output;
  }

  async #each(task: ExecutionTask, items: readonly unknown[]): Promise<unknown> {
    const parts = this.#parts.get(task.id) ?? new Parts(this.#engine);
    this.#parts.set(task.id, parts);
    const { nested } = this.#hooks;
    const { values } = this.#engine;
    const one = ({ task: instance, local, book }: Part): Promise<unknown> => {
      if (instance.nested === true && nested !== undefined) {
        const { item, index } = local;
        return nested(instance, task.id, { ...values.eventOf(task.onEvent), item, index });
      }
      if (instance.agentType === 'human') return this.#byPerson(instance, task.id);
      return this.#call(instance, book, local, task.id);
    };
    const outputs = await this.#told(task.id, () => parts.run(task, items, one), { parts: items.length });
    this.#parts.delete(task.id);
    return outputs;
  }

  async #call(task: ExecutionTask, book: AttemptBook, local?: Part['local'], partOf?: string): Promise<unknown> {
    const { values, dispatcher } = this.#engine;
    const input = await values.resolve(task.input ?? null, { ...values.eventOf(task.onEvent), ...local });
    const shared = this.#hooks.shared?.(task);
    const { agent, agentType, timeoutSeconds, retry } = task;
    const part = local && { index: local.index, of: local.of };
    return dispatcher.send({
      ...{ agent, agentType, input, taskId: task.id, timeoutSeconds, retry, book },
      purpose: 'run',
      ...(shared === undefined ? {} : { shared }),
      ...(part === undefined ? {} : { part }),
      ...(partOf === undefined ? {} : { partOf }),
      ...this.#conduct(task),
    });
  }

  /** How a call is held: beyond the pivot, and where nothing is undone, it is made until it succeeds. */
  #conduct(task: ExecutionTask): Pick<Call, 'mayGiveUp' | 'undoable' | 'onAttempt'> {
    const { saga, opened } = this.#engine;
    const mayGiveUp = async (): Promise<boolean> => {
      if (task.onExhausted === 'escalate') return true;
      // Whether there is a way back is open as long as a pivot runs beside it.
      if (task.pivot !== true && saga.nearPivot) await condition(() => !saga.nearPivot);
      return !saga.pivoted && opened.saga?.strategy !== 'forward';
    };
    if (task.pivot !== true) return { mayGiveUp, undoable: task.compensateWith !== undefined };
    return {
      mayGiveUp,
      onAttempt: (seen) => {
        if (seen === 'asked') saga.pivotAsked(task.id);
        else if (seen === 'failed') saga.pivotFailed(task.id);
        // Nobody knows: it may have been passed, so from here on there is no way back.
        else if (!saga.pivoted) saga.pivot();
      },
    };
  }

  async #byPerson(task: ExecutionTask, of: string): Promise<unknown> {
    const { id, timeoutSeconds } = task;
    const { people } = this.#engine;
    const decision = await this.#asked({ id, of, what: 'human' }, timeoutSeconds);
    if (decision === undefined) throw failure('DEADLINE_PASSED', `Nobody did task "${id}" in time.`);
    if (!decision.approved) {
      // Whoever tries it again asks again.
      people.forget(id);
      throw failure('TASK_REJECTED', `Task "${id}" was rejected by ${decision.by}.`);
    }
    return decision.output ?? { by: decision.by };
  }
}

const SKIPPED = 'skipped';

/** The event that must have come, or that releases the task early; undefined: it waits for none. */
export function untilReleased({ memory }: Engine, { id, onEvent }: ExecutionTask): Promise<void> | undefined {
  if (onEvent === undefined || memory.hasReceived(onEvent) || memory.isReleased(id)) return undefined;
  return condition(() => memory.hasReceived(onEvent) || memory.isReleased(id));
}

/** Registers what undoes a task, where there is such a thing and a way back. */
export function rememberUndo(engine: Engine, task: ExecutionTask): void {
  const { saga, opened } = engine;
  const { compensateWith } = task;
  if (opened.saga === undefined || compensateWith === undefined || saga.pivoted || task.pivot === true) return;
  saga.register(undoOf(engine, task, compensateWith));
}

/** The step of a saga that undoes a task. Attempts are counted over all times that it is tried. */
export function undoOf(engine: Engine, task: ExecutionTask, call: UndoCall): SagaStep {
  let last = 0;
  const book = (): AttemptBook => ({ last, spent: 0, note: ({ attempt }) => (last = attempt) });
  return { name: task.id, dependsOn: task.buildsOn ?? [], undo: () => undoTask(engine, task, call, book()) };
}

/** Calls what undoes a task; the saga repeats it when it fails. */
async function undoTask(
  { values, memory, dispatcher }: Engine,
  task: ExecutionTask,
  undo: UndoCall,
  book: AttemptBook,
): Promise<{ left: string[] }> {
  const { timeoutSeconds = task.timeoutSeconds, retry = { ...task.retry, max_attempts: 1 }, ...call } = undo;
  if (memory.stateOf(task.id) !== 'done') await values.recallParts(task.id);
  const output = await values.outputOf(task.id);
  // A task that never answered has no output to refer to: what cannot be made of it is null.
  const input = call.input === undefined ? output : await values.resolveKnown(call.input, values.eventOf(task.onEvent));
  await dispatcher.send({
    ...call,
    input,
    output,
    taskId: task.id,
    purpose: 'compensate',
    timeoutSeconds,
    retry,
    book,
  });
  return { left: [] };
}
