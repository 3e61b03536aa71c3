import { isCancellation } from '@temporalio/workflow';
import type { FailureReport } from '../../contracts/failures.js';
import { MinHeap } from '../../language/planner/min-heap.js';
import { failure, reportFailure } from '../kit/failures.js';

export interface RunnableTask {
  readonly id: string;
  readonly dependsOn: readonly string[];
}

export interface GraphRun<Task extends RunnableTask> {
  readonly tasks: readonly Task[];
  /** Most tasks at once. */
  readonly window: number;
  /** Does one task. A throw fails the task, unless it is a cancellation, which ends the run. */
  readonly run: (task: Task) => Promise<void>;
  /** Resolves when tasks may be started: the pause gate. */
  readonly gate: () => Promise<void>;
  /** What a task waits for beside its dependencies, without taking a place in the window. Default: nothing. */
  readonly hold?: (task: Task) => Promise<void> | undefined;
  /**
   * The next tasks of a graph that is too large to be read at once, each after all it depends on; none: that was all.
   * Default: `tasks` are all.
   */
  readonly more?: () => Promise<readonly Task[]>;
  /** What became of a task before this run. Default: what stands outside (an earlier phase) is done. */
  readonly before?: (id: string) => 'done' | 'failed' | undefined;
  /** True: after this task's failure nothing new is started. Default: what does not depend on it goes on. */
  readonly stopsAll?: (failed: Task) => boolean;
  /** Called for a task that is not run, for what it depends on failed. */
  readonly onSkipped?: (task: Task) => void;
}

export interface GraphOutcome<Task extends RunnableTask> {
  readonly done: number;
  readonly failed: readonly { readonly task: Task; readonly failure: FailureReport }[];
  /** Ids of tasks that were not run, for what they depend on failed. */
  readonly skipped: readonly string[];
}

/** Runs a graph to its end; see `GraphRunner`. */
export async function runGraph<Task extends RunnableTask>(graph: GraphRun<Task>): Promise<GraphOutcome<Task>> {
  return new GraphRunner(graph).run();
}

/** Tasks that were read and are not settled: beyond, no more are read. A sliding window over a graph of any size. */
const AHEAD = 2000;

interface Node<Task> {
  readonly task: Task;
  state: 'waiting' | 'running' | 'done' | 'failed' | 'skipped';
  /** How many that it depends on are not done. */
  waitsFor: number;
  /** Positions of those that depend on it, as far as they were read. */
  readonly followers: number[];
}

/**
 * The one task runner: every graph, the migration's plan first of all, runs here. A task starts when all it depends on
 * is done; what depends on a failed task is skipped, and the others go on. Order among ready tasks is the order in
 * which they were given, so a replay makes the same decisions. Time grows with tasks and dependencies.
 */
export class GraphRunner<Task extends RunnableTask> {
  readonly #graph: GraphRun<Task>;
  readonly #nodes: Node<Task>[] = [];
  readonly #positions = new Map<string, number>();
  readonly #ready = new MinHeap();
  readonly #failed: { task: Task; failure: FailureReport }[] = [];
  /** None of these ever rejects: a cancellation is kept, and thrown when everything that runs has ended. */
  readonly #running = new Map<number, Promise<void>>();
  readonly #held = new Map<number, Promise<void>>();
  #settled = 0;
  #isStopped = false;
  #readAll: boolean;
  #cancellation: { readonly error: unknown } | undefined;

  constructor(graph: GraphRun<Task>) {
    this.#graph = graph;
    this.#readAll = graph.more === undefined;
    this.add(graph.tasks);
  }

  /** Adds tasks; also while it runs. Among themselves they may stand in any order. */
  add(tasks: readonly Task[]): void {
    const first = this.#nodes.length;
    for (const task of tasks) {
      if (this.#positions.has(task.id)) throw new Error(`the task "${task.id}" is there twice`);
      this.#positions.set(task.id, this.#nodes.length);
      this.#nodes.push({ task, state: 'waiting', waitsFor: 0, followers: [] });
    }
    for (let position = first; position < this.#nodes.length; position += 1) this.#connect(position);
    for (let position = first; position < this.#nodes.length; position += 1) {
      const node = this.#nodes[position];
      if (node?.state === 'waiting' && node.waitsFor === 0) this.#offer(node, position);
    }
  }

  async run(): Promise<GraphOutcome<Task>> {
    for (;;) {
      const next = this.#mayStart() ? this.#ready.pop() : undefined;
      if (next !== undefined) this.#start(next);
      else if (this.#mayRead()) await this.#read();
      else if (this.#running.size > 0 || this.#waitsOutside())
        await Promise.race([...this.#running.values(), ...this.#held.values()]);
      else if (this.#cancellation !== undefined) throw this.#cancellation.error;
      else return this.#outcome();
    }
  }

  #mayStart(): boolean {
    return this.#running.size < this.#graph.window && this.#cancellation === undefined && !this.#isStopped;
  }

  /** Held tasks are waited for only while they can still be started. */
  #waitsOutside(): boolean {
    return this.#held.size > 0 && this.#cancellation === undefined && !this.#isStopped;
  }

  #mayRead(): boolean {
    return !this.#readAll && this.#mayStart() && this.#nodes.length - this.#settled < AHEAD;
  }

  async #read(): Promise<void> {
    try {
      const tasks = (await this.#graph.more?.()) ?? [];
      if (tasks.length === 0) this.#readAll = true;
      else this.add(tasks);
    } catch (error) {
      this.#readAll = true;
      this.#cancellation ??= { error };
    }
  }

  #connect(position: number): void {
    const node = this.#nodes[position];
    if (node === undefined) return;
    for (const id of new Set(node.task.dependsOn)) {
      const before = this.#positions.get(id);
      const earlier = before === undefined ? undefined : this.#nodes[before];
      const state = earlier?.state ?? this.#graph.before?.(id) ?? 'done';
      if (state === 'failed' || state === 'skipped') {
        this.#skip(position);
        return;
      }
      if (state === 'done') continue;
      earlier?.followers.push(position);
      node.waitsFor += 1;
    }
  }

  /** Its dependencies are done. */
  #offer(node: Node<Task>, position: number): void {
    const held = this.#graph.hold?.(node.task);
    if (held === undefined) {
      this.#ready.push(position);
      return;
    }
    const over = held.then(
      () => {
        this.#ready.push(position);
      },
      (error: unknown) => {
        this.#cancellation ??= { error };
      },
    );
    this.#held.set(
      position,
      over.finally(() => this.#held.delete(position)),
    );
  }

  #start(position: number): void {
    const node = this.#nodes[position];
    if (node?.state !== 'waiting') return;
    node.state = 'running';
    this.#running.set(position, this.#work(node, position));
  }

  async #work(node: Node<Task>, position: number): Promise<void> {
    const { task } = node;
    try {
      await this.#graph.gate();
      // While it stood at the gate another may have failed.
      if (this.#isStopped || this.#cancellation !== undefined) node.state = 'waiting';
      else {
        await this.#graph.run(task);
        this.#settle(node, 'done');
      }
    } catch (error) {
      // What depends on a cancelled task is not skipped: another run may begin it again.
      if (isCancellation(error)) this.#cancellation ??= { error };
      else {
        this.#failed.push({ task, failure: reportFailure(error) });
        this.#isStopped ||= this.#graph.stopsAll?.(task) === true;
        this.#settle(node, 'failed');
      }
    }
    this.#running.delete(position);
  }

  #settle(node: Node<Task>, state: 'done' | 'failed'): void {
    node.state = state;
    this.#settled += 1;
    for (const position of node.followers) {
      const follower = this.#nodes[position];
      if (follower?.state !== 'waiting') continue;
      follower.waitsFor -= 1;
      if (state === 'failed') this.#skip(position);
      else if (follower.waitsFor === 0) this.#offer(follower, position);
    }
  }

  /** It, and all that waits for it, directly or not. */
  #skip(first: number): void {
    const lost = [first];
    for (const position of lost) {
      const node = this.#nodes[position];
      if (node?.state !== 'waiting') continue;
      node.state = 'skipped';
      this.#settled += 1;
      this.#graph.onSkipped?.(node.task);
      lost.push(...node.followers);
    }
  }

  #outcome(): GraphOutcome<Task> {
    const named = (state: Node<Task>['state']): string[] =>
      this.#nodes.filter((node) => node.state === state).map(({ task }) => task.id);
    const stuck = named('waiting');
    if (stuck.length > 0 && !this.#isStopped) {
      throw failure('TASKS_DEADLOCKED', `They wait on each other: ${stuck.slice(0, 5).join(', ')}.`);
    }
    return { done: named('done').length, failed: this.#failed, skipped: [...named('skipped'), ...stuck] };
  }
}
