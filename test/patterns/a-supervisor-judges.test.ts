import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { viewEngine } from '../engine/engine-harness.js';
import type { AgentWork, EngineView } from '../engine/engine-harness.js';
import { codeOf } from '../engine/graphs.js';
import { eventsOf, exampleOf, idsOf, play } from './examples.js';

const CONTRACT = { contract: 'contracts/17' };
const split = { liability: ['4.1', '4.2'], payment: ['7'] };

interface Judged {
  readonly task: string;
  readonly output: { readonly found: string };
  readonly round: number;
}

/** The senior lawyer: splits, judges, and writes the opinion. */
const lead =
  (verdict: (judged: Judged) => unknown): AgentWork =>
  ({ taskId, input, context }) => {
    if (context.purpose === 'judge') return verdict(input as Judged);
    return taskId === 'split' ? split : input;
  };

describe('the pattern supervisor, by its example', () => {
  let engine: EngineView;

  beforeAll(async () => {
    engine = await viewEngine();
  });
  afterAll(async () => {
    await engine.close();
  });

  it('sends a thin result back with its reason, and gives what is accepted in the end to the next task', async () => {
    const example = exampleOf('patterns/supervisor.yaml');
    const agents = await play(engine, example, {
      lead: lead(({ task, output }) =>
        task === 'liability' && output.found === 'nothing' ? { accepted: false, reason: 'read 4.2 again' } : {},
      ),
      clerk: ({ taskId, context }) => {
        const { feedback } = (context.shared ?? {}) as { feedback?: string };
        if (feedback !== undefined) return { found: `after "${feedback}"` };
        return { found: taskId === 'liability' ? 'nothing' : '30 days' };
      },
    });
    const { result, executionId } = await engine.start(example.yaml, CONTRACT);
    const { output } = await result;
    expect(output['opinion']).toEqual({
      liability: { found: 'after "read 4.2 again"' },
      payment: { found: '30 days' },
    });
    const again = agents['clerk']?.flatMap(({ asked }) => asked).find(({ context }) => context.partOf === 'liability');
    expect(again).toMatchObject({
      taskId: 'liability/1/again',
      input: { clauses: ['4.1', '4.2'] },
      context: { shared: { previous: { found: 'nothing' }, round: 1 } },
    });
    const judged = agents['lead']?.flatMap(({ asked }) => asked).find(({ context }) => context.purpose === 'judge');
    expect(judged?.input).toMatchObject({ input: { clauses: expect.any(Array) as unknown[] } });
    expect(await eventsOf(engine, executionId, 'workflow.replanned')).toEqual([
      { reason: 'sent_back', task: 'liability', round: 1, parts: 1 },
    ]);
  });

  it('decomposes a task anew after a bad result, and judges the results of its parts together', async () => {
    const example = exampleOf('patterns/supervisor.yaml');
    const parts = ['4.1', '4.2'].map((clause) => ({ id: clause, agent: 'clerk', input: { clauses: [clause] } }));
    const agents = await play(engine, example, {
      lead: lead(({ task, output }) =>
        task === 'liability' && !Array.isArray(output) ? { accepted: false, reason: 'too much', tasks: parts } : {},
      ),
      clerk: ({ input }) => input,
    });
    const { result, executionId } = await engine.start(example.yaml, CONTRACT);
    expect((await result).output['liability']).toEqual([{ clauses: ['4.1'] }, { clauses: ['4.2'] }]);
    expect(idsOf(agents['clerk']).sort()).toEqual(['liability', 'liability/1/4.1', 'liability/1/4.2', 'payment']);
    expect(await eventsOf(engine, executionId, 'workflow.replanned')).toEqual([
      { reason: 'decomposed_again', task: 'liability', round: 1, parts: 2 },
    ]);
  });

  it('fails a task that it sent back as often as it may, by name', async () => {
    const example = exampleOf('patterns/supervisor.yaml');
    const agents = await play(engine, example, {
      lead: lead(({ task }) => ({ accepted: task !== 'payment', reason: 'no' })),
      clerk: () => ({ found: 'nothing' }),
    });
    const { result } = await engine.start(example.yaml, CONTRACT);
    expect(await codeOf(result)).toBe('TASK_REJECTED');
    expect(idsOf(agents['clerk']).filter((id) => id.startsWith('payment'))).toEqual([
      'payment',
      'payment/1/again',
      'payment/2/again',
    ]);
    expect(idsOf(agents['lead'])).not.toContain('opinion');
  });
});
