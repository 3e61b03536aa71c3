import { TASK_BYTES_MAX } from '../../contracts/agents.js';
import type { ExecutionTask } from '../../contracts/executions.js';
import { failure } from '../kit/failures.js';
import { inWindow } from '../kit/window.js';
import type { AttemptBook } from './dispatcher.js';
import type { Engine } from './engine.js';
import { partId } from './values.js';

/** Instances of one task at once, where nothing else is said. */
const INSTANCES_AT_ONCE = 50;

export interface Part {
  readonly task: ExecutionTask;
  /** Id of the task that it is an instance of. */
  readonly of: string;
  readonly local: { readonly item: unknown; readonly index: number; readonly of: number };
  readonly book: AttemptBook;
  /** Another instance failed for good: the task fails when those that were begun have ended. */
  readonly isFailing: () => boolean;
}

interface Attempts {
  last: number;
  spent: number;
}

/**
 * The instances of one task, one for each item of a list. What is done stays done: when an instance failed and the
 * task is tried again, and when the execution continues as new in the middle. Their outputs together are the output of
 * one task, and not larger than such a one may be.
 */
export class Parts {
  readonly #engine: Engine;
  readonly #outputs = new Map<number, unknown>();
  readonly #attempts = new Map<number, Attempts>();
  #characters = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async run(
    task: ExecutionTask,
    items: readonly unknown[],
    one: (part: Part) => Promise<unknown>,
  ): Promise<readonly unknown[]> {
    await this.#recall(task.id);
    const { memory, values } = this.#engine;
    // A new try of the task is a new try of each instance that is not done.
    for (const attempts of this.#attempts.values()) attempts.spent = 0;
    let isFailing = false;
    const open = [...items.entries()].filter(([index]) => !this.#outputs.has(index));
    await inWindow(open, task.parallel ?? INSTANCES_AT_ONCE, async ([index, item]) => {
      const id = partId(task.id, index);
      const output = await one({
        task: { ...task, id },
        of: task.id,
        local: { item, index, of: items.length },
        book: this.#book(index),
        isFailing: () => isFailing,
      }).catch((error: unknown) => {
        isFailing = true;
        throw error;
      });
      this.#keep(task.id, index, output ?? null);
      values.holdPart(task.id, { taskId: id, output: output ?? null });
      memory.keepPart(task.id, index);
    });
    return items.map((_, index) => this.#outputs.get(index) ?? null);
  }

  /** What an earlier run did. */
  async #recall(taskId: string): Promise<void> {
    const { memory, values } = this.#engine;
    const missing = [...memory.partsOf(taskId)].filter((index) => !this.#outputs.has(index));
    if (missing.length === 0) return;
    const stored = await values.stored(missing.map((index) => partId(taskId, index)));
    for (const index of missing) {
      const output = stored.get(partId(taskId, index));
      if (output !== undefined) this.#keep(taskId, index, output);
    }
  }

  #keep(taskId: string, index: number, output: unknown): void {
    this.#outputs.set(index, output);
    this.#characters += JSON.stringify(output).length + 1;
    if (this.#characters > TASK_BYTES_MAX)
      throw failure('TASK_TOO_LARGE', `The outputs of the instances of "${taskId}" are too large together.`);
  }

  #book(index: number): AttemptBook {
    const attempts = this.#attempts.get(index) ?? { last: 0, spent: 0 };
    this.#attempts.set(index, attempts);
    return {
      ...attempts,
      note: ({ attempt, spent }) => {
        attempts.last = attempt;
        attempts.spent = spent;
      },
    };
  }
}
