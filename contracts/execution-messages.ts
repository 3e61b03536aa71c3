import type { ExecutionStatus, ExecutionTaskState } from './execution-states.js';

/** Wire names and shapes of what an execution hears and answers. Recorded: never renamed. */
export interface DecideTask {
  readonly taskId: string;
  readonly approved: boolean;
  readonly by: string;
  readonly reason?: string;
  /** Becomes the output of a task that a person does. */
  readonly output?: unknown;
}

/** What becomes of a task whose attempts are exhausted, or of an undo that failed for good. */
export interface ResolveTask {
  readonly taskId: string;
  readonly action: 'retry' | 'skip' | 'fail';
  readonly by: string;
  readonly reason?: string;
}

export interface CancelExecution {
  readonly by: string;
  readonly reason?: string;
}

/** Most characters of an event's data as JSON; larger data is left out, and the event says so. */
export const EVENT_DATA_CHARACTERS = 16_384;

export interface ReceivedEvent {
  readonly type: string;
  readonly data?: unknown;
}

/** Of a nested execution, to the one around it. */
export interface NestedStands {
  readonly executionId: string;
  readonly stands: boolean;
}

/** A message from one agent to another, in the pattern `network`. */
export interface AgentMessage {
  readonly from: string;
  /** The definition's name of an agent; "*" is all others. */
  readonly to: string;
  readonly body: unknown;
}

/** Answer of the query `execution`. */
export interface ExecutionView {
  readonly executionId: string;
  readonly status: ExecutionStatus;
  readonly counts: Readonly<Partial<Record<ExecutionTaskState, number>>>;
  readonly total: number;
  /** At most 100, the ones that matter now first. */
  readonly tasks: readonly { readonly id: string; readonly state: ExecutionTaskState; readonly attempt: number }[];
  /** Task ids that wait for a person, and why. */
  readonly waitsFor: readonly { readonly taskId: string; readonly what: 'approval' | 'exhausted' | 'undo' | 'human' }[];
}

export const EXECUTION_UPDATES = {
  pause: 'pause',
  resume: 'resume',
  cancel: 'cancel',
  decideTask: 'decideTask',
  resolveTask: 'resolveTask',
} as const;

export const EXECUTION_SIGNALS = {
  /** It has its turn. */
  admitted: 'admitted',
  /** An event of the outside. */
  event: 'event',
  /** An agent's lease lapsed: what it does goes to another. */
  agentLost: 'agentLost',
  agentMessage: 'agentMessage',
  /** To a part of an execution: it is paused, or goes on, with the execution around it. */
  hold: 'hold',
  /** From a part of an execution: its clock stands still, since it waits for people or is paused; or it goes on. */
  stands: 'stands',
} as const;

export const EXECUTION_QUERIES = { execution: 'execution' } as const;
