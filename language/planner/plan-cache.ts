import { planGraph } from './plan-graph.js';
import type { Observed, PlannerInput, PlanResult, Resources } from './types.js';

export interface PlanCache {
  /** The plan under this key, made from the input when it is not there. */
  plan(key: string, input: PlannerInput): PlanResult;
  readonly size: number;
}

/** Keeps the last `limit` plans that were asked for. A key must be made by `planKey`. */
export function createPlanCache(limit: number): PlanCache {
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new RangeError(`a cache of ${String(limit)} plans keeps nothing`);
  const plans = new Map<string, PlanResult>();
  return {
    plan: (key, input) => {
      const result = plans.get(key) ?? planGraph(input);
      // A map gives its keys in the order in which they were put: the first is the one unused for longest.
      plans.delete(key);
      plans.set(key, result);
      const [oldest] = plans.keys();
      if (plans.size > limit && oldest !== undefined) plans.delete(oldest);
      return result;
    },
    get size() {
      return plans.size;
    },
  };
}

/**
 * Names a plan: the definition's hash, and a hash over all else that a plan depends on (registered agents, quota, events,
 * history), in one form for every order in which that may be given. `hash` is the caller's: this code runs in workflows.
 */
export function planKey(definitionHash: string, input: PlannerInput, hash: (text: string) => string): string {
  const { name, history, available, events } = input;
  const agents = available?.agents
    ?.map(({ id, type, capabilities, resources, health = 1 }) =>
      JSON.stringify([id, type, [...capabilities].sort(), amounts(resources), health]),
    )
    .sort();
  const own = history?.tasks !== undefined && Object.hasOwn(history.tasks, name) ? history.tasks[name] : undefined;
  const facts = [
    name,
    agents ?? null,
    available?.minHealth ?? null,
    amounts(available?.quota),
    events === undefined ? null : [...new Set(events)].sort(),
    observations(own),
    observations(history?.agentTypes),
  ];
  return `${definitionHash}:${hash(JSON.stringify(facts))}`;
}

function amounts(resources: Resources | undefined): unknown {
  return [resources?.cpu ?? null, resources?.memory ?? null];
}

function observations(observed: Readonly<Record<string, Observed>> | undefined): unknown {
  return Object.entries(observed ?? {})
    .map(([key, { p50Seconds, meanSeconds }]) => JSON.stringify([key, p50Seconds ?? meanSeconds ?? null]))
    .sort();
}
