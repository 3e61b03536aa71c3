import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { viewEngine } from '../engine/engine-harness.js';
import type { EngineView } from '../engine/engine-harness.js';
import { unique } from '../engine/graphs.js';
import { startApi } from './api-harness.js';
import type { TestApi } from './api-harness.js';
import { until } from '../migration/harness.js';

describe('a command with an Idempotency-Key', () => {
  let engine: EngineView;
  let api: TestApi;
  beforeAll(async () => {
    engine = await viewEngine();
    api = await startApi();
  });
  afterAll(async () => {
    await api.stop();
    await engine.close();
  });

  const definition = (type: string) => ({
    name: unique('once'),
    orchestration_pattern: 'supervisor',
    agents: { one: { type } },
    tasks: [{ id: 'only', agent: 'one' }],
  });
  const keyed = (key: string) => ({ headers: { 'idempotency-key': key } });

  it('happens once: the same request again has the same answer, another is refused', async () => {
    const key = unique('key');
    const body = definition(unique('t'));
    const first = await api.client.call('createWorkflow', { body, ...keyed(key) });
    const second = await api.client.call('createWorkflow', { body, ...keyed(key) });
    expect(second).toMatchObject({ status: 201, body: first.body });
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    const other = await api.client.call('createWorkflow', { body: definition('t'), ...keyed(key) });
    expect(other).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_MISMATCH' } });
    const { workflows } = (await api.client.call('listWorkflows', { query: { limit: 1000 } })).body;
    expect(workflows.filter(({ workflow_id }) => workflow_id === first.body.workflow_id)).toHaveLength(1);
    // Keys are each caller's own.
    const elsewhere = await (await api.as('operator', 'somebody else')).call('createWorkflow', { body, ...keyed(key) });
    expect(elsewhere.body.workflow_id).not.toBe(first.body.workflow_id);
  });

  it('sent many times at once has one effect', async () => {
    const type = unique('counted');
    const agent = await engine.agent(type, () => null);
    const { workflow_id: id } = (await api.client.call('createWorkflow', { body: definition(type) })).body;
    const call = { params: { id }, body: {}, ...keyed(unique('key')) };
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.client.call('executeWorkflow', call)));
    const started = answers.filter(({ status }) => status === 202);
    expect(new Set(answers.map(({ status, body }) => (status === 202 ? 'started' : body.code)))).toEqual(
      new Set(['started', ...(started.length < 20 ? ['IDEMPOTENCY_BUSY'] : [])]),
    );
    expect(new Set(started.map(({ body }) => body.execution_id)).size).toBe(1);
    await until('it is over', async () => {
      const { body } = await api.client.call('getWorkflowStatus', { params: { id } });
      return body.status === 'completed';
    });
    expect(agent.asked).toHaveLength(1);
    // The answer of then, although the execution is over now.
    const late = await api.client.call('executeWorkflow', call);
    expect(late).toMatchObject({ status: 202, body: { execution_id: started[0]?.body.execution_id } });
  });

  it('whose answer was lost in a fault of ours may be sent again', async () => {
    const type = unique('late');
    const { workflow_id: id } = (await api.client.call('createWorkflow', { body: definition(type) })).body;
    const call = { params: { id }, body: {}, ...keyed(unique('key')) };
    expect((await api.client.call('executeWorkflow', call)).status).toBe(507);
    await engine.agent(type, () => null);
    expect((await api.client.call('executeWorkflow', call)).status).toBe(202);
  });

  it('without a key, fifty at once start one execution', async () => {
    const type = unique('raced');
    await engine.agent(type, () => new Promise((resolve) => setTimeout(resolve, 500, null)));
    const { workflow_id: id } = (await api.client.call('createWorkflow', { body: definition(type) })).body;
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => api.client.call('executeWorkflow', { params: { id } })),
    );
    const [started] = answers.filter(({ status }) => status === 202);
    const refused = answers.filter(({ status }) => status === 409);
    expect(refused).toHaveLength(49);
    expect(new Set(refused.map(({ body }) => body.execution_id))).toEqual(new Set([started?.body.execution_id]));
  });
});
