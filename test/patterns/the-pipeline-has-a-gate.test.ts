import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handleOf, viewEngine } from '../engine/engine-harness.js';
import type { EngineView } from '../engine/engine-harness.js';
import { codeOf } from '../engine/graphs.js';
import { eventsOf, exampleOf, idsOf, play } from './examples.js';

describe('the document pipeline, by its example', () => {
  let engine: EngineView;

  beforeAll(async () => {
    engine = await viewEngine();
  });
  afterAll(async () => {
    await engine.close();
  });

  const write = async (accepted: boolean) => {
    const example = exampleOf('document-pipeline.yaml');
    const agents = await play(engine, example, {
      researcher: () => ({ found: 3, context: { sources: ['x', 'y', 'z'] } }),
      analyst: ({ input }) => ({ points: input }),
      writer: ({ taskId }) => ({ document: `by ${taskId}` }),
      reviewer: () => ({ accepted }),
    });
    const started = await engine.start(example.yaml, { topic: 'canals' });
    const decide = async (approved: boolean): Promise<void> => {
      await engine.untilAsked(started.executionId, 'publish', 'approval');
      const decision = { taskId: 'publish', approved, by: 'an editor' };
      await handleOf(engine.client, started.executionId).executeUpdate('decideTask', { args: [decision] });
    };
    return { agents, decide, ...started };
  };

  it('makes the result of each step the context of the next, and publishes what a person approved', async () => {
    const { agents, decide, result, executionId } = await write(true);
    await decide(true);
    expect((await result).tasks).toMatchObject({ done: 5 });
    expect(idsOf(agents['writer'])).toEqual(['writing', 'publish']);
    expect(agents['analyst']?.[0]?.asked[0]?.input).toMatchObject({ found: 3 });
    expect(agents['reviewer']?.[0]?.asked[0]?.context.shared).toMatchObject({
      sources: ['x', 'y', 'z'],
      way: [{ task: 'research' }, { task: 'analysis' }, { task: 'writing' }],
    });
    expect(await eventsOf(engine, executionId, 'task.decided')).toEqual([
      { what: 'approval', approved: true, by: 'an editor' },
    ]);
  });

  it('asks nobody about a document that the review did not accept', async () => {
    const { agents, result, executionId } = await write(false);
    expect((await result).tasks).toMatchObject({ done: 4, skipped: 1 });
    expect(idsOf(agents['writer'])).toEqual(['writing']);
    expect(await eventsOf(engine, executionId, 'task.waiting_for_person')).toEqual([]);
  });

  it('withdraws the document when the person says no', async () => {
    const { agents, decide, result } = await write(true);
    await decide(false);
    expect(await codeOf(result)).toBe('TASK_REJECTED');
    const undone = agents['writer']?.[0]?.asked.at(-1);
    expect(undone).toMatchObject({
      taskId: 'writing',
      input: { action: 'withdraw', document: 'by writing' },
      context: { purpose: 'compensate' },
    });
  });
});
