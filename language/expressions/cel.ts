/**
 * Expressions of workflow definitions: `when`, `for_each` and `${{ … }}`. A small closed subset of CEL over JSON:
 * pure, deterministic, limited in length, depth, steps and size; nothing in it can reach what is not in the scope.
 * Workflow code may import it. Numbers are JSON's: `7 / 2` is 3.5.
 */
import type { CelScope } from './cel/evaluate.js';
import { CelEvaluator } from './cel/evaluate.js';
import type { CelValue } from './cel/functions.js';
import { CelMistake, isList, LIST_ITEMS, printed, typeOf } from './cel/functions.js';
import { CelParser } from './cel/parser.js';
import { filledPartly } from './cel/partial.js';
import { filledTemplate, OPEN, templateParts } from './cel/template.js';
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

/** What a text is, whose expressions over one root are filled in before the others. */
export type FilledEarly =
  /** A text that is filled in again later: values are guarded, so that nothing in them is an expression then. */
  | 'template'
  /** A `when` or `for_each`: values become literals. */
  | 'expression'
  /** Any other. */
  | 'text';

/** Fills in the `${{ … }}` of a text that read `root`; those that do not stay. One that reads more is a fault. */
export function fillEarly(text: string, as: FilledEarly, [root, value]: readonly [string, CelValue]): CelResult {
  const isNow = (cel: Cel): boolean => {
    const roots = new Set(referencesOf(cel).map((reference) => reference.root));
    if (!roots.has(root)) return false;
    if (roots.size === 1) return true;
    throw new ExpressionProblem(`an expression that reads "${root}" may read nothing else`, cel.at);
  };
  const guard = (each: CelValue): CelValue => (as === 'template' ? guardedTexts(each) : each);
  const evaluator = new CelEvaluator({ [root]: value });
  const inner = (each: CelValue): string => (as === 'expression' ? literalOf(each) : printed(guard(each)));
  const whole = as === 'expression' ? inner : guard;
  return guarded(() => {
    try {
      return { ok: true as const, value: filledPartly(text, { evaluator, isNow, whole, inner }) };
    } catch (error) {
      if (error instanceof CelMistake) throw new ExpressionProblem(error.message, 0);
      throw error;
    }
  });
}

function guardedTexts(value: CelValue): CelValue {
  if (typeof value === 'string') return value.replaceAll(OPEN, (open) => `$${open}`);
  if (value === null || typeof value !== 'object') return value;
  if (isList(value)) return value.map(guardedTexts);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, guardedTexts(each)]));
}

const CONTROLS: ReadonlyMap<string, string> = new Map([
  ['b', String.raw`\u0008`],
  ['f', String.raw`\u000c`],
]);

/** A value as an expression writes it. */
function literalOf(value: CelValue): string {
  if (typeof value === 'number') return value < 0 ? `(${String(value)})` : String(value);
  // The two escapes of JSON that expressions do not have.
  if (typeof value === 'string')
    return JSON.stringify(value).replace(/\\(.)/gu, (escape, what) => CONTROLS.get(String(what)) ?? escape);
  if (value === null || typeof value !== 'object') return String(value);
  if (isList(value)) return `[${value.map(literalOf).join(', ')}]`;
  throw new CelMistake('a map cannot stand in an expression');
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
