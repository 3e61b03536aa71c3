import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunTask } from '../../contracts/agents.js';
import { until } from '../migration/harness.js';
import { handleOf, viewEngine } from './engine-harness.js';
import type { EngineView, StartedExecution, TestAgent } from './engine-harness.js';
import { codeOf, expectRebuildEqual, graphOf, unique } from './graphs.js';
import { isRunOf, sagaWorld } from './saga-world.js';
import type { Meddling, SagaWorld } from './saga-world.js';

const type = unique('team');
const no = ApplicationFailure.nonRetryable('no', 'NoWay');
const undo = { compensate_with: { action: 'undo' } };

let engine: EngineView;
let world: SagaWorld;
const agents: TestAgent[] = [];
/** What is done to the calls of all that one test starts, by its name. */
const meddlings = new Map<string, Meddling>();

beforeAll(async () => {
  engine = await viewEngine();
  world = await sagaWorld();
  const of = ({ context }: RunTask): Meddling | undefined => meddlings.get(context.workflowName.split('/')[0] ?? '');
  const work = world.work({ before: (task) => of(task)?.before?.(task), after: (task) => of(task)?.after?.(task) });
  for (let agent = 0; agent < 3; agent += 1) agents.push(await engine.agent(type, work));
});
afterAll(async () => {
  await engine.close();
  await world.close();
});

interface Outer {
  /** Whether its tasks can be undone; default true. */
  readonly undoable?: boolean;
  /** Fields of the task that is a pattern. */
  readonly team?: Readonly<Record<string, unknown>>;
  /** Tasks of the pattern, in place of `collect` and `sum`. */
  readonly tasks?: readonly unknown[];
  readonly more?: Readonly<Record<string, unknown>>;
  readonly meddling?: Meddling;
}

/** before → team (collect → sum) → behind: `team` is a pattern. */
async function start({ undoable = true, team = {}, tasks, more, meddling = {} }: Outer): Promise<StartedExecution> {
  const name = unique('outer');
  meddlings.set(name, meddling);
  const can = undoable ? undo : {};
  const inner = tasks ?? [
    { id: 'collect', agent: 'worker', ...can },
    { id: 'sum', agent: 'worker', depends_on: ['collect'], retry_policy: 'none', ...can },
  ];
  const yaml = graphOf({
    type,
    count: 2,
    tasks: [
      { id: 'before', ...can },
      { id: 'team', depends_on: ['before'], retry_policy: 'none', pattern: pattern(inner), ...team },
      { id: 'behind', depends_on: ['team'], retry_policy: 'none' },
    ],
    more: { name, ...more },
  });
  return engine.start(yaml);
}

const pattern = (tasks: readonly unknown[]): object => ({ orchestration_pattern: 'handoff', tasks });
/** Tried again, and soon. */
const again = { retry_policy: { max_attempts: 2, initial_interval_seconds: 0.05 } };

/** A call that stands still until the test lets it go. */
class Standstill {
  readonly #reached = Promise.withResolvers<undefined>();
  readonly #over = Promise.withResolvers<undefined>();

  async hold(): Promise<void> {
    this.#reached.resolve(undefined);
    await this.#over.promise;
  }

  reached(): Promise<undefined> {
    return this.#reached.promise;
  }

  end(): void {
    this.#over.resolve(undefined);
  }
}

/** The newest execution of the task `team`. */
async function teamOf(executionId: string, task = 'team') {
  const [nested] = await engine.store.engine.executions.nestedOf(executionId, task);
  if (nested === undefined) throw new Error(`"${task}" has no execution`);
  return nested;
}

const statusOf = async (executionId: string): Promise<string | undefined> =>
  (await engine.store.engine.executions.get(executionId))?.projection.status;

/** Calls of agents for an execution, as "purpose task". */
const askedOf = (executionId: string): string[] =>
  agents
    .flatMap(({ asked }) => asked)
    .filter((task) => task.executionId === executionId)
    .map(({ taskId, context }) => `${context.purpose} ${taskId}`)
    .sort();

const checkpointsOf = async (executionId: string): Promise<unknown[]> =>
  (await engine.store.engine.executions.events(executionId, {}))
    .filter(({ kind }) => kind === 'workflow.checkpoint_created')
    .map(({ data }) => data['reason']);

/** Pauses and resumes: from now on there is a checkpoint to go on from. */
async function keepCheckpoint(executionId: string): Promise<void> {
  const handle = handleOf(engine.client, executionId);
  await handle.executeUpdate('pause', { args: [{ by: 'a test' }] });
  await handle.executeUpdate('resume', { args: [{ by: 'a test' }] });
}

/** As `terminate` does it: no code runs, and the store learns of it later. */
async function lose(executionId: string): Promise<void> {
  await handleOf(engine.client, executionId).terminate('a test');
}

async function goOn(executionId: string): Promise<{ readonly status: string }> {
  const checkpointId = await engine.store.engine.executions.lastCheckpoint(executionId);
  return (await engine.goOn(executionId, checkpointId === undefined ? {} : { checkpointId })).result;
}

describe('a task that is a pattern', () => {
  it('gives what its execution gave, and its tasks read what was done around it', async () => {
    const tasks = [{ id: 'collect', agent: 'worker', input: { of: '${{ tasks.before.output.did }}' } }];
    const { executionId, result } = await start({ tasks });
    expect((await result).output['team']).toEqual({
      tasks: { collect: { did: 'collect' } },
      counts: { done: 1, skipped: 0, failed: 0, undone: 0 },
    });
    const nested = await teamOf(executionId);
    const collect = agents.flatMap(({ asked }) => asked).find((task) => task.executionId === nested.executionId);
    expect(collect?.input).toEqual({ of: 'before' });
  });

  it('pauses with the execution around it, keeps a checkpoint, gives its agents back, and goes on with it', async () => {
    const still = new Standstill();
    const { executionId, result } = await start({
      meddling: { after: (task) => (isRunOf(task, 'collect') ? still.hold() : undefined) },
    });
    await still.reached();
    const handle = handleOf(engine.client, executionId);
    await handle.executeUpdate('pause', { args: [{ by: 'a test' }] });
    const { executionId: nested } = await teamOf(executionId);
    await until('it is paused', async () => (await statusOf(nested)) === 'paused');
    still.end();
    await until('its agents are free', async () => {
      return (await engine.store.engine.agents.allocationOf(nested)).length === 0;
    });
    await engine.untilEvent(nested, 'agent.released');
    expect(await checkpointsOf(nested)).toEqual(['pause']);
    expect(askedOf(nested)).toEqual(['run collect']);
    await handle.executeUpdate('resume', { args: [{ by: 'a test' }] });
    expect((await result).status).toBe('completed');
    expect(askedOf(nested)).toEqual(['run collect', 'run sum']);
    await expectRebuildEqual(engine, nested);
  });

  it('is cancelled with the execution around it, and both are undone', async () => {
    const still = new Standstill();
    const { executionId, result } = await start({
      meddling: { after: (task) => (isRunOf(task, 'sum') ? still.hold() : undefined) },
    });
    await still.reached();
    await engine.cancel(executionId, 'owner');
    still.end();
    await expect(result).rejects.toThrow();
    const { executionId: nested, projection } = await teamOf(executionId);
    expect(projection).toMatchObject({ status: 'cancelled', counts: { undone: 2 } });
    expect(await statusOf(executionId)).toBe('cancelled');
    expect([...(await world.standing(nested)), ...(await world.standing(executionId))]).toEqual([]);
    expect(await engine.store.engine.agents.allocationOf(nested)).toEqual([]);
  });
});

describe('a task that is a pattern and fails', () => {
  it('fails the execution around it, which undoes what it did', async () => {
    const { executionId, result } = await start({
      meddling: {
        after: (task) => {
          if (isRunOf(task, 'sum')) throw no;
        },
      },
    });
    await expect(result).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/Task "team": .*Task "sum"/) as string },
    });
    const { executionId: nested, projection } = await teamOf(executionId);
    expect(projection).toMatchObject({ status: 'failed', counts: { undone: 2 } });
    expect([...(await world.standing(nested)), ...(await world.standing(executionId))]).toEqual([]);
  });

  it('is begun anew as its policy says: what was undone has its effects again, under keys of its own', async () => {
    let fails = 1;
    const { executionId, result } = await start({
      team: again,
      meddling: {
        after: (task) => {
          if (isRunOf(task, 'sum') && (fails -= 1) >= 0) throw no;
        },
      },
    });
    expect((await result).tasks).toMatchObject({ done: 3, failed: 0 });
    const nested = await teamOf(executionId);
    expect(nested.keysOf).toBeNull();
    expect(await world.standing(nested.executionId)).toEqual(['collect', 'sum']);
    const states = await engine.store.engine.executions.taskStates(executionId, 10);
    expect(states.find(({ taskId }) => taskId === 'team')).toMatchObject({ state: 'done', attempt: 2 });
    await expectRebuildEqual(engine, executionId);
  });

  it('is begun anew under the same keys where nothing was undone: each effect is there once', async () => {
    let fails = 1;
    const keys: string[] = [];
    const { executionId, result } = await start({
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
    const { executionId: nested, keysOf } = await teamOf(executionId);
    expect(keysOf).not.toBeNull();
    expect(keys).toEqual([`${String(keysOf)}/collect/run`, `${String(keysOf)}/collect/run`]);
    expect(await world.standing(String(keysOf))).toEqual(['collect', 'sum']);
    expect(await world.happened(nested)).toEqual([]);
  });

  it('is not begun anew when a person cancelled it', async () => {
    const still = new Standstill();
    const { executionId, result } = await start({
      team: again,
      meddling: { after: (task) => (isRunOf(task, 'sum') ? still.hold() : undefined) },
    });
    await still.reached();
    const { executionId: nested } = await teamOf(executionId);
    await engine.cancel(nested, 'owner');
    still.end();
    await expect(result).rejects.toThrow();
    expect((await teamOf(executionId)).executionId).toBe(nested);
    expect([...(await world.standing(nested)), ...(await world.standing(executionId))]).toEqual([]);
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
    const { executionId, result } = await start({
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
    const parts = await engine.store.engine.executions.nestedOf(executionId, 'team');
    expect(parts.map(({ part, projection }) => [part, projection.status])).toEqual([
      [0, 'completed'],
      [1, 'completed'],
      [2, 'completed'],
    ]);
    await expectRebuildEqual(engine, executionId);
  });

  it('is undone in all of them', async () => {
    const { executionId, result } = await start({
      team: each,
      tasks: inner(),
      meddling: {
        after: (task) => {
          if (isRunOf(task, 'behind')) throw no;
        },
      },
    });
    await expect(result).rejects.toThrow();
    const parts = await engine.store.engine.executions.nestedOf(executionId, 'team');
    expect(parts.map(({ projection }) => projection.status)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    const standing = await Promise.all(parts.map((part) => world.standing(part.executionId)));
    expect(standing).toEqual([[], [], []]);
    expect((await engine.store.engine.executions.get(executionId))?.projection.counts).toEqual({
      undone: 2,
      failed: 1,
    });
  });
});

describe('an execution whose workflow was lost', () => {
  it('takes the output of a nested one that completed meanwhile', async () => {
    const [collecting, behind] = [new Standstill(), new Standstill()];
    const { executionId } = await start({
      meddling: {
        after: (task) => {
          if (isRunOf(task, 'collect')) return collecting.hold();
          return isRunOf(task, 'behind') ? behind.hold() : undefined;
        },
      },
    });
    await collecting.reached();
    const { executionId: nested } = await teamOf(executionId);
    await keepCheckpoint(executionId);
    collecting.end();
    await behind.reached();
    await lose(executionId);
    behind.end();
    expect(await goOn(executionId)).toMatchObject({ status: 'completed' });
    expect((await teamOf(executionId)).executionId).toBe(nested);
    expect(askedOf(nested)).toEqual(['run collect', 'run sum']);
    await expectRebuildEqual(engine, executionId);
  });

  it('waits for a nested one that was asked to stop, and begins it anew', async () => {
    const still = new Standstill();
    const { executionId } = await start({
      meddling: { after: (task) => (isRunOf(task, 'sum') ? still.hold() : undefined) },
    });
    await still.reached();
    const { executionId: first } = await teamOf(executionId);
    await keepCheckpoint(executionId);
    await lose(executionId);
    const end = goOn(executionId);
    await until('it is taken up again', async () => {
      const events = await engine.store.engine.executions.events(executionId, {});
      return events.some(({ kind, taskId, attempt }) => kind === 'task.started' && taskId === 'team' && attempt === 2);
    });
    expect((await teamOf(executionId)).closedAt).toBeNull();
    still.end();
    expect(await end).toMatchObject({ status: 'completed' });
    const { executionId: second } = await teamOf(executionId);
    expect(second).not.toBe(first);
    expect(await world.standing(first)).toEqual([]);
    expect(await world.standing(second)).toEqual(['collect', 'sum']);
  });

  it('goes on with a nested one whose workflow was lost alone, from its last checkpoint', async () => {
    const still = new Standstill();
    const { executionId, result } = await start({
      team: again,
      meddling: { after: (task) => (isRunOf(task, 'sum') ? still.hold() : undefined) },
    });
    await still.reached();
    const { executionId: nested } = await teamOf(executionId);
    const paused = handleOf(engine.client, nested).executeUpdate('pause', { args: [{ by: 'a test' }] });
    await until('it is paused', async () => (await engine.view(nested)).status === 'paused');
    still.end();
    await paused;
    await lose(nested);
    expect((await result).status).toBe('completed');
    expect((await teamOf(executionId)).executionId).toBe(nested);
    expect(askedOf(nested)).toEqual(['run collect', 'run sum']);
    await expectRebuildEqual(engine, nested);
  });
});

describe('a nested execution that completed', () => {
  const behindFails: Meddling = {
    after: (task) => {
      if (isRunOf(task, 'behind')) throw no;
    },
  };

  it('is undone with the execution around it, by what its tasks say', async () => {
    const { executionId, result } = await start({ meddling: behindFails });
    await expect(result).rejects.toThrow();
    const { executionId: nested, projection } = await teamOf(executionId);
    expect(projection).toMatchObject({ status: 'cancelled', counts: { undone: 2 } });
    expect((await world.happened(nested)).filter(({ what }) => what === 'undo')).toEqual([
      { what: 'undo', task: 'sum' },
      { what: 'undo', task: 'collect' },
    ]);
    expect(await world.standing(executionId)).toEqual(['behind']);
    const { projection: outer } = (await engine.store.engine.executions.get(executionId)) ?? {};
    expect(outer).toMatchObject({ status: 'failed', counts: { undone: 2, failed: 1 } });
    await expectRebuildEqual(engine, nested);
    await expectRebuildEqual(engine, executionId);
  });

  it('is undone where it alone has something to undo, however deep it stands', async () => {
    const deep = [{ id: 'inner', pattern: pattern([{ id: 'collect', agent: 'worker', ...undo }]) }];
    const { executionId, result } = await start({ undoable: false, tasks: deep, meddling: behindFails });
    await expect(result).rejects.toThrow();
    const { executionId: nested } = await teamOf(executionId);
    const { executionId: inner, projection } = await teamOf(nested, 'inner');
    expect(projection.status).toBe('cancelled');
    expect(await world.happened(inner)).toEqual([
      { what: 'do', task: 'collect' },
      { what: 'undo', task: 'collect' },
    ]);
  });

  it('is left as it is where the task around it says what undoes it', async () => {
    const { executionId, result } = await start({
      team: { compensate_with: { agent: 'worker', action: 'undo-team' } },
      meddling: behindFails,
    });
    await expect(result).rejects.toThrow();
    const { executionId: nested, projection } = await teamOf(executionId);
    expect(projection.status).toBe('completed');
    expect(askedOf(nested)).toEqual(['run collect', 'run sum']);
    expect(askedOf(executionId)).toContain('compensate team');
  });

  it('is left as it is where it passed a point of no return', async () => {
    const tasks = [
      { id: 'collect', agent: 'worker', ...undo },
      { id: 'commit', agent: 'worker', depends_on: ['collect'], pivot: true },
    ];
    const { executionId, result } = await start({ tasks, meddling: behindFails });
    expect(await codeOf(result)).toBe('TASK_FAILED');
    const { executionId: nested, projection } = await teamOf(executionId);
    expect(projection.status).toBe('completed');
    expect(await world.standing(nested)).toEqual(['collect', 'commit']);
  });

  it('is undone to its end when the execution around it is lost while it is undone', async () => {
    const still = new Standstill();
    const { executionId } = await start({
      meddling: {
        ...behindFails,
        before: ({ taskId, context }) =>
          taskId === 'sum' && context.purpose === 'compensate' ? still.hold() : undefined,
      },
    });
    await still.reached();
    await lose(executionId);
    const end = goOn(executionId);
    still.end();
    await expect(end).rejects.toThrow();
    const { executionId: nested } = await teamOf(executionId);
    expect((await world.happened(nested)).filter(({ what }) => what === 'undo')).toHaveLength(2);
    expect(await statusOf(nested)).toBe('cancelled');
    expect(await world.standing(executionId)).toEqual(['behind']);
  });
});
