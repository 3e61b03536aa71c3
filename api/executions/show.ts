import type { ExecutionRow } from '../../platform/store/engine/engine-store.js';
import type { StoredEvent } from '../../platform/store/engine/events.js';
import type { TaskProjection } from '../../platform/store/engine/projection.js';
import { shownStatus } from '../workflows/show.js';

/** The same words and numbers as the status of its workflow. */
function statusOf(row: ExecutionRow) {
  const { workflowId, taskCount, executionId, projection, queuedAt, error } = row;
  const admitted = row.admittedAt !== null;
  return shownStatus({
    workflowId,
    taskCount,
    execution: { executionId, projection, admitted, queuedAt, error, agents: [] },
  });
}

export function shownSummary(row: ExecutionRow) {
  const { status, error_details: error, performance_metrics: metrics } = statusOf(row);
  return {
    execution_id: row.executionId,
    workflow_id: row.workflowId,
    workflow_name: row.name,
    workflow_version: row.ordinal,
    orchestration_pattern: row.pattern,
    parent_execution_id: row.parentId,
    status,
    queued_at: row.queuedAt,
    started_at: metrics.started_at,
    completed_at: metrics.completed_at,
    ...(error && { error_details: error }),
  };
}

export function shownExecution(row: ExecutionRow, tasks: readonly (TaskProjection & { readonly taskId: string })[]) {
  const { performance_metrics, last_checkpoint_id } = statusOf(row);
  return {
    ...shownSummary(row),
    performance_metrics,
    last_checkpoint_id,
    tasks: tasks.map(({ taskId, state, attempt, agentId, startedAt, endedAt }) => ({
      id: taskId,
      state,
      attempt,
      agent_id: agentId,
      started_at: startedAt,
      ended_at: endedAt,
    })),
  };
}

export function shownEvent(event: StoredEvent) {
  const { seq, id, kind, executionId, at, taskId = null, attempt = null, data, hash } = event;
  return { seq, id, type: kind, execution_id: executionId, timestamp: at, task_id: taskId, attempt, data, hash };
}
