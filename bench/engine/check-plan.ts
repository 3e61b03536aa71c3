import { planGraph } from '../../language/planner/plan-graph.js';
import type { PlannedGraph, PlannerInput, PlannerTask, PlanResult } from '../../language/planner/types.js';
import { WrongResult } from '../wrong-result.js';
import type { Shape } from './shapes.js';

const SMALL = 9;

/** Throws `WrongResult` unless the plan says what is so. Nothing here uses the planner's own graph. */
export function checkPlan({ name, input, waves, cycle }: Shape, { plan, problems }: PlanResult): void {
  if (waves === null) {
    const [found, ...others] = problems;
    const isOne = found?.code === 'cycle' && others.length === 0 && found.members === cycle;
    if (!isOne || !isCycle(found.path, input.tasks, cycle)) wrong(name, 'its cycle is not named as it is');
    return;
  }
  if (plan === null) return wrong(name, `there is no plan: ${JSON.stringify(problems.slice(0, 3))}`);
  if (plan.waves.length !== waves) wrong(name, `${String(plan.waves.length)} waves, not ${String(waves)}`);
  checkOrder(name, input, plan);
  checkTimes(name, input, plan);
}

/** The planner against all ways through small graphs: a few hundred of them, of every kind that their size has. */
export function checkCriticalPaths(): number {
  let checked = 0;
  for (let bits = 1; bits < 2 ** 20; bits += 2999) {
    const tasks = smallGraph(bits);
    const { plan } = planGraph({ name: 'small', tasks, agents: [AGENT] });
    const longest = Math.max(...tasks.map(({ id }) => longestTo(tasks, id)));
    if (plan?.criticalPath.seconds !== longest)
      wrong(`small graph ${String(bits)}`, 'its critical path is not the longest');
    checked += 1;
  }
  return checked;
}

const AGENT = { name: 'one', type: 'script', count: 1, capabilities: [], resources: {} };

/** Each bit is an edge. */
function smallGraph(bits: number): PlannerTask[] {
  let edge = 0;
  return Array.from({ length: SMALL }, (_, at) => ({
    id: String(at),
    agent: 'one',
    estimateSeconds: 1 + ((bits >>> at) & 7),
    dependsOn: Array.from({ length: at }, (_, earlier) => earlier)
      .filter(() => ((bits >>> (edge++ % 20)) & 1) === 1)
      .map(String),
  }));
}

function longestTo(tasks: readonly PlannerTask[], id: string): number {
  const task = tasks[Number(id)];
  const before = task?.dependsOn.map((earlier) => longestTo(tasks, earlier)) ?? [];
  return Math.max(0, ...before) + (task?.estimateSeconds ?? 0);
}

function isCycle(path: readonly string[], tasks: readonly PlannerTask[], length: number): boolean {
  const before = new Map(tasks.map(({ id, dependsOn }) => [id, dependsOn]));
  const isClosed = path.length === length + 1 && path[0] === path.at(-1) && new Set(path).size === length;
  return isClosed && path.slice(1).every((id, at) => before.get(id)?.includes(path[at] ?? '') === true);
}

function checkOrder(name: string, { tasks }: PlannerInput, { order }: PlannedGraph): void {
  const place = new Map(order.map((id, at) => [id, at]));
  if (order.length !== tasks.length || place.size !== tasks.length)
    wrong(name, 'its order does not have each task once');
  const placeOf = (id: string): number => place.get(id) ?? Number.NaN;
  for (const { id, dependsOn } of tasks) {
    if (!dependsOn.every((before) => placeOf(before) < placeOf(id))) wrong(name, `"${id}" stands before what it needs`);
  }
}

function checkTimes(name: string, { tasks, agents }: PlannerInput, plan: PlannedGraph): void {
  const end = new Map(plan.tasks.map((task) => [task.id, task.endSeconds]));
  const changes: { readonly agent: string; readonly at: number; readonly change: 1 | -1 }[] = [];
  plan.tasks.forEach(({ id, agent, startSeconds, endSeconds }, at) => {
    const before = tasks[at]?.dependsOn ?? [];
    if (!before.every((earlier) => (end.get(earlier) ?? Infinity) <= startSeconds))
      wrong(name, `"${id}" starts too early`);
    changes.push({ agent, at: startSeconds, change: 1 }, { agent, at: endSeconds, change: -1 });
  });
  const busy = new Map<string, number>();
  for (const { agent, change } of changes.sort((a, b) => a.at - b.at || a.change - b.change)) {
    const now = (busy.get(agent) ?? 0) + change;
    busy.set(agent, now);
    if (now > (agents.find((each) => each.name === agent)?.count ?? 0)) wrong(name, `too many of "${agent}" at once`);
  }
  const { seconds, unlimitedSeconds } = plan.duration;
  if (seconds < unlimitedSeconds || plan.criticalPath.seconds !== unlimitedSeconds) wrong(name, 'it is too short');
}

function wrong(name: string, what: string): never {
  throw new WrongResult(`the plan of ${name} is wrong: ${what}. No figure is printed.`);
}
