import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { viewEngine } from './engine-harness.js';
import type { EngineView } from './engine-harness.js';
import { codeOf, expectRebuildEqual, graphOf, unique } from './graphs.js';
import { isRunOf, sagaWorld } from './saga-world.js';
import type { SagaWorld } from './saga-world.js';

/** Events of a history: so few that doing and undoing both take several runs. */
const HISTORY = 60;
const CHAINS = 3;
const STEPS = 10;

const step = (chain: number, at: number): string => `${'abc'.charAt(chain)}${String(at)}`;
const ALL = Array.from({ length: CHAINS * STEPS }, (_, n) => step(n % CHAINS, Math.floor(n / CHAINS)));

/** Three chains; each second step has nothing that undoes it, so that what builds on what goes through it. */
const isUndoable = (id: string): boolean => Number(id.slice(1)) % 2 === 0;
const UNDOABLE = ALL.filter(isUndoable);

const STRATEGIES: Readonly<Record<string, { readonly saga: object; readonly undone: readonly string[] }>> = {
  backward: { saga: {}, undone: UNDOABLE },
  parallel: { saga: { strategy: 'parallel' }, undone: UNDOABLE },
  selective: { saga: { strategy: 'selective', steps: ['a0', 'b4', 'c8'] }, undone: ['a0', 'b4', 'c8'] },
  // What was built on the roots, in the first runs, and nothing beside.
  cascade: {
    saga: { strategy: 'cascade', steps: ['a2', 'b0'] },
    undone: UNDOABLE.filter((id) => (id.startsWith('a') && id !== 'a0') || id.startsWith('b')),
  },
};

let engine: EngineView;
let world: SagaWorld;
const type = unique('chain');

beforeAll(async () => {
  engine = await viewEngine();
  world = await sagaWorld();
  const work = world.work({
    after: (task) => {
      if (isRunOf(task, 'last')) throw new Error('as the test wants it');
    },
  });
  for (let agent = 0; agent < CHAINS; agent += 1) await engine.agent(type, work);
});
afterAll(async () => {
  await engine.close();
  await world.close();
});

const chains = ALL.map((id) => ({
  id,
  depends_on: id.endsWith('0') ? [] : [`${id.charAt(0)}${String(Number(id.slice(1)) - 1)}`],
  ...(isUndoable(id) && { compensate_with: { action: 'undo' } }),
}));
const ends = Array.from({ length: CHAINS }, (_, chain) => step(chain, STEPS - 1));
const tasks = [...chains, { id: 'last', depends_on: ends, retry_policy: 'none' }];

describe('a saga that is longer than one history', { timeout: 120_000 }, () => {
  it.each(Object.entries(STRATEGIES))(
    'is undone as %s says, each step once and after what built on it',
    async (...of) => {
      const [, { saga, undone }] = of;
      const yaml = graphOf({ type, count: CHAINS, tasks, more: { fault_tolerance: { saga_pattern: saga } } });
      const { executionId, result } = await engine.start(yaml, {}, { historyEventsMax: HISTORY });
      expect(await codeOf(result)).toBe('TASK_FAILED');
      const undoings = (await world.happened(executionId))
        .filter(({ what }) => what === 'undo')
        .map(({ task }) => task);
      expect(undoings.toSorted()).toEqual(undone.toSorted());
      for (const chain of 'abc') {
        const places = undoings.filter((id) => id.startsWith(chain)).map((id) => Number(id.slice(1)));
        expect(places).toEqual(places.toSorted((a, b) => b - a));
      }
      expect(await world.standing(executionId)).toEqual(
        [...ALL, 'last'].filter((id) => !undone.includes(id)).toSorted(),
      );
      const { executions } = engine.store.engine;
      expect((await executions.get(executionId))?.projection).toMatchObject({
        status: 'failed',
        counts: { undone: undone.length, failed: 1 },
      });
      await expectRebuildEqual(engine, executionId);
      const reasons = (await executions.events(executionId, { limit: 10_000 }))
        .filter(({ kind }) => kind === 'workflow.checkpoint_created')
        .map(({ data }) => data['reason']);
      // It continued as new before it was undone, and where there is enough to undo in the middle of that as well.
      expect(reasons.indexOf('continue')).toBeLessThan(reasons.indexOf('undo'));
      if (undone.length > 5) expect(reasons.lastIndexOf('continue')).toBeGreaterThan(reasons.indexOf('undo'));
    },
  );
});
