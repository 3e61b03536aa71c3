import type { z } from 'zod';
import { JSON_TASKS_MAX, TASKS_MAX } from '../contracts/definition.js';
import type { FailureCode } from '../contracts/failures.js';
import { CaravanFailure } from '../contracts/failures.js';
import { hintFor, issuesInside, messageFor } from './definition-hints.js';
import { countTasks, isRaw } from './definition-raw.js';
import type { DefinitionProblem, Path, ReadDocument } from './read.js';
import { LOCATED } from './read.js';

/** What definitions and plans share: a document held against a schema, and its problems told with their places. */

/** All problems are looked for; this many stand in one failure. */
const TOLD = 50;

/** `from`: the file that it was read of, where there is one. */
export function refuse(
  code: FailureCode,
  { what, from = what }: { readonly what: 'plan' | 'definition' | 'mapping file'; readonly from?: string | undefined },
  problems: readonly DefinitionProblem[],
): never {
  const told = problems
    .slice(0, TOLD)
    .map(({ line, column, message, hint }) => `line ${String(line)}, column ${String(column)}: ${message} (${hint})`);
  const more = problems.length > TOLD ? [`and ${String(problems.length - TOLD)} more`] : [];
  const [first] = problems;
  throw new CaravanFailure(code, {
    attempted: `read the ${what}`,
    on: from,
    seen: [...told, ...more].join('; '),
    facts: { ...(first && { line: first.line, columnNumber: first.column }) },
  });
}

export function located(read: ReadDocument, problem: { path: Path; message: string; hint: string }): DefinitionProblem {
  const { path, message, hint } = problem;
  return { ...read.positionOf(path), path: path.map(String).join('.'), message, hint };
}

export function inOrder(problems: readonly DefinitionProblem[]): DefinitionProblem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}

/** The value without the outer key `workflow`, and where it stands. It is undefined when it must not be walked. */
export function unwrapped(
  read: ReadDocument,
  what = 'definition',
): { value: unknown; path: readonly string[]; problems: DefinitionProblem[] } {
  const problems = [...read.problems];
  const { value } = read;
  if (value === undefined) return { value, path: [], problems };
  if (!isRaw(value)) {
    problems.push(located(read, { path: [], message: `the ${what} is no map`, hint: 'begin with "name:"' }));
    return { value: undefined, path: [], problems };
  }
  const isWrapped = Object.hasOwn(value, 'workflow') && value['tasks'] === undefined;
  const inner = isWrapped ? value['workflow'] : value;
  const path = isWrapped ? ['workflow'] : [];
  for (const key of isWrapped ? Object.keys(value).filter((each) => each !== 'workflow') : []) {
    const message = `nothing may stand beside "workflow", but "${key.slice(0, 100)}" does`;
    if (problems.length < LOCATED)
      problems.push({ ...read.positionOf([], key), path: key, message, hint: 'indent it, or remove it' });
  }
  if (!isRaw(inner)) {
    problems.push(located(read, { path, message: `the ${what} is no map`, hint: 'put its fields below "workflow:"' }));
    return { value: undefined, path, problems };
  }
  const most = read.isJson ? JSON_TASKS_MAX : TASKS_MAX;
  if (countTasks(inner) <= most) return { value: inner, path, problems };
  const message = `more than ${String(most)} tasks`;
  const hint = read.isJson ? 'split the workflow' : 'write so large a one as JSON';
  problems.push(located(read, { path: [...path, 'tasks'], message, hint }));
  return { value: undefined, path, problems };
}

interface Place {
  readonly read: ReadDocument;
  readonly path: readonly string[];
  /** What the document as a whole is called. */
  readonly whole?: string;
}

export function againstSchema<Output>(
  schema: z.ZodType<Output>,
  value: unknown,
  { read, path, whole = 'definition' }: Place,
): { data?: Output; problems: DefinitionProblem[] } {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { data: parsed.data, problems: [] };
  const issues = parsed.error.issues.slice(0, LOCATED).flatMap(issuesInside);
  const problems = issues.slice(0, LOCATED).flatMap((issue): DefinitionProblem[] => {
    const full = [...path, ...issue.path];
    const name = full.map(String).join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.slice(0, TOLD).map((key) => ({
        ...read.positionOf(full, key),
        path: [...full.map(String), key].join('.'),
        message: `${name || whole} has no field "${key.slice(0, 100)}"`,
        hint: hintFor(issue, key),
      }));
    }
    const message = `${name || whole}: ${messageFor(issue)}`;
    return [{ ...read.positionOf(full), path: name, message, hint: hintFor(issue, valueAt(value, issue.path)) }];
  });
  return { problems };
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  );
}
