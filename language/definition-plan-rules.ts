import { cut, isRaw, listOf, textsOf } from './definition-raw.js';
import type { Raw, RawTask, RuleProblems } from './definition-raw.js';
import { findCycles } from './planner/cycles.js';
import { indexDependencies } from './planner/dependency-index.js';
import { orderStably } from './planner/order.js';
import { describeProblem } from './planner/problems.js';

const HINT = 'correct the task';

/** What agents can, by name; one whose list is of a wrong form is not in it. */
export type Abilities = ReadonlyMap<string, ReadonlySet<string>>;

/** The agents of a graph, in either form, over those around it. */
export function abilitiesOf(agents: unknown, around: Abilities): Abilities {
  const own = new Map<string, ReadonlySet<string>>();
  const unclear = new Set<string>();
  for (const [name, agent] of namedAgents(agents)) {
    const { capabilities = [] } = agent;
    if (!isTexts(capabilities)) unclear.add(name);
    own.set(name, new Set([...(own.get(name) ?? []), ...(isTexts(capabilities) ? capabilities : [])]));
  }
  for (const name of unclear) own.delete(name);
  return new Map([...[...around].filter(([name]) => !unclear.has(name)), ...own]);
}

function namedAgents(agents: unknown): [string, Raw][] {
  if (isRaw(agents)) return Object.entries(agents).flatMap(([name, agent]) => (isRaw(agent) ? [[name, agent]] : []));
  return listOf(agents).flatMap((agent): [string, Raw][] => {
    const name: unknown = isRaw(agent) ? (agent['name'] ?? agent['type']) : undefined;
    return typeof name === 'string' && isRaw(agent) ? [[name, agent]] : [];
  });
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/**
 * What a plan would be refused for, told of the value as it was written, with all else that is wrong. Planning itself
 * says it again, for graphs that no text was read for.
 */
export function checkPlan(tasks: readonly RawTask[], abilities: Abilities, problems: RuleProblems): void {
  checkCycles(tasks, problems);
  for (const { task, path, id = '' } of tasks) {
    const { agent, capabilities } = task;
    const has = typeof agent === 'string' ? abilities.get(agent) : undefined;
    if (typeof agent !== 'string' || has === undefined || !isTexts(capabilities)) continue;
    const lacking = capabilities.filter((name) => !has.has(name));
    if (lacking.length === 0) continue;
    const problem = { code: 'missing_capability', task: cut(id), position: 0, agent: cut(agent) } as const;
    const message = describeProblem({ ...problem, capabilities: lacking.slice(0, 10).map(cut) });
    problems.add([...path, 'capabilities'], message, HINT);
  }
}

function checkCycles(tasks: readonly RawTask[], problems: RuleProblems): void {
  const named = tasks.flatMap(({ task, path, id }) =>
    id === undefined ? [] : [{ id, path, dependsOn: textsOf(task['depends_on']) }],
  );
  const index = indexDependencies(named);
  if (orderStably(index).order.length === named.length) return;
  for (const cycle of findCycles(index)) {
    const path = named[cycle.position]?.path ?? [];
    const told = describeProblem({ code: 'cycle', ...cycle, path: cycle.path.map(cut) });
    problems.add([...path, 'depends_on'], told, HINT);
  }
}
