/**
 * Expressions of workflow definitions: `when`, `for_each` and `${{ … }}`. A small closed subset of CEL over JSON:
 * pure, deterministic, limited in length, depth, steps and size; nothing in it can reach what is not in the scope.
 * Workflow code may import it. Numbers are JSON's: `7 / 2` is 3.5.
 */
import type { CelScope } from './cel/evaluate.js';
import { CelEvaluator } from './cel/evaluate.js';
import type { CelValue } from './cel/functions.js';
import { isList, LIST_ITEMS, typeOf } from './cel/functions.js';
import { CelParser } from './cel/parser.js';
import { filledTemplate, templateParts } from './cel/template.js';
import type { Cel } from './cel/tree.js';
import { ExpressionProblem } from './tokens.js';

export type { CelScope } from './cel/evaluate.js';
export type { CelValue } from './cel/functions.js';
export type { Cel } from './cel/tree.js';

/** `at`: offset in the text of the expression, from 0, in UTF-16 units. */
export interface CelFault {
  readonly ok: false;
  readonly problem: string;
  readonly at: number;
  /** Texts of a larger value only: the keys that lead to the text. */
  readonly path?: readonly (string | number)[];
}
export type CelParsed = { readonly ok: true; readonly expressions: readonly Cel[] } | CelFault;
export type CelResult = { readonly ok: true; readonly value: CelValue } | CelFault;

function guarded<T>(work: () => T): T | CelFault {
  try {
    return work();
  } catch (error) {
    if (error instanceof ExpressionProblem) return { ok: false, problem: error.problem, at: error.at };
    throw error;
  }
}

/** Parses the text of a `when` or `for_each`. */
export function parseCel(text: string): CelParsed {
  return guarded(() => ({ ok: true, expressions: [new CelParser(text).whole()] }));
}

/** Parses every `${{ … }}` of a text; none is no fault. */
export function parseTemplate(text: string): CelParsed {
  return guarded(() => ({
    ok: true,
    expressions: (templateParts(text) ?? []).flatMap((part) => ('cel' in part ? [part.cel] : [])),
  }));
}

/** What the text of a `when` or `for_each` gives in a scope. */
export function evaluateCel(text: string, scope: CelScope): CelResult {
  return guarded(() => ({ ok: true, value: new CelEvaluator(scope).value(new CelParser(text).whole()) }));
}

/** The items of a `for_each` in a scope: a list, and of at most 10,000. */
export function fanOutOf(
  text: string,
  scope: CelScope,
): { readonly ok: true; readonly items: readonly CelValue[] } | CelFault {
  const result = evaluateCel(text, scope);
  if (!result.ok) return result;
  const { value } = result;
  if (!isList(value)) return { ok: false, problem: `a list is needed, not a ${typeOf(value)}`, at: 0 };
  if (value.length <= LIST_ITEMS) return { ok: true, items: value };
  return { ok: false, problem: `a list of more than ${String(LIST_ITEMS)} items`, at: 0 };
}

/** A JSON value with every `${{ … }}` in its texts filled in. Keys are left as they are. */
export function fillTemplates(value: CelValue, scope: CelScope): CelResult {
  const evaluator = new CelEvaluator(scope);
  const path: (string | number)[] = [];
  const within = (key: string | number, inner: CelValue): CelValue => {
    path.push(key);
    const result = filled(inner);
    path.pop();
    return result;
  };
  const filled = (each: CelValue): CelValue => {
    if (typeof each === 'string') {
      const parts = templateParts(each);
      return parts === undefined ? each : filledTemplate(parts, evaluator);
    }
    if (each === null || typeof each !== 'object') return each;
    if (Array.isArray(each)) return each.map((item: CelValue, at) => within(at, item));
    return Object.fromEntries(Object.entries(each).map(([key, item]) => [key, within(key, item)]));
  };
  const result = guarded(() => ({ ok: true as const, value: filled(value) }));
  return result.ok ? result : { ...result, path };
}

/** What an expression reads from its scope: `tasks.a.output` is the root `tasks` with the path a, output. */
export interface CelReference {
  readonly root: string;
  /** As far as it is written out; an index that is computed ends it. */
  readonly path: readonly string[];
  readonly at: number;
}

/** Every reference of an expression to its scope; variables of `map`, `all` … are none. */
export function referencesOf(cel: Cel, bound: readonly string[] = []): CelReference[] {
  const inner = (each: Cel): CelReference[] => referencesOf(each, bound);
  switch (cel.node) {
    case 'literal':
      return [];
    case 'name':
      return bound.includes(cel.name) ? [] : [{ root: cel.name, path: [], at: cel.at }];
    case 'field':
      return longer(cel.of, inner(cel.of), cel.name);
    case 'has':
    case 'index': {
      const index = cel.node === 'has' ? cel.name : cel.index;
      const name = index.node === 'literal' && typeof index.value === 'string' ? index.value : undefined;
      return [...longer(cel.of, inner(cel.of), name), ...inner(index)];
    }
    case 'list':
      return cel.items.flatMap(inner);
    case 'call':
      return cel.args.flatMap(inner);
    case 'macro':
      return [...inner(cel.of), ...referencesOf(cel.body, [...bound, cel.variable])];
    case 'unary':
      return inner(cel.of);
    case 'binary':
      return [...inner(cel.left), ...inner(cel.right)];
    case 'choice':
      return [...inner(cel.test), ...inner(cel.yes), ...inner(cel.no)];
  }
}

/** The reference that `of` is, with one more name; references deeper in it stay as they are. */
function longer(of: Cel, references: CelReference[], name: string | undefined): CelReference[] {
  const [first, ...rest] = references;
  if (first === undefined || name === undefined || !isWrittenOut(of)) return references;
  return [{ ...first, path: [...first.path, name] }, ...rest];
}

/** Names and fields only, so that the first reference is the value itself. */
function isWrittenOut(cel: Cel): boolean {
  if (cel.node === 'name') return true;
  if (cel.node === 'field') return isWrittenOut(cel.of);
  return (
    cel.node === 'index' && cel.index.node === 'literal' && typeof cel.index.value === 'string' && isWrittenOut(cel.of)
  );
}
