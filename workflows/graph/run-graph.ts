import { isCancellation } from '@temporalio/workflow';
import type { FailureReport } from '../../contracts/failures.js';
import type { GraphTask } from '../../contracts/graph.js';
import { reportFailure } from '../kit/failures.js';

export type TaskState = 'waiting' | 'running' | 'done' | 'failed' | 'skipped';

export interface GraphRun {
  readonly tasks: readonly GraphTask[];
  /** Most tasks at once. */
  readonly window: number;
  /** Does one task. A throw fails the task, unless it is a cancellation, which ends the run. */
  readonly run: (task: GraphTask) => Promise<void>;
  /** Resolves when tasks may be started: the pause gate. */
  readonly gate: () => Promise<void>;
}

export interface GraphOutcome {
  readonly done: number;
  readonly failed: readonly { readonly task: GraphTask; readonly failure: FailureReport }[];
  /** Ids of tasks that were not run, for what they depend on failed. */
  readonly skipped: readonly string[];
}

/**
 * The one task runner: every graph, the migration's plan first of all, runs here. A task starts when all it depends on
 * (within this slice) is done; what depends on a failed task is skipped, and the others go on. Order among ready tasks
 * is the plan's order, so a replay makes the same decisions.
 */
export async function runGraph(graph: GraphRun): Promise<GraphOutcome> {
  return new Runner(graph).run();
}

class Runner {
  readonly #graph: GraphRun;
  readonly #state = new Map<string, TaskState>();
  readonly #failed: { task: GraphTask; failure: FailureReport }[] = [];
  /** None of these ever rejects: a cancellation is kept, and thrown when everything that runs has ended. */
  readonly #running = new Map<string, Promise<void>>();
  #cancellation: { readonly error: unknown } | undefined;

  constructor(graph: GraphRun) {
    this.#graph = graph;
    for (const task of graph.tasks) this.#state.set(task.id, 'waiting');
  }

  async run(): Promise<GraphOutcome> {
    for (;;) {
      this.#skip();
      const next = this.#running.size < this.#graph.window ? this.#nextReady() : undefined;
      if (next !== undefined && this.#cancellation === undefined) {
        this.#start(next);
      } else if (this.#running.size > 0) {
        await Promise.race(this.#running.values());
      } else if (this.#cancellation !== undefined) {
        throw this.#cancellation.error;
      } else {
        return this.#outcome();
      }
    }
  }

  #start(task: GraphTask): void {
    this.#state.set(task.id, 'running');
    this.#running.set(task.id, this.#work(task));
  }

  async #work(task: GraphTask): Promise<void> {
    try {
      await this.#graph.gate();
      await this.#graph.run(task);
      this.#state.set(task.id, 'done');
    } catch (error) {
      this.#state.set(task.id, 'failed');
      if (isCancellation(error)) this.#cancellation ??= { error };
      else this.#failed.push({ task, failure: reportFailure(error) });
    }
    this.#running.delete(task.id);
  }

  #nextReady(): GraphTask | undefined {
    return this.#graph.tasks.find((task) => this.#state.get(task.id) === 'waiting' && this.#isReady(task));
  }

  /** What stands outside this slice (an earlier phase) is done. */
  #isReady(task: GraphTask): boolean {
    return task.dependsOn.every((id) => (this.#state.get(id) ?? 'done') === 'done');
  }

  #skip(): void {
    const lost = (id: string): boolean => ['failed', 'skipped'].includes(this.#state.get(id) ?? 'done');
    for (let again = true; again;) {
      again = false;
      for (const task of this.#graph.tasks) {
        if (this.#state.get(task.id) !== 'waiting' || !task.dependsOn.some(lost)) continue;
        this.#state.set(task.id, 'skipped');
        again = true;
      }
    }
  }

  #outcome(): GraphOutcome {
    const count = (state: TaskState): string[] =>
      this.#graph.tasks.filter((task) => this.#state.get(task.id) === state).map((task) => task.id);
    const stuck = count('waiting');
    if (stuck.length > 0) throw new Error(`tasks wait on each other: ${stuck.slice(0, 5).join(', ')}`);
    return { done: count('done').length, failed: this.#failed, skipped: count('skipped') };
  }
}
