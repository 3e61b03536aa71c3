/**
 * States of an execution (OE-40): a closed list and a total transition table. Names stand in the read model, in events
 * and in the API: never renamed.
 *
 * Invariants, asserted by tests:
 * 1. Every state has a row; a final state has no way out.
 * 2. From every state a final state can be reached.
 * 3. `compensating` is only entered where tasks may have had effects, and leads to a final state that is no success.
 * 4. `completed` is only reached from `running`.
 * 5. `paused` goes back to where work goes on, or to the end; never straight to `completed`.
 */
export const EXECUTION_STATES = [
  'validated',
  'planning',
  'running',
  'paused',
  'compensating',
  'completed',
  'failed',
  'cancelled',
  'timed_out',
] as const;
export type ExecutionStatus = (typeof EXECUTION_STATES)[number];

export const EXECUTION_TRANSITIONS: Readonly<Record<ExecutionStatus, readonly ExecutionStatus[]>> = {
  // The state of a definition that has no execution yet.
  validated: ['planning'],
  // Waits for its turn, is allocated and planned.
  planning: ['running', 'paused', 'failed', 'cancelled', 'timed_out'],
  running: ['paused', 'compensating', 'completed', 'failed', 'cancelled', 'timed_out'],
  paused: ['planning', 'running', 'compensating', 'failed', 'cancelled'],
  compensating: ['failed', 'cancelled', 'timed_out'],
  completed: [],
  failed: [],
  cancelled: [],
  timed_out: [],
};

export function isFinal(status: ExecutionStatus): boolean {
  return EXECUTION_TRANSITIONS[status].length === 0;
}

export function mayBecome(from: ExecutionStatus, to: ExecutionStatus): boolean {
  return EXECUTION_TRANSITIONS[from].includes(to);
}

/** What a person may ask of an execution, and from which states; anything else is a conflict (409). */
export const EXECUTION_COMMANDS = {
  pause: ['planning', 'running'],
  resume: ['paused'],
  cancel: ['planning', 'running', 'paused'],
} as const satisfies Readonly<Record<string, readonly ExecutionStatus[]>>;
export type ExecutionCommand = keyof typeof EXECUTION_COMMANDS;

export function mayAsk(command: ExecutionCommand, from: ExecutionStatus): boolean {
  return (EXECUTION_COMMANDS[command] as readonly ExecutionStatus[]).includes(from);
}

/** States of one task. `parked`: its undo failed for good and waits for a person. */
export const TASK_STATES = [
  'waiting',
  'ready',
  'running',
  'blocked',
  'done',
  'skipped',
  'failed',
  'undone',
  'parked',
] as const;
export type ExecutionTaskState = (typeof TASK_STATES)[number];
