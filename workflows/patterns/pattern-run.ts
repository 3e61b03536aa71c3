import { executeChild, isCancellation } from '@temporalio/workflow';
import { TASK_PAGE } from '../../contracts/engine-activities.js';
import type { ExecutionTask, GraphInput, GraphResult, TaskPage } from '../../contracts/executions.js';
import { executionWorkflowId } from '../../contracts/executions.js';
import { WORKFLOWS } from '../../contracts/messages.js';
import { failure, failureFromReport, reportFailure } from '../kit/failures.js';
import { CHILD, engineAtOnce } from '../kit/profiles.js';
import type { Engine } from '../graph/engine.js';
import { GraphRunner } from '../graph/run-graph.js';
import { TaskRunner, untilReleased } from '../graph/task-runner.js';
import type { TaskHooks } from '../graph/task-runner.js';

/** What a pattern works with: the execution's tasks on the one runner, and the means to change them. */
export class PatternRun {
  readonly engine: Engine;
  #graph: GraphRunner<ExecutionTask> | undefined;
  /** Place from which the plan is read on; null: all was read. */
  #next: number | null = null;
  readonly #keptSkipped = new Set<string>();
  /** Tasks that this run was given. */
  readonly #ids = new Set<string>();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  get options(): Readonly<Record<string, unknown>> {
    return this.engine.opened.patternOptions;
  }

  /** Runs all tasks, those that are added meanwhile too. Throws what the first failed task met. */
  async run(hooks: TaskHooks = {}): Promise<void> {
    const { memory, opened, gate, events } = this.engine;
    if (this.#isUndone(false)) this.#throwFailure();
    const tasks = new TaskRunner(this.engine, { nested: (...task) => this.#nested(...task), ...hooks });
    this.#graph = new GraphRunner<ExecutionTask>({
      tasks: [...this.#addedEarlier(), ...this.#read(opened.page)],
      window: opened.window,
      gate: () => gate.opened(),
      hold: (task) => untilReleased(this.engine, task),
      run: (task) => this.#one(tasks, task),
      more: () => this.#more(),
      before: (id) => (memory.isLost(id) ? 'failed' : 'done'),
      stopsAll: ({ onExhausted }) => this.#isUndone(onExhausted === 'compensate'),
      onSkipped: ({ id }) => {
        memory.bar(id);
        events.add('task.skipped', { task: id, data: { reason: 'dependency' } });
      },
    });
    const { failed } = await this.#graph.run();
    const [first] = failed;
    // A failure of an earlier run comes first.
    this.#throwFailure();
    if (first !== undefined) throw failureFromReport(first.failure);
  }

  /** Whether a failure is followed by undoing: always where the definition wants it, or where the failed task does. */
  #isUndone(asked: boolean): boolean {
    const { opened, saga, rollback } = this.engine;
    return opened.saga !== undefined && !saga.pivoted && (rollback.wanted || asked);
  }

  #throwFailure(): void {
    const { failure: first } = this.engine.memory;
    if (first !== undefined) throw failureFromReport(first);
  }

  /** Adds tasks while the graph runs; ids that are there already are left out, so that whoever asks twice adds once. */
  replan(reason: string, asked: readonly ExecutionTask[]): void {
    const { memory, events } = this.engine;
    const tasks = [...new Map(asked.map((task) => [task.id, task])).values()].filter(({ id }) => !this.#ids.has(id));
    if (tasks.length === 0) return;
    for (const { id } of tasks) this.#ids.add(id);
    memory.add(tasks);
    this.#graph?.add(tasks);
    events.add('workflow.replanned', {
      data: { reason, tasks: tasks.map(({ id }) => id).slice(0, 20), added: tasks.length },
    });
  }

  async #one(tasks: TaskRunner, task: ExecutionTask): Promise<void> {
    const { memory, events, people, rollback } = this.engine;
    try {
      await tasks.run(this.engine.routed(task));
    } catch (error) {
      const met = named(task.id, error);
      if (!isCancellation(met)) {
        const report = reportFailure(met);
        memory.fail(task.id, report);
        if (task.onExhausted === 'compensate') rollback.wanted = true;
        people.forget(task.id);
        const about = { task: task.id, attempt: memory.attemptOf(task.id), ordinal: 'final' };
        events.add('task.failed', { ...about, data: { reason: report.code, final: true } });
      }
      throw met;
    }
  }

  /** The next page; none: that was all. */
  async #more(): Promise<readonly ExecutionTask[]> {
    const { memory, executionId, gate } = this.engine;
    if (this.#next === null) return [];
    await gate.opened();
    const page = await engineAtOnce.readExecutionTasks({
      executionId,
      offset: this.#next,
      except: memory.settledEarlier,
    });
    const tasks = this.#read(page);
    return tasks.length > 0 || page.tasks.length === 0 ? tasks : this.#more();
  }

  #addedEarlier(): readonly ExecutionTask[] {
    const { memory } = this.engine;
    const open = memory.added.filter(({ id }) => !memory.isSettled(id));
    for (const { id } of open) this.#ids.add(id);
    return open;
  }

  /** A task that was added meanwhile under the id of one of the plan stands for it. */
  #read(page: TaskPage): readonly ExecutionTask[] {
    this.engine.memory.read(page);
    this.#next = page.next;
    const tasks = page.tasks.filter(({ id }) => !this.#ids.has(id));
    for (const { id } of tasks) this.#ids.add(id);
    return tasks;
  }

  /** A task that is itself a pattern is an execution of its own, a child of this one. */
  async #nested(task: ExecutionTask, of: string, local: Readonly<Record<string, unknown>>): Promise<unknown> {
    const { executionId, nested, opened, values } = this.engine;
    // It may read what is done before it, and reads it from the store.
    await values.keepAll();
    await this.#keepSkipped();
    const around = { ...opened.around, ...local };
    const isTold = Object.keys(around).length > 0;
    const child = await engineAtOnce.openNested({ executionId, taskId: task.id, of, ...(isTold && { around }) });
    nested.add(child.executionId);
    try {
      const result = (await executeChild(WORKFLOWS.graph, {
        ...CHILD,
        workflowId: executionWorkflowId(child.executionId),
        args: [{ executionId: child.executionId } satisfies GraphInput],
        staticSummary: `${task.id} of ${opened.name}`,
      })) as GraphResult;
      return { tasks: result.output, counts: result.tasks };
    } finally {
      nested.delete(child.executionId);
    }
  }

  /** Those inside read null of a task that was skipped, as those here do. */
  async #keepSkipped(): Promise<void> {
    const { executionId, memory } = this.engine;
    const open = memory.idsIn('skipped').filter((id) => !this.#keptSkipped.has(id));
    for (const id of open) this.#keptSkipped.add(id);
    for (let at = 0; at < open.length; at += TASK_PAGE) {
      const outputs = open.slice(at, at + TASK_PAGE).map((taskId) => ({ taskId, output: null }));
      await engineAtOnce.putOutputs({ executionId, outputs });
    }
  }
}

/** A failure that says in which task it was met. Cancellations pass as they are. */
function named(taskId: string, error: unknown): unknown {
  if (isCancellation(error)) return error;
  const report = reportFailure(error);
  const { code } = report;
  // What an agent threw of its own is in no catalogue of ours; its text stays with it.
  const told = code === 'INTERNAL' ? failure('TASK_FAILED', `Task "${taskId}".`) : undefined;
  return told ?? failureFromReport({ ...report, message: `Task "${taskId}": ${report.message}` });
}
