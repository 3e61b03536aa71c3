import { isBuiltIn } from '../contracts/agents.js';
import type { AllocatedAgent, RegisteredAgent } from '../contracts/agents.js';
import type { WorkflowDefinition } from '../contracts/definition.js';
import { planGraph } from './planner/plan-graph.js';
import type { Allocation, LackReason, Resources } from './planner/types.js';
import { plannerInput } from './plan-definition.js';

export interface AllocationChoice {
  readonly agents: readonly AllocatedAgent[];
  /** Names that nobody plays, and those of which there are fewer than wanted. */
  readonly lacking: readonly { readonly agent: string; readonly allocated: number; readonly reason: string }[];
}

/**
 * Registered agents for a definition, by type, capabilities and resources; those that fewest executions hold first.
 * Built-in agents need none. `quota`: of all agents together. Pure.
 */
export function chooseAgents(
  definition: WorkflowDefinition,
  living: readonly RegisteredAgent[],
  load: ReadonlyMap<string, number>,
  quota: Resources = {},
): AllocationChoice {
  const levels = [...new Set(living.map(({ id }) => load.get(id) ?? 0))].sort((a, b) => a - b);
  let choice = choose(definition, [], quota);
  for (const level of levels) {
    if (choice.lacking.length === 0) break;
    choice = choose(
      definition,
      living.filter(({ id }) => (load.get(id) ?? 0) <= level),
      quota,
    );
  }
  return choice;
}

/** Who of these would play what, every one of them free. Built-in agents need nobody. */
export function planAllocation(
  definition: WorkflowDefinition,
  living: readonly RegisteredAgent[],
  quota: Resources = {},
): Allocation {
  const own = Object.fromEntries(Object.entries(definition.agents).filter(([, { type }]) => !isBuiltIn(type)));
  // What nobody can do is no problem of the plan here: it is what is lacking.
  const { name, agents } = plannerInput({ ...definition, tasks: [], agents: own });
  const { plan } = planGraph({ name, agents, tasks: [], available: { agents: living, quota } });
  return plan?.allocation ?? { allocated: [], lacking: [] };
}

function choose(
  definition: WorkflowDefinition,
  living: readonly RegisteredAgent[],
  quota: Resources,
): AllocationChoice {
  const { allocated, lacking } = planAllocation(definition, living, quota);
  const byId = new Map(living.map((agent) => [agent.id, agent]));
  return {
    agents: allocated.flatMap(({ agent, agentIds }) =>
      agentIds.flatMap((agentId) => {
        const registered = byId.get(agentId);
        return registered === undefined ? [] : [playing(agent, registered)];
      }),
    ),
    lacking: lacking.map(({ agent, type, allocated: there, reason }) => ({
      agent,
      allocated: there,
      reason: REASONS[reason](type),
    })),
  };
}

function playing(agent: string, { id, type, taskQueue, heartbeatSeconds }: RegisteredAgent): AllocatedAgent {
  return { agentId: id, agent, type, taskQueue, ...(heartbeatSeconds !== undefined && { heartbeatSeconds }) };
}

const REASONS: Readonly<Record<LackReason, (type: string) => string>> = {
  type: (type) => `no agent of type "${type}" is registered`,
  health: (type) => `no agent of type "${type}" is healthy`,
  capabilities: (type) => `no agent of type "${type}" has the capabilities`,
  resources: (type) => `no agent of type "${type}" has the resources`,
  quota: () => 'the quota does not bear more',
  count: (type) => `there are not so many agents of type "${type}"`,
};
