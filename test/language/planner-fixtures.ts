import { Random } from '../../cli/demo/random.js';
import { planGraph } from '../../language/planner/plan-graph.js';
import type {
  PlannedGraph,
  PlannerAgent,
  PlannerInput,
  PlannerTask,
  PlanResult,
} from '../../language/planner/types.js';

export const SEEDS = Array.from({ length: 60 }, (_, seed) => seed + 1);

export function agent(name: string, more: Partial<PlannerAgent> = {}): PlannerAgent {
  return { name, type: name, count: 1, capabilities: [], resources: {}, ...more };
}

/** A task of one second of the agent "worker". */
export function task(id: string, dependsOn: readonly string[] = [], more: Partial<PlannerTask> = {}): PlannerTask {
  return { id, agent: 'worker', dependsOn, estimateSeconds: 1, ...more };
}

export function input(tasks: readonly PlannerTask[], more: Partial<PlannerInput> = {}): PlannerInput {
  return { name: 'test', tasks, agents: [agent('worker', { count: 2 })], ...more };
}

export function planned(given: PlannerInput): PlannedGraph {
  return planOf(planGraph(given));
}

export function planOf({ plan, problems }: PlanResult): PlannedGraph {
  if (plan === null) throw new Error(`no plan: ${JSON.stringify(problems)}`);
  return plan;
}

/** A graph without a cycle, its tasks in an order that is not that of running. */
export function randomGraph(seed: number, most = 12): PlannerInput {
  const random = new Random(seed, 'graph');
  const count = random.integer(1, most);
  const agents = Array.from({ length: random.integer(1, 3) }, (_, at) =>
    agent(`agent${String(at)}`, {
      count: random.integer(1, 3),
      resources: { cpu: random.integer(0, 4) * 250, memory: random.integer(0, 3) * 1000 },
    }),
  );
  const tasks = Array.from({ length: count }, (_, at): PlannerTask => {
    const before = Array.from({ length: at }, (_, earlier) => earlier).filter(() => random.chance(30));
    return {
      id: `t${String(at)}`,
      agent: `agent${String(random.integer(0, agents.length - 1))}`,
      dependsOn: before.map((earlier) => `t${String(earlier)}`),
      estimateSeconds: random.integer(0, 20) / 4,
      ...(random.chance(15) && { parallel: random.chance(50) ? true : random.integer(1, 4) }),
    };
  });
  const quota = random.chance(50) ? { cpu: random.integer(1000, 3000) } : {};
  return { name: 'random', tasks: shuffled(tasks, random), agents, available: { quota } };
}

export function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const left = [...items];
  return items.map(() => left.splice(random.integer(0, left.length - 1), 1)[0] as Item);
}

/** The longest way by trying every way. */
export function longestByTrying(tasks: readonly PlannerTask[]): number {
  const byId = new Map(tasks.map((each) => [each.id, each]));
  const longestTo = (id: string): number => {
    const found = byId.get(id);
    const before = (found?.dependsOn ?? []).map(longestTo);
    return Math.max(0, ...before) + (found?.estimateSeconds ?? 0);
  };
  return Math.max(0, ...tasks.map(({ id }) => longestTo(id)));
}
