import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CaravanFailure, FAILURES } from '../../contracts/failures.js';
import type { CheckedDefinition, DefinitionProblem } from '../../language/definition.js';
import { checkDefinition, definitionHash } from '../../language/definition.js';
import type { CliContext } from '../cli-context.js';

/**
 * `caravan workflow validate FILE`: 0 when the definition is valid, else 2, and every problem on a line of its own as
 * editors know it. With `json` one line: {valid, hash, problems}, `hash` null when it is not valid.
 */
export function runWorkflowValidate(context: CliContext, file: string, { json = false }: { json?: boolean }): number {
  const { cwd, print } = context;
  const checked = checkDefinition(readDefinitionFile(cwd, file));
  if (checked.definition === undefined) return tellProblems(context, { file, problems: checked.problems, json });
  if (json) print(JSON.stringify(reportOf(checked)));
  else print(`${file} is valid: ${String(checked.definition.tasks.length)} tasks`);
  return 0;
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

/** @throws CaravanFailure DEFINITION_INVALID when there is no such file. */
export function readDefinitionFile(cwd: string, file: string): Uint8Array {
  try {
    return readFileSync(resolve(cwd, file));
  } catch (error) {
    const seen = `the file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`;
    throw new CaravanFailure('DEFINITION_INVALID', { attempted: 'read', on: file, seen, next: 'Check the path.' });
  }
}
