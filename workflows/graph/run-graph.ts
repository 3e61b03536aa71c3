import { isCancellation } from '@temporalio/workflow';
import type { FailureReport } from '../../contracts/failures.js';
import type { GraphTask } from '../../contracts/graph.js';
import { afterOf, countBefore, indexDependencies } from '../../language/planner/dependency-index.js';
import type { DependencyIndex } from '../../language/planner/dependency-index.js';
import { ReadySet } from '../../language/planner/ready-set.js';
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
  /** What stands outside this slice (an earlier phase) is done: it is not in the index. */
  readonly #index: DependencyIndex;
  readonly #state: TaskState[];
  /** For each task, how many that it depends on are not done. */
  readonly #waitsFor: Int32Array;
  readonly #ready: ReadySet;
  readonly #failed: { task: GraphTask; failure: FailureReport }[] = [];
  /** None of these ever rejects: a cancellation is kept, and thrown when everything that runs has ended. */
  readonly #running = new Map<number, Promise<void>>();
  #cancellation: { readonly error: unknown } | undefined;

  constructor(graph: GraphRun) {
    this.#graph = graph;
    this.#index = indexDependencies(graph.tasks);
    this.#state = graph.tasks.map(() => 'waiting');
    this.#waitsFor = countBefore(this.#index);
    this.#ready = new ReadySet(graph.tasks.length);
    this.#checkNames();
    this.#waitsFor.forEach((left, position) => {
      if (left === 0) this.#ready.add(position);
    });
  }

  async run(): Promise<GraphOutcome> {
    for (;;) {
      const next = this.#mayStart() ? this.#ready.takeFirst() : -1;
      if (next !== -1) {
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

  #mayStart(): boolean {
    return this.#running.size < this.#graph.window && this.#cancellation === undefined;
  }

  #start(position: number): void {
    const task = this.#graph.tasks[position];
    if (task === undefined) throw new Error(`the graph has no task ${String(position)}`);
    this.#state[position] = 'running';
    this.#running.set(position, this.#work(task, position));
  }

  async #work(task: GraphTask, position: number): Promise<void> {
    try {
      await this.#graph.gate();
      await this.#graph.run(task);
      this.#state[position] = 'done';
      this.#release(position);
    } catch (error) {
      this.#state[position] = 'failed';
      this.#skipAfter(position);
      if (isCancellation(error)) this.#cancellation ??= { error };
      else this.#failed.push({ task, failure: reportFailure(error) });
    }
    this.#running.delete(position);
  }

  #release(done: number): void {
    for (const follower of afterOf(this.#index, done)) {
      const left = (this.#waitsFor[follower] ?? 0) - 1;
      this.#waitsFor[follower] = left;
      if (left === 0) this.#ready.add(follower);
    }
  }

  /** All that waits for a failed task, directly or not. None of it is ready, for the failed one is never done. */
  #skipAfter(failed: number): void {
    const lost = [failed];
    for (const position of lost) {
      for (const follower of afterOf(this.#index, position)) {
        if (this.#state[follower] === 'skipped') continue;
        this.#state[follower] = 'skipped';
        lost.push(follower);
      }
    }
  }

  #checkNames(): void {
    const { duplicates, selfEdges, ids } = this.#index;
    const [wrong] = [...duplicates, ...selfEdges];
    if (wrong !== undefined) throw new Error(`the task "${ids[wrong] ?? ''}" is there twice, or waits for itself`);
  }

  #outcome(): GraphOutcome {
    const named = (state: TaskState): string[] =>
      this.#index.ids.filter((_, position) => this.#state[position] === state);
    const stuck = named('waiting');
    if (stuck.length > 0) throw new Error(`tasks wait on each other: ${stuck.slice(0, 5).join(', ')}`);
    return { done: named('done').length, failed: this.#failed, skipped: named('skipped') };
  }
}
