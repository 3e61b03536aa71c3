import { CancellationScope, log } from '@temporalio/workflow';
import { reportFailure } from './failures.js';
import type { FailureReport } from '../../contracts/failures.js';

interface Undo {
  readonly name: string;
  /** Must be idempotent, and succeed when there is nothing to undo. Names what it had to leave. */
  readonly run: () => Promise<{ readonly left: readonly string[] }>;
}

export interface Undone {
  readonly steps: number;
  /** Objects that are still there. */
  readonly left: readonly string[];
  readonly failures: readonly FailureReport[];
}

/**
 * Saga compensation (SG-1): an undo is registered before the step that it undoes, so that a step that timed out but
 * was applied is undone as well. Unwinding runs in reverse, cannot be cancelled, goes on past a failing undo, and
 * reports it. After the pivot only forward: `pivot` forgets every undo.
 */
export class Saga {
  readonly #undos: Undo[] = [];
  #pivoted = false;

  register(name: string, run: Undo['run']): void {
    if (this.#pivoted) throw new Error(`undo "${name}" registered after the pivot`);
    if (!this.#undos.some((undo) => undo.name === name)) this.#undos.push({ name, run });
  }

  get pivoted(): boolean {
    return this.#pivoted;
  }

  pivot(): void {
    this.#pivoted = true;
    this.#undos.length = 0;
  }

  async unwind(): Promise<Undone> {
    return CancellationScope.nonCancellable(async () => {
      const left: string[] = [];
      const failures: FailureReport[] = [];
      let steps = 0;
      for (let undo = this.#undos.pop(); undo !== undefined; undo = this.#undos.pop()) {
        steps += 1;
        try {
          left.push(...(await undo.run()).left);
        } catch (error) {
          log.error('undo failed', { event: 'saga.undo_failed', undo: undo.name });
          failures.push(reportFailure(error));
        }
      }
      return { steps, left, failures };
    });
  }
}
