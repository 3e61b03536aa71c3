import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import pg from 'pg';
import type { RunTask } from '../../contracts/agents.js';
import { executionStart, executionWorkflowId } from '../../contracts/executions.js';
import { WORKFLOWS } from '../../contracts/messages.js';
import { checkDefinition } from '../../language/definition.js';
import { prepare } from '../../language/prepared.js';
import type { PreparedDefinition } from '../../language/prepared.js';
import { removeCluster } from '../../platform/local-stack/postgres-cluster.js';
import { readLivingStack } from '../../platform/local-stack/stack-state.js';
import type { StackState } from '../../platform/local-stack/stack-state.js';
import { openSecretBox } from '../../platform/secrets/secret-box.js';
import { openStore } from '../../platform/store/open-store.js';
import type { Store } from '../../platform/store/store.js';
import { runCaravan } from '../copy/caravan.js';
import { cpuSecondsOf } from './cpu.js';
import { tokenSettings } from './tokens.js';
import { quietRuntime, startAgent } from './start-agent.js';
import type { Agent } from './start-agent.js';

/** Executions that run at once: no case waits for a turn. */
const MOST_EXECUTIONS = 5000;

/** A private stack with one control worker, started by its command, and the means to run executions on it. */
export interface EngineStack {
  /** For more processes of it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly home: string;
  /** What tokens for the stack's API are signed with. */
  readonly secret: string;
  readonly state: StackState;
  readonly store: Store;
  readonly client: Client;
  readonly native: NativeConnection;
  readonly database: pg.Pool;
  /** An agent in this process, of a type of its own; or so many, on one queue. */
  agent(type: string, work: (task: RunTask) => unknown, places?: number): Promise<void>;
  /** Stores a definition, and gives its id. A definition runs once at a time, so each execution has its own. */
  define(prepared: PreparedDefinition): Promise<string>;
  /** Starts an execution, and gives its id. */
  execute(of: { readonly workflowId: string; readonly name: string }, input: unknown): Promise<string>;
  /** Stores a definition and starts it. */
  start(prepared: PreparedDefinition, input?: unknown): Promise<string>;
  /** CPU seconds so far, by part; this process is `bench`. */
  cpu(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

export async function openEngineStack(environment: Readonly<Record<string, string>>): Promise<EngineStack> {
  const folder = mkdtempSync(join(tmpdir(), 'caravan-bench-'));
  const home = join(folder, 'home');
  const secret = `${randomUUID()}${randomUUID()}`;
  const env = {
    ...environment,
    ...tokenSettings(secret),
    CARAVAN_HOME: home,
    CARAVAN_WORKERS: 'control',
    MAX_CONCURRENT_WORKFLOWS: String(MOST_EXECUTIONS),
  };
  const up = await runCaravan(['up', '--detach'], env);
  const state = readLivingStack(home);
  if (up.exit !== 0 || state === null)
    throw new Error(`caravan up ended with ${String(up.exit)}: ${up.stderr.slice(-500)}`);
  quietRuntime();
  const store = await openStore({
    databaseUrl: state.databaseUrl,
    secretBox: openSecretBox({ keyFile: join(home, 'secret.key') }),
  });
  const connection = await Connection.connect({ address: state.temporalAddress });
  const client = new Client({ connection, namespace: state.namespace });
  const native = await NativeConnection.connect({ address: state.temporalAddress });
  const database = new pg.Pool({ connectionString: state.databaseUrl, max: 8 });
  const agents: Agent[] = [];
  return {
    ...{ environment, home, secret, state, store, client, native, database },
    agent: async (type, work, places = 1) => {
      agents.push(await startAgent({ store, native, namespace: state.namespace }, { type, places }, work));
    },
    define: (prepared) => store.engine.definitions.create(prepared),
    execute: (of, input) => execute({ store, client }, of, input),
    start: async (prepared, input = {}) => {
      const workflowId = await store.engine.definitions.create(prepared);
      return execute({ store, client }, { workflowId, name: prepared.definition.name }, input);
    },
    cpu: () => cpuOf(state),
    close: async () => {
      try {
        await Promise.all(agents.map((agent) => agent.stop()));
        await database.end();
        await native.close();
        await connection.close();
        await store.close();
      } finally {
        // Whatever became of the case: no stack is left behind.
        await runCaravan(['down'], env);
        removeCluster(join(home, 'postgres'));
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

/** A definition that is valid, ready to be started. */
export function preparedOf(document: object): PreparedDefinition {
  const { definition, problems } = checkDefinition(document);
  if (definition === undefined) throw new Error(`a bench has no valid definition: ${JSON.stringify(problems)}`);
  return prepare(definition);
}

async function execute(
  { store, client }: Pick<EngineStack, 'store' | 'client'>,
  { workflowId, name }: { readonly workflowId: string; readonly name: string },
  input: unknown,
): Promise<string> {
  const executionId = randomUUID();
  await store.engine.executions.create({ executionId, workflowId, input, options: {} });
  await client.workflow.start(WORKFLOWS.graph, executionStart(executionId, name));
  return executionId;
}

const LOOK_MS = 100;

/** Tells when executions are over, by one look at the read model for all of them: Temporal has no part in it. */
export class Endings {
  readonly #stack: Pick<EngineStack, 'database'>;
  readonly #waiting = new Map<string, () => void>();
  readonly #stopped = new AbortController();
  readonly #looking: Promise<void>;

  constructor(stack: Pick<EngineStack, 'database'>) {
    this.#stack = stack;
    this.#looking = this.#look();
  }

  async of(executionId: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#waiting.set(executionId, () => {
      resolve(undefined);
    });
    await Promise.race([promise, this.#looking]);
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { signal } = this.#stopped;
    const isStopped = (): boolean => signal.aborted;
    while (!isStopped()) {
      const { rows } = await this.#stack.database.query<{ id: string }>(
        `SELECT execution_id AS id FROM caravan_store.workflow_executions
          WHERE closed_at IS NOT NULL AND execution_id = ANY($1)`,
        [[...this.#waiting.keys()]],
      );
      for (const { id } of rows) {
        this.#waiting.get(id)?.();
        this.#waiting.delete(id);
      }
      await pause(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

export const handleOf = ({ client }: Pick<EngineStack, 'client'>, executionId: string) =>
  client.workflow.getHandle(executionWorkflowId(executionId));

function cpuOf({ parts }: StackState): Record<string, number> {
  const { user, system } = process.cpuUsage();
  const used: Record<string, number> = { bench: (user + system) / 1e6 };
  for (const { name, pid } of parts) {
    const seconds = pid === null ? null : cpuSecondsOf(pid);
    if (seconds !== null) used[name] = seconds;
  }
  return used;
}

/** How many executions of this name the read model has in each status; `open` are not over. */
export async function statusesOf(
  { database }: Pick<EngineStack, 'database'>,
  name: string,
): Promise<Readonly<Record<string, number>>> {
  const { rows } = await database.query<{ status: string; open: boolean; count: number }>(
    `SELECT e.status, e.closed_at IS NULL AS open, count(*)::int AS count
       FROM caravan_store.workflow_executions AS e
       JOIN caravan_store.workflow_definitions AS d USING (workflow_id)
      WHERE d.name = $1 GROUP BY 1, 2`,
    [name],
  );
  const counts: Record<string, number> = { open: 0 };
  for (const { status, open, count } of rows) {
    counts[status] = (counts[status] ?? 0) + count;
    if (open) counts['open'] = (counts['open'] ?? 0) + count;
  }
  return counts;
}

/** Waits until a condition holds. */
export async function until(what: string, holds: () => Promise<boolean>, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (performance.now() < deadline) {
    if (await holds()) return;
    await pause(100);
  }
  throw new Error(`waited ${String(limitMs / 1000)} s in vain until ${what}`);
}

export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** The queue of an agent of this type that lives. */
export async function queueOf({ store }: Pick<EngineStack, 'store'>, type: string): Promise<string> {
  const found = (await store.engine.agents.living(60)).find((agent) => agent.type === type);
  if (found === undefined) throw new Error(`no agent of the type "${type}" lives`);
  return found.taskQueue;
}
