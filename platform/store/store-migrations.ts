import { ENGINE_SCHEMA, PATTERNS_SCHEMA } from './engine/schema.js';

/** The store's own schema, in numbered steps. A step that was released is never changed; a new one is appended. */
export const STORE_SCHEMA = 'caravan_store';

export const STORE_MIGRATIONS: readonly { readonly number: number; readonly name: string; readonly sql: string }[] = [
  {
    number: 1,
    name: 'the first shape',
    sql: `
      CREATE TABLE connections (
        name text PRIMARY KEY,
        sealed bytea NOT NULL,
        engine text NOT NULL,
        place text NOT NULL,
        username text,
        migration_id text,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX ON connections (migration_id);

      -- One row a run: a workflow id may be used again. The latest run of an id is the one with the greatest ordinal.
      CREATE TABLE migrations (
        hash text PRIMARY KEY,
        ordinal bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
        migration_id text NOT NULL,
        run_id text NOT NULL,
        first_run_id text NOT NULL,
        namespace text NOT NULL,
        input jsonb NOT NULL,
        source_engine text NOT NULL,
        target_version integer,
        started_at text NOT NULL
      );
      CREATE INDEX ON migrations (migration_id, ordinal);

      -- kind: report, evidence, promotion
      CREATE TABLE migration_documents (
        migration_id text NOT NULL,
        kind text NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (migration_id, kind)
      );
      CREATE TABLE table_reports (
        migration_id text NOT NULL,
        source text NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (migration_id, source)
      );
      CREATE TABLE copied_tables (
        migration_id text NOT NULL,
        source text NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (migration_id, source)
      );
      CREATE TABLE copy_times (
        migration_id text PRIMARY KEY,
        started_ms double precision NOT NULL,
        ended_ms double precision NOT NULL
      );

      -- A catalogue is one row and a row for each table: one jsonb could not hold every catalogue.
      CREATE TABLE catalogues (
        catalogue_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        migration_id text NOT NULL,
        digest text NOT NULL,
        body jsonb NOT NULL,
        UNIQUE (migration_id, digest)
      );
      CREATE TABLE catalogue_tables (
        catalogue_id uuid NOT NULL REFERENCES catalogues ON DELETE CASCADE,
        ordinal integer NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (catalogue_id, ordinal)
      );
      CREATE TABLE profiles (
        catalogue_id uuid NOT NULL REFERENCES catalogues ON DELETE CASCADE,
        table_schema text NOT NULL,
        table_name text NOT NULL,
        profile jsonb NOT NULL,
        meanings jsonb NOT NULL,
        PRIMARY KEY (catalogue_id, table_schema, table_name)
      );
      CREATE TABLE plans (
        plan_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        -- Empty for a plan that a person gave back before any migration.
        migration_id text NOT NULL,
        digest text NOT NULL,
        plan_hash text NOT NULL,
        yaml text NOT NULL,
        body jsonb NOT NULL,
        UNIQUE (migration_id, digest)
      );

      CREATE TABLE outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        migration_id text NOT NULL,
        key text NOT NULL,
        kind text NOT NULL,
        alert_group text NOT NULL,
        body_text text NOT NULL,
        count bigint NOT NULL,
        -- Some channel has told its count; stands in the row itself so that counting and taking exclude each other.
        taken boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX ON outbox (migration_id, id);
      -- Every key that was heard, also those that only added to a count.
      CREATE TABLE outbox_keys (
        migration_id text NOT NULL,
        key text NOT NULL,
        PRIMARY KEY (migration_id, key)
      );
      CREATE TABLE outbox_deliveries (
        outbox_id bigint NOT NULL REFERENCES outbox ON DELETE CASCADE,
        channel text NOT NULL,
        attempts integer NOT NULL,
        available_at timestamptz NOT NULL,
        delivered_at timestamptz,
        PRIMARY KEY (outbox_id, channel)
      );

      CREATE TABLE learning_facts (
        migration_id text NOT NULL,
        kind text NOT NULL,
        signature text NOT NULL,
        numbers jsonb NOT NULL,
        ordinal bigint GENERATED ALWAYS AS IDENTITY,
        PRIMARY KEY (migration_id, kind, signature)
      );
      CREATE INDEX ON learning_facts (kind, ordinal);

      CREATE TABLE archive (
        migration_id text NOT NULL,
        run_hash text NOT NULL,
        kind text NOT NULL,
        id bigint NOT NULL,
        source_table text NOT NULL,
        chunk bigint NOT NULL,
        key_identity text NOT NULL,
        key bytea NOT NULL,
        column_name text,
        reason text NOT NULL,
        bytes bytea NOT NULL,
        PRIMARY KEY (migration_id, run_hash, kind, id)
      );
    `,
  },
  {
    number: 2,
    name: 'profiles hold values only sealed',
    sql: `
      -- Made by the form before this one, with values in plain text: discovery makes them again.
      DELETE FROM profiles;
      ALTER TABLE profiles ADD COLUMN sealed_values bytea NOT NULL, ADD COLUMN sealed_fingerprints bytea NOT NULL;
    `,
  },
  {
    number: 3,
    name: 'notifications that cannot be delivered',
    sql: `
      ALTER TABLE outbox_deliveries
        ADD COLUMN first_tried_at timestamptz NOT NULL DEFAULT now(),
        -- Given up; from then on it holds up no other.
        ADD COLUMN dead_at timestamptz,
        -- What the last attempt met: an HTTP status or an error code, nothing that a receiver wrote.
        ADD COLUMN failure text;
      CREATE INDEX ON outbox_deliveries (channel, outbox_id) WHERE dead_at IS NOT NULL;
    `,
  },
  { number: 4, name: 'the read model of the engine', sql: ENGINE_SCHEMA },
  {
    number: 5,
    name: 'a task that is a pattern may have several executions',
    sql: `
      ALTER TABLE workflow_executions
        DROP CONSTRAINT workflow_executions_parent_id_parent_task_key,
        -- Each takes the place of the one before it, which ended and did not complete.
        ADD COLUMN parent_attempt integer NOT NULL DEFAULT 1,
        -- The first of its line since something was undone: its idempotency keys are used.
        ADD COLUMN keys_of uuid,
        -- Of a task that runs once for each item of a list: which item.
        ADD COLUMN parent_part integer NOT NULL DEFAULT 0,
        -- What expressions of the task around it read as item, index and event; sealed.
        ADD COLUMN scope bytea,
        ADD UNIQUE (parent_id, parent_task, parent_part, parent_attempt);
    `,
  },
  { number: 6, name: 'registered orchestration patterns', sql: PATTERNS_SCHEMA },
  {
    number: 7,
    name: 'how often an agent heartbeats',
    sql: 'ALTER TABLE agents ADD COLUMN heartbeat_seconds double precision',
  },
  {
    number: 8,
    name: 'what became of views',
    sql: `
      CREATE TABLE view_reports (
        migration_id text NOT NULL,
        source text NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (migration_id, source)
      );
    `,
  },
  {
    number: 9,
    name: 'what was kept is read by people; the source is spared',
    sql: `
      -- When the value was sealed; absent for what was archived before it was told.
      ALTER TABLE archive ADD COLUMN sealed_at timestamptz;
      -- Plans of one migration in the order in which they were made.
      ALTER TABLE plans ADD COLUMN ordinal bigint GENERATED ALWAYS AS IDENTITY;

      -- What a migration may take of its source, and what it has taken; all of its workers share it.
      CREATE TABLE throttles (
        migration_id text PRIMARY KEY,
        limits jsonb NOT NULL,
        -- Raised with every change, so that whoever waits by the old limits goes on by the new ones.
        version bigint NOT NULL DEFAULT 1,
        -- When what was read so far is paid for.
        rows_paid_at timestamptz NOT NULL DEFAULT now(),
        bytes_paid_at timestamptz NOT NULL DEFAULT now(),
        -- Share of full speed that a suffering source leaves.
        share double precision NOT NULL DEFAULT 1,
        -- It was limited or slowed down at some time, so that its speed teaches nothing.
        spared boolean NOT NULL DEFAULT false,
        looked_at timestamptz NOT NULL DEFAULT now()
      );
      -- Sessions on the source; a process that dies stops renewing them.
      CREATE TABLE source_leases (
        lease text PRIMARY KEY,
        migration_id text NOT NULL,
        sessions integer NOT NULL,
        expires_at timestamptz NOT NULL
      );
      CREATE INDEX ON source_leases (migration_id);
    `,
  },
  {
    number: 10,
    name: 'mapping files',
    sql: `
      CREATE TABLE mappings (
        mapping_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        digest text NOT NULL UNIQUE,
        yaml text NOT NULL
      );
    `,
  },
  {
    number: 11,
    name: 'recorded queries',
    sql: `
      CREATE TABLE workloads (
        workload_id text PRIMARY KEY,
        summary jsonb NOT NULL,
        sealed bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      -- Catalogues of one migration in the order in which they were read.
      ALTER TABLE catalogues ADD COLUMN ordinal bigint GENERATED ALWAYS AS IDENTITY;
    `,
  },
  {
    number: 12,
    name: 'rows are traced',
    sql: `
      -- How tables were copied, of promoted migrations; where a chunk begins and ends is a key, and sealed.
      CREATE TABLE archived_chunks (
        migration_id text NOT NULL,
        run_hash text NOT NULL,
        source_table text NOT NULL,
        chunk bigint NOT NULL,
        bounds bytea NOT NULL,
        epoch bigint NOT NULL,
        rows bigint NOT NULL,
        bytes bigint NOT NULL,
        quarantined bigint NOT NULL,
        changed bigint NOT NULL,
        committed_at timestamptz,
        PRIMARY KEY (migration_id, run_hash, source_table, chunk)
      );
      -- A row that somebody asks for and what a worker found of it, both sealed; gone once it was read.
      CREATE TABLE lookups (
        lookup_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        migration_id text NOT NULL,
        question bytea NOT NULL,
        answer bytea,
        asked_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX ON archive (migration_id, run_hash, source_table, key_identity);
    `,
  },
  {
    number: 13,
    name: 'business rules',
    sql: `
      CREATE TABLE rules (
        migration_id text NOT NULL,
        rule_id text NOT NULL,
        source_table text NOT NULL,
        ordinal integer NOT NULL,
        -- What it says, without values.
        body jsonb NOT NULL,
        signature text NOT NULL,
        state text NOT NULL,
        decided_by text,
        reason text,
        on_broken text,
        -- Values that it lists, and of rows that break it.
        sealed bytea NOT NULL,
        -- What the last check of both sides counted; and keys of rows that break it.
        checked jsonb,
        sealed_keys bytea,
        PRIMARY KEY (migration_id, rule_id)
      );
    `,
  },
  {
    number: 14,
    name: 'verdicts on recorded queries',
    sql: `
      CREATE TABLE query_verdicts (
        migration_id text NOT NULL,
        state text NOT NULL,
        page integer NOT NULL,
        hash text NOT NULL,
        sealed bytea NOT NULL,
        judged_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (migration_id, page)
      );
    `,
  },
];
