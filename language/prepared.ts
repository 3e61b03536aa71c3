import type { WorkflowDefinition } from '../contracts/definition.js';
import type { ExecutionTask } from '../contracts/executions.js';
import { CaravanFailure } from '../contracts/failures.js';
import { definitionHash } from './definition.js';
import { planDefinition } from './plan-definition.js';
import { describeProblem, describeWarning } from './planner/problems.js';
import type { PlanWarning } from './planner/problems.js';
import type { PlannedGraph } from './planner/types.js';
import { compileTasks } from './prepare.js';

/** A definition that is checked, planned, and ready to be stored and run. */
export interface PreparedDefinition {
  readonly definition: WorkflowDefinition;
  readonly hash: string;
  readonly plan: PlannedGraph;
  readonly report: {
    readonly tasks: number;
    readonly waves: number;
    readonly criticalPath: readonly string[];
    /** Seconds. */
    readonly estimatedDuration: number;
    readonly warnings: readonly string[];
  };
  readonly tasks: readonly ExecutionTask[];
}

/** @throws CaravanFailure DEFINITION_INVALID with everything that planning found wrong. */
export function prepare(definition: WorkflowDefinition): PreparedDefinition {
  const { plan, problems, warnings } = planDefinition(definition);
  if (plan !== null) return preparedAs(definition, plan, warnings);
  throw new CaravanFailure('DEFINITION_INVALID', {
    attempted: 'plan',
    on: definition.name,
    seen: problems.map(describeProblem).join('; '),
  });
}

/** With the plan that was made of it. */
export function preparedAs(
  definition: WorkflowDefinition,
  plan: PlannedGraph,
  warnings: readonly PlanWarning[],
): PreparedDefinition {
  return {
    definition,
    hash: definitionHash(definition),
    plan,
    report: {
      tasks: plan.tasks.length,
      waves: plan.waves.length,
      criticalPath: plan.criticalPath.tasks.slice(0, 100),
      estimatedDuration: plan.duration.seconds,
      warnings: warnings.map(describeWarning),
    },
    tasks: compileTasks(definition, plan.order),
  };
}
