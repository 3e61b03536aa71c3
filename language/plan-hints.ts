import type { z } from 'zod';
import { definitionTask, planDocument } from '../contracts/definition.schema.js';
import { columnMapping, foreignKeyMapping, keyMapping, migrationMapping, tableMapping } from '../contracts/mapping.js';

type Issue = z.core.$ZodIssue;

const FIELDS: readonly string[] = [
  ...new Set(
    [
      planDocument,
      definitionTask,
      migrationMapping,
      tableMapping,
      columnMapping,
      keyMapping,
      foreignKeyMapping,
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

function nearest(word: string): string | undefined {
  if (word.length > 40) return undefined;
  let best: { field: string; edits: number } | undefined;
  for (const field of FIELDS) {
    const edits = distance(word.toLowerCase(), field.toLowerCase());
    if (edits <= Math.max(1, Math.floor(field.length * 0.4)) && edits < (best?.edits ?? Infinity))
      best = { field, edits };
  }
  return best?.field;
}

/** What is wrong, without the value that is there: a plan may quote what its writer did not mean to show. */
export function messageFor(issue: Issue): string {
  if (issue.code === 'invalid_type' && issue.input === undefined && issue.message.includes('undefined'))
    return 'it is missing';
  if (issue.code === 'invalid_value')
    return `it must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
  return issue.message;
}

/** What to do about it. */
export function hintFor(issue: Issue, key?: string): string {
  switch (issue.code) {
    case 'unrecognized_keys': {
      const field = key === undefined ? undefined : nearest(key);
      return field === undefined ? 'remove it' : `did you mean "${field}"?`;
    }
    case 'invalid_type':
      if (issue.message.includes('undefined')) return 'add it';
      return issue.expected === 'string' ? 'put it in quotes' : `it must be of type ${issue.expected}`;
    case 'invalid_value':
      return 'use one of these';
    case 'too_small':
      return 'make it larger';
    case 'too_big':
      return 'make it smaller';
    default:
      return 'correct it';
  }
}
