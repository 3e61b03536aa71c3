import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { viewEngine } from '../engine/engine-harness.js';
import type { AgentWork, EngineView, TestAgent } from '../engine/engine-harness.js';
import { codeOf } from '../engine/graphs.js';
import { eventsOf, exampleOf, idsOf, play } from './examples.js';

type Answers = Readonly<Record<'triage' | 'billing' | 'technician' | 'engineer', unknown>>;

const QUESTION = { question: 'The router restarts every night.' };
const ANSWERS: Answers = {
  triage: { handoff_to: 'diagnose', context: { customer: 'C-7' } },
  billing: { context: { bill: 'paid' } },
  technician: { handoff_to: 'repair', context: { device: 'router' } },
  engineer: { context: { cause: 'overheats' } },
};

describe('the pattern handoff, by its example', () => {
  let engine: EngineView;

  beforeAll(async () => {
    engine = await viewEngine();
  });
  afterAll(async () => {
    await engine.close();
  });

  const ask = async (answers: Partial<Answers> = {}) => {
    const example = exampleOf('patterns/handoff.yaml');
    const works = Object.entries({ ...ANSWERS, ...answers }).map(([name, answer]): [string, AgentWork] => [
      name,
      () => answer,
    ]);
    const agents = await play(engine, example, { ...Object.fromEntries(works), writer: () => 'Dear customer' });
    const started = await engine.start(example.yaml, QUESTION);
    const asked = (name: string): readonly TestAgent[] => agents[name] ?? [];
    return { ...started, asked };
  };

  it('keeps the context over four agents, each of which adds to it', async () => {
    const { result, asked, executionId } = await ask();
    expect((await result).tasks).toMatchObject({ done: 4, skipped: 1 });
    const shared = ['technician', 'engineer', 'writer'].map((name) => asked(name)[0]?.asked[0]?.context.shared);
    expect(shared).toMatchObject([
      { customer: 'C-7' },
      { customer: 'C-7', device: 'router' },
      { customer: 'C-7', device: 'router', cause: 'overheats' },
    ]);
    expect(shared[2]).toEqual({
      customer: 'C-7',
      device: 'router',
      cause: 'overheats',
      way: [
        { task: 'receive', agent: 'triage' },
        { task: 'diagnose', agent: 'technician' },
        { task: 'repair', agent: 'engineer' },
      ],
    });
    expect(await eventsOf(engine, executionId, 'agent.message')).toEqual([
      { from: 'receive', to: 'diagnose', what: 'handoff' },
      { from: 'diagnose', to: 'repair', what: 'handoff' },
    ]);
  });

  it('passes by every way that was left, all of it, and ends where the ways meet', async () => {
    const { result, asked } = await ask({ triage: { handoff_to: 'check_bill' } });
    expect((await result).tasks).toMatchObject({ done: 3, skipped: 2 });
    expect([...idsOf(asked('technician')), ...idsOf(asked('engineer'))]).toEqual([]);
    expect(asked('writer')[0]?.asked[0]?.context.shared).toMatchObject({ bill: 'paid' });
  });

  it('fails when control is handed over to nobody', async () => {
    const { result, asked } = await ask({ triage: { handoff_to: 'sales' } });
    expect(await codeOf(result)).toBe('TASK_OUTPUT_INVALID');
    expect(idsOf(asked('billing'))).toEqual([]);
  });
});
