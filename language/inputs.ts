import { TASK_BYTES_MAX } from '../contracts/agents.js';
import type { InputType, WorkflowDefinition } from '../contracts/definition.js';
import { CaravanFailure } from '../contracts/failures.js';

const FITS: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isSafeInteger(value),
  boolean: (value) => typeof value === 'boolean',
  array: (value) => Array.isArray(value),
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
} satisfies Record<InputType, (value: unknown) => boolean>;

/** Undefined: there is no such type. */
export function fitsInput(type: string, value: unknown): boolean | undefined {
  return Object.hasOwn(FITS, type) ? FITS[type]?.(value) : undefined;
}

/**
 * What an execution is started with: the given values, and defaults for the others. A definition without `inputs`
 * takes anything.
 * @throws CaravanFailure INPUT_INVALID that names every input that is missing, unknown, or of another type, or an input
 * that is too large; no values.
 */
export function inputOf(definition: WorkflowDefinition, given: unknown): unknown {
  const input = filledIn(definition, given);
  if (Buffer.byteLength(JSON.stringify(input)) <= TASK_BYTES_MAX) return input;
  throw invalid(definition.name, [`the input is larger than ${String(TASK_BYTES_MAX)} bytes`]);
}

function filledIn({ inputs, name }: WorkflowDefinition, given: unknown): unknown {
  if (inputs === undefined) return given ?? {};
  const values = given ?? {};
  if (fitsInput('object', values) !== true) throw invalid(name, ['the input is no object']);
  const said = values as Readonly<Record<string, unknown>>;
  const problems = Object.keys(said)
    .filter((key) => !Object.hasOwn(inputs, key))
    .map((key) => `there is no input "${key}"`);
  const input: Record<string, unknown> = {};
  for (const [key, { type, required, default: otherwise }] of Object.entries(inputs)) {
    const value = Object.hasOwn(said, key) ? said[key] : otherwise;
    if (value !== undefined && fitsInput(type, value) === true) input[key] = value;
    else if (value !== undefined) problems.push(`the input "${key}" is no ${type}`);
    else if (required) problems.push(`the input "${key}" is missing`);
  }
  if (problems.length > 0) throw invalid(name, problems);
  return input;
}

function invalid(name: string, problems: readonly string[]): CaravanFailure {
  return new CaravanFailure('INPUT_INVALID', {
    attempted: 'start an execution of',
    on: name,
    seen: problems.join('; '),
    next: 'Correct the input.',
  });
}
