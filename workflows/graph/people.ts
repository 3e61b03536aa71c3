import { condition } from '@temporalio/workflow';
import type { DecideTask, ExecutionView, ResolveTask } from '../../contracts/execution-messages.js';
import type { AskedPerson } from '../../contracts/executions.js';
import type { FailureReport } from '../../contracts/failures.js';
import type { WorkClock } from './work-clock.js';

type What = AskedPerson['what'];

interface Asked extends AskedPerson {
  readonly taskId: string;
  decision?: DecideTask;
  resolution?: ResolveTask;
}

/**
 * What an execution waits for from people: approvals, work that people do, and what to do after a failure. A question
 * and its answer are kept until the task is settled: a person is asked once, whatever happens in between.
 */
export class People {
  readonly #asked = new Map<string, Asked>();
  readonly #clock: WorkClock;

  constructor(clock: WorkClock, asked: Readonly<Record<string, AskedPerson>> = {}) {
    this.#clock = clock;
    for (const [key, one] of Object.entries(asked)) this.#asked.set(key, { ...one, taskId: taskOf(key) });
  }

  get waitsFor(): ExecutionView['waitsFor'] {
    return [...this.#asked.values()].filter(isOpen).map(({ taskId, what }) => ({ taskId, what }));
  }

  isAsked(taskId: string, ...what: readonly What[]): boolean {
    return what.some((one) => {
      const asked = this.#asked.get(keyOf(one, taskId));
      return asked !== undefined && isOpen(asked);
    });
  }

  decide(decision: DecideTask): void {
    const asked = this.#open(decision.taskId, 'approval', 'human');
    if (asked !== undefined) asked.decision = decision;
  }

  resolve(resolution: ResolveTask): void {
    const asked = this.#open(resolution.taskId, 'exhausted', 'undo');
    if (asked !== undefined) asked.resolution = resolution;
  }

  /** Undefined: the deadline, so many seconds after the question, passed. */
  async decision(
    taskId: string,
    what: 'approval' | 'human',
    deadlineSeconds?: number,
  ): Promise<DecideTask | undefined> {
    const asked = this.#ask(taskId, what);
    const left = deadlineSeconds === undefined ? undefined : asked.sinceMs + deadlineSeconds * 1000 - Date.now();
    await this.#until(() => asked.decision !== undefined, left);
    if (asked.decision === undefined) this.#asked.delete(keyOf(what, taskId));
    return asked.decision;
  }

  async resolution(taskId: string, what: 'exhausted' | 'undo', failure?: FailureReport): Promise<ResolveTask> {
    const asked = this.#ask(taskId, what, failure);
    await this.#until(() => asked.resolution !== undefined);
    this.#asked.delete(keyOf(what, taskId));
    if (asked.resolution === undefined) throw new Error('a wait ended without its reason');
    return asked.resolution;
  }

  /** What the last attempt met, where a person was asked what becomes of the task and did not answer yet. */
  exhausted(taskId: string): FailureReport | undefined {
    return this.#asked.get(keyOf('exhausted', taskId))?.failure;
  }

  /** The task is settled. */
  forget(taskId: string): void {
    for (const what of ['approval', 'human', 'exhausted'] as const) this.#asked.delete(keyOf(what, taskId));
  }

  snapshot(): Readonly<Record<string, AskedPerson>> {
    const kept = [...this.#asked].filter(([, { what }]) => what !== 'undo');
    return Object.fromEntries(
      kept.map(([key, { what, sinceMs, decision, failure }]) => [
        key,
        { what, sinceMs, ...(decision && { decision }), ...(failure && { failure }) },
      ]),
    );
  }

  #ask(taskId: string, what: What, failure?: FailureReport): Asked {
    const key = keyOf(what, taskId);
    const asked = this.#asked.get(key) ?? { taskId, what, sinceMs: Date.now(), ...(failure && { failure }) };
    this.#asked.set(key, asked);
    return asked;
  }

  #open(taskId: string, ...what: readonly What[]): Asked | undefined {
    return what.map((one) => this.#asked.get(keyOf(one, taskId))).find((asked) => asked !== undefined && isOpen(asked));
  }

  async #until(holds: () => boolean, leftMs?: number): Promise<void> {
    if (holds()) return;
    this.#clock.waits(1);
    try {
      if (leftMs === undefined) await condition(holds);
      else if (leftMs > 0) await condition(holds, leftMs);
    } finally {
      this.#clock.waits(-1);
    }
  }
}

const isOpen = ({ decision, resolution }: Asked): boolean => decision === undefined && resolution === undefined;

const keyOf = (what: What, taskId: string): string => `${what} ${taskId}`;
const taskOf = (key: string): string => key.slice(key.indexOf(' ') + 1);
