import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunTask } from '../../contracts/agents.js';
import { until } from '../migration/harness.js';
import { handleOf, viewEngine } from './engine-harness.js';
import type { AgentWork, EngineView } from './engine-harness.js';
import { expectRebuildEqual, graphOf, unique, viewOf } from './graphs.js';

/** Events of a history: small, so that a few hundred tasks take many runs. */
const HISTORY = 150;

describe('an execution that is longer than one history', { timeout: 120_000 }, () => {
  let engine: EngineView;

  beforeAll(async () => {
    engine = await viewEngine();
  });
  afterAll(async () => {
    await engine.close();
  });

  it('does every task once, and keeps outputs, counts and events over all its runs', async () => {
    const type = unique('worker');
    const agent = await team(engine, type, ({ taskId, input }) => ({ of: taskId, seen: input }));
    const tasks = Array.from({ length: 200 }, (_, at) => ({
      id: `t${String(at)}`,
      depends_on: at < 20 ? [] : [`t${String(at - 20)}`],
      input:
        at < 20 ? { first: true } : { before: `\${{ tasks.t${String(at - 20)}.output${at === 120 ? '' : '.of'} }}` },
      ...(at === 100 ? { when: 'input.never' } : {}),
    }));
    const yaml = graphOf({ type, count: 6, tasks });
    const { executionId, result } = await engine.start(yaml, { never: false }, { historyEventsMax: HISTORY });
    const { status, tasks: counts, output } = await result;
    expect({ status, counts }).toEqual({
      status: 'completed',
      counts: { done: 199, skipped: 1, failed: 0, undone: 0 },
    });
    expect(Object.keys(output)).toContain('t0');
    expect(new Set(agent.asked().map(({ taskId }) => taskId)).size).toBe(199);
    expect(agent.asked()).toHaveLength(199);
    for (const { taskId, input } of agent.asked()) {
      const at = Number(taskId.slice(1));
      // What a skipped task would have given is null.
      const before = at === 120 ? null : `t${String(at - 20)}`;
      if (at >= 20) expect(input).toEqual({ before });
    }
    const runs = await runsOf(engine, executionId);
    expect(runs).toBeGreaterThan(3);
    const row = await engine.store.engine.executions.get(executionId);
    expect(row?.projection).toMatchObject({ status: 'completed', counts: { done: 199, skipped: 1 } });
    expect(row?.projection.checkpoints).toBe(runs - 1);
    await expectRebuildEqual(engine, executionId);
  });

  it('runs the instances of one list over several runs, each once', async () => {
    const type = unique('worker');
    const agent = await team(engine, type, ({ input }) => input);
    const yaml = graphOf({
      type,
      count: 6,
      tasks: [
        { id: 'list', input: { items: Array.from({ length: 150 }, (_, at) => at) } },
        { id: 'each', depends_on: ['list'], for_each: 'tasks.list.output.items', input: '${{ item }}' },
        {
          id: 'sum',
          depends_on: ['each'],
          input: { last: '${{ tasks.each.output[149] }}', of: '${{ size(tasks.each.output) }}' },
        },
      ],
    });
    const { executionId, result } = await engine.start(yaml, {}, { historyEventsMax: HISTORY });
    expect((await result).tasks).toMatchObject({ done: 3, failed: 0 });
    expect(agent.asked()).toHaveLength(152);
    expect(agent.asked().find(({ taskId }) => taskId === 'sum')?.input).toEqual({ last: 149, of: 150 });
    expect(await runsOf(engine, executionId)).toBeGreaterThan(2);
    await expectRebuildEqual(engine, executionId);
  });

  it('undoes all that its earlier runs did, the latest first, over several runs', async () => {
    const type = unique('worker');
    const undone: string[] = [];
    await team(engine, type, ({ taskId, context, input }) => {
      if (context.purpose === 'compensate') undone.push(taskId);
      if (taskId === 'last' && context.purpose === 'run') throw new Error('as the test wants it');
      return input;
    });
    const chain = Array.from({ length: 60 }, (_, at) => ({
      id: `t${String(at)}`,
      depends_on: at === 0 ? [] : [`t${String(at - 1)}`],
      compensate_with: { action: 'undo' },
    }));
    const yaml = graphOf({
      type,
      count: 6,
      tasks: [...chain, { id: 'last', depends_on: ['t59'], retry_policy: 'none' }],
    });
    const { executionId, result } = await engine.start(yaml, {}, { historyEventsMax: HISTORY });
    await expect(result).rejects.toThrow();
    expect(undone).toEqual(chain.map(({ id }) => id).reverse());
    const row = await engine.store.engine.executions.get(executionId);
    expect(row?.projection).toMatchObject({ status: 'failed', counts: { undone: 60, failed: 1 } });
    await expectRebuildEqual(engine, executionId);
  });

  it('remembers what people decided, and still waits for what they did not', async () => {
    const type = unique('worker');
    const agent = await team(engine, type, ({ input }) => input);
    const yaml = graphOf({
      type,
      count: 6,
      tasks: [{ id: 'asked', approval: true }, ...Array.from({ length: 100 }, (_, at) => ({ id: `t${String(at)}` }))],
    });
    const { executionId, result } = await engine.start(yaml, {}, { historyEventsMax: HISTORY });
    const handle = handleOf(engine.client, executionId);
    await until('the others are done', async () => (await viewOf(engine, executionId)).counts.done === 100);
    expect(await runsOf(engine, executionId)).toBeGreaterThan(1);
    await handle.executeUpdate('decideTask', { args: [{ taskId: 'asked', approved: true, by: 'a test' }] });
    expect((await result).tasks.done).toBe(101);
    expect(agent.asked().filter(({ taskId }) => taskId === 'asked')).toHaveLength(1);
    await expectRebuildEqual(engine, executionId);
  });

  it('says at its end what failed in an earlier run', async () => {
    const type = unique('worker');
    await team(engine, type, ({ taskId, input }) => {
      if (taskId === 'first') throw new Error('as the test wants it');
      return input;
    });
    const yaml = graphOf({
      type,
      count: 6,
      tasks: [
        { id: 'first', retry_policy: 'none' },
        { id: 'behind', depends_on: ['first'] },
        ...Array.from({ length: 60 }, (_, at) => ({
          id: `t${String(at)}`,
          depends_on: at === 0 ? [] : [`t${String(at - 1)}`],
        })),
        { id: 'far-behind', depends_on: ['behind', 't59'] },
      ],
    });
    const { executionId, result } = await engine.start(yaml, {}, { historyEventsMax: HISTORY });
    await expect(result).rejects.toThrow();
    expect(await runsOf(engine, executionId)).toBeGreaterThan(1);
    const row = await engine.store.engine.executions.get(executionId);
    expect(row?.projection).toMatchObject({ status: 'failed', counts: { done: 60, failed: 1, skipped: 2 } });
  });
});

/** Six agents that do the same, and all that they were asked. */
async function team(engine: EngineView, type: string, work: AgentWork): Promise<{ asked(): RunTask[] }> {
  const agents = await Promise.all(Array.from({ length: 6 }, () => engine.agent(type, work)));
  return { asked: () => agents.flatMap(({ asked }) => asked) };
}

async function runsOf({ client }: EngineView, executionId: string): Promise<number> {
  let runs = 0;
  await until('the runs can be seen', async () => {
    runs = 0;
    const found = client.workflow.list({ query: `WorkflowId = "execution/${executionId}"` });
    for await (const { status } of found) if (status.name !== 'UNSPECIFIED') runs += 1;
    return runs > 1;
  });
  return runs;
}
