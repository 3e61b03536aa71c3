import type { ExecutionTaskState } from '../../contracts/execution-states.js';
import type { ExecutionState, ExecutionTask, KnownTask, PlaceRange, TaskPage } from '../../contracts/executions.js';
import type { FailureReport } from '../../contracts/failures.js';
import { joinRanges, rangesOf } from '../../contracts/places.js';

/** States from which a task that was begun is begun again: after continue-as-new, and after a total loss. */
const BEGUN: readonly ExecutionTaskState[] = ['ready', 'running', 'blocked'];
const SETTLED: readonly ExecutionTaskState[] = ['done', 'skipped', 'failed', 'undone', 'parked'];

/** Kept among the events that came, so that a checkpoint holds it. */
const releaseOf = (id: string): string => `#release ${id}`;

/** The part of a checkpoint that this memory makes. */
export type RememberedState = Pick<
  ExecutionState,
  'settled' | 'done' | 'tasks' | 'skipped' | 'barred' | 'failure' | 'parts' | 'events' | 'added'
>;

/**
 * What an execution knows of its tasks. Goes into a checkpoint and comes back from one. Tasks that an earlier run
 * settled are known by their place alone: they are done, unless they are named.
 */
export class ExecutionMemory {
  readonly #tasks = new Map<string, KnownTask>();
  readonly #counts = new Map<ExecutionTaskState, number>();
  /** Of the tasks that this run read. */
  readonly #places = new Map<string, number>();
  readonly #earlierPlaces = new Map<string, number>();
  readonly #barred = new Set<string>();
  readonly #outputs = new Map<string, unknown>();
  readonly #received = new Map<string, unknown>();
  readonly #parts = new Map<string, Set<number>>();
  readonly #added = new Map<string, ExecutionTask>();
  readonly #earlier: readonly PlaceRange[];
  /** Done in earlier runs, and not named. */
  #unnamed: number;
  #failure: FailureReport | undefined;

  constructor(state?: ExecutionState) {
    this.#earlier = state?.settled ?? [];
    this.#unnamed = state?.done ?? 0;
    this.#failure = state?.failure;
    if (state === undefined) return;
    for (const [id, known] of Object.entries(state.tasks)) {
      this.#put(id, BEGUN.includes(known.state) ? { ...known, state: 'waiting' } : known);
    }
    for (const id of [...state.skipped, ...state.barred]) this.#put(id, { state: 'skipped', attempt: 0 });
    for (const id of state.barred) this.#barred.add(id);
    for (const [id, output] of Object.entries(state.outputs)) this.#outputs.set(id, output);
    for (const [type, data] of Object.entries(state.events)) this.#received.set(type, data);
    for (const [id, ranges] of Object.entries(state.parts)) {
      const done = ranges.flatMap(([from, to]) => Array.from({ length: to - from }, (_, at) => from + at));
      this.#parts.set(id, new Set(done));
    }
    for (const task of state.added) this.#added.set(task.id, task);
  }

  /** Tasks of the plan were read. */
  read({ tasks, places }: TaskPage): void {
    for (const [at, { id }] of tasks.entries()) this.#places.set(id, places[at] ?? 0);
  }

  /** Places that earlier runs settled: they need not be read. */
  get settledEarlier(): readonly PlaceRange[] {
    return this.#earlier;
  }

  /** Place in the plan's order; undefined: it was added while it ran, or this run did not read it. */
  placeOf(id: string): number | undefined {
    return this.#places.get(id) ?? this.#earlierPlaces.get(id);
  }

  /** Tasks that earlier runs settled were read again, to be undone. */
  locate({ tasks, places }: TaskPage): void {
    for (const [at, { id }] of tasks.entries()) this.#earlierPlaces.set(id, places[at] ?? 0);
  }

  stateOf(id: string): ExecutionTaskState {
    return this.#tasks.get(id)?.state ?? (this.#isAhead(id) ? 'waiting' : 'done');
  }

  /** The last attempt that was begun; 0: none. */
  attemptOf(id: string): number {
    return this.#tasks.get(id)?.attempt ?? 0;
  }

  spentOf(id: string): number {
    return this.#tasks.get(id)?.spent ?? 0;
  }

  set(id: string, state: ExecutionTaskState, attempt = this.attemptOf(id), spent = this.spentOf(id)): void {
    if (!this.#tasks.has(id) && !this.#isAhead(id)) this.#unnamed = Math.max(0, this.#unnamed - 1);
    this.#put(id, { state, attempt, ...(spent === 0 ? {} : { spent }) });
  }

  /** Skipped, for what it depends on failed. */
  bar(id: string): void {
    this.#barred.add(id);
    this.set(id, 'skipped');
  }

  fail(id: string, report: FailureReport): void {
    this.#failure ??= report;
    this.set(id, 'failed');
  }

  /** What the first failed task met. */
  get failure(): FailureReport | undefined {
    return this.#failure;
  }

  /** What depends on it can never run. */
  isLost(id: string): boolean {
    return this.#barred.has(id) || this.stateOf(id) === 'failed';
  }

  isSettled(id: string): boolean {
    return SETTLED.includes(this.stateOf(id));
  }

  /** Ids in the states asked for, in the order in which they were begun. */
  idsIn(...states: readonly ExecutionTaskState[]): string[] {
    return [...this.#tasks].filter(([, { state }]) => states.includes(state)).map(([id]) => id);
  }

  /** Without those that wait for what they depend on. */
  counts(): Partial<Record<ExecutionTaskState, number>> {
    const counts = Object.fromEntries([...this.#counts].filter(([state, count]) => state !== 'waiting' && count > 0));
    return this.#unnamed > 0 ? { ...counts, done: (this.#counts.get('done') ?? 0) + this.#unnamed } : counts;
  }

  entries(): [string, KnownTask][] {
    return [...this.#tasks];
  }

  keep(id: string, output: unknown): void {
    this.#outputs.set(id, output);
  }

  /** Undefined: not here, so it is in the store, or there is none. */
  outputOf(id: string): unknown {
    return this.#outputs.get(id);
  }

  outputs(): [string, unknown][] {
    return [...this.#outputs];
  }

  /** Instances of a `for_each` task that are done. */
  partsOf(id: string): ReadonlySet<number> {
    return this.#parts.get(id) ?? new Set();
  }

  keepPart(id: string, index: number): void {
    const done = this.#parts.get(id) ?? new Set();
    this.#parts.set(id, done.add(index));
  }

  forgetParts(id: string): void {
    this.#parts.delete(id);
  }

  receive(type: string, data: unknown): void {
    this.#received.set(type, data ?? null);
  }

  /** A task that waits for an event waits no longer. */
  release(id: string): void {
    this.#received.set(releaseOf(id), null);
  }

  isReleased(id: string): boolean {
    return this.#received.has(releaseOf(id));
  }

  hasReceived(type: string): boolean {
    return this.#received.has(type);
  }

  get received(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(this.#received);
  }

  add(tasks: readonly ExecutionTask[]): void {
    for (const task of tasks) this.#added.set(task.id, task);
  }

  get added(): readonly ExecutionTask[] {
    return [...this.#added.values()];
  }

  snapshot(): RememberedState {
    const settled = [...this.#places].filter(([id]) => this.isSettled(id)).map(([, place]) => place);
    const named = [...this.#tasks].filter(([id, { state }]) => this.#isNamed(id, state));
    const skipped = this.idsIn('skipped');
    return {
      settled: joinRanges(this.#earlier, settled),
      done: (this.#counts.get('done') ?? 0) + this.#unnamed,
      tasks: Object.fromEntries(named),
      skipped: skipped.filter((id) => !this.#barred.has(id)),
      barred: skipped.filter((id) => this.#barred.has(id)),
      ...(this.#failure && { failure: this.#failure }),
      parts: Object.fromEntries(
        [...this.#parts].map(([id, done]) => [id, rangesOf([...done].sort((a, b) => a - b))] as const),
      ),
      events: this.received,
      // What undoes a task is known by the task.
      added: this.added.filter(({ id, compensateWith: undo }) => undo !== undefined || !this.isSettled(id)),
    };
  }

  #isNamed(id: string, state: ExecutionTaskState): boolean {
    return state !== 'done' && state !== 'skipped' && (state !== 'waiting' || this.attemptOf(id) > 0);
  }

  /** It was read, or added, in this run. */
  #isAhead(id: string): boolean {
    return this.#places.has(id) || this.#added.has(id);
  }

  #put(id: string, known: KnownTask): void {
    const before = this.#tasks.get(id)?.state;
    if (before !== undefined) this.#counts.set(before, (this.#counts.get(before) ?? 0) - 1);
    this.#counts.set(known.state, (this.#counts.get(known.state) ?? 0) + 1);
    this.#tasks.set(id, known);
  }
}
