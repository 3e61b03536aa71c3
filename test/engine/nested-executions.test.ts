import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunTask } from '../../contracts/agents.js';
import { until } from '../migration/harness.js';
import { handleOf } from './engine-harness.js';
import { expectRebuildEqual } from './graphs.js';
import { Standstill, again, nestedView, no, undo } from './nested-world.js';
import type { NestedView } from './nested-world.js';
import { isRunOf } from './saga-world.js';

let view: NestedView;

beforeAll(async () => {
  view = await nestedView();
});
afterAll(async () => {
  await view.close();
});

const checkpointsOf = async (executionId: string): Promise<unknown[]> =>
  (await view.engine.store.engine.executions.events(executionId, {}))
    .filter(({ kind }) => kind === 'workflow.checkpoint_created')
    .map(({ data }) => data['reason']);

/** Pauses and resumes: from now on there is a checkpoint to go on from. */
async function keepCheckpoint(executionId: string): Promise<void> {
  const handle = handleOf(view.engine.client, executionId);
  await handle.executeUpdate('pause', { args: [{ by: 'a test' }] });
  await handle.executeUpdate('resume', { args: [{ by: 'a test' }] });
}

describe('a task that is a pattern', () => {
  it('gives what its execution gave, and its tasks read what was done around it', async () => {
    const tasks = [{ id: 'collect', agent: 'worker', input: { of: '${{ tasks.before.output.did }}' } }];
    const inputs: unknown[] = [];
    const { result } = await view.start({
      tasks,
      meddling: { before: ({ taskId, input }) => taskId === 'collect' && inputs.push(input) },
    });
    expect((await result).output['team']).toEqual({
      tasks: { collect: { did: 'collect' } },
      counts: { done: 1, skipped: 0, failed: 0, undone: 0 },
    });
    expect(inputs).toEqual([{ of: 'before' }]);
  });

  it('pauses with the execution around it, keeps a checkpoint, gives its agents back, and goes on with it', async () => {
    const still = new Standstill();
    const { executionId, result } = await view.start({
      meddling: { after: (task) => (isRunOf(task, 'collect') ? still.hold() : undefined) },
    });
    await still.reached();
    const handle = handleOf(view.engine.client, executionId);
    await handle.executeUpdate('pause', { args: [{ by: 'a test' }] });
    const { executionId: nested } = await view.teamOf(executionId);
    await until('it is paused', async () => (await view.statusOf(nested)) === 'paused');
    still.end();
    await until('its agents are free', async () => {
      return (await view.engine.store.engine.agents.allocationOf(nested)).length === 0;
    });
    await view.engine.untilEvent(nested, 'agent.released');
    expect(await checkpointsOf(nested)).toEqual(['pause']);
    expect(view.askedOf(nested)).toEqual(['run collect']);
    await handle.executeUpdate('resume', { args: [{ by: 'a test' }] });
    expect((await result).status).toBe('completed');
    expect(view.askedOf(nested)).toEqual(['run collect', 'run sum']);
    await expectRebuildEqual(view.engine, nested);
  });

  it('is paused as well when the pause comes while it is being started', async () => {
    const still = new Standstill();
    const { executions } = view.engine.store.engine;
    const paused = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const started = await view.start({
          meddling: { after: (task) => (isRunOf(task, 'collect') ? still.hold() : undefined) },
        });
        // Its row is there before its workflow is.
        while ((await executions.nestedOf(started.executionId, 'team')).length === 0);
        const handle = handleOf(view.engine.client, started.executionId);
        await handle.executeUpdate('pause', { args: [{ by: 'a test' }] });
        const { executionId: nested } = await view.teamOf(started.executionId);
        await until('it is paused', async () => (await view.statusOf(nested)) === 'paused');
        return { ...started, nested, handle };
      }),
    );
    still.end();
    await Promise.all(
      paused.map(async ({ nested, handle, result }) => {
        expect(view.askedOf(nested)).not.toContain('run sum');
        await handle.executeUpdate('resume', { args: [{ by: 'a test' }] });
        expect((await result).status).toBe('completed');
      }),
    );
  });

  it('waits for people as long as they need: that time does not count for the execution around it', async () => {
    const tasks = [
      { id: 'collect', agent: 'worker' },
      { id: 'sum', agent: 'worker', depends_on: ['collect'], approval: true },
    ];
    const { executionId, result } = await view.start({ tasks, timeout: 5 });
    const sinceMs = Date.now();
    await until(
      'it runs',
      async () => (await view.engine.store.engine.executions.nestedOf(executionId, 'team')).length > 0,
    );
    const { executionId: nested } = await view.teamOf(executionId);
    await view.engine.untilEvent(nested, 'task.waiting_for_person', 'sum');
    await until('the limit would be over', () => Date.now() > sinceMs + 6000);
    const decision = { taskId: 'sum', approved: true, by: 'a test' };
    await handleOf(view.engine.client, nested).executeUpdate('decideTask', { args: [decision] });
    expect(await result).toMatchObject({ status: 'completed', tasks: { done: 3 } });
  });

  it('is cancelled with the execution around it, and both are undone', async () => {
    const still = new Standstill();
    const { executionId, result } = await view.start({
      meddling: { after: (task) => (isRunOf(task, 'sum') ? still.hold() : undefined) },
    });
    await still.reached();
    await view.engine.cancel(executionId, 'owner');
    still.end();
    await expect(result).rejects.toThrow();
    const { executionId: nested, projection } = await view.teamOf(executionId);
    expect(projection).toMatchObject({ status: 'cancelled', counts: { undone: 2 } });
    expect(await view.statusOf(executionId)).toBe('cancelled');
    expect([...(await view.world.standing(nested)), ...(await view.world.standing(executionId))]).toEqual([]);
    expect(await view.engine.store.engine.agents.allocationOf(nested)).toEqual([]);
  });
});

describe('a task that is a pattern and fails', () => {
  it('fails the execution around it, which undoes what it did', async () => {
    const { executionId, result } = await view.start({
      meddling: {
        after: (task) => {
          if (isRunOf(task, 'sum')) throw no;
        },
      },
    });
    await expect(result).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/Task "team": .*Task "sum"/) as string },
    });
    const { executionId: nested, projection } = await view.teamOf(executionId);
    expect(projection).toMatchObject({ status: 'failed', counts: { undone: 2 } });
    expect([...(await view.world.standing(nested)), ...(await view.world.standing(executionId))]).toEqual([]);
  });

  it('is begun anew as its policy says: what was undone has its effects again, under keys of its own', async () => {
    let fails = 1;
    const { executionId, result } = await view.start({
      team: again,
      meddling: {
        after: (task) => {
          if (isRunOf(task, 'sum') && (fails -= 1) >= 0) throw no;
        },
      },
    });
    expect((await result).tasks).toMatchObject({ done: 3, failed: 0 });
    const nested = await view.teamOf(executionId);
    expect(nested.keysOf).toBeNull();
    expect(await view.world.standing(nested.executionId)).toEqual(['collect', 'sum']);
    const states = await view.engine.store.engine.executions.taskStates(executionId, 10);
    expect(states.find(({ taskId }) => taskId === 'team')).toMatchObject({ state: 'done', attempt: 2 });
    await expectRebuildEqual(view.engine, executionId);
  });

  it('is begun anew under the same keys where nothing was undone: each effect is there once', async () => {
    let fails = 1;
    const keys: string[] = [];
    const { executionId, result } = await view.start({
      undoable: false,
      team: again,
      meddling: {
        before: ({ taskId, context }) => {
          if (taskId === 'collect') keys.push(context.idempotencyKey);
        },
        after: (task) => {
          if (isRunOf(task, 'sum') && (fails -= 1) >= 0) throw no;
        },
      },
    });
    expect((await result).status).toBe('completed');
    const { executionId: nested, keysOf } = await view.teamOf(executionId);
    expect(keysOf).not.toBeNull();
    expect(keys).toEqual([`${String(keysOf)}/collect/run`, `${String(keysOf)}/collect/run`]);
    expect(await view.world.standing(String(keysOf))).toEqual(['collect', 'sum']);
    expect(await view.world.happened(nested)).toEqual([]);
  });

  it('is not begun anew when a person cancelled it', async () => {
    const still = new Standstill();
    const { executionId, result } = await view.start({
      team: again,
      meddling: { after: (task) => (isRunOf(task, 'sum') ? still.hold() : undefined) },
    });
    await still.reached();
    const { executionId: nested } = await view.teamOf(executionId);
    await view.engine.cancel(nested, 'owner');
    still.end();
    await expect(result).rejects.toThrow();
    expect((await view.teamOf(executionId)).executionId).toBe(nested);
    expect([...(await view.world.standing(nested)), ...(await view.world.standing(executionId))]).toEqual([]);
  });
});

describe('a task that is a pattern and may not take long', () => {
  it('fails when its time is over, and what it did is undone', async () => {
    const still = new Standstill();
    const { executionId, result } = await view.start({
      team: { timeout: 2 },
      meddling: { after: (task) => (isRunOf(task, 'sum') ? still.hold() : undefined) },
    });
    const ended = expect(result).rejects.toThrow();
    await still.reached();
    const sinceMs = Date.now();
    const { executionId: nested } = await view.teamOf(executionId);
    await until('its time is over', () => Date.now() > sinceMs + 3000);
    still.end();
    await ended;
    const { projection } = await view.teamOf(executionId);
    expect(projection).toMatchObject({ status: 'timed_out', counts: { undone: 2 } });
    expect([...(await view.world.standing(nested)), ...(await view.world.standing(executionId))]).toEqual([]);
  });
});

describe('a task that is a pattern and the point of no return', () => {
  it('is undone with what was before it when it fails', async () => {
    const { executionId, result } = await view.start({
      team: { pivot: true },
      meddling: {
        after: (task) => {
          if (isRunOf(task, 'sum')) throw no;
        },
      },
    });
    await expect(result).rejects.toThrow();
    const { executionId: nested } = await view.teamOf(executionId);
    expect([...(await view.world.standing(nested)), ...(await view.world.standing(executionId))]).toEqual([]);
  });

  it('lets nothing back once it is done: what comes behind is tried until it succeeds', async () => {
    let fails = 2;
    const { executionId, result } = await view.start({
      team: { pivot: true },
      meddling: {
        before: (task) => {
          if (isRunOf(task, 'behind') && (fails -= 1) >= 0) throw new Error('not yet');
        },
      },
    });
    expect((await result).status).toBe('completed');
    const { executionId: nested } = await view.teamOf(executionId);
    expect(await view.world.standing(nested)).toEqual(['collect', 'sum']);
    expect(view.askedOf(executionId).filter((asked) => asked === 'run behind')).toHaveLength(3);
    expect(await checkpointsOf(executionId)).toContain('pivot');
  });
});

describe('a task that is a pattern and runs for each item of a list', () => {
  const each = { for_each: '[10, 20, 30]' };
  const inner = (more: object = undo): object[] => [
    {
      id: 'collect',
      agent: 'worker',
      input: { item: '${{ item }}', at: '${{ index }}' },
      retry_policy: 'none',
      ...more,
    },
  ];
  const itemOf = ({ input }: RunTask): unknown => (input as { item?: unknown } | null)?.item;

  it('has an execution for each, which reads its item; one that fails is begun anew, and the others are not', async () => {
    let fails = 1;
    const seen: unknown[] = [];
    const { executionId, result } = await view.start({
      team: { ...each, ...again },
      tasks: inner(),
      meddling: {
        after: (task) => {
          if (!isRunOf(task, 'collect')) return;
          seen.push(task.input);
          if (itemOf(task) === 20 && (fails -= 1) >= 0) throw no;
        },
      },
    });
    const { output } = await result;
    expect(output['team']).toEqual(
      each.for_each.match(/\d+/g)?.map(() => ({
        tasks: { collect: { did: 'collect' } },
        counts: { done: 1, skipped: 0, failed: 0, undone: 0 },
      })),
    );
    const of = (item: number): unknown => ({ item, at: item / 10 - 1 });
    expect(seen).toHaveLength(4);
    expect(seen).toEqual(expect.arrayContaining([of(10), of(20), of(30)]));
    const parts = await view.engine.store.engine.executions.nestedOf(executionId, 'team');
    expect(parts.map(({ part, projection }) => [part, projection.status])).toEqual([
      [0, 'completed'],
      [1, 'completed'],
      [2, 'completed'],
    ]);
    await expectRebuildEqual(view.engine, executionId);
  });

  it('is undone in all of them', async () => {
    const { executionId, result } = await view.start({
      team: each,
      tasks: inner(),
      meddling: {
        after: (task) => {
          if (isRunOf(task, 'behind')) throw no;
        },
      },
    });
    await expect(result).rejects.toThrow();
    const parts = await view.engine.store.engine.executions.nestedOf(executionId, 'team');
    expect(parts.map(({ projection }) => projection.status)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    const standing = await Promise.all(parts.map((part) => view.world.standing(part.executionId)));
    expect(standing).toEqual([[], [], []]);
    expect((await view.engine.store.engine.executions.get(executionId))?.projection.counts).toEqual({
      undone: 2,
      failed: 1,
    });
  });
});

describe('an execution whose workflow was lost', () => {
  it('takes the output of a nested one that completed meanwhile', async () => {
    const [collecting, behind] = [new Standstill(), new Standstill()];
    const { executionId } = await view.start({
      meddling: {
        after: (task) => {
          if (isRunOf(task, 'collect')) return collecting.hold();
          return isRunOf(task, 'behind') ? behind.hold() : undefined;
        },
      },
    });
    await collecting.reached();
    const { executionId: nested } = await view.teamOf(executionId);
    await keepCheckpoint(executionId);
    collecting.end();
    await behind.reached();
    await view.lose(executionId);
    behind.end();
    expect(await view.goOn(executionId)).toMatchObject({ status: 'completed' });
    expect((await view.teamOf(executionId)).executionId).toBe(nested);
    expect(view.askedOf(nested)).toEqual(['run collect', 'run sum']);
    await expectRebuildEqual(view.engine, executionId);
  });

  it('waits for a nested one that was asked to stop, and begins it anew', async () => {
    const still = new Standstill();
    const { executionId } = await view.start({
      meddling: { after: (task) => (isRunOf(task, 'sum') ? still.hold() : undefined) },
    });
    await still.reached();
    const { executionId: first } = await view.teamOf(executionId);
    await keepCheckpoint(executionId);
    await view.lose(executionId);
    const end = view.goOn(executionId);
    await until('it is taken up again', async () => {
      const events = await view.engine.store.engine.executions.events(executionId, {});
      return events.some(({ kind, taskId, attempt }) => kind === 'task.started' && taskId === 'team' && attempt === 2);
    });
    expect((await view.teamOf(executionId)).closedAt).toBeNull();
    still.end();
    expect(await end).toMatchObject({ status: 'completed' });
    const { executionId: second } = await view.teamOf(executionId);
    expect(second).not.toBe(first);
    expect(await view.world.standing(first)).toEqual([]);
    expect(await view.world.standing(second)).toEqual(['collect', 'sum']);
  });

  it('goes on with a nested one whose workflow was lost alone, from its last checkpoint', async () => {
    const still = new Standstill();
    const { executionId, result } = await view.start({
      team: again,
      meddling: { after: (task) => (isRunOf(task, 'sum') ? still.hold() : undefined) },
    });
    await still.reached();
    const { executionId: nested } = await view.teamOf(executionId);
    const paused = handleOf(view.engine.client, nested).executeUpdate('pause', { args: [{ by: 'a test' }] });
    await until('it is paused', async () => (await view.engine.view(nested)).status === 'paused');
    still.end();
    await paused;
    await view.lose(nested);
    expect((await result).status).toBe('completed');
    expect((await view.teamOf(executionId)).executionId).toBe(nested);
    expect(view.askedOf(nested)).toEqual(['run collect', 'run sum']);
    await expectRebuildEqual(view.engine, nested);
  });
});
