import { allocateAgents, whyNobody } from './allocate.js';
import { findCycles } from './cycles.js';
import { measureDemand } from './demand.js';
import type { Demand } from './demand.js';
import { indexDependencies } from './dependency-index.js';
import type { DependencyIndex } from './dependency-index.js';
import { estimateTasks } from './estimates.js';
import type { Estimates } from './estimates.js';
import { findHints } from './hints.js';
import { orderStably } from './order.js';
import type { StableOrder } from './order.js';
import { measurePaths } from './paths.js';
import type { LongestPaths } from './paths.js';
import type { PlanProblem } from './problems.js';
import { findUnreleased } from './reachability.js';
import { makeSchedule } from './schedule.js';
import type { Schedule } from './schedule.js';
import type { EstimateSource, PlannedGraph, PlannedTask, PlannerInput, PlanResult } from './types.js';

/**
 * Plans a graph: order, waves, critical path, duration with the agents that there are, who runs what. Pure: the same
 * input gives the same plan, and neither the order of registered agents nor that of events or history matters.
 * Everything that is wrong is told at once; then there is no plan.
 */
export function planGraph(input: PlannerInput): PlanResult {
  const { tasks } = input;
  const index = indexDependencies(tasks);
  const demand = measureDemand(input);
  const estimates = estimateTasks(input, (position) => demand.agents[demand.agentOf[position] ?? -1]);
  const order = orderStably(index);
  const problems = [
    ...graphProblems(index, order),
    ...demand.problems,
    ...estimates.problems,
    ...nobodyProblems(input, demand),
  ];
  const warnings = findUnreleased(index, tasks, input.events);
  if (problems.length > 0) return { plan: null, problems: problems.sort((a, b) => a.position - b.position), warnings };
  return { plan: assemble(input, { index, demand, estimates, order }), problems: [], warnings };
}

function graphProblems(index: DependencyIndex, { order }: StableOrder): PlanProblem[] {
  const { ids, duplicates, selfEdges, unknown } = index;
  const idOf = (position: number): { task: string; position: number } => ({ task: ids[position] ?? '', position });
  return [
    ...duplicates.map((node): PlanProblem => ({ code: 'duplicate_task', ...idOf(node) })),
    ...unknown.map(({ node, dependency }): PlanProblem => ({ code: 'unknown_dependency', ...idOf(node), dependency })),
    ...selfEdges.map((node): PlanProblem => ({ code: 'self_dependency', ...idOf(node) })),
    ...(order.length < ids.length ? findCycles(index) : []).map((cycle): PlanProblem => ({ code: 'cycle', ...cycle })),
  ];
}

/** Tasks whose agent nobody who is registered can be: one problem for each such agent. */
function nobodyProblems({ tasks, available }: PlannerInput, demand: Demand): PlanProblem[] {
  if (available?.agents === undefined) return [];
  const byAgent = new Map<number, number[]>();
  demand.agentOf.forEach((agent, task) => {
    const known = byAgent.get(agent);
    if (known === undefined) byAgent.set(agent, [task]);
    else known.push(task);
  });
  return demand.agents.flatMap(({ name, type }, agent): PlanProblem[] => {
    const positions = byAgent.get(agent) ?? [];
    const reason = positions.length === 0 ? undefined : whyNobody(demand, available, agent);
    if (reason === undefined) return [];
    const ids = positions.map((position) => tasks[position]?.id ?? '');
    return [{ code: 'no_agent', agent: name, type, reason, tasks: ids, position: positions[0] ?? 0 }];
  });
}

interface Parts {
  readonly index: DependencyIndex;
  readonly demand: Demand;
  readonly estimates: Estimates;
  readonly order: StableOrder;
}

function assemble(input: PlannerInput, parts: Parts): PlannedGraph {
  const { index, demand, estimates, order } = parts;
  const { tasks, available } = input;
  const { milliseconds } = estimates;
  const paths = measurePaths(index, order.order, milliseconds);
  const schedule = makeSchedule({ index, milliseconds, tail: paths.tail, demand, quota: available?.quota });
  const nameOf = (node: number): string => index.ids[node] ?? '';
  return {
    name: input.name,
    tasks: tasks.map((_, node) => plannedTask(input, node, { ...parts, paths, schedule })),
    order: Array.from(order.order, nameOf),
    waves: waves(order, nameOf),
    criticalPath: { tasks: paths.critical.map(nameOf), seconds: paths.total / 1000 },
    duration: { seconds: schedule.total / 1000, unlimitedSeconds: paths.total / 1000 },
    estimates: countSources(estimates.sources),
    resources: { total: totalOf(demand), peak: schedule.peak },
    profile: schedule.profile,
    ...(available?.agents && { allocation: allocateAgents(demand, available) }),
    hints: findHints({ tasks, paths, milliseconds, ...parts }),
  };
}

function plannedTask(
  { tasks }: PlannerInput,
  node: number,
  parts: Parts & { readonly paths: LongestPaths; readonly schedule: Schedule },
): PlannedTask {
  const { index, demand, estimates, order, paths, schedule } = parts;
  const task = tasks[node];
  const length = estimates.milliseconds[node] ?? 0;
  const start = schedule.start[node] ?? 0;
  const head = paths.head[node] ?? 0;
  return {
    id: index.ids[node] ?? '',
    agent: task?.agent ?? '',
    dependsOn: dependenciesOf(index, node),
    wave: order.level[node] ?? 0,
    slots: demand.slots[node] ?? 1,
    estimateSeconds: length / 1000,
    estimateSource: estimates.sources[node] ?? 'default',
    startSeconds: start / 1000,
    endSeconds: (start + length) / 1000,
    earliestSeconds: head / 1000,
    slackSeconds: (paths.total - head - (paths.tail[node] ?? 0)) / 1000,
    ...(task?.onEvent === undefined ? {} : { onEvent: task.onEvent }),
    ...(task?.pivot === true ? { pivot: true } : {}),
  };
}

function dependenciesOf({ ids, before, beforeStart }: DependencyIndex, node: number): string[] {
  const found: string[] = [];
  for (let edge = beforeStart[node] ?? 0; edge < (beforeStart[node + 1] ?? 0); edge += 1) {
    found.push(ids[before[edge] ?? 0] ?? '');
  }
  return found;
}

function waves({ order, level }: StableOrder, nameOf: (node: number) => string): string[][] {
  const found: string[][] = [];
  // By position: within a wave the document's order holds.
  for (const node of order.toSorted()) (found[level[node] ?? 0] ??= []).push(nameOf(node));
  return found;
}

function countSources(sources: readonly EstimateSource[]): Record<EstimateSource, number> {
  const counts = { given: 0, 'history of the task': 0, 'history of the agent type': 0, default: 0 };
  for (const source of sources) counts[source] += 1;
  return counts;
}

function totalOf({ agents, perAgent }: Demand): PlannedGraph['resources']['total'] {
  const sum = (of: (position: number) => number): number =>
    agents.reduce((total, { count }, position) => total + count * of(position), 0);
  return {
    agents: sum(() => 1),
    cpu: sum((position) => perAgent[position]?.cpu ?? 0),
    memory: sum((position) => perAgent[position]?.memory ?? 0),
  };
}
