import type { z } from 'zod';
import { FAILURES, isFailureCode } from '../../contracts/failures.js';
import type { FailureReport } from '../../contracts/failures.js';
import type { PreparedDefinition } from '../../language/prepared.js';
import type { StoredDefinition, ValidationReport, WorkflowStatus } from '../../platform/store/engine/engine-store.js';
import { NEW_EXECUTION } from '../../platform/store/engine/projection.js';
import type { ExecutionProjection } from '../../platform/store/engine/projection.js';
import type { status, validated } from './schemas.js';

export type Status = z.infer<typeof status>;
type Validated = z.infer<typeof validated>;

export function shownReport(report: ValidationReport): Validated['validation_report'] {
  const { tasks, waves, criticalPath, estimatedDuration, warnings } = report;
  return {
    valid: true,
    tasks,
    waves,
    critical_path: [...criticalPath],
    estimated_duration: estimatedDuration,
    warnings: [...warnings],
  };
}

export function shownResources({ plan }: PreparedDefinition): Validated['estimated_resources'] {
  const { total, peak } = plan.resources;
  return {
    agents: total.agents,
    cpu: total.cpu / 1000,
    memory: total.memory,
    duration: plan.duration.seconds,
    peak: { tasks: peak.tasks, cpu: peak.cpu / 1000, memory: peak.memory },
  };
}

export function shownWorkflow(stored: Omit<StoredDefinition, 'definition'>) {
  const { workflowId, ordinal, hash, taskCount, createdAt, updatedAt } = stored;
  return {
    workflow_id: workflowId,
    version: ordinal,
    definition_hash: hash,
    tasks: taskCount,
    created_at: createdAt,
    updated_at: updatedAt,
  };
}

/** From the read model alone: it is told even while nothing else lives. */
export function shownStatus({ workflowId, taskCount, execution }: WorkflowStatus, now = Date.now()): Status {
  const projection = execution?.projection ?? { ...NEW_EXECUTION, status: 'validated' as const };
  const queuedAt = execution?.queuedAt ?? null;
  return {
    workflow_id: workflowId,
    execution_id: execution?.executionId ?? null,
    status: projection.status,
    current_phase: phaseOf(projection, execution?.admitted ?? false),
    agents: (execution?.agents ?? []).map(({ agent_id, agent, type }) => ({ agent_id, agent, type })),
    performance_metrics: metricsOf(projection, { taskCount, queuedAt, now }),
    last_checkpoint_id: projection.lastCheckpointId,
    ...errorOf(execution?.error ?? null, projection),
  };
}

function phaseOf({ status, currentTask }: ExecutionProjection, admitted: boolean): string {
  if (status === 'planning') return admitted ? 'allocating' : 'queued';
  return status === 'running' ? (currentTask ?? 'running') : status;
}

function metricsOf(
  projection: ExecutionProjection,
  { taskCount, queuedAt, now }: { taskCount: number; queuedAt: string | null; now: number },
): Status['performance_metrics'] {
  const { counts, attempts, checkpoints, replanned, startedAt, completedAt } = projection;
  const { done = 0, skipped = 0 } = counts;
  const endMs = completedAt === null ? now : Date.parse(completedAt);
  return {
    tasks_total: taskCount,
    tasks: { ...counts },
    progress: taskCount === 0 ? 0 : Math.min(1, (done + skipped) / taskCount),
    attempts,
    checkpoints,
    replanned,
    queued_at: queuedAt,
    started_at: startedAt,
    completed_at: completedAt,
    duration_seconds: startedAt === null ? null : Math.max(0, endMs - Date.parse(startedAt)) / 1000,
  };
}

function errorOf(error: FailureReport | null, projection: ExecutionProjection): Pick<Status, 'error_details'> {
  const code = error?.code ?? projection.error?.code;
  if (code === undefined) return {};
  const { means, next } = isFailureCode(code) ? FAILURES[code] : FAILURES.INTERNAL;
  return { error_details: { code, message: error?.message ?? means, next: error?.next ?? next } };
}
