import { expect } from 'vitest';
import type { ExecutionView } from '../../contracts/execution-messages.js';
import { handleOf } from './engine-harness.js';
import type { EngineView } from './engine-harness.js';

export const unique = (name: string): string => `${name}-${Math.random().toString(36).slice(2, 8)}`;

export interface GraphParts {
  /** Of the one agent, named `worker`. */
  readonly type: string;
  readonly count?: number;
  /** Without `agent` a task is the worker's. */
  readonly tasks: readonly Readonly<Record<string, unknown> & { id: string }>[];
  /** More agents, by name. */
  readonly agents?: Readonly<Record<string, unknown>>;
  /** Fields of the definition beside these. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** A definition of a graph, as a text: JSON is YAML. */
export function graphOf({ type, count = 1, tasks, agents = {}, more = {} }: GraphParts): string {
  return JSON.stringify({
    name: unique('graph'),
    orchestration_pattern: 'hierarchical',
    agents: { worker: { type, count }, ...agents },
    tasks: tasks.map((task) => ('agent' in task || 'pattern' in task ? task : { agent: 'worker', ...task })),
    coordination: { type: 'hybrid' },
    ...more,
  });
}

/** The read model, made again from the events alone, is what it was; and the chain of the events is whole. */
export async function expectRebuildEqual({ store }: EngineView, executionId: string): Promise<void> {
  const { executions } = store.engine;
  const before = await executions.get(executionId);
  const tasks = await executions.taskStates(executionId, 100_000);
  expect(await executions.rebuild(executionId)).toEqual({ brokenAt: null });
  expect(await executions.get(executionId)).toEqual(before);
  const byId = (list: typeof tasks): typeof tasks => list.toSorted((a, b) => (a.taskId < b.taskId ? -1 : 1));
  expect(byId(await executions.taskStates(executionId, 100_000))).toEqual(byId(tasks));
}

/** What the execution says of itself. */
export async function viewOf({ client }: EngineView, executionId: string): Promise<ExecutionView> {
  return handleOf(client, executionId).query<ExecutionView>('execution');
}

/** The catalogue's code of what a promise is rejected with; undefined: it was not rejected, or has none. */
export async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    for (let cause = error as { type?: string; cause?: unknown } | undefined; cause;) {
      if (typeof cause.type === 'string') return cause.type;
      cause = cause.cause as typeof cause;
    }
    return undefined;
  }
}
