import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { viewEngine } from '../engine/engine-harness.js';
import type { EngineView } from '../engine/engine-harness.js';
import { codeOf } from '../engine/graphs.js';
import { eventsOf, exampleOf, idsOf, play } from './examples.js';

const PAGES = ['blog', 'help', 'home', 'jobs', 'press', 'shop'];

describe('the pattern swarm, by its example', () => {
  let engine: EngineView;

  beforeAll(async () => {
    engine = await viewEngine();
  });
  afterAll(async () => {
    await engine.close();
  });

  it('lets whoever is idle take what is left: an agent that is stuck does one page, the other does the rest', async () => {
    const example = exampleOf('patterns/swarm.yaml');
    let othersDone = (): void => undefined;
    const restIsDone = new Promise<void>((resolve) => (othersDone = resolve));
    let first: string | undefined;
    let seen = 0;
    // Both are the same: which of them gets stuck is whoever is asked first.
    const work = async (name: string): Promise<string> => {
      first ??= name;
      if (name === first) await restIsDone;
      else seen += 1;
      if (seen === PAGES.length - 1) othersDone();
      return name;
    };
    const { crawler = [] } = await play(engine, example, { crawler: [() => work('a'), () => work('b')] });
    const { result } = await engine.start(example.yaml);
    expect((await result).tasks).toMatchObject({ done: 6 });
    expect(crawler.map(({ asked }) => asked.length).sort()).toEqual([1, 5]);
  });

  it('does pages that are found meanwhile, each once, however many find it', async () => {
    const example = exampleOf('patterns/swarm.yaml');
    // Every page of the definition links to a page that all share, and to one that there is already.
    const links = ['imprint', 'home', 'imprint'].map((id) => ({ id, input: { page: `/${id}` } }));
    const work = ({ taskId }: { taskId: string }): unknown => (PAGES.includes(taskId) ? { spawn: links } : 'a leaf');
    const { crawler = [] } = await play(engine, example, { crawler: [work, work] });
    const { result, executionId } = await engine.start(example.yaml);
    const { tasks, output } = await result;
    expect(tasks).toMatchObject({ done: 7, failed: 0 });
    expect(output['imprint']).toBe('a leaf');
    expect(idsOf(crawler).sort()).toEqual([...PAGES, 'imprint'].sort());
    const found = crawler.flatMap(({ asked }) => asked).find(({ taskId }) => taskId === 'imprint');
    expect(found?.input).toEqual({ page: '/imprint' });
    expect(await eventsOf(engine, executionId, 'workflow.replanned')).toEqual([
      { reason: 'spawned', tasks: ['imprint'], added: 1 },
    ]);
  });

  it('fails a task that asks for work without an id, and for an agent that there is not', async () => {
    for (const spawn of [[{ input: 1 }], [{ id: 'x', agent: 'nobody' }]]) {
      const example = exampleOf('patterns/swarm.yaml');
      const work = ({ taskId }: { taskId: string }): unknown => (taskId === 'home' ? { spawn } : null);
      await play(engine, example, { crawler: [work, work] });
      const { result } = await engine.start(example.yaml);
      expect(await codeOf(result)).toBe('TASK_OUTPUT_INVALID');
    }
  });
});
