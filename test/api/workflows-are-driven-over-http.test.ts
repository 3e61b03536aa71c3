import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { viewEngine } from '../engine/engine-harness.js';
import type { EngineView } from '../engine/engine-harness.js';
import { unique } from '../engine/graphs.js';
import { until } from '../migration/harness.js';
import { startApi, raw, tokenOf } from './api-harness.js';
import type { TestApi } from './api-harness.js';

const definitionOf = (type: string, more: object = {}) => ({
  name: 'two steps',
  orchestration_pattern: 'supervisor',
  agents: { worker: { type, count: 1, resources: { cpu: '500m', memory: '256Mi' } } },
  tasks: [
    { id: 'first', agent: 'worker', input: { word: 'hello' } },
    { id: 'second', agent: 'worker', depends_on: ['first'], input: { of: '${{ tasks.first.output.word }}' } },
  ],
  ...more,
});

describe('a workflow over HTTP', () => {
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

  const create = async (definition: unknown): Promise<string> => {
    const { status, body } = await api.client.call('createWorkflow', { body: definition });
    expect(status).toBe(201);
    return body.workflow_id;
  };
  const status = async (id: string) => (await api.client.call('getWorkflowStatus', { params: { id } })).body;
  const reaches = (id: string, wanted: string): Promise<void> =>
    until(`the workflow is ${wanted}`, async () => (await status(id)).status === wanted);

  it('is validated, executed, watched, and its result and events are read', async () => {
    const type = unique('echo');
    await engine.agent(type, ({ input }) => input);
    const created = await api.client.call('createWorkflow', { body: definitionOf(type) });
    expect(created.body).toMatchObject({
      status: 'validated',
      version: 1,
      validation_report: { valid: true, tasks: 2, waves: 2, critical_path: ['first', 'second'], warnings: [] },
      estimated_resources: { agents: 1, cpu: 0.5, memory: 256 * 2 ** 20 },
    });
    const id = created.body.workflow_id;
    expect(await status(id)).toMatchObject({ status: 'validated', execution_id: null, agents: [] });

    const started = await api.client.call('executeWorkflow', { params: { id }, body: { input_data: { a: 1 } } });
    expect(started).toMatchObject({
      status: 202,
      body: { status: 'planning', allocated_agents: [{ agent: 'worker', type }] },
    });
    const executionId = started.body.execution_id;
    expect(started.body.execution_url).toBe(`/api/v1/executions/${executionId}`);
    await reaches(id, 'completed');
    expect(await status(id)).toMatchObject({
      execution_id: executionId,
      performance_metrics: { tasks_total: 2, tasks: { done: 2 }, progress: 1, attempts: 2 },
    });

    const of = { params: { id: executionId } };
    expect((await api.client.call('getResult', of)).body).toMatchObject({
      status: 'completed',
      output: { second: { of: 'hello' } },
    });
    const execution = (await api.client.call('getExecution', of)).body;
    expect(execution.tasks.map((task) => [task.id, task.state])).toEqual([
      ['first', 'done'],
      ['second', 'done'],
    ]);
    const all = (await api.client.call('listEvents', { ...of, query: { limit: 1000 } })).body;
    const firstPage = (await api.client.call('listEvents', { ...of, query: { limit: 2 } })).body;
    const rest = (await api.client.call('listEvents', { ...of, query: { after: firstPage.next_after, limit: 1000 } }))
      .body;
    expect([...firstPage.events, ...rest.events]).toEqual(all.events);
    expect(all.events.map((event) => event.type)).toEqual(
      expect.arrayContaining(['workflow.execution_started', 'task.completed', 'workflow.execution_finished']),
    );
    const listed = (await api.client.call('listExecutions', { query: { limit: 1000 } })).body.executions;
    expect(listed.map((each) => each.execution_id)).toContain(executionId);
  });

  it('is paused with a checkpoint, resumed, and cancelled; what is not legal is a conflict', async () => {
    const type = unique('slow');
    const held: (() => void)[] = [];
    await engine.agent(type, ({ taskId }) =>
      taskId === 'first' ? null : new Promise((resolve) => held.push(() => resolve(null))),
    );
    const id = await create(
      definitionOf(type, {
        tasks: [
          { id: 'first', agent: 'worker' },
          { id: 'wait', agent: 'worker', depends_on: ['first'], on_event: 'go' },
        ],
      }),
    );
    const params = { id };
    expect((await api.client.call('pauseWorkflow', { params })).status).toBe(409);
    const { execution_id } = (await api.client.call('executeWorkflow', { params })).body;
    await until('the first task is done', async () => (await status(id)).performance_metrics.tasks.done === 1);
    const again = await api.client.call('executeWorkflow', { params });
    expect(again).toMatchObject({ status: 409, body: { code: 'EXECUTION_RUNNING', execution_id } });
    expect((await api.client.call('resumeWorkflow', { params })).body).toMatchObject({ status: 409, code: 'NOT_NOW' });
    expect((await api.client.call('getResult', { params: { id: execution_id } })).status).toBe(409);

    const paused = await api.client.call('pauseWorkflow', { params, body: { reason: 'lunch' } });
    expect(paused).toMatchObject({
      status: 200,
      body: { execution_id, status: 'paused', resume_url: `/api/v1/workflows/${id}/resume` },
    });
    await reaches(id, 'paused');
    expect((await status(id)).last_checkpoint_id).toBe(paused.body.checkpoint_id);
    expect((await status(id)).agents).toEqual([]);
    expect((await api.client.call('pauseWorkflow', { params })).status).toBe(409);

    expect((await api.client.call('resumeWorkflow', { params })).body).toEqual({ execution_id, status: 'running' });
    const told = await api.client.call('sendEvent', {
      params: { id: execution_id },
      body: { type: 'go', data: { n: 1 } },
    });
    expect(told.status).toBe(202);
    await until('the event released the task', () => held.length === 1);
    expect((await api.client.call('cancelWorkflow', { params })).status).toBe(202);
    held[0]?.();
    await reaches(id, 'cancelled');
    expect((await api.client.call('cancelWorkflow', { params })).status).toBe(409);
    expect((await api.client.call('sendEvent', { params: { id: execution_id }, body: { type: 'go' } })).status).toBe(
      409,
    );
  });

  it('waits for people: an approval is given by an approver, once', async () => {
    const type = unique('careful');
    await engine.agent(type, () => 'ok');
    const id = await create(definitionOf(type, { tasks: [{ id: 'launch', agent: 'worker', approval: true }] }));
    const { execution_id } = (await api.client.call('executeWorkflow', { params: { id } })).body;
    await until('it waits for a person', async () => (await status(id)).performance_metrics.tasks.blocked === 1);
    const params = { id: execution_id, taskId: 'launch' };
    const operator = await api.as('operator');
    expect((await operator.call('decideTask', { params, body: { approved: true } })).status).toBe(403);
    expect((await api.client.call('resolveTask', { params, body: { action: 'skip' } })).status).toBe(409);
    const answers = await Promise.all(
      ['ada', 'bob', 'eve'].map(async (subject) =>
        (await api.as('approver', subject)).call('decideTask', { params, body: { approved: true } }),
      ),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409, 409]);
    await reaches(id, 'completed');
  });

  it('is refused with everything that is wrong, and where', async () => {
    const yaml =
      'name: bad\norchestration_pattern: supervisor\nagents:\n  a: {type: t}\ntasks:\n  - {id: x, agent: b}\n  - {id: x, agentt: a}\n';
    const headers = { authorization: `Bearer ${await tokenOf('operator')}`, 'content-type': 'application/yaml' };
    const refused = await raw(`${api.url}/api/v1/workflows`, { method: 'POST', headers, body: yaml });
    expect(refused.status).toBe(422);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(refused.json.errors.length).toBeGreaterThan(1);
    expect(refused.json.errors[0]).toMatchObject({
      line: 6,
      path: 'tasks.0.agent',
      hint: expect.any(String) as string,
    });
    const page = await raw(`${api.url}${refused.json.type}`);
    expect(page.text).toContain('# DEFINITION_INVALID');

    const cycle = yaml
      .replace('{id: x, agent: b}', '{id: x, agent: a, depends_on: [y]}')
      .replace('{id: x, agentt: a}', '{id: y, agent: a, depends_on: [x]}');
    const knot = await raw(`${api.url}/api/v1/workflows`, { method: 'POST', headers, body: cycle });
    expect(knot.status).toBe(422);
    expect(knot.json.errors).toMatchObject([
      { line: 6, path: 'tasks.0.depends_on', message: expect.stringContaining('x → y → x') as string },
    ]);

    const pattern = await api.client.call('createWorkflow', {
      body: { definition: JSON.stringify(definitionOf('t', { orchestration_pattern: 'supervisorr' })) },
    });
    expect(pattern).toMatchObject({ status: 400, body: { code: 'PATTERN_UNSUPPORTED' } });
    expect(pattern.body.errors[0]?.path).toMatch(/orchestration_pattern$/u);
  });

  it('is not stored when registered agents are too small, and not started when nobody is there', async () => {
    const type = unique('small');
    const wanted = definitionOf(type);
    const early = await api.client.call('createWorkflow', { body: wanted });
    expect(early.body.validation_report.warnings).toHaveLength(1);
    const params = { id: early.body.workflow_id };
    const nobody = await api.client.call('executeWorkflow', { params });
    expect(nobody).toMatchObject({ status: 507, body: { code: 'ALLOCATION_FAILED' } });
    expect((await status(params.id)).execution_id).toBeNull();

    const body = { type, version: '1.0.0', taskQueue: type, resources: { cpu: 0.1, memory: '1Mi' } };
    expect((await api.client.call('putAgent', { params: { id: type }, body })).status).toBe(201);
    const short = await api.client.call('createWorkflow', { body: wanted });
    expect(short).toMatchObject({ status: 507, body: { code: 'RESOURCES_SHORT' } });
    expect((await api.client.call('deleteAgent', { params: { id: type } })).status).toBe(204);
  });

  it('has versions: the same text makes none, another makes the next', async () => {
    const type = unique('versioned');
    const id = await create(definitionOf(type));
    const params = { id };
    expect((await api.client.call('reviseWorkflow', { params, body: definitionOf(type) })).body.version).toBe(1);
    const revised = await api.client.call('reviseWorkflow', { params, body: definitionOf(type, { timeout: 60 }) });
    expect(revised.body.version).toBe(2);
    const [now, then] = await Promise.all([
      api.client.call('getWorkflow', { params }),
      api.client.call('getWorkflow', { params, query: { version: 1 } }),
    ]);
    expect([now.body.definition.timeout, then.body.definition.timeout]).toEqual([60, undefined]);
    const { workflows } = (await api.client.call('listWorkflows')).body;
    expect(workflows[0]).toMatchObject({ workflow_id: id, version: 2 });
  });

  it('takes the options of an execution: its time, its retries, and what its agents may ask for', async () => {
    const type = unique('failing');
    const agent = await engine.agent(type, () => {
      throw new Error('no');
    });
    const id = await create(definitionOf(type));
    const params = { id };
    const tooLittle = await api.client.call('executeWorkflow', {
      params,
      body: { execution_options: { resource_constraints: { cpu: 0.1 } } },
    });
    expect(tooLittle).toMatchObject({ status: 507, body: { code: 'ALLOCATION_FAILED' } });
    const body = { execution_options: { retry_policy: 'none', resource_constraints: { cpu: 1 }, timeout: 60 } };
    expect((await api.client.call('executeWorkflow', { params, body })).status).toBe(202);
    await reaches(id, 'failed');
    expect(agent.asked).toHaveLength(1);
    expect((await status(id)).error_details).toMatchObject({ code: 'TASK_FAILED', next: expect.any(String) as string });
  });

  it('that is not there is not found, whatever is asked of it', async () => {
    const params = { id: crypto.randomUUID() };
    const asked = [
      'getWorkflow',
      'getWorkflowStatus',
      'executeWorkflow',
      'pauseWorkflow',
      'resumeWorkflow',
      'cancelWorkflow',
    ];
    for (const operation of asked) {
      const { status: code, body } = await api.client.call(operation, { params });
      expect([operation, code, body.code]).toEqual([operation, 404, 'WORKFLOW_UNKNOWN']);
    }
    for (const operation of ['getExecution', 'listEvents', 'getResult', 'restartExecution']) {
      const { status: code, body } = await api.client.call(operation, { params });
      expect([operation, code, body.code]).toEqual([operation, 404, 'EXECUTION_UNKNOWN']);
    }
  });
});
