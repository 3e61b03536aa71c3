import type { WorkflowDefinition } from '../../contracts/definition.js';
import type { DefinitionProblem } from '../../language/definition.js';
import { definitionHash } from '../../language/definition.js';
import { planDefinition } from '../../language/plan-definition.js';
import { describeProblem } from '../../language/planner/problems.js';
import type { PlanProblem, PlanWarning } from '../../language/planner/problems.js';
import type { PlannedGraph } from '../../language/planner/types.js';
import type { CliContext } from '../cli-context.js';
import { checkFile } from './registered.js';

/** A file's definition with its plan; or everything that is wrong with it, each with its place in the text. */
export type PlannedFile =
  | {
      readonly definition: WorkflowDefinition;
      readonly hash: string;
      readonly plan: PlannedGraph;
      readonly warnings: readonly PlanWarning[];
    }
  | { readonly definition?: undefined; readonly problems: readonly DefinitionProblem[] };

export async function planFile(context: CliContext, file: string): Promise<PlannedFile> {
  const checked = await checkFile(context, file);
  if (checked.definition === undefined) return { problems: checked.problems };
  const { definition, positionOf } = checked;
  const { plan, problems, warnings } = planDefinition(definition);
  if (plan !== null) return { definition, hash: definitionHash(definition), plan, warnings };
  return {
    problems: problems.map((problem) => {
      const path = ['tasks', problem.position, FIELDS[problem.code]];
      return { ...positionOf(path), path: path.join('.'), message: describeProblem(problem), hint: HINT };
    }),
  };
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
