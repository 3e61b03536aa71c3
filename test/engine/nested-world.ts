import { ApplicationFailure } from '@temporalio/common';
import type { RunTask } from '../../contracts/agents.js';
import type { NestedRow } from '../../platform/store/engine/engine-store.js';
import { handleOf, viewEngine } from './engine-harness.js';
import type { EngineView, StartedExecution, TestAgent } from './engine-harness.js';
import { graphOf, unique } from './graphs.js';
import { sagaWorld } from './saga-world.js';
import type { Meddling, SagaWorld } from './saga-world.js';

export const no = ApplicationFailure.nonRetryable('no', 'NoWay');
export const undo = { compensate_with: { action: 'undo' } };
/** Tried again, and soon. */
export const again = { retry_policy: { max_attempts: 2, initial_interval_seconds: 0.05 } };
export const pattern = (tasks: readonly unknown[]): object => ({ orchestration_pattern: 'handoff', tasks });

export interface Outer {
  /** Whether its tasks can be undone; default true. */
  readonly undoable?: boolean;
  /** Fields of the task that is a pattern. */
  readonly team?: Readonly<Record<string, unknown>>;
  /** Tasks of the pattern, in place of `collect` and `sum`. */
  readonly tasks?: readonly unknown[];
  readonly meddling?: Meddling;
  /** Seconds. */
  readonly timeout?: number;
}

/** Executions with a task that is a pattern, and the world that their agents change. */
export interface NestedView {
  readonly engine: EngineView;
  readonly world: SagaWorld;
  /** before → team (collect → sum) → behind: `team` is a pattern. */
  start(outer: Outer): Promise<StartedExecution>;
  /** The newest execution of the task `team`, or of the one named. */
  teamOf(executionId: string, task?: string): Promise<NestedRow>;
  statusOf(executionId: string): Promise<string | undefined>;
  /** Calls of agents for an execution, as "purpose task". */
  askedOf(executionId: string): string[];
  /** As `terminate` does it: no code runs, and the store learns of it later. */
  lose(executionId: string): Promise<void>;
  /** From its last checkpoint. */
  goOn(executionId: string): Promise<{ readonly status: string }>;
  close(): Promise<void>;
}

export async function nestedView(): Promise<NestedView> {
  const type = unique('team');
  const engine = await viewEngine();
  const world = await sagaWorld();
  /** What is done to the calls of all that one test starts, by its name. */
  const meddlings = new Map<string, Meddling>();
  const of = ({ context }: RunTask): Meddling | undefined => meddlings.get(context.workflowName.split('/')[0] ?? '');
  const work = world.work({ before: (task) => of(task)?.before?.(task), after: (task) => of(task)?.after?.(task) });
  const agents: TestAgent[] = [];
  for (let agent = 0; agent < 3; agent += 1) agents.push(await engine.agent(type, work));
  const { executions } = engine.store.engine;
  return {
    engine,
    world,
    start: ({ meddling = {}, timeout, ...outer }) => {
      const name = unique('outer');
      meddlings.set(name, meddling);
      return engine.start(outerGraph({ type, name }, outer), {}, timeout === undefined ? {} : { options: { timeout } });
    },
    teamOf: async (executionId, task = 'team') => {
      const [nested] = await executions.nestedOf(executionId, task);
      if (nested === undefined) throw new Error(`"${task}" has no execution`);
      return nested;
    },
    statusOf: async (executionId) => (await executions.get(executionId))?.projection.status,
    askedOf: (executionId) =>
      agents
        .flatMap(({ asked }) => asked)
        .filter((task) => task.executionId === executionId)
        .map(({ taskId, context }) => `${context.purpose} ${taskId}`)
        .sort(),
    lose: async (executionId) => {
      await handleOf(engine.client, executionId).terminate('a test');
    },
    goOn: async (executionId) => {
      const checkpointId = await executions.lastCheckpoint(executionId);
      return (await engine.goOn(executionId, checkpointId === undefined ? {} : { checkpointId })).result;
    },
    close: async () => {
      await engine.close();
      await world.close();
    },
  };
}

function outerGraph(
  { type, name }: { readonly type: string; readonly name: string },
  { undoable = true, team = {}, tasks }: Omit<Outer, 'meddling'>,
): string {
  const can = undoable ? undo : {};
  const inner = tasks ?? [
    { id: 'collect', agent: 'worker', ...can },
    { id: 'sum', agent: 'worker', depends_on: ['collect'], retry_policy: 'none', ...can },
  ];
  return graphOf({
    type,
    count: 2,
    tasks: [
      { id: 'before', ...can },
      { id: 'team', depends_on: ['before'], retry_policy: 'none', pattern: pattern(inner), ...team },
      { id: 'behind', depends_on: ['team'], retry_policy: 'none' },
    ],
    more: { name },
  });
}

/** A call that stands still until the test lets it go. */
export class Standstill {
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
