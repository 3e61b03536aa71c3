import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Client, WorkflowHandle } from '@temporalio/client';
import pg from 'pg';
import { inject } from 'vitest';
import { ensureStack } from '../../cli/stack/ensure-stack.js';
import type { Stack } from '../../cli/stack/ensure-stack.js';
import { patient } from '../../cli/patience.js';
import { connectTemporal } from '../../cli/temporal-client.js';
import { readConfig } from '../../config/config.js';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import type { Finding, Progress, Question } from '../../contracts/migration.js';
import type { PlanView } from '../../contracts/messages.js';
import type { Running, TestDatabase } from './harness.js';
import { removeSqlite, startCaravan, until } from './harness.js';

/** A folder of one test file. */
export interface TestFolder {
  readonly path: string;
  /** Makes a SQLite file from a script and gives its URL. */
  sqlite(name: string, script: string): string;
  /** Writes a file and gives its path. */
  write(name: string, text: string | Uint8Array): string;
  remove(): void;
}

export function testFolder(): TestFolder {
  const path = mkdtempSync(join(tmpdir(), 'caravan-migration-'));
  return {
    path,
    sqlite: (name, script) => {
      const file = join(path, `${name}.sqlite`);
      removeSqlite(file);
      const database = new DatabaseSync(file, { enableForeignKeyConstraints: false });
      database.exec(script);
      database.close();
      return `sqlite:${file}`;
    },
    write: (name, text) => {
      const file = join(path, name);
      writeFileSync(file, text);
      return file;
    },
    remove: () => {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** An id that no other migration of the run has. */
export function uniqueId(what: string): string {
  return `test-${what}-${randomBytes(4).toString('hex')}`;
}

/** A URL of a server of these tests; every password is the endpoint's own. */
export function urlOf({ engine, user, password, host, port, database }: ServerEndpoint): string {
  return `${engine}://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}:${String(port)}/${database}`;
}

/** The stack of a data folder as a Temporal client sees it. */
export interface StackView {
  readonly stack: Stack;
  readonly client: Client;
  migration(id: string): MigrationView;
  close(): Promise<void>;
}

/** A migration seen through its own queries. */
export interface MigrationView {
  readonly handle: WorkflowHandle;
  progress(): Promise<Progress>;
  plan(): Promise<PlanView | null>;
  questions(): Promise<readonly Question[]>;
  findings(): Promise<readonly Finding[]>;
  /** Waits until it waits for a person, in this phase when one is named. */
  waits(phase?: Progress['phase']): Promise<void>;
}

export async function viewStack(home: string = inject('sharedHome')): Promise<StackView> {
  const { PATH, HOME, XDG_CACHE_HOME } = process.env;
  const config = readConfig({ PATH, HOME, XDG_CACHE_HOME, CARAVAN_HOME: home });
  const stack = await ensureStack({ config });
  const client = connectTemporal(config, stack);
  return {
    stack,
    client,
    migration: (id) => viewMigration(client.workflow.getHandle(id)),
    close: async () => {
      await client.connection.close();
      await stack.stop();
    },
  };
}

function viewMigration(handle: WorkflowHandle): MigrationView {
  // Temporal refuses a query while others wait for the same worker.
  const ask = <Answer>(name: string): Promise<Answer> => patient(() => handle.query<Answer>(name));
  const progress = (): Promise<Progress> => ask('progress');
  return {
    handle,
    progress,
    plan: () => ask('plan'),
    questions: () => ask('questions'),
    findings: () => ask('findings'),
    waits: (phase) =>
      until(
        `${handle.workflowId} waits for a person${phase === undefined ? '' : ` in ${phase}`}`,
        async () => {
          const seen = await progress().catch(() => undefined);
          return seen?.status === 'waiting' && (phase === undefined || seen.phase === phase);
        },
        60_000,
        150,
      ),
  };
}

/** What somebody can see in a database: schemas that are not the server's, tables and views in them. */
export async function objectsIn(database: TestDatabase): Promise<string[]> {
  const rows = await database.query(`
    SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')
    UNION ALL
    SELECT nspname || '.' || relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
     WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND relkind IN ('r', 'p', 'v')
    ORDER BY 1`);
  return rows.map(({ name }) => String(name));
}

/** Rows that Caravan's own store keeps for a migration in one of its tables. */
export async function keptInStore(
  view: StackView,
  table: 'connections' | 'archive' | 'lookups',
  id: string,
): Promise<number> {
  const client = new pg.Client({ connectionString: view.stack.databaseUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query(`SELECT FROM caravan_store.${table} WHERE migration_id = $1`, [id]);
    return rowCount ?? 0;
  } finally {
    await client.end();
  }
}

/** Starts `caravan migrate --json` under an id of its own, and does not wait for it. */
export function startMigrate(
  ends: { readonly source: string; readonly target: string },
  ...more: readonly string[]
): Running & { readonly id: string } {
  const id = uniqueId('migrate');
  const args = ['migrate', '--source', ends.source, '--target', ends.target, '--json', '--workflow-id', id, ...more];
  return { id, ...startCaravan(args) };
}
