import type { ColumnType, Generated } from 'kysely';

/** jsonb: any JSON value out, `encodeJson`'s text in. */
type Json = ColumnType<unknown, string, string>;

interface WorkflowDefinitionsTable {
  workflow_id: Generated<string>;
  name: string;
  version: string | null;
  pattern: string;
  ordinal: number;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}
interface WorkflowVersionsTable {
  workflow_id: string;
  ordinal: number;
  definition: Json;
  definition_hash: string;
  report: Json;
  task_count: number;
  created_at: Generated<Date>;
}
interface WorkflowTasksTable {
  workflow_id: string;
  ordinal: number;
  page: number;
  ids: string[];
  tasks: Json;
}
interface WorkflowExecutionsTable {
  execution_id: string;
  workflow_id: string;
  ordinal: number;
  parent_id: string | null;
  parent_task: string | null;
  options: Json;
  input: Buffer;
  output: Buffer | null;
  error: Json | null;
  queued_at: Generated<Date>;
  admitted_at: Date | null;
  closed_at: Date | null;
  projection: Json;
  status: string;
  last_seq: Generated<number>;
  last_hash: Generated<string>;
  last_event_at: Generated<Date>;
  pruned_at: Date | null;
  around: Buffer | null;
}
interface ExecutionEventsTable {
  execution_id: string;
  seq: number;
  event_id: string;
  kind: string;
  at: Date;
  task_id: string | null;
  attempt: number | null;
  data: Json;
  hash: string;
}
interface ExecutionTaskStatesTable {
  execution_id: string;
  task_id: string;
  state: string;
  attempt: number;
  agent_id: string | null;
  started_at: Date | null;
  ended_at: Date | null;
  rank: number;
}
interface ExecutionCheckpointsTable {
  checkpoint_id: Generated<string>;
  ordinal: Generated<number>;
  execution_id: string;
  key: string;
  reason: string;
  state: Buffer;
  created_at: Generated<Date>;
}
interface ExecutionOutputsTable {
  execution_id: string;
  task_id: string;
  output: Buffer;
}
interface AgentsTable {
  agent_id: string;
  type: string;
  capabilities: string[];
  version: string;
  task_queue: string;
  cpu_millicores: number | null;
  memory_bytes: number | null;
  registered_at: Generated<Date>;
  last_heartbeat_at: Generated<Date>;
}
interface AgentAllocationsTable {
  execution_id: string;
  agent_id: string;
  agent_name: string;
  allocated_at: Generated<Date>;
}
interface IdempotencyKeysTable {
  caller: string;
  key: string;
  request_hash: string;
  status: number | null;
  body: Json | null;
  created_at: Generated<Date>;
}

interface WorkflowPatternsTable {
  name: string;
  version: string;
  body: Json;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export interface EngineTables {
  workflow_definitions: WorkflowDefinitionsTable;
  workflow_versions: WorkflowVersionsTable;
  workflow_tasks: WorkflowTasksTable;
  workflow_executions: WorkflowExecutionsTable;
  execution_events: ExecutionEventsTable;
  execution_task_states: ExecutionTaskStatesTable;
  execution_checkpoints: ExecutionCheckpointsTable;
  execution_outputs: ExecutionOutputsTable;
  agents: AgentsTable;
  agent_allocations: AgentAllocationsTable;
  idempotency_keys: IdempotencyKeysTable;
  workflow_patterns: WorkflowPatternsTable;
}
