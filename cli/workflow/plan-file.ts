import type { WorkflowDefinition } from '../../contracts/definition.js';
import type { DefinitionProblem } from '../../language/definition.js';
import { definitionHash } from '../../language/definition.js';
import { placedProblems, planDefinition } from '../../language/plan-definition.js';
import type { PlanWarning } from '../../language/planner/problems.js';
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
  return { problems: placedProblems(problems, positionOf) };
}
