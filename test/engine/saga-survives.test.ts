import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunTask } from '../../contracts/agents.js';
import { faultStack } from '../migration/faults-harness.js';
import type { FaultStack } from '../migration/faults-harness.js';
import { until } from '../migration/harness.js';
import { viewEngine } from './engine-harness.js';
import type { EngineView, StartedExecution } from './engine-harness.js';
import { graphOf, unique } from './graphs.js';
import { STEPS, STRATEGIES, diamond, isInOrder, isRunOf, sagaWorld } from './saga-world.js';
import type { Happened, Meddling, SagaWorld } from './saga-world.js';

const type = 'shop';
const WORKER = 'worker-control';
const no = ApplicationFailure.nonRetryable('no', 'NoWay');

/** Calls that stand still, their effect in the world, until the engine's worker is dead. */
class Standstill {
  readonly #over = Promise.withResolvers<undefined>();
  standing = 0;

  async hold(): Promise<void> {
    this.standing += 1;
    await this.#over.promise;
  }

  end(): void {
    this.#over.resolve(undefined);
  }
}

let stack: FaultStack;
let engine: EngineView;
let world: SagaWorld;
const meddlings = new Map<string, Meddling>();
const doing = new Standstill();
const undoing = new Standstill();

beforeAll(async () => {
  stack = await faultStack([{ role: 'control' }]);
  engine = await viewEngine(stack.home);
  world = await sagaWorld(stack.databaseUrl);
  const meddle: Meddling = {
    after: (task) =>
      (meddlings.get(task.executionId) ?? meddlings.get(task.context.workflowName.split('/')[0] ?? ''))?.after?.(task),
  };
  for (let agent = 0; agent < 4; agent += 1) await engine.agent(type, world.work(meddle));
});
afterAll(async () => {
  // Agents end when their calls have.
  doing.end();
  undoing.end();
  await engine.close();
  await world.close();
  await stack.dispose();
});

/** The engine's only worker is killed; what stood still answers while it is dead. */
async function killEngine(standstill: Standstill, calls: number): Promise<void> {
  await until('every execution stands still', () => standstill.standing === calls, 60_000);
  const { pid } = stack.own.part(WORKER);
  stack.kill(WORKER);
  await until('the worker is dead', () => stack.own.part(WORKER).pid !== pid);
  standstill.end();
}

const start = (yaml: string, meddling: Meddling): Promise<StartedExecution> =>
  engine.start(yaml, {}, (executionId) => meddlings.set(executionId, meddling));

const namesOf = (happened: readonly Happened[], kind: Happened['what']): string[] =>
  happened
    .filter(({ what }) => what === kind)
    .map(({ task }) => task)
    .sort();

interface Expected {
  readonly status: string;
  readonly undone: readonly string[];
}

/** Each effect and each undoing once, in order, nothing standing that the strategy undoes; and the chain is whole. */
async function expectClean(executionId: string, { status, undone }: Expected): Promise<void> {
  const happened = await world.happened(executionId);
  expect(namesOf(happened, 'do')).toEqual(STEPS);
  expect(namesOf(happened, 'undo')).toEqual([...undone].sort());
  expect(isInOrder(happened)).toBe(true);
  expect(await world.standing(executionId)).toEqual(STEPS.filter((id) => !undone.includes(id)));
  const { executions } = engine.store.engine;
  expect((await executions.get(executionId))?.projection.status).toBe(status);
  expect(await executions.rebuild(executionId)).toEqual({ brokenAt: null });
}

/** An execution whose part stands still in its task, and again when it is undone with the execution around it. */
async function startNested(): Promise<StartedExecution> {
  const name = unique('nested');
  meddlings.set(name, {
    after: async (task) => {
      if (task.taskId === 'inner') await (task.context.purpose === 'run' ? doing : undoing).hold();
      if (isRunOf(task, 'last')) throw no;
    },
  });
  const inner = { id: 'inner', agent: 'worker', compensate_with: { action: 'undo' } };
  const team = { id: 'team', pattern: { orchestration_pattern: 'handoff', tasks: [inner] } };
  const tasks = [team, { id: 'last', depends_on: ['team'], retry_policy: 'none' }];
  return engine.start(graphOf({ type, tasks, more: { name } }));
}

async function expectUndone({ executionId, result }: StartedExecution): Promise<void> {
  await expect(result).rejects.toThrow();
  const { executions } = engine.store.engine;
  const [nested] = await executions.nestedOf(executionId, 'team');
  expect(nested?.projection).toMatchObject({ status: 'cancelled', counts: { undone: 1 } });
  expect(await world.happened(nested?.executionId ?? '')).toEqual([
    { what: 'do', task: 'inner' },
    { what: 'undo', task: 'inner' },
  ]);
  expect(await executions.rebuild(nested?.executionId ?? '')).toEqual({ brokenAt: null });
}

describe('a saga whose engine is killed', () => {
  it(
    'leaves a clean world: at each step, and then at each undo, under every strategy',
    { timeout: 150_000 },
    async () => {
      const undos = Object.entries(STRATEGIES).flatMap(([name, { saga, undone }]) =>
        STEPS.map(async (step) => {
          const { executionId, result } = await start(diamond({ type, saga }), {
            after: async (task: RunTask) => {
              if (task.taskId === step) await (task.context.purpose === 'run' ? doing : undoing).hold();
              if (isRunOf(task, 'e')) throw no;
            },
          });
          return { about: `${name}, at ${step}`, executionId, result, undone: undone(STEPS, 'e'), step };
        }),
      );
      const forward = STEPS.map(async (step) => {
        let refusals = 2;
        const { executionId, result } = await start(diamond({ type, saga: '{strategy: forward}' }), {
          after: async (task: RunTask) => {
            if (task.taskId !== step) return;
            await doing.hold();
            if ((refusals -= 1) >= 0) throw no;
          },
        });
        return { about: `forward, at ${step}`, executionId, result, undone: [] as readonly string[], step };
      });
      const started = await Promise.all([...undos, ...forward]);
      const nested = await startNested();
      await killEngine(doing, started.length + 1);
      await killEngine(undoing, started.filter(({ undone, step }) => undone.includes(step)).length + 1);
      await Promise.all(
        started.map(async ({ about, executionId, result, undone }) => {
          const status = await result.then(
            (end) => end.status,
            () => 'failed',
          );
          expect(status, about).toBe(about.startsWith('forward') ? 'completed' : 'failed');
          await expectClean(executionId, { status, undone });
        }),
      );
      await expectUndone(nested);
    },
  );
});
