import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDefinition } from '../../language/definition.js';
import { prepare } from '../../language/prepared.js';
import { viewEngine } from '../engine/engine-harness.js';
import type { EngineView } from '../engine/engine-harness.js';
import { graphOf, unique } from '../engine/graphs.js';

describe('the tasks of an execution', () => {
  let engine: EngineView;

  beforeAll(async () => {
    engine = await viewEngine();
  });
  afterAll(async () => {
    await engine.close();
  });

  const stored = async (count: number): Promise<string> => {
    const { definitions, executions } = engine.store.engine;
    const tasks = Array.from({ length: count }, (_, at) => ({ id: `t${String(at)}` }));
    const { definition } = parseDefinition(graphOf({ type: unique('nobody'), tasks }));
    const workflowId = await definitions.create(prepare(definition));
    const executionId = randomUUID();
    await executions.create({ executionId, workflowId, input: {}, options: {} });
    return executionId;
  };

  it.each([
    [1, [1]],
    [199, [199]],
    [201, [200, 1]],
    [450, [200, 200, 50]],
  ])(
    'are read once each: %i of them in pages of %j, and the last page says that it is the last',
    async (count, sizes) => {
      const { executions } = engine.store.engine;
      const executionId = await stored(count);
      const read: string[][] = [];
      for (let next: number | null = 0; next !== null;) {
        const page = await executions.tasks(executionId, { offset: next });
        read.push(page.tasks.map(({ id }) => id));
        ({ next } = page);
      }
      expect(read.map(({ length }) => length)).toEqual(sizes);
      expect(read.flat()).toEqual(Array.from({ length: count }, (_, at) => `t${String(at)}`));
    },
  );

  it('are read without those that are settled', async () => {
    const { executions } = engine.store.engine;
    const executionId = await stored(450);
    const page = await executions.tasks(executionId, {
      offset: 0,
      except: [
        [0, 300],
        [310, 449],
      ],
    });
    expect(page.places).toEqual([300, 301, 302, 303, 304, 305, 306, 307, 308, 309, 449]);
    expect(page.next).toBeNull();
  });
});
