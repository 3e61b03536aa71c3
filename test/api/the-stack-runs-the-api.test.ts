import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runUp } from '../../cli/stack/up.js';
import { runStatus } from '../../cli/stack/status.js';
import { handleOf, viewEngine } from '../engine/engine-harness.js';
import type { EngineView } from '../engine/engine-harness.js';
import { killPart, testHome, until } from '../stack/stack-harness.js';
import type { TestHome } from '../stack/stack-harness.js';
import { clientFromDocument } from './openapi-client.js';
import type { OpenApiClient } from './openapi-client.js';

describe('the stack of "caravan up"', () => {
  let own: TestHome;
  let engine: EngineView;
  let client: OpenApiClient;

  beforeAll(async () => {
    own = testHome();
    const told: string[] = [];
    const workers = [{ role: 'control' }];
    await runUp({ config: own.config, workers, api: true, detach: true, print: (line) => told.push(line) });
    const { address } = own.part('api');
    expect(told.join('\n')).toContain(`API           http://${String(address)}`);
    client = await clientFromDocument(`http://${String(address)}`);
    engine = await viewEngine(own.home);
  });
  afterAll(async () => {
    await engine.close();
    await own.dispose();
  });

  const definition = (type: string, tasks: readonly object[]) => ({
    name: `api ${randomUUID()}`,
    orchestration_pattern: 'supervisor',
    agents: { one: { type } },
    tasks,
  });
  const status = async (id: string) => (await client.call('getWorkflowStatus', { params: { id } })).body;

  it('has the part "api", which is started again at the same address', async () => {
    const before = own.part('api');
    expect(before).toMatchObject({ role: 'api', state: 'ready', source: 'embedded' });
    const lines: string[] = [];
    await runStatus({ config: own.config, json: true, print: (line) => lines.push(line) });
    expect(lines.join('')).toContain('"name":"api"');
    await killPart(own, 'api');
    expect(own.part('api').address).toBe(before.address);
    expect((await client.call('ready')).body.status).toBe('ready');
    expect((await client.call('workflowCapacity')).body).toEqual({ running: 0, queued: 0, max: 1000 });
  }, 60_000);

  it('tells the status while every worker is dead; a command then says so, and a lost execution goes on from its checkpoint', async () => {
    const type = randomUUID();
    const agent = await engine.agent(type, ({ taskId }) => taskId);
    const tasks = [
      { id: 'first', agent: 'one' },
      { id: 'second', agent: 'one', depends_on: ['first'], on_event: 'go' },
    ];
    const { workflow_id: id } = (await client.call('createWorkflow', { body: definition(type, tasks) })).body;
    const params = { id };
    const { execution_id } = (await client.call('executeWorkflow', { params })).body;
    await until('the first task is told', async () => (await status(id)).performance_metrics.tasks['done'] === 1);
    const { checkpoint_id } = (await client.call('pauseWorkflow', { params })).body;
    expect(checkpoint_id).not.toBeNull();
    await until('the pause is told', async () => (await status(id)).status === 'paused');

    const { pid } = own.part('worker-control');
    process.kill(pid ?? 0, 'SIGSTOP');
    try {
      // Others use the machine, too: one calm round shows what the API needs.
      await until('95 of 100 answers come within 50 ms', async () => (await p95Of(() => status(id))) < 50, 30_000);
      expect((await status(id)).execution_id).toBe(execution_id);
      const refused = await client.call('resumeWorkflow', { params });
      expect(refused).toMatchObject({ status: 503, body: { code: 'STACK_UNREACHABLE' } });
    } finally {
      process.kill(pid ?? 0, 'SIGCONT');
    }
    const restart = () => client.call('restartExecution', { params: { id: execution_id }, body: { checkpoint_id } });
    // What was asked in vain may be done all the same, or not.
    await until(
      'a command is taken again',
      async () => {
        const { status: code, body } = await client.call('resumeWorkflow', { params });
        return code === 200 || body.code === 'NOT_NOW';
      },
      30_000,
    );
    await until('it runs', async () => (await status(id)).status === 'running');
    expect((await restart()).body.code).toBe('NOT_NOW');

    await handleOf(engine.client, execution_id).terminate('lost in a test');
    expect((await client.call('pauseWorkflow', { params })).body.code).toBe('NOT_NOW');
    const unknown = { params: { id: execution_id }, body: { checkpoint_id: randomUUID() } };
    expect((await client.call('restartExecution', unknown)).body.code).toBe('CHECKPOINT_UNKNOWN');
    expect((await restart()).body).toEqual({ execution_id, checkpoint_id });
    expect((await client.call('sendEvent', { params: { id: execution_id }, body: { type: 'go' } })).status).toBe(202);
    await until('it is completed', async () => (await status(id)).status === 'completed', 20_000);
    expect(agent.asked.map(({ taskId }) => taskId)).toEqual(['first', 'second']);
  }, 120_000);
});

/** Milliseconds that 95 of 100 calls stay below. */
async function p95Of(call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let at = 0; at < 100; at += 1) {
    const began = performance.now();
    await call();
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[94] ?? Infinity;
}
