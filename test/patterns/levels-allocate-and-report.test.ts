import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { viewEngine } from '../engine/engine-harness.js';
import type { AgentWork, EngineView } from '../engine/engine-harness.js';
import { codeOf } from '../engine/graphs.js';
import { eventsOf, exampleOf, idsOf, play } from './examples.js';

describe('the pattern hierarchical, by its example', () => {
  let engine: EngineView;

  beforeAll(async () => {
    engine = await viewEngine();
  });
  afterAll(async () => {
    await engine.close();
  });

  const audit = async (allocate: unknown) => {
    const example = exampleOf('patterns/hierarchical.yaml');
    const auditor: AgentWork = ({ taskId, context }) =>
      taskId === 'compare' ? { difference: 0 } : (context.part ?? 'whole');
    const agents = await play(engine, example, {
      director: ({ taskId, input }) => (taskId === 'plan' ? { areas: ['north', 'south'], allocate } : input),
      auditor: [auditor, auditor, auditor],
      counter: ({ input }) => ({ counted: input }),
    });
    return { agents, ...(await engine.start(example.yaml, { year: 2025 })) };
  };

  it('gives a task as many agents as the level above allocated, and the reports go up', async () => {
    const { agents, result, executionId } = await audit({ invoices: 3 });
    const { output } = await result;
    expect(output['invoices']).toEqual([0, 1, 2].map((index) => ({ index, of: 3 })));
    const workers = agents['auditor']?.filter((agent) => idsOf([agent]).some((id) => id.startsWith('invoices')));
    expect(workers).toHaveLength(3);
    expect(await eventsOf(engine, executionId, 'agent.assigned')).toContainEqual({ by: 'plan', agents: 3 });
    const sign = agents['director']?.flatMap(({ asked }) => asked).find(({ taskId }) => taskId === 'sign');
    expect(sign?.context.shared).toEqual({
      reports: [
        { task: 'invoices', state: 'done', attempts: 1 },
        { task: 'warehouse', state: 'done', attempts: 1 },
      ],
    });
  });

  it('runs a task that is itself a pattern as a team of its own: an execution below, with an agent of its own', async () => {
    const { agents, result, executionId } = await audit({});
    const { output } = await result;
    const [count] = agents['counter']?.[0]?.asked ?? [];
    expect(count).toMatchObject({ taskId: 'count', input: { areas: ['north', 'south'] } });
    expect(count?.executionId).not.toBe(executionId);
    const below = await engine.store.engine.executions.get(count?.executionId ?? '');
    expect(below).toMatchObject({ parentId: executionId, pattern: 'handoff', projection: { status: 'completed' } });
    expect(output['warehouse']).toMatchObject({ tasks: { compare: { difference: 0 } }, counts: { done: 2 } });
    expect(output['sign']).toEqual({ invoices: 'whole', warehouse: { difference: 0 } });
  });

  it('refuses an allocation that is no number of agents, before any is assigned', async () => {
    const { agents, result } = await audit({ invoices: 1e9 });
    expect(await codeOf(result)).toBe('TASK_OUTPUT_INVALID');
    expect(idsOf(agents['auditor'])).toEqual([]);
  });
});
