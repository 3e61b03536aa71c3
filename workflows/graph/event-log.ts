import { CancellationScope, condition } from '@temporalio/workflow';
import { eventId } from '../../contracts/executions.js';
import type { ExecutionEvent, ExecutionEventKind } from '../../contracts/executions.js';
import { engine, engineAtOnce } from '../kit/profiles.js';

/** Events of one call to the store. */
const BATCH = 500;
/** How long an event may wait for company, milliseconds. */
const LINGER_MS = 1000;
/** An event that waited so long goes with the next step of work: the server is not asked for a step of its own. */
const RIPE_MS = 500;

interface About {
  readonly task?: string;
  readonly attempt?: number;
  /** Tells events of one kind apart that are about the same attempt. */
  readonly ordinal?: number | string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * The events of one execution, told to the store in batches off the critical path: no task waits for it, and what waits
 * when a checkpoint is kept, or when the run ends, goes with that. What is about a task has an id of its attempt; all else is numbered within its run, so that what
 * a lost run told stays beside what the run that took its place tells.
 */
export class EventLog {
  readonly #executionId: string;
  readonly #runId: string;
  #waiting: ExecutionEvent[] = [];
  #ordinal = 0;
  #telling: Promise<void> | undefined;
  #listener: ((event: ExecutionEvent) => void) | undefined;
  /** Somebody waits for it, or it can go with what is done now. */
  #hurried = false;
  /** The call before: one at a time, so that the store hears of events in their order. Never rejects. */
  #turn: Promise<unknown> = Promise.resolve();
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
    this.#hurried ||= Date.parse(event.at) - Date.parse(this.#waiting[0]?.at ?? event.at) >= RIPE_MS;
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
    await this.#turn;
    const rest = this.#waiting;
    this.#waiting = [];
    return rest;
  }

  /** Gives what waits to a call that tells the store of it. What it could not tell waits on. */
  handOver<T>(call: (events: readonly ExecutionEvent[]) => Promise<T>, max = Infinity): Promise<T> {
    const told = this.#turn.then(async () => {
      const events = this.#waiting.splice(0, max);
      try {
        const answer = await call(events);
        this.#count.told += events.length;
        return answer;
      } catch (error) {
        this.#waiting.unshift(...events);
        throw error;
      }
    });
    this.#turn = told.catch(() => undefined);
    return told;
  }

  /** A few go with the workflow task; tasks that end by the hundred do not wait for the store. */
  async #append(events: readonly ExecutionEvent[]): Promise<void> {
    if (events.length === 0) return;
    const store = events.length < BATCH ? engineAtOnce : engine('tell events');
    await store.appendEvents({ executionId: this.#executionId, events });
  }

  /** Never cancelled: what is undone is told as well. */
  async #tell(): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      do {
        await condition(() => this.#ending || this.#hurried || this.#waiting.length >= BATCH, LINGER_MS);
        this.#hurried = false;
        if (this.#ending) break;
        await this.handOver((events) => this.#append(events), BATCH);
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
