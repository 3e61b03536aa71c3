import { sql } from 'kysely';
import type { FailureReport } from '../../../contracts/failures.js';
import type { StoreQuery } from '../database.js';
import type { WorkflowStatus } from './engine-store.js';
import type { ExecutionProjection } from './projection.js';

interface Row {
  readonly workflow_id: string;
  readonly task_count: number;
  readonly execution_id: string | null;
  readonly projection: unknown;
  readonly admitted: boolean;
  readonly queued_at: Date | null;
  readonly error: unknown;
  readonly agents: unknown;
}

/** A workflow, its newest execution, and the agents that this one holds: one statement, for it is asked often. */
export async function readStatus(query: StoreQuery, workflowId: string): Promise<WorkflowStatus | undefined> {
  const { rows } = await sql<Row>`
    SELECT d.workflow_id, v.task_count, e.execution_id, e.projection, e.admitted_at IS NOT NULL AS admitted,
           e.queued_at, e.error, held.agents
    FROM caravan_store.workflow_definitions AS d
    LEFT JOIN LATERAL (SELECT * FROM caravan_store.workflow_executions AS newest
                       WHERE newest.workflow_id = d.workflow_id ORDER BY newest.queued_at DESC LIMIT 1) AS e ON true
    JOIN caravan_store.workflow_versions AS v
      ON v.workflow_id = d.workflow_id AND v.ordinal = coalesce(e.ordinal, d.ordinal)
    LEFT JOIN LATERAL (
      SELECT jsonb_agg(jsonb_build_object('agent_id', held.agent_id, 'agent', held.agent_name, 'type', agent.type)
                       ORDER BY held.agent_name, held.agent_id) AS agents
      FROM caravan_store.agent_allocations AS held
      LEFT JOIN caravan_store.agents AS agent ON agent.agent_id = held.agent_id
      WHERE held.execution_id = e.execution_id) AS held ON true
    WHERE d.workflow_id = ${workflowId}`.execute(query);
  const [row] = rows;
  return row && { workflowId: row.workflow_id, taskCount: row.task_count, execution: executionOf(row) };
}

function executionOf(row: Row): WorkflowStatus['execution'] {
  if (row.execution_id === null || row.queued_at === null) return null;
  return {
    executionId: row.execution_id,
    projection: row.projection as ExecutionProjection,
    admitted: row.admitted,
    queuedAt: row.queued_at.toISOString(),
    error: row.error as FailureReport | null,
    agents: (row.agents ?? []) as NonNullable<WorkflowStatus['execution']>['agents'],
  };
}
