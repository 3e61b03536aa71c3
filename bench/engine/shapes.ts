import type { PlannerInput, PlannerTask } from '../../language/planner/types.js';

/** A graph to plan, and what the plan must say. */
export interface Shape {
  readonly name: string;
  readonly input: PlannerInput;
  /** Waves of the graph; null: it has a cycle, of `cycle` tasks. */
  readonly waves: number | null;
  readonly cycle: number;
}

const DENSE_BEFORE = 10;
const AGENTS = ['reader', 'writer', 'judge'];

function shape(name: string, count: number, before: (position: number) => readonly number[]): PlannerInput {
  const tasks = Array.from({ length: count }, (_, at): PlannerTask => ({
    id: `task-${String(at)}`,
    agent: AGENTS[at % AGENTS.length] ?? '',
    dependsOn: before(at).map((earlier) => `task-${String(earlier)}`),
    estimateSeconds: 1 + ((at * 7) % 13),
  }));
  const agents = AGENTS.map((agent) => ({
    name: agent,
    type: 'script',
    count: 10,
    capabilities: [],
    resources: { cpu: 500, memory: 64 * 1024 * 1024 },
  }));
  return { name, tasks, agents };
}

/** The same graphs on every machine. */
export function shapesOf(count: number): Shape[] {
  const chain = (at: number): number[] => (at === 0 ? [] : [at - 1]);
  const between = (at: number): number[] => Array.from({ length: count - 2 }, (_, other) => other + 1).slice(0, at);
  const dense = (at: number): number[] => [
    ...new Set(
      Array.from({ length: Math.min(at, DENSE_BEFORE) }, (_, edge) =>
        // The one just before, so that the waves are known; the others are spread over all that stand before.
        edge === 0 ? at - 1 : ((edge + 1) * 7919 * (at + 1)) % at,
      ),
    ),
  ];
  return [
    { name: 'chain', input: shape('chain', count, chain), waves: count, cycle: 0 },
    { name: 'star', input: shape('star', count, (at) => (at === 0 ? [] : [0])), waves: 2, cycle: 0 },
    {
      name: 'diamond',
      input: shape('diamond', count, (at) => (at === 0 ? [] : at === count - 1 ? between(at) : [0])),
      waves: 3,
      cycle: 0,
    },
    { name: 'dense', input: shape('dense', count, dense), waves: count, cycle: 0 },
    {
      name: 'cycle at the end',
      input: shape('cycle', count, (at) => (at === count - 3 ? [at - 1, count - 1] : chain(at))),
      waves: null,
      cycle: 3,
    },
  ];
}
