import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXECUTION_UPDATES } from '../../contracts/execution-messages.js';
import { faultStack, scratch } from '../migration/faults-harness.js';
import type { FaultStack } from '../migration/faults-harness.js';
import { until } from '../migration/harness.js';
import { serveAgents, startAgentProcess } from './agent-processes.js';
import type { AgentProcess, AgentsApi } from './agent-processes.js';
import { handleOf, viewEngine } from './engine-harness.js';
import type { EngineView, StartedExecution } from './engine-harness.js';

const LEASE_SECONDS = 3;
const ALLOCATION_SECONDS = 3;

const files = scratch();
let stack: FaultStack;
let engine: EngineView;
let api: AgentsApi;
const processes: AgentProcess[] = [];

beforeAll(async () => {
  const environment = {
    CARAVAN_AGENT_LEASE_SECONDS: String(LEASE_SECONDS),
    AGENT_ALLOCATION_TIMEOUT_SECONDS: String(ALLOCATION_SECONDS),
    CARAVAN_HTTP_ALLOW: '127.0.0.1',
  };
  stack = await faultStack([{ role: 'control', environment }]);
  engine = await viewEngine(stack.home);
  // The registry's own HTTP door is not part of this test; see serveAgents.
  api = await serveAgents(engine.store.engine, LEASE_SECONDS);
});
afterAll(async () => {
  await Promise.all(processes.map((each) => each.stop()));
  await api.close();
  await engine.close();
  await stack.dispose();
  files.remove();
});

/** Where the agents of one test leave their effects. */
function place(): { folder: string; go: () => void; effects: () => string[]; began: (agent: string) => boolean } {
  const folder = files.path(randomUUID());
  mkdirSync(folder);
  const names = (prefix: string): string[] => readdirSync(folder).filter((name) => name.startsWith(prefix));
  return {
    folder,
    go: () => writeFileSync(join(folder, 'go'), ''),
    effects: () => names('effect-').map((name) => readFileSync(join(folder, name), 'utf8')),
    began: (agent) => names(`began-${agent}-`).length > 0,
  };
}

async function killable(type: string, folder: string): Promise<AgentProcess> {
  const command = [process.execPath, '--no-warnings', 'test/engine/killable-agent.ts'];
  const started = await startAgentProcess(engine.store.engine, {
    home: stack.home,
    api,
    type,
    command,
    environment: { FOLDER: folder },
  });
  processes.push(started);
  return started;
}

const typeName = (): string => `worker-${randomUUID().slice(0, 8)}`;

/** One task of one agent; it fails at the first failure, so that only a loss may give it another attempt. */
const oneTask = (type: string, more: object = {}): string =>
  JSON.stringify({
    name: 'one',
    orchestration_pattern: 'supervisor',
    agents: { it: { type } },
    tasks: [{ id: 'only', agent: 'it', timeout: 120, retry_policy: 'none', ...more }],
    coordination: { type: 'graph' },
  });

async function failureOf({ result, executionId }: StartedExecution): Promise<{ code: string; message: string }> {
  await result.catch(() => undefined);
  const row = await engine.store.engine.executions.get(executionId);
  return { code: String(row?.error?.code), message: String(row?.error?.message) };
}

/** Reasons for which agents were lost, as the events tell them. */
async function losses(executionId: string): Promise<unknown[]> {
  const events = await engine.store.engine.executions.events(executionId, {});
  return events.filter(({ kind }) => kind === 'agent.lost').map(({ data }) => data['reason']);
}

const held = async (executionId: string): Promise<string[]> =>
  (await engine.store.engine.agents.allocationOf(executionId)).map(({ agentId }) => agentId);

describe.concurrent('an agent that is lost', () => {
  it('is killed in the middle of a task: another does it, and its effect is there once', async () => {
    const type = typeName();
    const { folder, go, effects, began } = place();
    const agents = [await killable(type, folder), await killable(type, folder)];
    const { result, executionId } = await engine.start(oneTask(type));
    await until('an agent began the task', () => agents.some(({ id }) => began(id)));
    const killed = agents.find(({ id }) => began(id));
    const other = agents.find(({ id }) => id !== killed?.id);
    killed?.kill();
    go();
    expect((await result).output['only']).toEqual({ by: other?.id, attempt: 2, isFirst: false });
    expect(effects()).toEqual([killed?.id]);
    expect(await losses(executionId)).toEqual(['lease']);
    expect(await held(executionId)).toEqual([]);
  });

  it('does not begin its task: another does it, and where there is none the execution fails by name', async () => {
    const [type, lonely] = [typeName(), typeName()];
    const silent = [type, lonely].map((each) => ({
      id: `${each}-silent`,
      type: each,
      capabilities: [],
      version: '1.0.0',
      taskQueue: `nobody-${each}`,
      resources: {},
    }));
    const { agents } = engine.store.engine;
    const put = (): Promise<unknown> => Promise.all(silent.map((each) => agents.put(each)));
    await put();
    const beat = setInterval(() => void put().catch(() => undefined), 500);
    const { result, executionId } = await engine.start(oneTask(type));
    const alone = await engine.start(oneTask(lonely));
    await until('the silent agent has the task', async () => (await held(executionId)).includes(`${type}-silent`));
    const other = await engine.agent(type, () => 'done');
    expect((await result).output['only']).toBe('done');
    expect(other.asked.map(({ attempt }) => attempt)).toEqual([2]);
    expect(await losses(executionId)).toEqual(['did_not_begin']);
    await other.stop();
    expect(await failureOf(alone)).toMatchObject({ code: 'ALLOCATION_FAILED' });
    clearInterval(beat);
    for (const { id } of silent) await agents.remove(id);
  });

  it('is ended in the middle of a task: another does it, and that uses up no attempt', async () => {
    const type = typeName();
    let begun = 0;
    const untilEnded = (): Promise<unknown> => {
      begun += 1;
      return begun === 1 ? Context.current().cancelled : Promise.resolve('done');
    };
    const agents = [await engine.agent(type, untilEnded), await engine.agent(type, untilEnded)];
    const { result, executionId } = await engine.start(oneTask(type));
    await until('an agent began the task', () => begun === 1);
    await agents.find(({ asked }) => asked.length === 1)?.stop();
    expect((await result).output['only']).toBe('done');
    expect(await losses(executionId)).toEqual(['shut_down']);
  });

  it('heartbeats, and falls silent, or never got the task: another does it, and that uses up no attempt', async () => {
    const type = typeName();
    const over = Promise.withResolvers<undefined>();
    let begun = 0;
    const beats = async (): Promise<unknown> => {
      begun += 1;
      // The first never says a word; the second works longer than silence may last.
      if (begun === 1) return over.promise;
      const beat = setInterval(() => {
        Context.current().heartbeat();
      }, 100);
      await new Promise((resolve) => setTimeout(resolve, 2500));
      clearInterval(beat);
      return 'done';
    };
    for (let agent = 0; agent < 2; agent += 1) await engine.agent(type, beats, { heartbeatSeconds: 0.5 });
    const { result, executionId } = await engine.start(oneTask(type));
    expect((await result).output['only']).toBe('done');
    expect([begun, await losses(executionId)]).toEqual([2, ['silent']]);
    over.resolve(undefined);
  });

  it('is the last one: the execution waits for another, and fails by name when none comes', async () => {
    const type = typeName();
    const nobody = await failureOf(await engine.start(oneTask(type)));
    expect(nobody.code).toBe('ALLOCATION_FAILED');
    expect(nobody.message).toContain('"it"');
    expect(nobody.message).toContain(type);
    const late = await engine.start(oneTask(type));
    await until(
      'it waits',
      async () => (await handleOf(engine.client, late.executionId).describe()).status.name === 'RUNNING',
    );
    await engine.agent(type, () => 'came');
    expect((await late.result).output['only']).toBe('came');
  });
});

describe('a long task', () => {
  it('goes on while a control worker and Temporal die, and is done once', async () => {
    const type = typeName();
    const { folder, go, effects, began } = place();
    const agent = await killable(type, folder);
    const { result } = await engine.start(oneTask(type));
    await until('the agent began', () => began(agent.id));
    for (const part of ['worker-control', 'temporal']) {
      const { pid } = stack.own.part(part);
      stack.kill(part);
      await until(
        `${part} runs again`,
        () => stack.own.part(part).pid !== pid && stack.own.part(part).state === 'ready',
        60_000,
      );
    }
    go();
    expect((await result).output['only']).toEqual({ by: agent.id, attempt: 1, isFirst: true });
    expect(effects()).toEqual([agent.id]);
  });

  it('of a built-in agent is done again under the same key when the control worker dies', async () => {
    const keys: unknown[] = [];
    let answers = false;
    const server = createServer((request, response) => {
      keys.push(request.headers['idempotency-key']);
      if (answers) response.end('done');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
    const { result, executionId } = await engine.start(oneTask('http', { input: { url, timeout_seconds: 100 } }));
    await until('the server is called', () => keys.length === 1);
    answers = true;
    stack.kill('worker-control');
    expect((await result).output['only']).toMatchObject({ body: 'done' });
    expect(keys).toEqual([`${executionId}/only/run`, `${executionId}/only/run`]);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe.concurrent('agents', () => {
  it('are free while an execution is paused, and it has them again when it goes on', async () => {
    const type = typeName();
    await engine.agent(type, () => 'done');
    const definition = JSON.stringify({
      name: 'two',
      orchestration_pattern: 'supervisor',
      agents: { it: { type }, boss: { type: 'human' } },
      tasks: [
        { id: 'first', agent: 'it' },
        { id: 'ask', agent: 'boss', depends_on: ['first'] },
        { id: 'last', agent: 'it', depends_on: ['ask'] },
      ],
      coordination: { type: 'graph' },
    });
    const { result, executionId } = await engine.start(definition);
    const handle = handleOf(engine.client, executionId);
    const asks = async (): Promise<boolean> => {
      const { waitsFor } = await handle.query<{ waitsFor: unknown[] }>('execution');
      return waitsFor.length === 1;
    };
    await until('a person is asked', () => asks().catch(() => false));
    expect(await held(executionId)).toHaveLength(1);
    await handle.executeUpdate(EXECUTION_UPDATES.pause, { args: [{ by: 'ann' }] });
    expect(await held(executionId)).toEqual([]);
    await handle.executeUpdate(EXECUTION_UPDATES.resume, { args: [{ by: 'ann' }] });
    expect(await held(executionId)).toHaveLength(1);
    await handle.executeUpdate(EXECUTION_UPDATES.decideTask, { args: [{ taskId: 'ask', approved: true, by: 'ann' }] });
    expect((await result).status).toBe('completed');
    expect(await held(executionId)).toEqual([]);
  });

  it('are all free after 50 executions that ended in every way', async () => {
    const type = typeName();
    const refuses = new Set<string>();
    let release: () => void = () => undefined;
    const held50 = new Promise<void>((resolve) => (release = resolve));
    const agent = await engine.agent(type, async ({ executionId }) => {
      if (refuses.has(executionId)) throw new Error('refused');
      await held50;
    });
    const cancelled: StartedExecution[] = [];
    const all: StartedExecution[] = [];
    for (let number = 0; number < 50; number += 1) {
      // Every fifth waits for an agent that never comes when it is cancelled.
      const started = await engine.start(oneTask(number % 5 === 4 ? `${type}-nobody` : type));
      if (number % 5 === 1) refuses.add(started.executionId);
      if (number % 5 > 2) cancelled.push(started);
      all.push(started);
    }
    await Promise.all(
      cancelled.map(async ({ executionId, result }) => {
        const handle = handleOf(engine.client, executionId);
        await handle.executeUpdate(EXECUTION_UPDATES.cancel, { args: [{ by: 'ann' }] }).catch(() => undefined);
        await result.catch(() => undefined);
      }),
    );
    release();
    const ended = await Promise.allSettled(all.map(({ result }) => result));
    expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(['fulfilled', 'rejected']));
    const statuses = await Promise.all(
      all.map(async ({ executionId }) => (await engine.store.engine.executions.get(executionId))?.projection.status),
    );
    expect(statuses.filter((status) => status === 'completed').length).toBeGreaterThanOrEqual(20);
    expect(statuses.filter((status) => status === 'cancelled').length).toBeGreaterThanOrEqual(10);
    expect((await engine.store.engine.agents.load()).get(agent.id)).toBeUndefined();
    for (const { executionId } of all) expect(await held(executionId)).toEqual([]);
  });
});
