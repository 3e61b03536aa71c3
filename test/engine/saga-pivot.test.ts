import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDefinition } from '../../language/definition.js';
import { viewEngine } from './engine-harness.js';
import type { EngineView, StartedExecution } from './engine-harness.js';
import { unique } from './graphs.js';
import { isRunOf, sagaWorld } from './saga-world.js';
import type { Meddling, SagaWorld } from './saga-world.js';
const type = unique('bank');

/** The seed's saga: reserve → process → commit, and what comes behind the point of no return. */
const commitment = (more: { readonly commit?: string; readonly beside?: string } = {}): string => `
name: commitment
orchestration_pattern: handoff
agents: {worker: {type: ${type}, count: 3}}
tasks:
  - {id: reserve, agent: worker, retry_policy: none, compensate_with: {action: release}}
  - {id: process, agent: worker, depends_on: [reserve], retry_policy: none, compensate_with: {action: revert}}
  - {id: commit, agent: worker, depends_on: [process], pivot: true, reversible: false, ${more.commit ?? 'retry_policy: none'}}
  - {id: notify, agent: worker, depends_on: [commit], retry_policy: {max_attempts: 1, initial_interval_seconds: 0.05}}
${more.beside ?? ''}`;

const no = ApplicationFailure.nonRetryable('no', 'NoWay');

let engine: EngineView;
let world: SagaWorld;
const meddlings = new Map<string, Meddling>();

beforeAll(async () => {
  engine = await viewEngine();
  world = await sagaWorld();
  const meddle: Meddling = {
    before: (task) => meddlings.get(task.executionId)?.before?.(task),
    after: (task) => meddlings.get(task.executionId)?.after?.(task),
  };
  for (let agent = 0; agent < 3; agent += 1) await engine.agent(type, world.work(meddle));
});
afterAll(async () => {
  await engine.close();
  await world.close();
});

const start = (yaml: string, meddling: Meddling): Promise<StartedExecution> =>
  engine.start(yaml, {}, (executionId) => meddlings.set(executionId, meddling));

const undone = async (executionId: string): Promise<string[]> =>
  (await world.happened(executionId)).filter(({ what }) => what === 'undo').map(({ task }) => task);

describe.concurrent('reserve, process, commit', () => {
  it('undoes what was done, in reverse, when a step before the pivot fails', async () => {
    const { executionId, result } = await start(commitment(), {
      after: (task) => {
        if (isRunOf(task, 'process')) throw no;
      },
    });
    await expect(result).rejects.toThrow();
    expect(await undone(executionId)).toEqual(['process', 'reserve']);
    expect(await world.standing(executionId)).toEqual([]);
  });

  it('undoes what was done when the pivot itself is refused', async () => {
    const { executionId, result } = await start(commitment(), {
      before: (task) => {
        if (isRunOf(task, 'commit')) throw no;
      },
    });
    await expect(result).rejects.toThrow();
    expect(await undone(executionId)).toEqual(['process', 'reserve']);
  });

  it('only goes forward after the pivot: a step behind it is tried until it succeeds', async () => {
    let tries = 0;
    const { executionId, result } = await start(commitment(), {
      before: (task) => {
        if (isRunOf(task, 'notify') && (tries += 1) < 5) throw no;
      },
    });
    expect((await result).status).toBe('completed');
    expect(tries).toBe(5);
    expect(await world.standing(executionId)).toEqual(['commit', 'notify', 'process', 'reserve']);
    expect(await undone(executionId)).toEqual([]);
  });

  it('keeps a checkpoint before the pivot', async () => {
    const { executionId, result } = await start(commitment(), {});
    await result;
    const events = await engine.store.engine.executions.events(executionId, {});
    const [pivot, ...more] = events.filter(({ kind }) => kind === 'workflow.checkpoint_created');
    expect(more).toEqual([]);
    expect(pivot?.data).toMatchObject({ reason: 'pivot' });
    const state = await engine.store.engine.executions.checkpoint(executionId, String(pivot?.data['checkpoint_id']));
    expect(state).toMatchObject({ undos: [[0, 2]], pivoted: false, pivotsAsked: ['commit'] });
    const commit = events.find(({ kind, taskId }) => kind === 'task.started' && taskId === 'commit');
    expect(pivot?.seq).toBeLessThan(commit?.seq ?? 0);
  });

  it('never undoes once nobody can know whether the pivot was passed', async () => {
    const again = Promise.withResolvers<undefined>();
    let calls = 0;
    // It has its effect, its answer is lost, and then it is refused again and again, though its policy is one attempt.
    const { executionId, result } = await start(commitment({ commit: 'timeout: 1, retry_policy: none' }), {
      after: async (task) => {
        if (!isRunOf(task, 'commit')) return;
        calls += 1;
        if (calls === 1) await again.promise;
        else again.resolve(undefined);
        if (calls === 2 || calls === 3) throw no;
      },
    });
    expect((await result).status).toBe('completed');
    expect(calls).toBe(4);
    expect(await undone(executionId)).toEqual([]);
  });

  it('lets a pivot that runs come to its end when it is cancelled, and does not undo what was committed', async () => {
    const runs = Promise.withResolvers<undefined>();
    const cancelled = Promise.withResolvers<undefined>();
    const { executionId, result } = await start(commitment(), {
      before: async (task) => {
        if (!isRunOf(task, 'commit')) return;
        runs.resolve(undefined);
        await cancelled.promise;
      },
    });
    await runs.promise;
    await engine.cancel(executionId, 'owner');
    cancelled.resolve(undefined);
    await expect(result).rejects.toThrow();
    expect(await world.standing(executionId)).toEqual(['commit', 'process', 'reserve']);
    expect((await engine.store.engine.executions.get(executionId))?.projection.status).toBe('cancelled');
  });

  it('undoes when it is cancelled and the pivot that runs is refused', async () => {
    const runs = Promise.withResolvers<undefined>();
    const cancelled = Promise.withResolvers<undefined>();
    const { executionId, result } = await start(commitment({ commit: 'retry_policy: fixed' }), {
      before: async (task) => {
        if (!isRunOf(task, 'commit')) return;
        runs.resolve(undefined);
        await cancelled.promise;
        throw ApplicationFailure.create({ message: 'later', type: 'Later' });
      },
    });
    await runs.promise;
    await engine.cancel(executionId, 'owner');
    cancelled.resolve(undefined);
    await expect(result).rejects.toThrow();
    expect(await undone(executionId)).toEqual(['process', 'reserve']);
  });
});

describe.concurrent('a step beside the pivot that fails for good while the pivot runs', () => {
  const beside =
    '  - {id: beside, agent: worker, depends_on: [reserve], retry_policy: none, compensate_with: {action: x}}';
  const race = async (pivotFails: boolean): Promise<{ executionId: string; result: StartedExecution['result'] }> => {
    const committing = Promise.withResolvers<undefined>();
    const failed = Promise.withResolvers<undefined>();
    let tries = 0;
    return start(commitment({ beside }), {
      before: async (task) => {
        if (isRunOf(task, 'commit')) {
          committing.resolve(undefined);
          await failed.promise;
          // The answer of the other is in the history before the pivot's.
          await engine.untilEvent(task.executionId, 'task.failed', 'beside');
          if (pivotFails) throw no;
        }
        if (isRunOf(task, 'beside') && (tries += 1) === 1) {
          await committing.promise;
          failed.resolve(undefined);
          throw no;
        }
      },
    });
  };

  it('is tried again when the pivot is passed: there is no way back any more', async () => {
    const { executionId, result } = await race(false);
    expect((await result).status).toBe('completed');
    expect(await world.standing(executionId)).toEqual(['beside', 'commit', 'notify', 'process', 'reserve']);
  });

  it('fails, and all is undone, when the pivot is not', async () => {
    const { executionId, result } = await race(true);
    await expect(result).rejects.toThrow();
    expect(await world.standing(executionId)).toEqual([]);
  });
});

describe('a definition', () => {
  const problems = (yaml: string): string => {
    try {
      parseDefinition(yaml);
      return '';
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
  };

  it('is refused where what cannot be undone stands before the pivot', () => {
    const beside = '  - {id: ship, agent: worker, depends_on: [reserve], reversible: false}';
    expect(problems(commitment({ beside }))).toContain('it cannot be undone, and may run before the pivot');
  });

  it('is refused where the undo of a step stands behind the pivot', () => {
    const beside = '  - {id: ship, agent: worker, depends_on: [commit], compensate_with: {action: x}}';
    expect(problems(commitment({ beside }))).toContain('at and behind a pivot nothing is undone');
  });

  it('is refused where a step that is to be undone has nothing that undoes it', () => {
    const saga = 'fault_tolerance: {saga_pattern: {strategy: selective, steps: [notify]}}';
    expect(problems(`${commitment()}\n${saga}`)).toContain('nothing undoes this task');
  });
});
