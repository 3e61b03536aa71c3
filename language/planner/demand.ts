import type { PlanProblem } from './problems.js';
import type { PlannerAgent, PlannerInput, PlannerTask, Resources } from './types.js';

/** What tasks want of agents, by position. */
export interface Demand {
  readonly agents: readonly PlannerAgent[];
  /** For each task, the position of its agent; -1 when that is not declared. */
  readonly agentOf: Int32Array;
  /** For each task, the agents that work on it at once. */
  readonly slots: Int32Array;
  /** Of each task while it runs, all its agents together. */
  readonly cpu: Float64Array;
  readonly memory: Float64Array;
  /** Of one agent, by its position. */
  readonly perAgent: readonly Required<Resources>[];
  readonly problems: readonly PlanProblem[];
}

const RESOURCES = ['cpu', 'memory'] as const;

export function measureDemand({ tasks, agents, available }: PlannerInput): Demand {
  const positions = new Map<string, number>();
  agents.forEach(({ name }, position) => {
    if (!positions.has(name)) positions.set(name, position);
  });
  const problems: PlanProblem[] = [];
  const count = tasks.length;
  const agentOf = new Int32Array(count);
  const slots = new Int32Array(count);
  const used = { cpu: new Float64Array(count), memory: new Float64Array(count) };
  const largest = agents.map(() => ({ cpu: 0, memory: 0 }));
  const known = agents.map(({ capabilities }) => new Set(capabilities));
  tasks.forEach((task, position) => {
    const at = positions.get(task.agent) ?? -1;
    agentOf[position] = at;
    const agent = agents[at];
    if (agent === undefined) {
      problems.push({ code: 'unknown_agent', task: task.id, position, agent: task.agent });
      return;
    }
    checkTask({ task, position, agent, has: known[at] ?? new Set() }, problems);
    const wanted = wantedSlots(task, agent);
    slots[position] = wanted;
    for (const resource of RESOURCES) {
      const each = task.resources?.[resource] ?? agent.resources[resource] ?? 0;
      const most = available?.quota?.[resource] ?? Infinity;
      if (each > most) {
        problems.push({ code: 'over_quota', task: task.id, position, resource, wanted: each, most });
      }
      // A task for all agents takes as many of them as the quota bears.
      slots[position] = Math.max(1, Math.min(slots[position], each > 0 ? Math.floor(most / each) : wanted));
      const of = largest[at];
      if (of) of[resource] = Math.max(of[resource], each);
    }
    for (const resource of RESOURCES) {
      used[resource][position] =
        (task.resources?.[resource] ?? agent.resources[resource] ?? 0) * (slots[position] ?? 1);
    }
  });
  const perAgent = agents.map(({ resources }, at) => ({
    cpu: resources.cpu ?? largest[at]?.cpu ?? 0,
    memory: resources.memory ?? largest[at]?.memory ?? 0,
  }));
  return { agents, agentOf, slots, ...used, perAgent, problems };
}

function wantedSlots({ parallel = false }: PlannerTask, { count }: PlannerAgent): number {
  if (parallel === true) return Math.max(1, count);
  return Math.max(1, Math.min(count, parallel === false ? 1 : Math.floor(parallel)));
}

interface Checked {
  readonly task: PlannerTask;
  readonly position: number;
  readonly agent: PlannerAgent;
  readonly has: ReadonlySet<string>;
}

/** A task may want only what the declaration of its agent says, for nothing more is sure of the agents it gets. */
function checkTask({ task, position, agent, has }: Checked, problems: PlanProblem[]): void {
  const place = { task: task.id, position, agent: agent.name };
  const capabilities = (task.capabilities ?? []).filter((name) => !has.has(name));
  if (capabilities.length > 0) problems.push({ code: 'missing_capability', ...place, capabilities });
  for (const resource of RESOURCES) {
    const wanted = task.resources?.[resource] ?? 0;
    const most = agent.resources[resource] ?? Infinity;
    if (wanted > most) problems.push({ code: 'task_too_large', ...place, resource, wanted, most });
  }
}
