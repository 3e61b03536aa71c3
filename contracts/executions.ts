import type { AllocatedAgent } from './agents.js';
import type { EventRule, OrchestrationPattern, ResolvedRetry, SagaStrategy } from './definition.js';
import type { DecideTask } from './execution-messages.js';
import type { ExecutionStatus, ExecutionTaskState } from './execution-states.js';
import type { FailureReport } from './failures.js';
import { QUEUES } from './queues.js';

/**
 * One execution of a definition: what its workflow `graph` is given, carries, and tells. Everything here is plain JSON
 * and stands in histories or in the store: fields are only ever added.
 */

/** A call of an agent: of the task itself, or of what undoes it. */
export interface TaskCall {
  /** The definition's name of the agent. */
  readonly agent: string;
  readonly agentType: string;
  /** JSON; strings hold references `${{ … }}`. */
  readonly input?: unknown;
}

/** What undoes a task. Where it says nothing of its own: the task's time, and one attempt before the saga tries again. */
export interface UndoCall extends TaskCall {
  /** Seconds of one attempt. */
  readonly timeoutSeconds?: number;
  readonly retry?: ResolvedRetry;
}

/** A task as the engine runs it: compiled from a definition, defaults filled in. */
export interface ExecutionTask extends TaskCall {
  readonly id: string;
  readonly dependsOn: readonly string[];
  /** Seconds of one attempt. */
  readonly timeoutSeconds: number;
  readonly retry: ResolvedRetry;
  readonly onExhausted: 'fail' | 'compensate' | 'escalate';
  /** Expression; the task is skipped where it is false. */
  readonly when?: string;
  /** Expression of a list: one instance for each item. */
  readonly forEach?: string;
  /** Instances at once. */
  readonly parallel?: number;
  /** Event type that must have come. */
  readonly onEvent?: string;
  readonly approval?: { readonly text: string; readonly deadlineSeconds?: number };
  readonly compensateWith?: UndoCall;
  /** Nearest tasks before it that have an undo: theirs comes after its own. */
  readonly buildsOn?: readonly string[];
  readonly pivot?: boolean;
  /** False: it can never be undone, so it may not stand before a pivot in a saga. */
  readonly reversible?: boolean;
  /** The task is itself a pattern: an execution of its own. */
  readonly nested?: boolean;
}

export interface SagaSettings {
  readonly strategy: SagaStrategy;
  /** Of `selective`: the steps that are undone. Of `cascade`: roots beside those that failed. */
  readonly steps: readonly string[];
  /** How long a failing undo is tried again before a person is asked. */
  readonly timeoutSeconds: number;
  /** False: only a task that says `on_exhausted: compensate` makes it undo. Default true. */
  readonly rollback?: boolean;
}

/** Input of the workflow `graph`. */
export interface GraphInput {
  /** UUID. The definition, its plan and its allocation are in the store under it. */
  readonly executionId: string;
  /** Goes on from this checkpoint: after continue-as-new, and after a total loss. */
  readonly checkpointId?: string;
  /** Events of a history after which it continues as new. Default: as Temporal suggests. */
  readonly historyEventsMax?: number;
}

export interface GraphResult {
  readonly executionId: string;
  readonly status: ExecutionStatus;
  readonly tasks: { readonly done: number; readonly skipped: number; readonly failed: number; readonly undone: number };
  /** Outputs by task in the order in which they came, as far as they are small together; all are in the store. */
  readonly output: Readonly<Record<string, unknown>>;
  readonly error?: FailureReport;
}

/** What the workflow needs to begin, or to go on. */
export interface OpenedExecution {
  /** False: too many executions run; it waits for the signal `admitted`. */
  readonly admitted: boolean;
  readonly workflowId: string;
  readonly name: string;
  readonly pattern: OrchestrationPattern;
  readonly patternOptions: Readonly<Record<string, unknown>>;
  /** What the read model says it is: `planning` when it never began. */
  readonly status: ExecutionStatus;
  /** All tasks stand in an order that respects dependencies; this is the first page of those that are not settled. */
  readonly page: TaskPage;
  readonly taskCount: number;
  readonly agents: readonly AllocatedAgent[];
  /** Type of every agent, by the definition's name. */
  readonly agentTypes: Readonly<Record<string, string>>;
  /** What the caller gave; at most TASK_BYTES_MAX. */
  readonly input: unknown;
  /** Of a task that is itself a pattern: what its expressions read of the task around (`item`, `index`, `event`). */
  readonly around?: Readonly<Record<string, unknown>>;
  /** Seconds that it may run; time paused or waiting for a person does not count. */
  readonly timeoutSeconds: number;
  readonly checkpointSeconds: number;
  readonly allocationSeconds: number;
  readonly window: number;
  readonly saga?: SagaSettings;
  readonly events: readonly EventRule[];
  /** Of the checkpoint that it goes on from. */
  readonly state?: ExecutionState;
}

/** Places in the plan's order: the first, and the one behind the last. */
export type PlaceRange = readonly [from: number, to: number];

/** Tasks of a plan with their places in its order, and where to read on; null: these were the last. */
export interface TaskPage {
  readonly tasks: readonly ExecutionTask[];
  readonly places: readonly number[];
  readonly next: number | null;
}

export interface KnownTask {
  readonly state: ExecutionTaskState;
  /** The last attempt that was begun, over all agents. */
  readonly attempt: number;
  /** Attempts that count against the retry policy since somebody last decided. */
  readonly spent?: number;
}

/** What events and managers changed about a task. */
export type TaskRoute = Partial<Pick<ExecutionTask, 'agent' | 'parallel'>>;

/** A question to people that is open, or that they answered for a task that is not settled yet. */
export interface AskedPerson {
  readonly what: 'approval' | 'human' | 'exhausted' | 'undo';
  /** Milliseconds since the epoch: deadlines are counted from here. */
  readonly sinceMs: number;
  readonly decision?: DecideTask;
  /** Of `exhausted`: what the last attempt met. */
  readonly failure?: FailureReport;
}

/** Carried over continue-as-new and kept in checkpoints. Plain JSON, versioned; it stays small however large the graph. */
export interface ExecutionState {
  readonly version: 1;
  /** Places whose tasks are settled: done, where nothing else is said here. Ascending. */
  readonly settled: readonly PlaceRange[];
  /** Done tasks that `tasks` does not name. */
  readonly done: number;
  /** Tasks that were begun, failed, or were undone. */
  readonly tasks: Readonly<Record<string, KnownTask>>;
  /** Skipped: what depends on them goes on. */
  readonly skipped: readonly string[];
  /** Skipped, for what they depend on failed: what depends on them is skipped, too. */
  readonly barred: readonly string[];
  /** The first failure, where the others go on after one. */
  readonly failure?: FailureReport;
  /** Instances of `for_each` tasks that are done, by index. */
  readonly parts: Readonly<Record<string, readonly PlaceRange[]>>;
  /** The first outputs, as far as they are small together, and what patterns keep ("#…"); all others are in the store. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Undos in the order of their registration: by place, or by id where a task was added while it ran. */
  readonly undos: readonly (string | PlaceRange)[];
  readonly pivoted: boolean;
  /** Pivots that were asked for, and of which nobody knows whether they were passed. */
  readonly pivotsAsked?: readonly string[];
  /** Seconds that counted against the limit so far. */
  readonly usedSeconds: number;
  /** Types of events that came, with their data where it is small. */
  readonly events: Readonly<Record<string, unknown>>;
  readonly routes: Readonly<Record<string, TaskRoute>>;
  readonly asked: Readonly<Record<string, AskedPerson>>;
  /** Tasks that were added while it ran and are not settled. */
  readonly added: readonly ExecutionTask[];
  /** Only when it continues as new: it was paused. */
  readonly paused?: boolean;
  /** A task that failed asks for undoing. */
  readonly rollback?: boolean;
  /** It is being undone, for this reason. */
  readonly undoing?: FailureReport;
  /** Of `undoing`: the tasks that had failed for good when it began. */
  readonly failed?: readonly string[];
}

/** Events of an execution (OE-11). `seq` and the chain of hashes are given by the appender. */
export const EXECUTION_EVENT_KINDS = [
  'workflow.execution_started',
  'workflow.execution_restarted',
  'workflow.status_changed',
  'workflow.checkpoint_created',
  'workflow.event_received',
  'workflow.replanned',
  'workflow.execution_finished',
  'agent.assigned',
  'agent.released',
  'agent.lost',
  'agent.task_assigned',
  'agent.message',
  'task.started',
  'task.completed',
  'task.failed',
  'task.skipped',
  'task.waiting_for_person',
  'task.decided',
  'task.compensated',
  'task.compensation_failed',
  'task.compensation_parked',
  'gate.decided',
] as const;
export type ExecutionEventKind = (typeof EXECUTION_EVENT_KINDS)[number];

export interface ExecutionEvent {
  readonly executionId: string;
  /** Unique in its execution, the same however often it is told: kind, task, attempt, run. */
  readonly id: string;
  readonly kind: ExecutionEventKind;
  /** ISO 8601. */
  readonly at: string;
  readonly taskId?: string;
  readonly attempt?: number;
  /** Names, counts, states; never a secret, never a task's input or output. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** The id of an event: an event that is told twice is one. */
export function eventId(
  kind: ExecutionEventKind,
  of: { task?: string; attempt?: number; ordinal?: number | string },
): string {
  const { task, attempt, ordinal } = of;
  return [kind, task ?? '', attempt ?? '', ordinal ?? ''].map(String).join('|');
}

/** The Temporal workflow of an execution. */
export function executionWorkflowId(executionId: string): string {
  return `execution/${executionId}`;
}

/** How the Temporal workflow of an execution is started; the same for whoever starts it. */
export function executionStart(executionId: string, name: string, checkpointId?: string) {
  return {
    workflowId: executionWorkflowId(executionId),
    taskQueue: QUEUES.control,
    workflowTaskTimeout: '3 s',
    staticSummary: `execution of ${name}`,
    args: [{ executionId, ...(checkpointId === undefined ? {} : { checkpointId }) } satisfies GraphInput],
  } as const;
}
