import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import { RUN_TASK } from '../../contracts/agents.js';
import type { AgentRegistration, RunTask, TaskOutput } from '../../contracts/agents.js';
import { EXECUTION_QUERIES, EXECUTION_UPDATES } from '../../contracts/execution-messages.js';
import type { ExecutionView, ResolveTask } from '../../contracts/execution-messages.js';
import type { CheckpointReason } from '../../contracts/engine-activities.js';
import { executionStart, executionWorkflowId } from '../../contracts/executions.js';
import type { ExecutionEventKind, GraphInput, GraphResult } from '../../contracts/executions.js';
import { WORKFLOWS } from '../../contracts/messages.js';
import { parseDefinition } from '../../language/definition.js';
import { prepare } from '../../language/prepared.js';
import { readLivingStack } from '../../platform/local-stack/stack-state.js';
import { openSecretBox } from '../../platform/secrets/secret-box.js';
import type { ExecutionOptions } from '../../platform/store/engine/engine-store.js';
import { openStore } from '../../platform/store/open-store.js';
import type { Store } from '../../platform/store/store.js';
import { clientOf } from '../migration/faults-harness.js';
import { until } from '../migration/harness.js';

/** The engine of a running stack, as a test uses it: definitions, executions, agents of its own. */
export interface EngineView {
  readonly store: Store;
  readonly client: Client;
  /** Stores a definition and starts it. `more` as a function is told the id before anything runs. */
  start(yaml: string, input?: unknown, more?: StartMore | BeforeStart): Promise<StartedExecution>;
  /** Starts the workflow of an execution that is in the store: after a loss, from a checkpoint. */
  goOn(executionId: string, more?: Omit<GraphInput, 'executionId'>): Promise<Pick<StartedExecution, 'result'>>;
  view(executionId: string): Promise<ExecutionView>;
  /** Waits until a person is asked about a task. */
  untilAsked(executionId: string, taskId: string, what: ExecutionView['waitsFor'][number]['what']): Promise<void>;
  resolve(executionId: string, resolution: ResolveTask): Promise<void>;
  cancel(executionId: string, by: string): Promise<void>;
  /** Waits until the event is told to the store. */
  untilEvent(executionId: string, kind: ExecutionEventKind, taskId?: string): Promise<void>;
  /** Starts it again from its last checkpoint of this reason, as a person does after its workflow was lost. */
  resumeFrom(executionId: string, reason: CheckpointReason): Promise<GraphResult>;
  /** An agent in this process: registered, on a task queue of its own, until the view is closed. */
  agent(type: string, work: AgentWork, more?: Partial<AgentRegistration>): Promise<TestAgent>;
  close(): Promise<void>;
}

/** Told the id before anything runs. */
type BeforeStart = (executionId: string) => void;

export interface StartMore extends Omit<GraphInput, 'executionId'> {
  readonly options?: ExecutionOptions;
}

export interface StartedExecution {
  readonly executionId: string;
  readonly workflowId: string;
  /** Rejects when the execution fails. */
  readonly result: Promise<GraphResult>;
}

export type AgentWork = (task: RunTask) => unknown;

export interface TestAgent {
  readonly id: string;
  /** Everything that it was asked, in order. */
  readonly asked: RunTask[];
  stop(): Promise<void>;
}

/** Once per process, before any connection: the SDK is quiet. */
let quiet: Runtime | undefined;

export async function viewEngine(home: string = inject('sharedHome')): Promise<EngineView> {
  const state = readLivingStack(home);
  if (state === null) throw new Error(`no stack runs in ${home}`);
  const box = openSecretBox({ keyFile: join(home, 'secret.key') });
  const store = await openStore({ databaseUrl: state.databaseUrl, secretBox: box });
  const client = clientOf(home);
  quiet ??= Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: 'ERROR', forward: {} } },
  });
  const native = await NativeConnection.connect({ address: state.temporalAddress });
  const agents: TestAgent[] = [];
  const view: EngineView = {
    store,
    client,
    start: (yaml, input = {}, more = {}) =>
      start({ store, client }, yaml, { input, ...(typeof more === 'function' ? { before: more } : more) }),
    goOn: (executionId, more = {}) => launch(client, { executionId, ...more }),
    ...people(client),
    ...keeping({ store, client }),
    agent: async (type, work, more = {}) => {
      const agent = await startAgent({ store, native, namespace: state.namespace }, { type, work, more });
      agents.push(agent);
      return agent;
    },
    close: async () => {
      await Promise.all(agents.map((agent) => agent.stop()));
      await native.close();
      await client.connection.close();
      await store.close();
    },
  };
  return view;
}

async function start(
  { store, client }: { store: Store; client: Client },
  yaml: string,
  { input, options = {}, before, ...more }: StartMore & { readonly input: unknown; readonly before?: BeforeStart },
): Promise<StartedExecution> {
  const { definition } = parseDefinition(yaml);
  const prepared = prepare(definition);
  const workflowId = await store.engine.definitions.create(prepared);
  const executionId = randomUUID();
  before?.(executionId);
  await store.engine.executions.create({ executionId, workflowId, input, options });
  const launched = await launch(client, { executionId, ...more });
  return {
    executionId,
    workflowId,
    get result() {
      return launched.result;
    },
  };
}

async function launch(client: Client, input: GraphInput): Promise<Pick<StartedExecution, 'result'>> {
  const started = executionStart(input.executionId, 'a test');
  const handle = await client.workflow.start(WORKFLOWS.graph, { ...started, args: [input] });
  let result: Promise<GraphResult> | undefined;
  return {
    // Asked for only where a test looks at it: the SDK's own retries outlive a connection that is closed.
    get result() {
      if (result === undefined) {
        result = handle.result() as Promise<GraphResult>;
        result.catch(() => undefined);
      }
      return result;
    },
  };
}

function keeping({ store, client }: { store: Store; client: Client }): Pick<EngineView, 'untilEvent' | 'resumeFrom'> {
  const eventsOf = (executionId: string) => store.engine.executions.events(executionId, { limit: 10_000 });
  return {
    untilEvent: (executionId, kind, taskId) =>
      until(`${kind} ${taskId ?? ''} is told`, async () => {
        const events = await eventsOf(executionId);
        return events.some((event) => event.kind === kind && (taskId === undefined || event.taskId === taskId));
      }),
    resumeFrom: async (executionId, reason) => {
      const kept = (await eventsOf(executionId)).findLast(
        ({ kind, data }) => kind === 'workflow.checkpoint_created' && data['reason'] === reason,
      );
      const checkpointId = String(kept?.data['checkpoint_id']);
      const handle = await client.workflow.start(WORKFLOWS.graph, executionStart(executionId, 'resumed', checkpointId));
      return (await handle.result()) as GraphResult;
    },
  };
}

function people(client: Client): Pick<EngineView, 'view' | 'untilAsked' | 'resolve' | 'cancel'> {
  const view = (executionId: string): Promise<ExecutionView> =>
    handleOf(client, executionId).query<ExecutionView>(EXECUTION_QUERIES.execution);
  return {
    view,
    untilAsked: (executionId, taskId, what) =>
      until(
        `a person is asked about ${taskId}`,
        async () => {
          const { waitsFor } = await view(executionId);
          return waitsFor.some((asked) => asked.taskId === taskId && asked.what === what);
        },
        30_000,
        150,
      ),
    resolve: (executionId, resolution) =>
      handleOf(client, executionId).executeUpdate(EXECUTION_UPDATES.resolveTask, { args: [resolution] }),
    cancel: (executionId, by) =>
      handleOf(client, executionId).executeUpdate(EXECUTION_UPDATES.cancel, { args: [{ by }] }),
  };
}

/** The handle of an execution's workflow. */
export const handleOf = (client: Client, executionId: string) =>
  client.workflow.getHandle(executionWorkflowId(executionId));

async function startAgent(
  parts: { store: Store; native: NativeConnection; namespace: string },
  { type, work, more }: { type: string; work: AgentWork; more: Partial<AgentRegistration> },
): Promise<TestAgent> {
  const { store, native, namespace } = parts;
  const id = more.id ?? `${type}-${randomUUID().slice(0, 8)}`;
  const asked: RunTask[] = [];
  const registration: AgentRegistration = {
    id,
    type,
    capabilities: [],
    version: '1.0.0',
    taskQueue: `agent-${id}`,
    resources: {},
    ...more,
  };
  const worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue: registration.taskQueue,
    activities: {
      [RUN_TASK]: async (task: RunTask): Promise<TaskOutput> => {
        asked.push(task);
        return { output: (await work(task)) ?? null };
      },
    },
  });
  const running = worker.run();
  await store.engine.agents.put(registration);
  const beat = setInterval(() => {
    store.engine.agents.put(registration).catch(() => undefined);
  }, 1000);
  let stopped = false;
  return {
    id,
    asked,
    stop: async () => {
      if (stopped) return;
      stopped = true;
      clearInterval(beat);
      // A store that is gone forgets it in time. It must not go on working meanwhile: nobody hears that it lives.
      await store.engine.agents.remove(id).catch(() => undefined);
      worker.shutdown();
      await running;
    },
  };
}
