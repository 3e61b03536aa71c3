import { FAILURES } from '../../contracts/failures.js';
import type { CheckedDefinition, DefinitionProblem } from '../../language/definition.js';
import { definitionHash } from '../../language/definition.js';
import { placedProblems, planDefinition } from '../../language/plan-definition.js';
import type { CliContext } from '../cli-context.js';
import { checkFile } from './registered.js';

/**
 * `caravan workflow validate FILE`: 0 when the definition is valid, else 2, and every problem on a line of its own as
 * editors know it. With `json` one line: {valid, hash, problems}, `hash` null when it is not valid.
 */
export async function runWorkflowValidate(
  context: CliContext,
  file: string,
  { json = false }: { json?: boolean },
): Promise<number> {
  const { print } = context;
  const checked = planned(await checkFile(context, file));
  if (checked.definition === undefined) return tellProblems(context, { file, problems: checked.problems, json });
  if (json) print(JSON.stringify(reportOf(checked)));
  else print(`${file} is valid: ${String(checked.definition.tasks.length)} tasks`);
  return 0;
}

/** What planning would refuse. The graph of a migration's plan is made anew. */
function planned(checked: CheckedDefinition): CheckedDefinition {
  if (checked.definition?.caravan_plan !== undefined || checked.definition === undefined) return checked;
  const { plan, problems } = planDefinition(checked.definition);
  return plan === null ? { problems: placedProblems(problems, checked.positionOf) } : checked;
}

/** Every problem on a line of its own, or all in the one line of JSON. The exit code. */
export function tellProblems(
  { print, tell }: CliContext,
  { file, problems, json }: { file: string; problems: readonly DefinitionProblem[]; json: boolean },
): number {
  if (json) print(JSON.stringify(reportOf({ problems })));
  for (const { line, column, message, hint } of json ? [] : problems) {
    tell(`${file}:${String(line)}:${String(column)}: ${message} (${hint})`);
  }
  return FAILURES.DEFINITION_INVALID.exit;
}

function reportOf({ definition, problems }: Pick<CheckedDefinition, 'definition' | 'problems'>) {
  return { valid: definition !== undefined, hash: definition ? definitionHash(definition) : null, problems };
}
