import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunTask } from '../../contracts/agents.js';
import { viewEngine } from './engine-harness.js';
import type { EngineView, StartedExecution } from './engine-harness.js';
import { unique } from './graphs.js';
import { STEPS, STRATEGIES, begunWith, diamond, isInOrder, isRunOf, sagaWorld } from './saga-world.js';
import type { Meddling, SagaWorld } from './saga-world.js';

let engine: EngineView;
let world: SagaWorld;
/** What is done to the calls of one execution's agents. */
const meddlings = new Map<string, Meddling>();
const type = unique('shop');
const asked: RunTask[] = [];

const meddle: Meddling = {
  before: (task) => {
    asked.push(task);
    return meddlings.get(task.executionId)?.before?.(task);
  },
  after: (task) => meddlings.get(task.executionId)?.after?.(task),
};

beforeAll(async () => {
  engine = await viewEngine();
  world = await sagaWorld();
  await engine.agent(type, world.work(meddle));
  await engine.agent(type, world.work(meddle));
});
afterAll(async () => {
  await engine.close();
  await world.close();
});

async function start(yaml: string, meddling: Meddling, input: unknown = {}): Promise<StartedExecution> {
  return engine.start(yaml, input, (executionId) => meddlings.set(executionId, meddling));
}

const undosAsked = (executionId: string): string[] =>
  [...new Set(asked.filter((task) => task.executionId === executionId && task.context.purpose === 'compensate'))]
    .map(({ taskId }) => taskId)
    .sort();

/** Fails for good, with its effect in the world. */
const failing = (step: string): Meddling => ({
  after: (task) => {
    if (isRunOf(task, step)) throw ApplicationFailure.nonRetryable('no', 'NoWay');
  },
});

async function eventsOf(executionId: string): Promise<readonly string[]> {
  const events = await engine.store.engine.executions.events(executionId, {});
  return events.map(({ kind, taskId }) => `${kind} ${taskId ?? ''}`);
}

describe.concurrent.each(Object.entries(STRATEGIES))('%s', (_name, { saga, undone }) => {
  it('undoes exactly what it says, in order and each step once, whichever step fails for good', async () => {
    await Promise.all(
      STEPS.map(async (failed) => {
        const { executionId, result } = await start(diamond({ type, saga }), failing(failed));
        await expect(result).rejects.toMatchObject({
          cause: { message: expect.stringContaining(`Task "${failed}"`) as string },
        });
        const begun = begunWith(failed);
        const gone = [...undone(begun, failed)].sort();
        const happened = await world.happened(executionId);
        const undoings = happened.filter(({ what }) => what === 'undo').map(({ task }) => task);
        expect([...undoings].sort(), `undone after ${failed}`).toEqual(gone);
        expect(isInOrder(happened), `order after ${failed}: ${undoings.join()}`).toBe(true);
        expect(await world.standing(executionId)).toEqual(begun.filter((id) => !gone.includes(id)));
        expect(undosAsked(executionId)).toEqual(gone);
        // SG-5: each step of the undoing is an event of the chain, and the chain is whole.
        const events = await eventsOf(executionId);
        expect(events.filter((event) => event.startsWith('task.compensated')).sort()).toEqual(
          gone.map((id) => `task.compensated ${id}`),
        );
        expect(await engine.store.engine.executions.rebuild(executionId)).toEqual({ brokenAt: null });
        const row = await engine.store.engine.executions.get(executionId);
        expect(row?.projection).toMatchObject({
          status: 'failed',
          counts: gone.length === 0 ? {} : { undone: gone.length },
        });
      }),
    );
  });

  it('has each effect once where the answer of a step is lost, and undoes it once', async () => {
    await Promise.all(
      STEPS.map(async (lost) => {
        const again = Promise.withResolvers<undefined>();
        const undoneAgain = Promise.withResolvers<undefined>();
        let calls = 0;
        let undos = 0;
        const more = { [lost]: 'timeout: 2' };
        const { executionId, result } = await start(diamond({ type, saga, more }), {
          after: async (task) => {
            // The first call has its effect, and never answers in its time.
            if (isRunOf(task, lost)) {
              calls += 1;
              if (calls === 1) await again.promise;
              else again.resolve(undefined);
            } else if (task.taskId === lost) {
              undos += 1;
              if (undos === 1) await undoneAgain.promise;
              else undoneAgain.resolve(undefined);
            }
            if (isRunOf(task, 'e')) throw ApplicationFailure.nonRetryable('no', 'NoWay');
          },
        });
        await expect(result).rejects.toThrow();
        const gone = undone(STEPS, 'e');
        const happened = await world.happened(executionId);
        expect(calls, `calls of ${lost}`).toBeGreaterThan(1);
        expect(undos, `undos of ${lost}`).toBeGreaterThanOrEqual(gone.includes(lost) ? 2 : 0);
        expect(
          happened
            .filter(({ what }) => what === 'do')
            .map(({ task }) => task)
            .sort(),
        ).toEqual(STEPS);
        expect(
          happened
            .filter(({ what }) => what === 'undo')
            .map(({ task }) => task)
            .sort(),
        ).toEqual([...gone].sort());
        expect(isInOrder(happened)).toBe(true);
      }),
    );
  });
});

describe.concurrent('forward', () => {
  it('undoes nothing, and tries each step to its end, whatever it answers', async () => {
    await Promise.all(
      STEPS.map(async (step) => {
        let calls = 0;
        const { executionId, result } = await start(diamond({ type, saga: '{strategy: forward}' }), {
          before: (task) => {
            if (isRunOf(task, step) && (calls += 1) <= 4) throw ApplicationFailure.nonRetryable('no', 'NoWay');
          },
        });
        expect((await result).status).toBe('completed');
        expect(calls).toBe(5);
        expect(await world.standing(executionId)).toEqual(STEPS);
        expect(undosAsked(executionId)).toEqual([]);
      }),
    );
  });
});

describe.concurrent('backward', () => {
  it('undoes one step after the other', async () => {
    let open = 0;
    let most = 0;
    const count = (by: number) => (task: RunTask) => {
      if (task.context.purpose !== 'compensate') return;
      open += by;
      most = Math.max(most, open);
    };
    const failed = failing('e');
    const { result } = await start(diamond({ type }), {
      before: count(1),
      after: (task) => {
        count(-1)(task);
        failed.after?.(task);
      },
    });
    await expect(result).rejects.toThrow();
    expect(most).toBe(1);
  });
});

describe.concurrent('parallel', () => {
  it('undoes at once what does not build on each other', async () => {
    // The undo of each of the two waits until that of the other has begun.
    const begun = { b: Promise.withResolvers<undefined>(), c: Promise.withResolvers<undefined>() };
    const failed = failing('d');
    const { executionId, result } = await start(diamond({ type, saga: '{strategy: parallel}' }), {
      before: async (task) => {
        if (task.context.purpose !== 'compensate' || (task.taskId !== 'b' && task.taskId !== 'c')) return;
        begun[task.taskId].resolve(undefined);
        await begun[task.taskId === 'b' ? 'c' : 'b'].promise;
      },
      ...failed,
    });
    await expect(result).rejects.toThrow();
    expect(await world.standing(executionId)).toEqual([]);
  });
});

describe.concurrent('a step that no answer came from', () => {
  it('is undone too: its undo knows the key of the work, and what it cannot know is null', async () => {
    const over = Promise.withResolvers<undefined>();
    const undos: RunTask[] = [];
    const yaml = `
name: lost
orchestration_pattern: handoff
agents: {worker: {type: ${type}}}
tasks:
  - id: book
    agent: worker
    timeout: 1
    retry_policy: none
    compensate_with: {action: cancel, input: {booking: "\${{ tasks.book.output.did }}", order: "\${{ input.order }}"}}`;
    const { executionId, result } = await start(
      yaml,
      {
        before: (task) => {
          if (task.context.purpose === 'compensate') undos.push(task);
        },
        after: (task) => (task.context.purpose === 'run' ? over.promise : over.resolve(undefined)),
      },
      { order: 7 },
    );
    await expect(result).rejects.toThrow();
    expect(await world.happened(executionId)).toEqual([
      { what: 'do', task: 'book' },
      { what: 'undo', task: 'book' },
    ]);
    expect(undos[0]?.input).toEqual({ action: 'cancel', booking: null, order: 7 });
    expect(undos[0]?.context).toMatchObject({ output: null, undoes: `${executionId}/book/run` });
  });

  it('is undone by its own agent, in its own time and with its own attempts, where it says so', async () => {
    const other = unique('undoer');
    let tries = 0;
    const undoer = await engine.agent(
      other,
      world.work({
        before: () => {
          if ((tries += 1) < 3) throw ApplicationFailure.create({ message: 'later', type: 'Later' });
        },
      }),
    );
    const yaml = diamond({ type }).replace(
      'compensate_with: {action: undo}',
      'compensate_with: {agent: undoer, timeout: 9, retry_policy: {max_attempts: 3, initial_interval_seconds: 0.01}}',
    );
    const { executionId, result } = await start(
      yaml.replace('agents: {', `agents: {undoer: {type: ${other}}, `),
      failing('b'),
    );
    await expect(result).rejects.toThrow();
    expect(undoer.asked.map(({ taskId, attempt }) => `${taskId} ${String(attempt)}`)).toEqual(['a 1', 'a 2', 'a 3']);
    expect(await world.standing(executionId)).toEqual([]);
  });
});

describe.concurrent('what makes an execution undo', () => {
  const noRollback = '{rollback_on_failure: false}';

  it('is a failing task where the definition rolls back; else only one that says "compensate"', async () => {
    const [kept, asks] = await Promise.all([
      start(diamond({ type, saga: noRollback }), failing('d')),
      start(diamond({ type, saga: noRollback, more: { d: 'on_exhausted: compensate' } }), failing('d')),
    ]);
    await expect(kept.result).rejects.toThrow();
    await expect(asks.result).rejects.toThrow();
    expect(await world.standing(kept.executionId)).toEqual(begunWith('d'));
    expect(await world.standing(asks.executionId)).toEqual([]);
  });

  it('is nothing where compensation is off', async () => {
    const { executionId, result } = await start(diamond({ type, saga: '{compensation_enabled: false}' }), failing('d'));
    await expect(result).rejects.toThrow();
    expect(await world.standing(executionId)).toEqual(begunWith('d'));
  });

  it('is a cancel: the step that runs is let end first, and nothing is begun after it', async () => {
    await Promise.all(
      ['{strategy: backward}', '{strategy: cascade}'].map(async (saga) => {
        const runs = Promise.withResolvers<undefined>();
        const cancelled = Promise.withResolvers<undefined>();
        const { executionId, result } = await start(diamond({ type, saga }), {
          before: async (task) => {
            if (!isRunOf(task, 'd')) return;
            runs.resolve(undefined);
            await cancelled.promise;
          },
        });
        await runs.promise;
        await engine.cancel(executionId, 'owner');
        cancelled.resolve(undefined);
        await expect(result).rejects.toThrow();
        const happened = await world.happened(executionId);
        expect(
          happened
            .filter(({ what }) => what === 'do')
            .map(({ task }) => task)
            .sort(),
        ).toEqual(begunWith('d'));
        expect(await world.standing(executionId)).toEqual([]);
        expect(isInOrder(happened)).toBe(true);
        expect((await engine.store.engine.executions.get(executionId))?.projection.status).toBe('cancelled');
      }),
    );
  });

  it('is, after "escalate", what a person decides', async () => {
    const failed = failing('c');
    const { executionId, result } = await start(diamond({ type, more: { c: 'on_exhausted: escalate' } }), failed);
    await engine.untilAsked(executionId, 'c', 'exhausted');
    await engine.resolve(executionId, { taskId: 'c', action: 'retry', by: 'owner' });
    await engine.untilAsked(executionId, 'c', 'exhausted');
    expect(
      asked.filter((task) => task.executionId === executionId && isRunOf(task, 'c')).map(({ attempt }) => attempt),
    ).toEqual([1, 2]);
    await engine.resolve(executionId, { taskId: 'c', action: 'fail', by: 'owner' });
    await expect(result).rejects.toThrow();
    expect(await world.standing(executionId)).toEqual([]);
  });
});
