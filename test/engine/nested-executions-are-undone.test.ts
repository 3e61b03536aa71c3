import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOf, expectRebuildEqual } from './graphs.js';
import { Standstill, nestedView, no, pattern, undo } from './nested-world.js';
import type { NestedView } from './nested-world.js';
import { isRunOf } from './saga-world.js';
import type { Meddling } from './saga-world.js';

let view: NestedView;

beforeAll(async () => {
  view = await nestedView();
});
afterAll(async () => {
  await view.close();
});

describe('a nested execution that completed', () => {
  const behindFails: Meddling = {
    after: (task) => {
      if (isRunOf(task, 'behind')) throw no;
    },
  };

  it('is undone with the execution around it, by what its tasks say', async () => {
    const { executionId, result } = await view.start({ meddling: behindFails });
    await expect(result).rejects.toThrow();
    const { executionId: nested, projection } = await view.teamOf(executionId);
    expect(projection).toMatchObject({ status: 'cancelled', counts: { undone: 2 } });
    expect((await view.world.happened(nested)).filter(({ what }) => what === 'undo')).toEqual([
      { what: 'undo', task: 'sum' },
      { what: 'undo', task: 'collect' },
    ]);
    expect(await view.world.standing(executionId)).toEqual(['behind']);
    const { projection: outer } = (await view.engine.store.engine.executions.get(executionId)) ?? {};
    expect(outer).toMatchObject({ status: 'failed', counts: { undone: 2, failed: 1 } });
    await expectRebuildEqual(view.engine, nested);
    await expectRebuildEqual(view.engine, executionId);
  });

  it('is undone where it alone has something to undo, however deep it stands', async () => {
    const deep = [{ id: 'inner', pattern: pattern([{ id: 'collect', agent: 'worker', ...undo }]) }];
    const { executionId, result } = await view.start({ undoable: false, tasks: deep, meddling: behindFails });
    await expect(result).rejects.toThrow();
    const { executionId: nested } = await view.teamOf(executionId);
    const { executionId: inner, projection } = await view.teamOf(nested, 'inner');
    expect(projection.status).toBe('cancelled');
    expect(await view.world.happened(inner)).toEqual([
      { what: 'do', task: 'collect' },
      { what: 'undo', task: 'collect' },
    ]);
  });

  it('is left as it is where the task around it says what undoes it', async () => {
    const { executionId, result } = await view.start({
      team: { compensate_with: { agent: 'worker', action: 'undo-team' } },
      meddling: behindFails,
    });
    await expect(result).rejects.toThrow();
    const { executionId: nested, projection } = await view.teamOf(executionId);
    expect(projection.status).toBe('completed');
    expect(view.askedOf(nested)).toEqual(['run collect', 'run sum']);
    expect(view.askedOf(executionId)).toContain('compensate team');
  });

  it('is left as it is where it passed a point of no return', async () => {
    const tasks = [
      { id: 'collect', agent: 'worker', ...undo },
      { id: 'commit', agent: 'worker', depends_on: ['collect'], pivot: true },
    ];
    const { executionId, result } = await view.start({ tasks, meddling: behindFails });
    expect(await codeOf(result)).toBe('TASK_FAILED');
    const { executionId: nested, projection } = await view.teamOf(executionId);
    expect(projection.status).toBe('completed');
    expect(await view.world.standing(nested)).toEqual(['collect', 'commit']);
  });

  it('is undone to its end when the execution around it is lost while it is undone', async () => {
    const still = new Standstill();
    const { executionId } = await view.start({
      meddling: {
        ...behindFails,
        before: ({ taskId, context }) =>
          taskId === 'sum' && context.purpose === 'compensate' ? still.hold() : undefined,
      },
    });
    await still.reached();
    await view.lose(executionId);
    const end = view.goOn(executionId);
    still.end();
    await expect(end).rejects.toThrow();
    const { executionId: nested } = await view.teamOf(executionId);
    expect((await view.world.happened(nested)).filter(({ what }) => what === 'undo')).toHaveLength(2);
    expect(await view.statusOf(nested)).toBe('cancelled');
    expect(await view.world.standing(executionId)).toEqual(['behind']);
  });
});
