import { CancellationScope, condition } from '@temporalio/workflow';
import { eventId } from '../../contracts/executions.js';
import type { ExecutionEvent, ExecutionEventKind } from '../../contracts/executions.js';
import { engine } from '../kit/profiles.js';

/** Events of one call to the store. */
const BATCH = 500;
/** How long an event may wait for company, milliseconds. Telling costs the server as much as a step of work. */
const LINGER_MS = 1000;

interface About {
  readonly task?: string;
  readonly attempt?: number;
  /** Tells events of one kind apart that are about the same attempt. */
  readonly ordinal?: number | string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * The events of one execution, told to the store in batches off the critical path: what waits when the run ends goes
 * with its last word. What is about a task has an id of its attempt; all else is numbered within its run, so that what
 * a lost run told stays beside what the run that took its place tells.
 */
export class EventLog {
  readonly #executionId: string;
  readonly #runId: string;
  #waiting: ExecutionEvent[] = [];
  #ordinal = 0;
  #telling: Promise<void> | undefined;
  #listener: ((event: ExecutionEvent) => void) | undefined;
  /** Somebody waits for it. */
  #hurried = false;
  readonly #count = { added: 0, told: 0 };
  /** The end takes what waits. */
  #ending = false;

  constructor(executionId: string, runId: string) {
    this.#executionId = executionId;
    this.#runId = runId;
  }

  add(kind: ExecutionEventKind, { task, attempt, ordinal, data = {} }: About = {}): void {
    // What is about no task happens in an order that a replay repeats.
    const number = ordinal ?? (task === undefined ? `${this.#runId}/${String(this.#ordinal++)}` : undefined);
    const event: ExecutionEvent = {
      executionId: this.#executionId,
      id: eventId(kind, { task, attempt, ordinal: number }),
      kind,
      at: new Date().toISOString(),
      taskId: task,
      attempt,
      data,
    };
    this.#waiting.push(event);
    this.#count.added += 1;
    if (!this.#ending) this.#telling ??= this.#tell();
    this.#listener?.(event);
  }

  /** Told of every event. */
  listen(listener: (event: ExecutionEvent) => void): void {
    this.#listener = listener;
  }

  /** Resolves when everything that was added before is in the store. */
  async told(): Promise<void> {
    const { added } = this.#count;
    this.#hurried = true;
    await condition(() => this.#count.told >= added || this.#ending);
  }

  /** What is still to be told; from here on the caller tells it. */
  async take(): Promise<readonly ExecutionEvent[]> {
    this.#ending = true;
    await this.#telling;
    const rest = this.#waiting;
    this.#waiting = [];
    return rest;
  }

  /** Never cancelled: what is undone is told as well. */
  async #tell(): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      do {
        await condition(() => this.#ending || this.#hurried || this.#waiting.length >= BATCH, LINGER_MS);
        this.#hurried = false;
        if (this.#ending) break;
        const events = this.#waiting.slice(0, BATCH);
        this.#waiting = this.#waiting.slice(BATCH);
        await engine('tell events').appendEvents({ executionId: this.#executionId, events });
        this.#count.told += events.length;
      } while (this.#waiting.length > 0 && !this.#isEnding());
    });
    // What was added between the last look and now found somebody telling, who was not any more.
    this.#telling = this.#waiting.length > 0 && !this.#ending ? this.#tell() : undefined;
  }

  /** It may have changed while something was awaited. */
  #isEnding(): boolean {
    return this.#ending;
  }
}
