import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { viewEngine } from '../engine/engine-harness.js';
import type { EngineView } from '../engine/engine-harness.js';
import { graphOf, unique } from '../engine/graphs.js';
import { sagaWorld } from '../engine/saga-world.js';
import type { SagaWorld } from '../engine/saga-world.js';
import { until } from '../migration/harness.js';
import { startApi } from './api-harness.js';
import type { TestApi } from './api-harness.js';

/** OE-33: whole flows, over HTTP alone, with agents that do real work in a real table. */
describe('from end to end', { timeout: 120_000 }, () => {
  let engine: EngineView;
  let api: TestApi;
  let world: SagaWorld;

  beforeAll(async () => {
    [engine, api, world] = await Promise.all([viewEngine(), startApi(), sagaWorld()]);
  });
  afterAll(async () => {
    await api.stop();
    await engine.close();
    await world.close();
  });

  const create = async (text: string): Promise<string> => {
    const { status, body } = await api.client.call('createWorkflow', { body: JSON.parse(text) as unknown });
    expect(status, JSON.stringify(body)).toBe(201);
    return body.workflow_id;
  };
  const execute = async (id: string, input: unknown = {}): Promise<string> => {
    const { status, body } = await api.client.call('executeWorkflow', { params: { id }, body: { input_data: input } });
    expect(status, JSON.stringify(body)).toBe(202);
    return body.execution_id;
  };
  const statusOf = async (id: string) => (await api.client.call('getWorkflowStatus', { params: { id } })).body;
  const reaches = async (id: string, wanted: string): Promise<void> =>
    until(`${id} is ${wanted}`, async () => (await statusOf(id)).status === wanted, 60_000);
  const kindsOf = async (id: string): Promise<string[]> => {
    const { body } = await api.client.call('listEvents', { params: { id }, query: { limit: 1000 } });
    return body.events.map(({ type }) => type);
  };

  it('definition → validation → execution → monitoring → completion', async () => {
    const type = unique('flow');
    const gate = Promise.withResolvers<undefined>();
    await engine.agent(type, async (task) => {
      if (task.taskId === 'second') await gate.promise;
      return world.work()(task);
    });
    const definition = graphOf({ type, tasks: [{ id: 'first' }, { id: 'second', depends_on: ['first'] }] });
    const wrong = definition.replace('"depends_on":["first"]', '"depends_on":["nothing"]');
    const refused = await api.client.call('createWorkflow', { body: JSON.parse(wrong) as unknown });
    expect(refused).toMatchObject({ status: 422, body: { code: 'DEFINITION_INVALID' } });
    const id = await create(definition);
    const executionId = await execute(id);
    await until('half of it is done', async () => (await statusOf(id)).performance_metrics.progress === 0.5);
    expect(await statusOf(id)).toMatchObject({ status: 'running', agents: [{ type }] });
    gate.resolve(undefined);
    await reaches(id, 'completed');
    expect(await statusOf(id)).toMatchObject({ agents: [], performance_metrics: { progress: 1, attempts: 2 } });
    expect(await world.standing(executionId)).toEqual(['first', 'second']);
    expect(await kindsOf(executionId)).toEqual(
      expect.arrayContaining(['task.completed', 'workflow.execution_finished']),
    );
  });

  it('agent failure → breaker → compensation → recovery', async () => {
    const type = unique('flow');
    let isBroken = true;
    await engine.agent(
      type,
      world.work({
        before: ({ taskId, context }) => {
          if (isBroken && taskId === 'pay' && context.purpose === 'run')
            throw ApplicationFailure.create({ message: 'the till is closed', type: 'Closed' });
        },
      }),
    );
    const undone = { compensate_with: { action: 'undo' } };
    const policy = { retry_policy: { max_attempts: 3, initial_interval_seconds: 0.05 } };
    const tasks = [
      { id: 'reserve', ...undone },
      { id: 'pay', depends_on: ['reserve'], ...undone, ...policy },
    ];
    const more = { fault_tolerance: { circuit_breaker: { failure_threshold: 2, timeout_seconds: 1 } } };
    const id = await create(graphOf({ type, tasks, more }));
    const first = await execute(id);
    await reaches(id, 'failed');
    expect(await statusOf(id)).toMatchObject({ error_details: { code: 'TASK_FAILED' } });
    expect(await world.standing(first)).toEqual([]);
    expect(await kindsOf(first)).toEqual(expect.arrayContaining(['agent.circuit_opened', 'task.compensated']));
    isBroken = false;
    const second = await execute(id);
    await reaches(id, 'completed');
    expect(await world.standing(second)).toEqual(['pay', 'reserve']);
  });

  it('several patterns in one workflow → dynamic adaptation → resource optimisation', async () => {
    const [lead, worker, late] = [unique('lead'), unique('worker'), unique('late')];
    await engine.agent(lead, () => ({ pages: ['a', 'b', 'c', 'd'], allocate: { read: 2 } }));
    const readers = await Promise.all(
      [1, 2].map(() =>
        engine.agent(worker, ({ taskId }) => (taskId === 'p1' ? { spawn: [{ id: 'p3', input: 'found' }] } : taskId)),
      ),
    );
    const definition = graphOf({
      type: worker,
      count: 2,
      agents: { lead: { type: lead }, late: { type: late } },
      tasks: [
        { id: 'plan', agent: 'lead' },
        { id: 'read', depends_on: ['plan'], for_each: 'tasks.plan.output.pages', input: '${{ item }}' },
        {
          id: 'crawl',
          depends_on: ['read'],
          pattern: {
            orchestration_pattern: 'swarm',
            tasks: [
              { id: 'p1', agent: 'worker' },
              { id: 'p2', agent: 'worker' },
            ],
          },
        },
        { id: 'last', agent: 'worker', depends_on: ['crawl'], on_event: 'go' },
      ],
      more: {
        coordination: { type: 'hybrid', event_driven: [{ on: 'better', reroute: { task: 'last', agent: 'late' } }] },
      },
    });
    const id = await create(definition);
    // Its agent is not there yet: the execution is what waits, not the caller.
    const specialist = await engine.agent(late, () => 'by the specialist');
    const executionId = await execute(id);
    const events = (type: string) =>
      api.client.call('sendEvent', { params: { id: executionId }, body: { type, data: null } });
    await until('the swarm is done', async () => (await statusOf(id)).performance_metrics.tasks.done === 3, 60_000);
    expect((await events('better')).status).toBe(202);
    expect((await events('go')).status).toBe(202);
    await reaches(id, 'completed');
    const { body } = await api.client.call('getResult', { params: { id: executionId } });
    expect(body).toMatchObject({ output: { last: 'by the specialist', crawl: { counts: { done: 3 } } } });
    expect(specialist.asked.map(({ taskId }) => taskId)).toEqual(['last']);
    // The work is shared, and nobody holds anything any more.
    expect(readers.every(({ asked }) => asked.length >= 2)).toBe(true);
    expect(await statusOf(id)).toMatchObject({ agents: [] });
    expect(await kindsOf(executionId)).toEqual(expect.arrayContaining(['workflow.replanned']));
  });

  it('100+ executions at once → resource management → monitoring', async () => {
    const COUNT = 110;
    const type = unique('flow');
    const agents = await Promise.all([1, 2, 3].map(() => engine.agent(type, world.work())));
    const definition = graphOf({ type, tasks: [{ id: 'a', on_event: 'go' }] });
    const ids = await Promise.all(Array.from({ length: COUNT }, () => create(definition)));
    const executions = await Promise.all(ids.map((id) => execute(id)));
    for (const id of ids) await reaches(id, 'running');
    const capacity = (await api.client.call('workflowCapacity')).body;
    expect(capacity.running).toBeGreaterThanOrEqual(COUNT);
    const held = async () => {
      const { body: registry } = await api.client.call('listAgents', { query: { type } });
      return registry.agents.map(({ executions = 0 }) => executions);
    };
    const shares = await held();
    expect(shares.reduce((sum, each) => sum + each, 0)).toBe(COUNT);
    // Those that fewest executions hold are chosen first.
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThan(COUNT / 2);
    await Promise.all(
      executions.map((id) => api.client.call('sendEvent', { params: { id }, body: { type: 'go', data: null } })),
    );
    for (const id of ids) await reaches(id, 'completed');
    expect(agents.reduce((sum, { asked }) => sum + asked.length, 0)).toBe(COUNT);
    await until('all agents are released', async () => (await held()).every((each) => each === 0));
    const { body: after } = await api.client.call('listAgents', { query: { type } });
    const paged: string[] = [];
    for (let next: string | null | undefined; next !== null;) {
      const query = { type, limit: '2', ...(next !== undefined && { after: next }) };
      const { body: page } = await api.client.call('listAgents', { query });
      paged.push(...page.agents.map(({ agent_id: id }) => id));
      next = page.next_after as unknown as string | null;
    }
    expect(paged).toEqual(after.agents.map(({ agent_id: id }) => id));
  });
});
