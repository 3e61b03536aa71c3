import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { viewEngine } from '../engine/engine-harness.js';
import type { EngineView } from '../engine/engine-harness.js';
import { graphOf, unique } from '../engine/graphs.js';

const inside = (input: unknown, more: object = {}): object => ({
  orchestration_pattern: 'handoff',
  tasks: [{ id: 'inner', agent: 'worker', input, ...more }],
});

describe('a task that is itself a pattern', () => {
  let engine: EngineView;

  beforeAll(async () => {
    engine = await viewEngine();
  });
  afterAll(async () => {
    await engine.close();
  });

  const run = async (tasks: readonly ({ id: string } & Record<string, unknown>)[]) => {
    const type = unique('worker');
    const agent = await engine.agent(type, ({ input }) => input);
    const started = await engine.start(graphOf({ type, tasks }), { city: 'Oslo' });
    return { agent, ...started };
  };

  it('runs as a team for each item, and those inside read the item', async () => {
    const { agent, result } = await run([
      { id: 'list', input: ['a', 'b', 'c'] },
      {
        id: 'each',
        depends_on: ['list'],
        for_each: 'tasks.list.output',
        pattern: inside({ item: '${{ item }}', at: '${{ index }}', city: '${{ input.city }}' }),
      },
      { id: 'last', depends_on: ['each'], input: '${{ tasks.each.output.map(team, team.tasks.inner.item) }}' },
    ]);
    expect((await result).output['last']).toEqual(['a', 'b', 'c']);
    const teams = agent.asked.filter(({ taskId }) => taskId === 'inner');
    expect(new Set(teams.map(({ executionId }) => executionId)).size).toBe(3);
    expect(teams.map(({ input }) => input)).toContainEqual({ item: 'b', at: 1, city: 'Oslo' });
  });

  it('hands what those around it know on to a team in a team', async () => {
    const { agent, result } = await run([
      { id: 'list', input: ['a', 'b'] },
      {
        id: 'outer',
        depends_on: ['list'],
        for_each: 'tasks.list.output',
        pattern: {
          orchestration_pattern: 'hierarchical',
          tasks: [{ id: 'middle', pattern: inside({ item: '${{ item }}', list: '${{ tasks.list.output }}' }) }],
        },
      },
    ]);
    expect((await result).tasks).toMatchObject({ done: 2 });
    const inputs = agent.asked.filter(({ taskId }) => taskId === 'inner').map(({ input }) => input);
    expect(inputs).toEqual(expect.arrayContaining(['a', 'b'].map((item) => ({ item, list: ['a', 'b'] }))));
  });

  it('reads null of a task around it that was skipped', async () => {
    const { agent, result } = await run([
      { id: 'skipped', when: 'false' },
      { id: 'team', depends_on: ['skipped'], pattern: inside({ of: '${{ tasks.skipped.output }}' }) },
    ]);
    expect((await result).tasks).toMatchObject({ done: 1, skipped: 1 });
    expect(agent.asked.map(({ input }) => input)).toEqual([{ of: null }]);
  });
});
