import { CaravanFailure } from '../../contracts/failures.js';
import type { PatternTemplate } from '../../contracts/patterns.js';
import { checkDefinition } from '../../language/definition.js';
import { prepare } from '../../language/prepared.js';
import type { PreparedDefinition } from '../../language/prepared.js';
import { Refusal } from '../http/problems.js';
import type { ProblemError } from '../http/problems.js';

/**
 * Expands the pattern with its sample, and checks and plans what comes out as any definition.
 * @throws CaravanFailure DEFINITION_INVALID with everything that is wrong, by its place in the body.
 */
export function tryPattern(pattern: PatternTemplate): PreparedDefinition {
  const { name, sample } = pattern;
  const inputs = Object.fromEntries(
    Object.entries(sample.inputs).map(([key, value]) => [key, { type: typeOf(value) }]),
  );
  const definition = {
    name: `sample of ${name}`,
    orchestration_pattern: 'custom',
    pattern: name,
    pattern_options: sample.options,
    inputs,
  };
  const checked = checkDefinition(definition, new Map([[name, pattern]]));
  if (checked.definition === undefined) {
    const errors = checked.problems.map(({ path, message, hint }) => ({ path: placeOf(path), message, hint }));
    throw refused(name, errors);
  }
  try {
    return prepare(checked.definition);
  } catch (error) {
    if (!(error instanceof CaravanFailure)) throw error;
    throw refused(name, [{ path: 'template.tasks', message: error.message }]);
  }
}

function refused(name: string, errors: readonly ProblemError[]): Refusal {
  const seen = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
  const parts = { attempted: 'try the pattern', on: name, seen: seen.slice(0, 2000), next: NEXT };
  return new Refusal('DEFINITION_INVALID', parts, { errors: [...errors] });
}

const NEXT = 'Correct what "errors" names.';

/** Where a part of the expanded definition comes from. */
function placeOf(path: string): string {
  const [first = '', ...rest] = path.split('.');
  if (first === 'pattern_options') return ['sample.options', ...rest].join('.');
  return first === 'inputs'
    ? ['sample.inputs', ...rest].join('.')
    : ['template', ...[first, ...rest].filter(Boolean)].join('.');
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return value === null ? 'object' : typeof value;
}
