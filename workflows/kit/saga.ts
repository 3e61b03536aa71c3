import { CancellationScope, condition, log, sleep } from '@temporalio/workflow';
import type { SagaStrategy } from '../../contracts/definition.js';
import type { FailureReport } from '../../contracts/failures.js';
import { reportFailure } from './failures.js';

export interface SagaStep {
  /** Unique in its saga. */
  readonly name: string;
  /** Steps that were registered before, and that this one builds on. Default: none. */
  readonly dependsOn?: readonly string[];
  /**
   * Must be idempotent, and succeed when there is nothing to undo. Names what it had to leave. Absent: the step needs
   * no undo, and only carries the order between those that do.
   */
  readonly undo?: () => Promise<{ readonly left: readonly string[] }>;
}

export interface SagaOptions {
  /** Default `backward`. */
  readonly strategy?: SagaStrategy;
  /** Of `selective`: the names of the steps that are undone. Of `cascade`: roots beside the steps that failed. */
  readonly steps?: readonly string[];
  /** How long a failing undo is tried again with back-off, milliseconds. Default 0: it is tried once. */
  readonly retryMsMax?: number;
  /** Asked when an undo failed for good. Default: it is reported, and the others go on. */
  readonly onParked?: (step: string, failure: FailureReport) => Promise<'retry' | 'skip'>;
  /** True: the rest is undone later, by whoever registers it again. Asked before each undo. Default: never. */
  readonly isInterrupted?: () => boolean;
  /** Told after each undo. */
  readonly onUndone?: (step: string, seen: { failure?: FailureReport; left?: readonly string[] }) => void;
}

export interface Undone {
  readonly steps: number;
  /** Objects that are still there. */
  readonly left: readonly string[];
  readonly failures: readonly FailureReport[];
  /** False: it was interrupted, and there is more to undo. */
  readonly isWhole: boolean;
}

/**
 * Saga compensation (SG-1 to SG-6), one helper for all. An undo is registered before the step that it undoes, so that
 * a step that timed out but was applied is undone as well. Unwinding cannot be cancelled, goes on past a failing undo,
 * and reports it. After the pivot only forward: `pivot` forgets every undo. While somebody is asked to pass it, nobody
 * knows on which side of it the saga is: `undecided`.
 *
 * Strategies: `backward` undoes all in reverse, one after the other. `parallel` undoes independent steps at once, a
 * step after all that built on it. `selective` undoes the named steps only, in reverse. `cascade` undoes the steps that
 * failed, and all that built on them, transitively; where none failed (a cancel) all is undone. `forward` undoes
 * nothing: its steps are retried to the end.
 */
export class Saga {
  readonly #options: SagaOptions;
  readonly #steps = new Map<string, SagaStep>();
  #pivoted = false;
  /** Pivots that run: they are asked for, or will be again. */
  #pivotsRunning = 0;
  /** Pivots that somebody was asked to pass, and whose answer nobody knows. */
  readonly #asked = new Set<string>();

  constructor(options: SagaOptions = {}) {
    this.#options = options;
  }

  /** A step that is registered already stays as it is: an attempt that is repeated has one undo. */
  register(step: SagaStep): void {
    if (this.#pivoted) throw new Error(`undo "${step.name}" registered after the pivot`);
    if (!this.#steps.has(step.name)) this.#steps.set(step.name, step);
  }

  /** Steps of an earlier run: they stand before all others, in the order given. */
  registerEarlier(steps: readonly SagaStep[]): void {
    const later = [...this.#steps.values()];
    this.#steps.clear();
    for (const step of [...steps, ...later]) if (!this.#steps.has(step.name)) this.#steps.set(step.name, step);
  }

  get pivoted(): boolean {
    return this.#pivoted;
  }

  /** Names of the registered steps, in their order. */
  get registered(): readonly string[] {
    return [...this.#steps.keys()];
  }

  pivot(): void {
    this.#pivoted = true;
    this.#steps.clear();
  }

  /** Runs a step that is a pivot. As long as it runs, whether there is a way back is open. */
  async approach<T>(step: () => Promise<T>): Promise<T> {
    this.#pivotsRunning += 1;
    try {
      return await step();
    } finally {
      this.#pivotsRunning -= 1;
    }
  }

  get nearPivot(): boolean {
    return !this.#pivoted && this.#pivotsRunning > 0;
  }

  pivotAsked(step: string): void {
    this.#asked.add(step);
  }

  /** It is certain that it was not passed. */
  pivotFailed(step: string): void {
    this.#asked.delete(step);
  }

  /** Pivots of which nobody knows whether they were passed. Where there is one, nothing may be undone. */
  get undecided(): readonly string[] {
    return this.#pivoted ? [] : [...this.#asked];
  }

  /** `failed`: the steps whose failure is the reason; only `cascade` asks for them. */
  async unwind(failed: readonly string[] = []): Promise<Undone> {
    return CancellationScope.nonCancellable(async () => {
      const undone: Collected = { steps: 0, left: [], failures: [], isWhole: true };
      const chosen = this.#chosen(failed);
      if (this.#isParallel()) await this.#unwindParallel(chosen, undone);
      else for (const step of chosen) await this.#undo(step, undone);
      return undone;
    });
  }

  #isParallel(): boolean {
    return this.#options.strategy === 'parallel' || this.#options.strategy === 'cascade';
  }

  /** Latest first: a step was registered after all that it builds on. */
  #chosen(failed: readonly string[]): SagaStep[] {
    const { strategy = 'backward', steps = [] } = this.#options;
    const all = [...this.#steps.values()].reverse();
    if (strategy === 'forward') return [];
    if (strategy === 'selective') return all.filter(({ name }) => steps.includes(name));
    if (strategy === 'cascade' && failed.length > 0) return this.#dependants([...failed, ...steps]).reverse();
    return all;
  }

  #dependants(roots: readonly string[]): SagaStep[] {
    const taken = new Set(roots);
    return [...this.#steps.values()].filter(({ name, dependsOn = [] }) => {
      if (!taken.has(name) && !dependsOn.some((id) => taken.has(id))) return false;
      taken.add(name);
      return true;
    });
  }

  async #unwindParallel(chosen: readonly SagaStep[], undone: Collected): Promise<void> {
    const builtOn = new Map<string, Promise<void>[]>();
    let running = 0;
    const inTurn = async (step: SagaStep, later: readonly Promise<void>[]): Promise<void> => {
      await Promise.all(later);
      while (running >= AT_ONCE) await condition(() => running < AT_ONCE);
      running += 1;
      await this.#undo(step, undone);
      running -= 1;
    };
    const all = chosen.map((step) => {
      const over = inTurn(step, builtOn.get(step.name) ?? []);
      for (const id of step.dependsOn ?? []) builtOn.set(id, [...(builtOn.get(id) ?? []), over]);
      return over;
    });
    await Promise.all(all);
  }

  /** What was undone, or given up, is forgotten. */
  async #undo(step: SagaStep, undone: Collected): Promise<void> {
    if (!undone.isWhole || this.#options.isInterrupted?.() === true) {
      undone.isWhole = false;
      return;
    }
    if (step.undo !== undefined) await this.#undoOne({ name: step.name, undo: step.undo }, undone);
    this.#steps.delete(step.name);
  }

  async #undoOne({ name, undo }: Required<Pick<SagaStep, 'name' | 'undo'>>, undone: Collected): Promise<void> {
    undone.steps += 1;
    for (;;) {
      try {
        const { left } = await this.#retried(undo);
        undone.left.push(...left);
        this.#options.onUndone?.(name, { left });
        return;
      } catch (error) {
        const report = reportFailure(error);
        log.error('undo failed', { event: 'saga.undo_failed', undo: name });
        if ((await this.#options.onParked?.(name, report)) === 'retry') continue;
        undone.failures.push(report);
        this.#options.onUndone?.(name, { failure: report });
        return;
      }
    }
  }

  async #retried(undo: NonNullable<SagaStep['undo']>): Promise<{ readonly left: readonly string[] }> {
    const { retryMsMax = 0 } = this.#options;
    const startedMs = Date.now();
    for (let waitMs = RETRY_MS_MIN; ; waitMs = Math.min(RETRY_MS_MAX, 2 * waitMs)) {
      try {
        return await undo();
      } catch (error) {
        if (Date.now() + waitMs - startedMs > retryMsMax) throw error;
        await sleep(waitMs, { summary: 'an undo failed; again soon' });
      }
    }
  }
}

interface Collected {
  steps: number;
  readonly left: string[];
  readonly failures: FailureReport[];
  isWhole: boolean;
}

/** Undos at once: a server bears only so many open calls of one workflow. */
const AT_ONCE = 200;
const RETRY_MS_MIN = 200;
const RETRY_MS_MAX = 10_000;
