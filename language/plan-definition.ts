import type { WorkflowDefinition } from '../contracts/definition.js';
import { agentOf } from './prepare.js';
import { planGraph } from './planner/plan-graph.js';
import { describeProblem } from './planner/problems.js';
import type { PlanProblem } from './planner/problems.js';
import type { PlannerInput, PlanResult, Resources } from './planner/types.js';
import type { DefinitionProblem, Path, Position } from './read.js';

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

/** What planning found wrong, each in its place in the text. */
export function placedProblems(
  problems: readonly PlanProblem[],
  positionOf: (path: Path) => Position,
): readonly DefinitionProblem[] {
  return problems.map((problem) => {
    const path = ['tasks', problem.position, FIELDS[problem.code]];
    return { ...positionOf(path), path: path.join('.'), message: describeProblem(problem), hint: HINT };
  });
}

const HINT = 'correct the task';

/** The field of a task that a problem of its plan is about. */
const FIELDS: Readonly<Record<PlanProblem['code'], string>> = {
  duplicate_task: 'id',
  unknown_dependency: 'depends_on',
  self_dependency: 'depends_on',
  cycle: 'depends_on',
  unknown_agent: 'agent',
  missing_capability: 'capabilities',
  task_too_large: 'resources',
  invalid_estimate: 'estimate_seconds',
  no_agent: 'agent',
  over_quota: 'resources',
};
