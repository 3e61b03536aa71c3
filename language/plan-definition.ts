import type { WorkflowDefinition } from '../contracts/definition.js';
import { agentOf } from './prepare.js';
import { planGraph } from './planner/plan-graph.js';
import type { PlannerInput, PlanResult, Resources } from './planner/types.js';

/** Stands for the agents inside a task that is itself a pattern: they are allocated when it starts. */
const NOBODY = '(pattern)';

/** A definition as the planner takes it. */
export function plannerInput({ name, tasks, agents }: WorkflowDefinition): PlannerInput {
  const hasPatterns = tasks.some(({ pattern }) => pattern !== undefined);
  const inner = { name: NOBODY, type: NOBODY, count: tasks.length, capabilities: [], resources: {} };
  return {
    name,
    tasks: tasks.map((task) => ({
      id: task.id,
      agent: agentOf(agents, task) || NOBODY,
      dependsOn: task.depends_on,
      ...(task.parallel === undefined ? {} : { parallel: task.parallel }),
      ...(task.capabilities === undefined ? {} : { capabilities: task.capabilities }),
      ...(task.estimate_seconds === undefined ? {} : { estimateSeconds: task.estimate_seconds }),
      ...(task.for_each === undefined ? {} : { forEach: true }),
      ...(task.on_event === undefined ? {} : { onEvent: task.on_event }),
      ...(task.when === undefined ? {} : { when: task.when }),
      ...(task.pivot === undefined ? {} : { pivot: task.pivot }),
    })),
    agents: [
      ...(hasPatterns ? [inner] : []),
      ...Object.entries(agents).map(([agent, { type, count, capabilities, resources = {} }]) => ({
        name: agent,
        type,
        count,
        capabilities,
        resources: plannerResources(resources),
      })),
    ],
  };
}

/** Cores and bytes, as people give them, in the planner's units. */
export function plannerResources({
  cpu,
  memory,
}: {
  readonly cpu?: number | undefined;
  readonly memory?: number | undefined;
}): Resources {
  return {
    ...(cpu === undefined ? {} : { cpu: Math.round(cpu * 1000) }),
    ...(memory === undefined ? {} : { memory }),
  };
}

export function planDefinition(definition: WorkflowDefinition): PlanResult {
  return planGraph(plannerInput(definition));
}
