import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GraphResult } from '../../contracts/executions.js';
import { until } from '../migration/harness.js';
import { handleOf, viewEngine } from './engine-harness.js';
import type { AgentWork, EngineView, StartMore } from './engine-harness.js';
import { codeOf, expectRebuildEqual, graphOf, unique, viewOf } from './graphs.js';
import type { GraphParts } from './graphs.js';

type Tasks = GraphParts['tasks'];

describe('the definition language, as it runs', () => {
  let engine: EngineView;

  beforeAll(async () => {
    engine = await viewEngine();
  });
  afterAll(async () => {
    await engine.close();
  });

  const begin = async (tasks: Tasks, work: AgentWork, more: Partial<GraphParts> & { start?: StartMore } = {}) => {
    const type = unique('worker');
    const agent = await engine.agent(type, work);
    const started = await engine.start(graphOf({ type, tasks, ...more }), { n: 3 }, more.start);
    const ids = (): string[] => agent.asked.map(({ taskId }) => taskId);
    return { agent, ids, ...started, handle: handleOf(engine.client, started.executionId) };
  };
  const echo: AgentWork = ({ input }) => input;
  const counts = async (result: Promise<GraphResult>): Promise<GraphResult['tasks']> => (await result).tasks;

  it('skips a task whose condition is false; what depends on it goes on, and sees null', async () => {
    const { agent, ids, result } = await begin(
      [
        { id: 'a', when: 'input.n > 5' },
        {
          id: 'b',
          depends_on: ['a'],
          when: 'input.n == 3',
          input: { a: '${{ tasks.a.output }}' },
        },
      ],
      echo,
    );
    expect(await counts(result)).toMatchObject({ done: 1, skipped: 1 });
    expect(ids()).toEqual(['b']);
    expect(agent.asked[0]?.input).toEqual({ a: null });
  });

  it('refuses a reference to what an output does not have, as a failure of its own', async () => {
    const { result, ids } = await begin(
      [{ id: 'a' }, { id: 'b', depends_on: ['a'], input: '${{ tasks.a.output.missing }}' }],
      () => ({ there: 1 }),
    );
    expect(await codeOf(result)).toBe('EXPRESSION_FAILED');
    expect(ids()).toEqual(['a']);
  });

  it('reads the tasks that expressions read: a text beside them, a text in them, and a field of that name are none', async () => {
    const { agent, result } = await begin(
      [
        { id: 'a', input: { tasks: { b: 7 } } },
        {
          id: 'last',
          depends_on: ['a'],
          when: '"tasks.gone.output" != "" && tasks.a.output.tasks.b == 7',
          input: { note: 'see tasks.pdf', n: '${{ input.n }}', b: '${{ tasks["a"].output.tasks.b }}' },
        },
      ],
      echo,
    );
    expect((await result).tasks).toMatchObject({ done: 2 });
    expect(agent.asked[1]?.input).toEqual({ note: 'see tasks.pdf', n: 3, b: 7 });
  });

  it('gives null where the output is null', async () => {
    const { agent, result } = await begin(
      [{ id: 'a' }, { id: 'b', depends_on: ['a'], input: { of: '${{ tasks.a.output }}' } }],
      ({ taskId, input }) => (taskId === 'a' ? null : input),
    );
    expect((await result).tasks).toMatchObject({ done: 2 });
    expect(agent.asked[1]?.input).toEqual({ of: null });
  });

  it('keeps an output of more than 4 KiB in the store, and gives it back to who refers to it', async () => {
    const large = 'x'.repeat(100_000);
    const { agent, result, executionId } = await begin(
      [{ id: 'a' }, { id: 'b', depends_on: ['a'], input: { text: '${{ tasks.a.output.text }}' } }],
      ({ taskId }) => (taskId === 'a' ? { text: large } : null),
    );
    const { output } = await result;
    expect(Object.keys(output)).toEqual(['b']);
    expect(agent.asked[1]?.input).toEqual({ text: large });
    expect(await engine.store.engine.executions.outputs(executionId, ['a'])).toEqual([
      { taskId: 'a', output: { text: large } },
    ]);
  });

  it('refuses an output of more than 256 KiB by name', async () => {
    const { result } = await begin([{ id: 'a', retry_policy: 'none' }], () => 'x'.repeat(300_000));
    expect(await codeOf(result)).toBe('TASK_TOO_LARGE');
  });

  it('runs a task for each item; one that fails is tried again alone, and fails the task when its attempts are used up', async () => {
    const items = [1, 2, 3, 4];
    const tasks = [
      {
        id: 'each',
        for_each: '[1, 2, 3, 4]',
        input: '${{ item }}',
        retry_policy: { max_attempts: 2, initial_interval_seconds: 0.1 },
      },
    ];
    const good = await begin(tasks, ({ input, attempt }) => {
      if (input === 3 && attempt === 1) throw new Error('as the test wants it');
      return Number(input) * 10;
    });
    expect((await good.result).output['each']).toEqual(items.map((item) => item * 10));
    expect(good.ids().filter((id) => id === 'each[2]')).toHaveLength(2);
    expect(good.ids()).toHaveLength(5);
    await expectRebuildEqual(engine, good.executionId);

    const bad = await begin(tasks, ({ input }) => {
      if (input === 3) throw new Error('as the test wants it');
      return input;
    });
    expect(await codeOf(bad.result)).toBe('TASK_FAILED');
    const row = await engine.store.engine.executions.get(bad.executionId);
    expect(row?.projection).toMatchObject({ status: 'failed', counts: { failed: 1 } });
  });

  it('refuses a list of more than 10,000 items before any is begun', async () => {
    const list = Array.from({ length: 10_001 }, (_, at) => at);
    const { result, ids } = await begin(
      [{ id: 'a' }, { id: 'each', depends_on: ['a'], for_each: 'tasks.a.output', input: '${{ item }}' }],
      ({ taskId, input }) => (taskId === 'a' ? list : input),
    );
    expect(await codeOf(result)).toBe('EXPRESSION_FAILED');
    expect(ids()).toEqual(['a']);
  });

  it('holds a task until its event came, with what the event carries; rules release, reroute and plan anew', async () => {
    const other = unique('other');
    const second = await engine.agent(other, echo);
    const tasks = [
      { id: 'plain', on_event: 'data.arrived', input: { rows: '${{ event.rows }}' } },
      { id: 'early', on_event: 'never.comes' },
      { id: 'given', on_event: 'data.arrived' },
      { id: 'last', depends_on: ['plain', 'early', 'given'] },
    ];
    const event_driven = [
      {
        on: 'data.arrived',
        when: 'event.rows > 5',
        release: ['early'],
        reroute: { task: 'given', agent: 'second' },
      },
      { on: 'data.arrived', replan: true },
    ];
    const { agent, ids, result, handle, executionId } = await begin(tasks, echo, {
      agents: { second: { type: other, count: 1 } },
      more: { coordination: { type: 'hybrid', event_driven } },
    });
    await handle.signal('event', { type: 'data.arrived', data: { rows: 1 } });
    await until('what waits for the event alone ran', () => ids().length === 2);
    expect((await viewOf(engine, executionId)).counts.done).toBe(2);
    await handle.signal('event', { type: 'data.arrived', data: { rows: 7 } });
    expect(await counts(result)).toMatchObject({ done: 4 });
    expect(agent.asked.find(({ taskId }) => taskId === 'plain')?.input).toEqual({ rows: 1 });
    expect(second.asked.map(({ taskId }) => taskId).filter((id) => id === 'given').length).toBeLessThanOrEqual(1);
    const events = await engine.store.engine.executions.events(executionId, {});
    const replanned = events.filter(({ kind, data }) => kind === 'workflow.replanned' && data['reason'] === 'event');
    expect(replanned).toHaveLength(3);
  });

  it('gives a task that was not begun to the agent that a rule names', async () => {
    const other = unique('other');
    const second = await engine.agent(other, echo);
    const event_driven = [{ on: 'move', reroute: { task: 'moved', agent: 'second' } }];
    const { ids, result, handle } = await begin([{ id: 'moved', on_event: 'go' }], echo, {
      agents: { second: { type: other, count: 1 } },
      more: { coordination: { type: 'hybrid', event_driven } },
    });
    await handle.signal('event', { type: 'move' });
    await handle.signal('event', { type: 'go' });
    await result;
    expect([ids(), second.asked.map(({ taskId }) => taskId)]).toEqual([[], ['moved']]);
  });

  it('waits for an approval and for work that a person does; what was not asked is refused', async () => {
    const { ids, result, handle, executionId } = await begin(
      [
        { id: 'ask', approval: true },
        { id: 'do', depends_on: ['ask'], agent: 'person' },
        { id: 'then', depends_on: ['do'], input: '${{ tasks.do.output.said }}' },
      ],
      echo,
      { agents: { person: { type: 'human', count: 1 } } },
    );
    const waitsFor = async (taskId: string): Promise<void> =>
      until(`${taskId} waits`, async () =>
        (await viewOf(engine, executionId)).waitsFor.some((w) => w.taskId === taskId),
      );
    const decide = (decision: object): Promise<unknown> =>
      handle.executeUpdate('decideTask', { args: [{ by: 'a test', approved: true, ...decision }] });
    await waitsFor('ask');
    expect(await codeOf(decide({ taskId: 'do' }))).toBe('NOT_NOW');
    expect(await codeOf(decide({ taskId: 'ask', by: '' }))).toBe('INPUT_INVALID');
    expect(ids()).toEqual([]);
    await decide({ taskId: 'ask' });
    await waitsFor('do');
    expect(await codeOf(decide({ taskId: 'ask' }))).toBe('NOT_NOW');
    await decide({ taskId: 'do', output: { said: 'yes' } });
    expect((await result).output).toEqual({ ask: null, do: { said: 'yes' }, then: 'yes' });
    const row = await engine.store.engine.executions.get(executionId);
    expect(row?.projection.counts).toEqual({ done: 3 });
    await expectRebuildEqual(engine, executionId);
  });

  it('fails a task that nobody approved in time, or that somebody rejected', async () => {
    const late = await begin([{ id: 'ask', approval: { deadline_seconds: 1 } }], echo);
    expect(await codeOf(late.result)).toBe('DEADLINE_PASSED');
    const row = await engine.store.engine.executions.get(late.executionId);
    expect(row?.projection).toMatchObject({ status: 'failed', counts: { failed: 1 } });
    const no = await begin([{ id: 'ask', approval: true }], echo);
    await until('it waits', async () => (await viewOf(engine, no.executionId)).waitsFor.length === 1);
    await no.handle.executeUpdate('decideTask', { args: [{ taskId: 'ask', approved: false, by: 'a test' }] });
    expect(await codeOf(no.result)).toBe('TASK_REJECTED');
    expect([...late.ids(), ...no.ids()]).toEqual([]);
  });

  it('tries as often, and waits as long, as the policy says', async () => {
    const fails: AgentWork = () => {
      throw new Error('as the test wants it');
    };
    const policies = {
      max_attempts: 3,
      initial_interval_seconds: 0.2,
      backoff_coefficient: 3,
      max_interval_seconds: 60,
    };
    const times: Record<string, number[]> = {};
    const timed: AgentWork = (task) => {
      (times[task.taskId] ??= []).push(Date.now());
      return fails(task);
    };
    const { result, executionId } = await begin(
      [
        { id: 'none', retry_policy: 'none' },
        { id: 'growing', retry_policy: policies },
      ],
      timed,
    );
    expect(await codeOf(result)).toBe('TASK_FAILED');
    expect(times['none']).toHaveLength(1);
    const [one = 0, two = 0, three = 0] = times['growing'] ?? [];
    expect(two - one).toBeGreaterThanOrEqual(200);
    expect(three - two).toBeGreaterThanOrEqual(600);
    expect(times['growing']).toHaveLength(3);
    const states = await engine.store.engine.executions.taskStates(executionId, 10);
    expect(states.map(({ taskId, state, attempt }) => [taskId, state, attempt]).sort()).toEqual([
      ['growing', 'failed', 3],
      ['none', 'failed', 1],
    ]);
  });

  it('asks a person when the attempts are used up: skipped, its dependants go on; tried again, the count of attempts goes on', async () => {
    let broken = true;
    const { agent, result, handle, executionId } = await begin(
      [
        { id: 'a', retry_policy: 'none', on_exhausted: 'escalate' },
        { id: 'b', retry_policy: 'none', on_exhausted: 'escalate' },
        { id: 'c', depends_on: ['a', 'b'] },
      ],
      ({ taskId, input }) => {
        if (broken && taskId !== 'c') throw new Error('as the test wants it');
        return input;
      },
    );
    const resolve = (taskId: string, action: string): Promise<unknown> =>
      handle.executeUpdate('resolveTask', { args: [{ taskId, action, by: 'a test' }] });
    await until('both wait', async () => (await viewOf(engine, executionId)).waitsFor.length === 2);
    await until(
      'the read model says so',
      async () => (await engine.store.engine.executions.get(executionId))?.projection.counts.blocked === 2,
    );
    expect(await codeOf(resolve('c', 'skip'))).toBe('NOT_NOW');
    broken = false;
    await resolve('a', 'skip');
    await resolve('b', 'retry');
    expect(await counts(result)).toMatchObject({ done: 2, skipped: 1 });
    expect(agent.asked.filter(({ taskId }) => taskId === 'b').map(({ attempt }) => attempt)).toEqual([1, 2]);
    await expectRebuildEqual(engine, executionId);
  });

  it('ends as timed_out when it worked longer than it may; time paused or waiting for a person does not count', async () => {
    const slow = await begin([{ id: 'a', timeout: 30 }], () => new Promise((done) => setTimeout(done, 6000)), {
      start: { options: { timeout: 1 } },
    });
    expect(await codeOf(slow.result)).toBe('EXECUTION_TIMED_OUT');
    expect((await engine.store.engine.executions.get(slow.executionId))?.projection.status).toBe('timed_out');

    const patient = await begin(
      [
        { id: 'a', approval: true },
        { id: 'b', depends_on: ['a'] },
      ],
      echo,
      {
        start: { options: { timeout: 4 } },
      },
    );
    await until('it waits', async () => (await viewOf(engine, patient.executionId)).waitsFor.length === 1);
    const sinceMs = Date.now();
    await until('more time than it has went by', () => Date.now() - sinceMs > 4500);
    await patient.handle.executeUpdate('pause', { args: [{ by: 'a test' }] });
    await patient.handle.executeUpdate('decideTask', { args: [{ taskId: 'a', approved: true, by: 'a test' }] });
    const pausedMs = Date.now();
    await until('more time went by', () => Date.now() - pausedMs > 4500);
    expect(patient.ids()).toEqual([]);
    await patient.handle.executeUpdate('resume', { args: [{ by: 'a test' }] });
    expect((await patient.result).status).toBe('completed');
  });
});
