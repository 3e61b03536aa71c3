import { mayBecome } from '../../../contracts/execution-states.js';
import type { ExecutionStatus, ExecutionTaskState } from '../../../contracts/execution-states.js';
import type { ExecutionEvent } from '../../../contracts/executions.js';

/** What the status of an execution is read from; made from its events alone, so that it can be made again from them. */
export interface ExecutionProjection {
  readonly status: ExecutionStatus;
  /** ISO 8601; null: not yet. */
  readonly startedAt: string | null;
  readonly completedAt: string | null;
  readonly counts: Readonly<Partial<Record<ExecutionTaskState, number>>>;
  /** The task that was begun last. */
  readonly currentTask: string | null;
  readonly agents: readonly string[];
  readonly attempts: number;
  readonly checkpoints: number;
  readonly lastCheckpointId: string | null;
  readonly replanned: number;
  readonly error: { readonly code: string } | null;
}

export interface TaskProjection {
  readonly state: ExecutionTaskState;
  readonly attempt: number;
  readonly agentId: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** How late in its life the event stands that the state is from. */
  readonly rank: number;
}

export const NEW_EXECUTION: ExecutionProjection = {
  status: 'planning',
  startedAt: null,
  completedAt: null,
  counts: {},
  currentTask: null,
  agents: [],
  attempts: 0,
  checkpoints: 0,
  lastCheckpointId: null,
  replanned: 0,
  error: null,
};

/** Most agents that are listed. */
const AGENTS_LISTED = 1000;

interface Place {
  readonly state: ExecutionTaskState;
  readonly rank: number;
}

/** From here on the task is undone: whatever its attempts were. */
const UNDOING = 10;

/** State that a task is in after an event, and how late in an attempt that event stands. */
function placeOf({ kind, data }: ExecutionEvent): Place | undefined {
  switch (kind) {
    case 'task.waiting_for_person':
      // Before the attempt; or after it, when it was the last.
      return { state: 'blocked', rank: data['what'] === 'exhausted' ? 5 : 0 };
    case 'task.started':
      return { state: 'running', rank: 1 };
    case 'task.failed':
      // An attempt; or the task itself, which a rejected result fails as well.
      return { state: 'failed', rank: data['final'] === true ? 7 : 3 };
    case 'task.completed':
      return { state: 'done', rank: 4 };
    case 'task.skipped':
      return { state: 'skipped', rank: 6 };
    case 'task.compensation_parked':
      return { state: 'parked', rank: UNDOING };
    case 'task.compensation_failed':
      return { state: 'parked', rank: UNDOING + 1 };
    case 'task.compensated':
      return { state: 'undone', rank: UNDOING + 2 };
    default:
      return undefined;
  }
}

function isLater(rank: number, attempt: number, before: TaskProjection): boolean {
  if (rank >= UNDOING || before.rank >= UNDOING) return rank > before.rank;
  return attempt > before.attempt || (attempt === before.attempt && rank > before.rank);
}

export interface Folded {
  execution: ExecutionProjection;
  /** Of the tasks that events are about. */
  readonly tasks: Map<string, TaskProjection>;
}

/**
 * Applies one event. Events of one task may be told out of order (by its worker and by its workflow): a later attempt
 * wins, and within an attempt what stands later in a task's life.
 */
export function fold(folded: Folded, event: ExecutionEvent): void {
  const place = placeOf(event);
  if (place !== undefined && event.taskId !== undefined) foldTask(folded, event, place);
  folded.execution = foldExecution(folded.execution, event);
}

function foldTask(folded: Folded, event: ExecutionEvent, { state, rank }: Place): void {
  const { execution, tasks } = folded;
  const id = event.taskId ?? '';
  const attempt = event.attempt ?? 0;
  const before = tasks.get(id);
  if (before !== undefined && !isLater(rank, attempt, before)) {
    const startedAt = earlier(before.startedAt, state === 'running' ? event.at : null);
    tasks.set(id, { ...before, startedAt, attempt: Math.max(attempt, before.attempt) });
    return;
  }
  const agentId = typeof event.data['agent_id'] === 'string' ? event.data['agent_id'] : (before?.agentId ?? null);
  const begins = state === 'running' || state === 'blocked';
  tasks.set(id, {
    state,
    attempt: Math.max(attempt, before?.attempt ?? 0),
    agentId,
    startedAt: earlier(before?.startedAt ?? null, begins ? event.at : null),
    endedAt: begins ? null : event.at,
    rank,
  });
  // An instance of a task is none of the definition's tasks.
  if (event.data['part_of'] === undefined)
    folded.execution = { ...execution, counts: counted(execution.counts, state, before?.state) };
}

function counted(
  counts: ExecutionProjection['counts'],
  state: ExecutionTaskState,
  before?: ExecutionTaskState,
): ExecutionProjection['counts'] {
  const next = new Map(Object.entries(counts));
  if (before !== undefined) next.set(before, (next.get(before) ?? 1) - 1);
  next.set(state, (next.get(state) ?? 0) + 1);
  return Object.fromEntries([...next].filter(([, count]) => count > 0));
}

/** ISO texts of one form stand in the order of their times. */
function earlier(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return one < other ? one : other;
}

function foldExecution(execution: ExecutionProjection, event: ExecutionEvent): ExecutionProjection {
  const { data } = event;
  switch (event.kind) {
    case 'workflow.status_changed':
    case 'workflow.execution_finished':
      return entered(execution, data['status'] as ExecutionStatus, event);
    case 'task.started': {
      const { agent_id: agent } = data;
      const isNew = typeof agent === 'string' && !execution.agents.includes(agent);
      const agents = isNew && execution.agents.length < AGENTS_LISTED ? [...execution.agents, agent] : execution.agents;
      return { ...execution, currentTask: event.taskId ?? null, attempts: execution.attempts + 1, agents };
    }
    case 'workflow.checkpoint_created': {
      const { checkpoint_id: id } = data;
      const lastCheckpointId = typeof id === 'string' ? id : execution.lastCheckpointId;
      return { ...execution, checkpoints: execution.checkpoints + 1, lastCheckpointId };
    }
    case 'workflow.execution_restarted':
      // A new life, from a checkpoint: what ended is open again.
      return { ...execution, status: 'planning', completedAt: null, error: null };
    case 'workflow.replanned':
      return { ...execution, replanned: execution.replanned + 1 };
    default:
      return execution;
  }
}

function entered(execution: ExecutionProjection, status: ExecutionStatus, event: ExecutionEvent): ExecutionProjection {
  const code = event.data['code'];
  const error = typeof code === 'string' ? { code } : execution.error;
  const finished = event.kind === 'workflow.execution_finished';
  const completedAt = finished ? event.at : execution.completedAt;
  if (execution.status !== status && !mayBecome(execution.status, status)) return { ...execution, error, completedAt };
  const startedAt = execution.startedAt ?? (status === 'running' ? event.at : null);
  return { ...execution, status, startedAt, completedAt, error };
}
