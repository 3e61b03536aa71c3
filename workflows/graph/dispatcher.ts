import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  TimeoutFailure,
  isCancellation,
  sleep,
} from '@temporalio/workflow';
import { TASK_BYTES_MAX, isBuiltIn } from '../../contracts/agents.js';
import type { AllocatedAgent, RunTask, RunTaskContext } from '../../contracts/agents.js';
import type { ResolvedRetry } from '../../contracts/definition.js';
import type { TaskCall } from '../../contracts/executions.js';
import { QUEUES } from '../../contracts/queues.js';
import { backOffMs } from '../kit/back-off.js';
import { failure, rootOf } from '../kit/failures.js';
import { callAgent } from '../kit/profiles.js';
import type { AgentPool } from './agent-pool.js';
import type { EventLog } from './event-log.js';
import type { WorkClock } from './work-clock.js';

export interface Call extends TaskCall {
  readonly taskId: string;
  readonly purpose: RunTaskContext['purpose'];
  readonly timeoutSeconds: number;
  readonly retry: ResolvedRetry;
  /** Of `compensate`: what the task gave. */
  readonly output?: unknown;
  readonly shared?: unknown;
  readonly part?: unknown;
  /** The task that this call does a part of; it is not counted as one of its own. */
  readonly partOf?: string;
  /** Where its attempts are counted. Default: from 1, for this call alone. */
  readonly book?: AttemptBook;
  /** Asked when all attempts are used up; false: it is tried again, without end. Default: it is given up. */
  readonly mayGiveUp?: () => Promise<boolean>;
  /** True: it is not held up by circuits that are open. */
  readonly isInHurry?: () => boolean;
  /** Something undoes it: a cancel waits until the agent has ended, so that the undo comes after the work. */
  readonly undoable?: boolean;
  /** Of a pivot: no cancel reaches an attempt, and what became of each is told. */
  readonly onAttempt?: (seen: 'asked' | 'done' | 'failed' | 'unknown') => void;
}

/** Counts the attempts of one call, so that one that is sent again goes on counting. */
export interface AttemptBook {
  /** The last attempt that was begun, over all agents; 0: none. */
  readonly last: number;
  /** Attempts that count against the retry policy. */
  readonly spent: number;
  readonly note: (seen: { readonly attempt: number; readonly spent: number }) => void;
}

interface Identity {
  readonly executionId: string;
  /** The execution under whose id its idempotency keys stand. */
  readonly keysOf: string;
  readonly workflowId: string;
  readonly workflowName: string;
}

export interface Gate {
  readonly isOpen: () => boolean;
  /** Resolves at once where it is open. */
  readonly opened: () => Promise<void>;
}

export interface DispatcherParts {
  readonly identity: Identity;
  readonly pool: AgentPool;
  readonly events: EventLog;
  readonly clock: WorkClock;
  /** Whether attempts may be begun, and a promise that resolves when they may; what undoes a task does not ask. */
  readonly gate: Gate;
  /** Finds agents in place of those that are gone; throws when nobody comes in time. */
  readonly reallocate: (agent: string) => Promise<void>;
  /** It is about to be undone: what was begun is not held up by circuits that are open. */
  readonly isEnding: () => boolean;
}

/** Sends calls to agents: one attempt at a time, again after a failure, elsewhere after an agent's death. */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  /** Attempts that run now, by agent, so that the loss of an agent ends them. */
  readonly #running = new Map<string, Set<Loss>>();
  active = 0;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** The output. Throws what the last attempt met when all are used up. */
  async send(call: Call): Promise<unknown> {
    const { clock } = this.#parts;
    clock.calls(1);
    try {
      return await this.#attempts(call);
    } finally {
      clock.calls(-1);
    }
  }

  async #attempts(call: Call): Promise<unknown> {
    let { last: attempt, spent } = call.book ?? { last: 0, spent: 0 };
    let deaths = 0;
    for (;;) {
      const agent = await this.#readyAgent(call);
      attempt += 1;
      call.book?.note({ attempt, spent });
      const seen = await this.#attempt(call, attempt, agent);
      if (seen.answer === 'output') return seen.output;
      if (seen.answer === 'gone' && (!isBuiltIn(call.agentType) || deaths < OWN_DEATHS_MAX)) {
        // Not the task's fault: it does not use up an attempt.
        deaths += 1;
        continue;
      }
      spent += 1;
      call.book?.note({ attempt, spent });
      const { retry, mayGiveUp } = call;
      const usedUp = spent >= retry.max_attempts || isForGood(seen.error, retry);
      if (usedUp && (mayGiveUp === undefined || (await mayGiveUp()))) throw seen.error;
      await sleep(backOffMs(retry, spent), { summary: `${call.taskId}: again after a failure` });
    }
  }

  /** An agent, held from here on, when the gate is open. */
  async #readyAgent(call: Call): Promise<AllocatedAgent> {
    const { gate, pool } = this.#parts;
    for (;;) {
      const undoes = call.purpose === 'compensate';
      if (!undoes) await gate.opened();
      const agent = await this.#agentFor(call);
      // Counted before anything is awaited again: who waits for the last attempt to end sees this one.
      this.active += 1;
      if (undoes || gate.isOpen()) return agent;
      this.active -= 1;
      pool.free(agent.agentId, call.agent);
    }
  }

  /** An agent's lease lapsed: what it does is given to others. */
  lose(agentId: string): void {
    const { agent } = this.#parts.pool.all.find((held) => held.agentId === agentId) ?? {};
    if (!this.#parts.pool.lose(agentId)) return;
    this.#parts.events.add('agent.lost', { data: { agent_id: agentId, agent, reason: 'lease' } });
    for (const loss of this.#running.get(agentId) ?? []) loss.tell();
  }

  async #attempt(call: Call, attempt: number, agent: AllocatedAgent): Promise<Attempt> {
    const { events } = this.#parts;
    const at = { task: call.taskId, attempt };
    const partOf = call.partOf === undefined ? {} : { part_of: call.partOf };
    const named = { agent_id: agent.agentId, agent: call.agent, ...partOf };
    const isRun = call.purpose === 'run';
    if (isRun) events.add('task.started', { ...at, data: named });
    const loss = new Loss();
    this.#track(agent.agentId, loss);
    try {
      const output = await this.#answer(call, { attempt, agent, loss });
      if (!isBuiltIn(call.agentType)) this.#parts.pool.answered(agent, 'output');
      if (isRun) events.add('task.completed', { ...at, data: named });
      return { answer: 'output', output };
    } catch (error) {
      const isLost = error === LOST;
      const gone = isLost || isGone(error);
      if (isCancellation(error)) throw error;
      if (isRun) events.add('task.failed', { ...at, data: { ...named, reason: gone ? 'agent_lost' : typeOf(error) } });
      if (gone && !isLost && !isBuiltIn(call.agentType)) this.#passOver(agent, error);
      if (!gone && !isBuiltIn(call.agentType)) this.#parts.pool.answered(agent, 'failed');
      return { answer: gone ? 'gone' : 'failed', error };
    } finally {
      this.active -= 1;
      this.#running.get(agent.agentId)?.delete(loss);
      this.#parts.pool.free(agent.agentId, call.agent);
    }
  }

  /** It did not begin in time, fell silent, or is being ended, though its lease holds: what else it has goes on. */
  #passOver({ agentId, agent }: AllocatedAgent, error: unknown): void {
    this.#parts.pool.passOver(agentId);
    const reason = reasonOf(rootOf(error));
    this.#parts.events.add('agent.lost', { data: { agent_id: agentId, agent, reason } });
  }

  /** What the agent answers, or LOST when it is lost before. */
  async #answer(call: Call, at: { attempt: number; agent: AllocatedAgent; loss: Loss }): Promise<unknown> {
    const { onAttempt } = call;
    const shield = onAttempt && new CancellationScope({ cancellable: false });
    const scope = new CancellationScope({ cancellable: true, ...(shield && { parent: shield }) });
    limitBytes(call.taskId, 'input', call.input);
    onAttempt?.('asked');
    try {
      const output = await Promise.race([scope.run(() => this.#callOf(call, at)), at.loss.told]);
      onAttempt?.('done');
      return output;
    } catch (error) {
      // Asks the agent to stop; nobody waits for what it says to that.
      if (error === LOST) scope.cancel();
      onAttempt?.(isRefusal(error) ? 'failed' : 'unknown');
      throw error;
    }
  }

  async #callOf(call: Call, { attempt, agent }: { attempt: number; agent: AllocatedAgent }): Promise<unknown> {
    const { identity } = this.#parts;
    const keyOf = (purpose: Call['purpose']): string => `${identity.keysOf}/${call.taskId}/${purpose}`;
    const input: RunTask = {
      executionId: identity.executionId,
      taskId: call.taskId,
      attempt,
      agentType: call.agentType,
      input: call.input ?? null,
      context: {
        workflowId: identity.workflowId,
        workflowName: identity.workflowName,
        agent: call.agent,
        purpose: call.purpose,
        idempotencyKey: keyOf(call.purpose),
        ...(call.purpose === 'compensate' ? { output: call.output ?? null, undoes: keyOf('run') } : {}),
        ...(call.shared === undefined ? {} : { shared: call.shared }),
        ...(call.part === undefined ? {} : { part: call.part }),
        ...(call.partOf === undefined ? {} : { partOf: call.partOf }),
      },
    };
    const summary = call.purpose === 'run' ? call.taskId : `${call.purpose} ${call.taskId}`;
    const result: unknown = await callAgent(
      {
        queue: agent.taskQueue,
        builtIn: isBuiltIn(call.agentType),
        timeoutSeconds: call.timeoutSeconds,
        heartbeatSeconds: agent.heartbeatSeconds,
        summary,
        awaited: call.undoable === true,
      },
      input,
    );
    const output = outputOf(result, call.taskId);
    limitBytes(call.taskId, 'output', output);
    return output;
  }

  async #agentFor(call: Call): Promise<AllocatedAgent> {
    if (isBuiltIn(call.agentType)) return builtIn(call);
    const { isEnding } = this.#parts;
    const isInHurry = (): boolean => call.purpose === 'compensate' || isEnding() || call.isInHurry?.() === true;
    for (;;) {
      const agent = await this.#parts.pool.take(call.agent, isInHurry);
      if (agent !== undefined) return agent;
      await this.#parts.reallocate(call.agent);
    }
  }

  #track(agentId: string, loss: Loss): void {
    const losses = this.#running.get(agentId) ?? new Set();
    losses.add(loss);
    this.#running.set(agentId, losses);
  }
}

/** What an attempt ends with when its agent is lost. */
const LOST = new Error('the agent was lost');

class Loss {
  readonly told: Promise<never>;
  #reject: (reason: Error) => void = () => undefined;

  constructor() {
    this.told = new Promise((_, reject) => {
      this.#reject = reject;
    });
    // Where nobody waits any more nobody is to be told.
    this.told.catch(() => undefined);
  }

  tell(): void {
    this.#reject(LOST);
  }
}

type Attempt =
  | { readonly answer: 'output'; readonly output: unknown }
  | { readonly answer: 'failed' | 'gone'; readonly error: unknown };

/** Deaths of our own workers that a task is forgiven: it may be what they die of. */
const OWN_DEATHS_MAX = 3;

/** Caravan's own workers: any of them, so nobody is allocated. */
function builtIn({ agent, agentType }: Call): AllocatedAgent {
  return { agentId: `caravan/${agentType}`, agent, type: agentType, taskQueue: QUEUES.control };
}

/** What an SDK answers for a task that its worker's end cut off. */
const WORKER_SHUTDOWN = 'WorkerShutdown';

/** Nobody began the attempt, or the one who did stopped answering. */
function isGone(error: unknown): boolean {
  const root = rootOf(error);
  if (root instanceof ApplicationFailure) return root.type === WORKER_SHUTDOWN;
  return root instanceof TimeoutFailure && root.timeoutType !== 'START_TO_CLOSE';
}

/** The agent itself says that it failed, or never began. Any other end leaves open whether the work was done. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof ActivityFailure)) return false;
  const root = rootOf(error);
  if (root instanceof TimeoutFailure) return root.timeoutType === 'SCHEDULE_TO_START';
  return root instanceof ApplicationFailure && root.type !== WORKER_SHUTDOWN;
}

function isForGood(error: unknown, { non_retryable: never }: ResolvedRetry): boolean {
  const root = rootOf(error);
  return root instanceof ApplicationFailure && (root.nonRetryable === true || never.includes(root.type ?? ''));
}

/** Why an agent that lives is passed over. */
function reasonOf(root: unknown): string {
  if (root instanceof ApplicationFailure) return 'shut_down';
  return root instanceof TimeoutFailure && root.timeoutType === 'HEARTBEAT' ? 'silent' : 'did_not_begin';
}

/** The failure's type: never its text, which may hold values. */
function typeOf(error: unknown): string {
  const root = rootOf(error);
  if (root instanceof ApplicationFailure) return root.type ?? 'failure';
  return root instanceof TimeoutFailure ? 'timeout' : 'failure';
}

function outputOf(result: unknown, taskId: string): unknown {
  if (typeof result === 'object' && result !== null && 'output' in result) return result.output;
  throw failure('TASK_OUTPUT_INVALID', `Task "${taskId}" did not answer with an object that has "output".`);
}

function limitBytes(taskId: string, what: 'input' | 'output', value: unknown): void {
  // A JSON text has at least as many bytes as characters; nothing but its length is made of it.
  const length = JSON.stringify(value ?? null).length;
  if (length <= TASK_BYTES_MAX) return;
  throw failure('TASK_TOO_LARGE', `The ${what} of task "${taskId}" has ${String(length)} characters.`);
}
