/** The read model of the engine (OE-12): definitions, executions, their events, checkpoints, agents. */
export const ENGINE_SCHEMA = `
  CREATE TABLE workflow_definitions (
    workflow_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    version text,
    pattern text NOT NULL,
    -- The version that the next execution runs.
    ordinal integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  );
  -- A version is never changed: executions of it may run.
  CREATE TABLE workflow_versions (
    workflow_id uuid NOT NULL REFERENCES workflow_definitions ON DELETE CASCADE,
    ordinal integer NOT NULL,
    definition jsonb NOT NULL,
    definition_hash text NOT NULL,
    report jsonb NOT NULL,
    task_count integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workflow_id, ordinal)
  );
  -- Its tasks as the engine runs them, in the order of the plan, a page a row.
  CREATE TABLE workflow_tasks (
    workflow_id uuid NOT NULL,
    ordinal integer NOT NULL,
    page integer NOT NULL,
    ids text[] NOT NULL,
    tasks jsonb NOT NULL,
    PRIMARY KEY (workflow_id, ordinal, page),
    FOREIGN KEY (workflow_id, ordinal) REFERENCES workflow_versions ON DELETE CASCADE
  );

  CREATE TABLE workflow_executions (
    execution_id uuid PRIMARY KEY,
    workflow_id uuid NOT NULL,
    ordinal integer NOT NULL,
    -- Of a task that is itself a pattern: it needs no turn, its parent has one.
    parent_id uuid,
    parent_task text,
    options jsonb NOT NULL,
    input bytea NOT NULL,
    output bytea,
    error jsonb,
    queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    admitted_at timestamptz,
    closed_at timestamptz,
    -- Made from the events; see projection.ts.
    projection jsonb NOT NULL,
    status text NOT NULL,
    last_seq bigint NOT NULL DEFAULT 0,
    last_hash text NOT NULL DEFAULT '',
    last_event_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Its events were deleted: of the chain, place and hash of the last one are left.
    pruned_at timestamptz,
    FOREIGN KEY (workflow_id, ordinal) REFERENCES workflow_versions,
    UNIQUE (parent_id, parent_task)
  );
  CREATE INDEX ON workflow_executions (workflow_id, queued_at);
  CREATE UNIQUE INDEX one_execution_at_a_time ON workflow_executions (workflow_id)
    WHERE closed_at IS NULL AND parent_id IS NULL;
  CREATE INDEX waiting_executions ON workflow_executions (queued_at) WHERE admitted_at IS NULL AND closed_at IS NULL;
  CREATE INDEX closed_executions ON workflow_executions (closed_at) WHERE pruned_at IS NULL;
  CREATE INDEX running_executions ON workflow_executions (admitted_at) WHERE admitted_at IS NOT NULL AND closed_at IS NULL;

  CREATE TABLE execution_events (
    execution_id uuid NOT NULL REFERENCES workflow_executions ON DELETE CASCADE,
    seq bigint NOT NULL,
    event_id text NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    task_id text,
    attempt integer,
    data jsonb NOT NULL,
    -- SHA-256 hex over the hash before it and the event's canonical JSON.
    hash text NOT NULL,
    PRIMARY KEY (execution_id, seq),
    UNIQUE (execution_id, event_id)
  );
  CREATE TABLE execution_task_states (
    execution_id uuid NOT NULL REFERENCES workflow_executions ON DELETE CASCADE,
    task_id text NOT NULL,
    state text NOT NULL,
    attempt integer NOT NULL,
    agent_id text,
    started_at timestamptz,
    ended_at timestamptz,
    -- How late in the attempt's life the event stands that the state is from.
    rank smallint NOT NULL,
    PRIMARY KEY (execution_id, task_id)
  );
  CREATE TABLE execution_checkpoints (
    checkpoint_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ordinal bigint GENERATED ALWAYS AS IDENTITY,
    execution_id uuid NOT NULL REFERENCES workflow_executions ON DELETE CASCADE,
    key text NOT NULL,
    reason text NOT NULL,
    state bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (execution_id, key)
  );
  CREATE TABLE execution_outputs (
    execution_id uuid NOT NULL REFERENCES workflow_executions ON DELETE CASCADE,
    task_id text NOT NULL,
    output bytea NOT NULL,
    PRIMARY KEY (execution_id, task_id)
  );

  CREATE TABLE agents (
    agent_id text PRIMARY KEY,
    type text NOT NULL,
    capabilities text[] NOT NULL,
    version text NOT NULL,
    task_queue text NOT NULL,
    cpu_millicores double precision,
    memory_bytes double precision,
    registered_at timestamptz NOT NULL DEFAULT now(),
    last_heartbeat_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX ON agents (type);
  CREATE INDEX ON agents USING gin (capabilities);
  CREATE TABLE agent_allocations (
    execution_id uuid NOT NULL REFERENCES workflow_executions ON DELETE CASCADE,
    agent_id text NOT NULL,
    agent_name text NOT NULL,
    allocated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (execution_id, agent_name, agent_id)
  );
  CREATE INDEX ON agent_allocations (agent_id);

  -- Answers of commands that were sent with an Idempotency-Key.
  CREATE TABLE idempotency_keys (
    caller text NOT NULL,
    key text NOT NULL,
    request_hash text NOT NULL,
    status integer,
    body jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, key)
  );
`;

/** Registered orchestration patterns (OE-3). Definitions keep what they expanded to, so nothing refers to a row here. */
export const PATTERNS_SCHEMA = `
  CREATE TABLE workflow_patterns (
    name text PRIMARY KEY,
    version text NOT NULL,
    -- contracts/patterns.ts, PatternTemplate
    body jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  );
  -- Of a nested execution: what it was told of the task that it is of (item, index, event). Sealed.
  ALTER TABLE workflow_executions ADD COLUMN around bytea;
`;
