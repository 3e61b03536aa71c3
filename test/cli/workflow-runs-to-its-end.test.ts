import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unique } from '../engine/graphs.js';
import { until } from '../migration/harness.js';
import { definitionOf, jsonOf, workflowCommands } from './workflow-harness.js';
import type { WorkflowCommands } from './workflow-harness.js';

describe('caravan workflow run', () => {
  let workflow: WorkflowCommands;

  beforeAll(async () => {
    workflow = await workflowCommands();
  });
  afterAll(async () => {
    await workflow.close();
  });

  it('plans with the agents that are registered, and runs to the end with the outputs on standard output', async () => {
    const type = unique('worker');
    const agent = await workflow.engine.agent(type, ({ input }) => ({ said: input }));
    const file = workflow.file(
      definitionOf(
        type,
        [
          '{id: first, agent: one, input: {city: "${{ input.city }}"}}',
          '{id: then, agent: one, depends_on: [first], input: "${{ tasks.first.output.said.city }}"}',
        ],
        'inputs: {city: {type: string, required: true}, size: {type: integer, default: 3}}',
      ),
    );
    const plan = jsonOf(await workflow.run('plan', file, '--json'));
    expect(plan['plan']).toMatchObject({
      order: ['first', 'then'],
      allocation: { allocated: [{ agent: 'one', agentIds: [agent.id] }], lacking: [] },
    });

    const ran = await workflow.run('run', file, '--input', '{"city": "Bern"}');
    expect([ran.exit, JSON.parse(ran.stdout)]).toEqual([
      0,
      { first: { said: { city: 'Bern' } }, then: { said: 'Bern' } },
    ]);
    expect(ran.stderr).toContain('errands: completed, 2 of 2 tasks done');
    const executionId = /execution ([0-9a-f-]{36})/.exec(ran.stderr)?.[1] ?? '';
    expect(jsonOf(await workflow.run('status', executionId, '--json'))).toMatchObject({
      executionId,
      status: 'completed',
      counts: { done: 2 },
      agents: [agent.id],
      error: null,
      taskStates: [
        { taskId: 'first', state: 'done', attempt: 1 },
        { taskId: 'then', state: 'done', attempt: 1 },
      ],
    });
    const { stdout } = await workflow.run('list', '--status', 'completed');
    expect(stdout).toContain(executionId);
  });

  it('exits 2 for an input that does not fit, names what is wrong, and stores nothing', async () => {
    const name = unique('strict');
    const inputs = 'inputs: {size: {type: integer, required: true}}';
    const file = workflow.file(definitionOf('nobody', [`{id: ${name}, agent: one}`], inputs));
    const ran = await workflow.run('run', file, '--input', '{"size": "secret", "more": 1}', '--json');
    expect(ran.exit).toBe(2);
    expect(jsonOf(ran)).toMatchObject({ error: { code: 'INPUT_INVALID' } });
    expect(ran.stderr).toContain('there is no input "more"; the input "size" is no integer');
    expect(ran.stdout + ran.stderr).not.toContain('secret');
    const stored = await workflow.engine.store.engine.definitions.list(1000);
    expect(stored.filter(({ report }) => report.criticalPath.includes(name))).toEqual([]);
  });

  it('tells every problem of a definition in its place', async () => {
    const file = workflow.file(definitionOf('worker', ['{id: a, agent: two, depends_on: [a]}']));
    const { exit, stderr } = await workflow.run('run', file);
    expect(exit).toBe(2);
    expect(stderr).toContain(`${file}:5:`);
  });

  it('registers a pattern, and runs a definition that has no tasks but those of it', async () => {
    const [type, name] = [unique('worker'), unique('relay')];
    await workflow.engine.agent(type, ({ taskId, input }) => ({ taskId, input }));
    const pattern = (agent: string): string =>
      [
        `name: ${name}`,
        'description: A task with the text that it is given.',
        'options_schema: {type: object, properties: {text: {type: string}}, required: [text]}',
        'template:',
        `  agents: {one: {type: ${type}}}`,
        `  tasks: [{id: only, agent: ${agent}, input: '\${{ options.text }}'}]`,
        'sample: {options: {text: hello}}',
      ].join('\n');
    const wrong = await workflow.run('pattern', 'add', workflow.file(pattern('two')));
    expect([wrong.exit, wrong.stderr]).toEqual([2, expect.stringMatching(/:6:\d+: there is no agent "two"/u)]);

    const file = workflow.file(
      `name: errand\norchestration_pattern: custom\npattern: ${name}\npattern_options: {text: hi}\n`,
    );
    expect(await workflow.run('validate', file)).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining(`no pattern "${name}" is registered here`) as string,
    });
    const right = workflow.file(pattern('one'));
    expect(jsonOf(await workflow.run('pattern', 'add', right, '--json'))).toMatchObject({ name, became: 'created' });
    expect((await workflow.run('pattern', 'add', right)).stdout).toBe(`${name} 1.0.0 is there already\n`);
    expect((await workflow.run('pattern', 'list')).stdout).toMatch(
      new RegExp(`supervisor .*built in[^]*${name} +1.0.0`, 'u'),
    );

    const ran = await workflow.run('run', file, '--json');
    expect([ran.exit, jsonOf(ran)['output']]).toEqual([0, { only: { taskId: 'only', input: 'hi' } }]);
    expect((await workflow.run('pattern', 'remove', name)).exit).toBe(0);
    expect((await workflow.run('pattern', 'remove', name)).exit).toBe(2);
    const { workflowId } = jsonOf(ran) as { workflowId: string };
    expect((await workflow.run('run', '--workflow', workflowId)).exit).toBe(0);
  });

  it('exits 1 when it fails, and says that what was done is undone', async () => {
    const type = unique('worker');
    const undone: string[] = [];
    await workflow.engine.agent(type, ({ taskId, context }) => {
      if (context.purpose === 'compensate') undone.push(taskId);
      else if (taskId === 'pay') throw new Error('no money');
      return {};
    });
    const file = workflow.file(
      definitionOf(type, [
        '{id: book, agent: one, compensate_with: {}}',
        '{id: pay, agent: one, depends_on: [book], retry_policy: none}',
      ]),
    );
    const ran = await workflow.run('run', file);
    expect([ran.exit, ran.stdout, undone]).toEqual([1, '', ['book']]);
    expect(ran.stderr).toContain('task "pay" failed');
    expect(ran.stderr).toContain('TASK_FAILED');
    expect(ran.stderr).toContain('compensated: 1 task undone');
    expect(ran.stderr).not.toContain('no money');
  });

  it('starts without waiting, and runs a stored definition again in a new version', async () => {
    const type = unique('worker');
    await workflow.engine.agent(type, ({ taskId }) => taskId);
    const first = workflow.file(definitionOf(type, ['{id: a, agent: one}']));
    const second = workflow.file(definitionOf(type, ['{id: a, agent: one}', '{id: b, agent: one}']));
    const started = jsonOf(await workflow.run('run', first, '--no-wait', '--json'));
    const watched = await workflow.run('watch', String(started['executionId']), '--json');
    expect([watched.exit, jsonOf(watched)['output']]).toEqual([0, { a: 'a' }]);
    const { workflowId } = started as { workflowId: string };
    const again = jsonOf(await workflow.run('run', second, '--workflow', workflowId, '--json'));
    expect(again).toMatchObject({ workflowId, status: 'completed', tasks: 2, output: { a: 'a', b: 'b' } });
    expect(jsonOf(await workflow.run('run', '--workflow', workflowId, '--json'))).toMatchObject({ tasks: 2 });
    expect(await workflow.engine.store.engine.definitions.get(workflowId)).toMatchObject({ ordinal: 2 });
  });

  it('cancels at Ctrl-C, undoes, and exits 1', async () => {
    const type = unique('worker');
    const asked: string[] = [];
    await workflow.engine.agent(type, ({ taskId, context }) => {
      asked.push(`${context.purpose} ${taskId}`);
      return {};
    });
    const file = workflow.file(
      definitionOf(type, [
        '{id: book, agent: one, compensate_with: {}}',
        '{id: go, agent: one, depends_on: [book], on_event: departure}',
      ]),
    );
    const running = workflow.start('run', file);
    await until('the first task is done', () => running.stderr().includes('task "book" is done'));
    running.process.kill('SIGINT');
    const ran = await running.ended;
    expect([ran.exit, asked]).toEqual([1, ['run book', 'compensate book']]);
    expect(ran.stderr).toContain('errands: cancelled');
    expect(ran.stderr).toContain('compensated: 1 task undone');
  });

  it('shows by the chain of hashes whether its events are as they were told', async () => {
    const type = unique('worker');
    await workflow.engine.agent(type, () => ({}));
    const { executionId, result } = await workflow.engine.start(definitionOf(type, ['{id: a, agent: one}']));
    await result;
    const { stdout } = await workflow.run('events', executionId, '--json');
    const kinds = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { kind: string }).kind);
    expect(kinds[0]).toBe('workflow.execution_started');
    expect(kinds.at(-1)).toBe('workflow.execution_finished');
    const whole = await workflow.run('events', executionId, '--verify', '--json');
    expect([whole.exit, jsonOf(whole)]).toMatchObject([0, { whole: true, events: kinds.length, brokenAt: null }]);

    await workflow.tamper(
      `UPDATE caravan_store.execution_events SET data = '{"status": "failed"}' WHERE execution_id = $1 AND seq = 2`,
      [executionId],
    );
    const broken = await workflow.run('events', executionId, '--verify');
    expect([broken.exit, broken.stdout]).toEqual([
      1,
      `the chain of ${String(kinds.length)} events is broken at event 2\n`,
    ]);
  });
});
