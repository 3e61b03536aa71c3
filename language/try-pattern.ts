import { CaravanFailure } from '../contracts/failures.js';
import { patternTemplate } from '../contracts/patterns.schema.js';
import type { PatternTemplate } from '../contracts/patterns.js';
import { againstSchema, inOrder, located, unwrapped } from './check-document.js';
import { checkDefinition } from './definition.js';
import { prepare } from './prepared.js';
import type { PreparedDefinition } from './prepared.js';
import type { DefinitionSource } from './read-document.js';
import { readDocument } from './read-document.js';
import type { DefinitionProblem } from './read.js';

/** What is wrong with a pattern, by its place in it. */
export interface PatternProblem {
  /** Such as "template.tasks.0.agent". */
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}

export type TriedPattern =
  | { readonly prepared: PreparedDefinition; readonly problems?: undefined }
  | { readonly prepared?: undefined; readonly problems: readonly PatternProblem[] };

/** Expands the pattern with its sample, and checks and plans what comes out as any definition. */
export function tryPattern(pattern: PatternTemplate): TriedPattern {
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
    return { problems: checked.problems.map(({ path, message, hint }) => ({ path: placeOf(path), message, hint })) };
  }
  try {
    return { prepared: prepare(checked.definition) };
  } catch (error) {
    if (!(error instanceof CaravanFailure)) throw error;
    return { problems: [{ path: 'template.tasks', message: error.message }] };
  }
}

export type CheckedPattern =
  | { readonly pattern: PatternTemplate; readonly prepared: PreparedDefinition; readonly problems: readonly [] }
  | { readonly pattern?: undefined; readonly problems: readonly DefinitionProblem[] };

/** Checks the text of a pattern, YAML or JSON, and tries it on its sample; or everything that is wrong with it. */
export function checkPattern(source: DefinitionSource): CheckedPattern {
  const read = readDocument(source);
  const { value, path, problems } = unwrapped(read, 'pattern');
  if (value === undefined || problems.length > 0) return { problems: inOrder(problems) };
  const checked = againstSchema<PatternTemplate>(patternTemplate, value, { read, path, whole: 'pattern' });
  if (checked.data === undefined) return { problems: inOrder(checked.problems) };
  const tried = tryPattern(checked.data);
  if (tried.prepared !== undefined) return { pattern: checked.data, prepared: tried.prepared, problems: [] };
  const places = tried.problems.map(({ path: place, message, hint = 'correct the pattern' }) =>
    located(read, { path: [...path, ...place.split('.').map(stepOf)], message, hint }),
  );
  return { problems: inOrder(places) };
}

function stepOf(step: string): string | number {
  return /^\d+$/u.test(step) ? Number(step) : step;
}

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
