import type { AllocatedAgent, RegisteredAgent } from '../../contracts/agents.js';
import type { WorkflowDefinition } from '../../contracts/definition.js';
import type { AllocationAnswer } from '../../contracts/engine-activities.js';
import { chooseAgents } from '../../language/allocation.js';
import { plannerResources } from '../../language/plan-definition.js';
import type { EngineParts } from './open-execution.js';
import type { ExecutionOptions } from '../../platform/store/engine/engine-store.js';

/** For whom agents are chosen. */
export interface Allocating {
  readonly executionId: string;
  readonly definition: WorkflowDefinition;
  readonly options: ExecutionOptions;
}

/**
 * Agents that an execution holds: what it has and lives stays; what it lacks is chosen anew. Its tasks never lose an
 * agent that still works on them.
 */
export async function allocate(
  { store, settings }: EngineParts,
  { executionId, definition, options }: Allocating,
  lost: readonly string[] = [],
): Promise<AllocationAnswer> {
  const { agents } = store.engine;
  const isAble = ({ id }: RegisteredAgent): boolean => !lost.includes(id);
  const [seen, now] = await Promise.all([agents.allocationOf(executionId), agents.living(settings.agentLeaseSeconds)]);
  // Mostly it has them already: nobody waits for that.
  const isAsItWas = stillAble(seen, now.filter(isAble)).length === seen.length;
  if (isAsItWas && isWhole(definition, seen)) return { agents: seen, lacking: [] };
  let answer: AllocationAnswer = { agents: [], lacking: [] };
  await agents.allocate(executionId, settings.agentLeaseSeconds, ({ living, held, load }) => {
    const able = living.filter(isAble);
    const kept = stillAble(held, able);
    // What it holds counts as free: it may keep it.
    const others = new Map(
      [...load].map(([id, count]) => [id, count - (kept.some((one) => one.agentId === id) ? 1 : 0)]),
    );
    const choice = chooseAgents(definition, able, others, plannerResources(options.resource_constraints ?? {}));
    const stays = isWhole(definition, kept) ? kept : choice.agents;
    const lacking = stays === kept ? [] : choice.lacking.map(({ agent, reason }) => ({ agent, reason }));
    answer = { agents: stays, lacking };
    return stays;
  });
  return answer;
}

function stillAble(held: readonly AllocatedAgent[], able: readonly RegisteredAgent[]): readonly AllocatedAgent[] {
  return held.filter(({ agentId }) => able.some(({ id }) => id === agentId));
}

function isWhole({ agents }: WorkflowDefinition, held: AllocationAnswer['agents']): boolean {
  return (
    held.length > 0 &&
    Object.entries(agents).every(([name, { count }]) => held.filter(({ agent }) => agent === name).length >= count)
  );
}
