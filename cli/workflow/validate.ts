import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CaravanFailure, FAILURES } from '../../contracts/failures.js';
import type { CheckedDefinition } from '../../language/definition.js';
import { checkDefinition, definitionHash } from '../../language/definition.js';
import type { CliContext } from '../cli-context.js';

/**
 * `caravan workflow validate FILE`: 0 when the definition is valid, else 2, and every problem on a line of its own as
 * editors know it. With `json` one line: {valid, hash, problems}, `hash` null when it is not valid.
 */
export function runWorkflowValidate(
  { cwd, print, tell }: CliContext,
  file: string,
  { json = false }: { json?: boolean },
): number {
  const checked = checkDefinition(readDefinitionFile(cwd, file));
  const isValid = checked.definition !== undefined;
  if (json) print(JSON.stringify(reportOf(checked)));
  else if (isValid) print(`${file} is valid: ${String(checked.definition.tasks.length)} tasks`);
  for (const { line, column, message, hint } of json ? [] : checked.problems) {
    tell(`${file}:${String(line)}:${String(column)}: ${message} (${hint})`);
  }
  return isValid ? 0 : FAILURES.DEFINITION_INVALID.exit;
}

function reportOf({ definition, problems }: CheckedDefinition) {
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
