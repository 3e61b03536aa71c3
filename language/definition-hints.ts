import type { z } from 'zod';
import { compensation, coordination, faultTolerance } from '../contracts/definition-parts.schema.js';
import { definitionAgent, eventRule, resources, retryPolicy } from '../contracts/definition-parts.schema.js';
import { definitionTask, planDocument, workflowDefinition } from '../contracts/definition.schema.js';
import { columnMapping, foreignKeyMapping, keyMapping, migrationMapping, tableMapping } from '../contracts/mapping.js';
import { mappingFile } from '../contracts/mapping-file.schema.js';

type Issue = z.core.$ZodIssue;

const FIELDS: readonly string[] = [
  ...new Set(
    [
      workflowDefinition,
      planDocument,
      definitionTask,
      definitionAgent,
      resources,
      compensation,
      coordination,
      faultTolerance,
      faultTolerance.shape.circuit_breaker.unwrap(),
      faultTolerance.shape.saga_pattern.unwrap(),
      retryPolicy,
      eventRule,
      migrationMapping,
      tableMapping,
      columnMapping,
      keyMapping,
      foreignKeyMapping,
      mappingFile,
      mappingFile.shape.rename.unwrap(),
    ].flatMap((schema) => Object.keys(schema.shape)),
  ),
];

/** Edits from one word to another; rows are kept, not the whole table. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const same = one[i - 1] === other[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}

/** Names that are compared with a wrong one: comparing costs. */
const COMPARED = 2000;

/** The name that was most likely meant. */
export function nearest(word: string, names: Iterable<string>): string | undefined {
  if (word.length > 40) return undefined;
  let best: { name: string; edits: number } | undefined;
  let compared = 0;
  for (const name of names) {
    if ((compared += 1) > COMPARED) break;
    const most = Math.min(Math.max(1, Math.floor(name.length * 0.4)), (best?.edits ?? Infinity) - 1);
    // A name that was cut short is as near as a name with one wrong letter.
    if (word.length >= 3 && most >= 1 && name.startsWith(word)) {
      best = { name, edits: 1 };
      continue;
    }
    if (Math.abs(name.length - word.length) > most) continue;
    const edits = distance(word.toLowerCase(), name.toLowerCase());
    if (edits <= most) best = { name, edits };
  }
  return best?.name;
}

/** `did you mean …?`, or what to do when no name is near. */
export function didYouMean(word: string, names: Iterable<string>, otherwise: string): string {
  const name = nearest(word, names);
  return name === undefined ? otherwise : `did you mean "${name}"?`;
}

/** What is wrong, without the value that is there: a text may quote what its writer did not mean to show. */
export function messageFor(issue: Issue): string {
  if (isMissing(issue)) return 'it is missing';
  if (issue.code === 'invalid_value')
    return `it must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
  return issue.message;
}

function isMissing(issue: Issue): boolean {
  return issue.code === 'invalid_type' && issue.input === undefined && issue.message.includes('undefined');
}

function namesOf(issue: Issue): string[] {
  return issue.code === 'invalid_value' ? issue.values.filter((value) => typeof value === 'string') : [];
}

/** What to do about it. `given`: the value that is there, or the key that does not belong there. */
export function hintFor(issue: Issue, given: unknown): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return didYouMean(String(given), FIELDS, 'remove it');
    case 'invalid_type':
      if (isMissing(issue)) return 'add it';
      return issue.expected === 'string' ? 'put it in quotes' : `it must be of type ${issue.expected}`;
    case 'invalid_value':
      return typeof given === 'string' ? didYouMean(given, namesOf(issue), 'use one of these') : 'use one of these';
    case 'invalid_union': {
      const names = issue.errors.flat().flatMap(namesOf);
      return typeof given === 'string' ? didYouMean(given, names, 'correct it') : 'correct it';
    }
    case 'too_small':
      return 'make it larger';
    case 'too_big':
      return 'make it smaller';
    case 'custom': {
      const hint: unknown = issue.params?.['hint'];
      return typeof hint === 'string' ? hint : 'correct it';
    }
    default:
      return 'correct it';
  }
}

/** Of a value that fits none of several forms: what is wrong inside of the form that was meant, when that is clear. */
export function issuesInside(issue: Issue): readonly Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const meant = issue.errors.filter((branch) =>
    branch.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'),
  );
  const [only] = meant;
  if (only === undefined || meant.length > 1) return [issue];
  return only.flatMap((each) => issuesInside({ ...each, path: [...issue.path, ...each.path] }));
}
