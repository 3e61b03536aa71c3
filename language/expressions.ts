/**
 * The closed language of check and default expressions: parsed, guarded, printed as PostgreSQL. A text that a person
 * gives is never passed on: it is parsed, and what is printed from the tree is what reaches a database.
 */
import { ExpressionParser } from './expressions/parser.js';
import type { Dialect } from './expressions/tokens.js';
import { ExpressionProblem } from './expressions/tokens.js';
import type { BinaryOperator, Expression } from './expressions/tree.js';

export type { Dialect } from './expressions/tokens.js';
export type { Expression } from './expressions/tree.js';
export { DEFAULT_COLLATED } from './expressions/tree.js';

export type ParsedExpression =
  | { readonly ok: true; readonly expression: Expression }
  | { readonly ok: false; readonly problem: string; readonly at: number };

export function parseExpression(text: string, dialect: Dialect): ParsedExpression {
  try {
    return { ok: true, expression: new ExpressionParser(text, dialect).whole() };
  } catch (error) {
    if (error instanceof ExpressionProblem) return { ok: false, problem: error.problem, at: error.at };
    throw error;
  }
}

/** Functions of PostgreSQL that read nothing but their arguments and the clock. */
const FUNCTIONS = new Set(
  (
    'abs btrim cardinality ceil char_length coalesce concat date_part date_trunc encode floor gen_random_uuid ' +
    'json_typeof left length lower ltrim mod now nullif octet_length replace right round rtrim starts_with strpos ' +
    'substr timezone to_char to_tsvector upper'
  ).split(' '),
);
const CAST_TYPE =
  /^(?:smallint|integer|bigint|numeric(?:\(\d+(?:,\d+)?\))?|real|double precision|boolean|text(?: COLLATE "default")?|varchar(?:\(\d+\))?|bytea|date|timestamp(?:\([0-6]\))?|timestamptz(?:\([0-6]\))?|time(?:\([0-6]\))?|interval|json|uuid|bit\(\d+\)|text\[\])$/;

const LEVELS: Readonly<Record<BinaryOperator, number>> = {
  OR: 1,
  AND: 2,
  '=': 4,
  '<>': 4,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  'IS DISTINCT FROM': 4,
  'IS NOT DISTINCT FROM': 4,
  '||': 5,
  '+': 6,
  '-': 6,
  '*': 7,
  '/': 7,
  '%': 7,
};

function level(expression: Expression): number {
  switch (expression.node) {
    case 'binary':
      return LEVELS[expression.op];
    case 'unary':
      return expression.op === 'NOT' ? 3 : 8;
    case 'is':
    case 'in':
    case 'between':
    case 'like':
      return 4;
    case 'cast':
      return 9;
    default:
      return 10;
  }
}

/** The operand in parentheses unless it binds tighter than its place asks for. */
function inside(expression: Expression, least: number): string {
  const text = printExpression(expression);
  return level(expression) >= least ? text : `(${text})`;
}

export function quoteString(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function printBinary(expression: Extract<Expression, { node: 'binary' }>): string {
  const own = LEVELS[expression.op];
  // Comparisons do not chain in PostgreSQL; the others are left-associative.
  const left = inside(expression.left, own === 4 ? 5 : own);
  return `${left} ${expression.op} ${inside(expression.right, own + 1)}`;
}

function printTest(expression: Extract<Expression, { node: 'is' | 'in' | 'between' | 'like' }>): string {
  const operand = inside(expression.operand, 5);
  const not = expression.negated ? 'NOT ' : '';
  switch (expression.node) {
    case 'is':
      return `${operand} IS ${not}${expression.what}`;
    case 'in':
      return `${operand} ${not}IN (${expression.items.map(printExpression).join(', ')})`;
    case 'between':
      return `${operand} ${not}BETWEEN ${inside(expression.low, 5)} AND ${inside(expression.high, 5)}`;
    case 'like': {
      const escape = expression.escape === undefined ? '' : ` ESCAPE ${quoteString(expression.escape)}`;
      return `${operand} ${not}${expression.op} ${inside(expression.pattern, 5)}${escape}`;
    }
  }
}

/** As PostgreSQL, for a session with standard_conforming_strings, which is the default since 9.1. */
export function printExpression(expression: Expression): string {
  switch (expression.node) {
    case 'number':
      return expression.text;
    case 'string':
      return quoteString(expression.value);
    case 'bits':
      return `B'${expression.value}'`;
    case 'bytes':
      return `'\\x${expression.hex}'::bytea`;
    case 'boolean':
      return expression.value ? 'true' : 'false';
    case 'null':
      return 'NULL';
    case 'column':
      return quoteName(expression.name);
    case 'keyword':
      return (
        expression.name.toUpperCase() + (expression.precision === undefined ? '' : `(${String(expression.precision)})`)
      );
    case 'call':
      return `${expression.name}(${expression.args.map(printExpression).join(', ')})`;
    case 'unary':
      return expression.op === 'NOT'
        ? `NOT ${inside(expression.operand, 4)}`
        : `${expression.op}${inside(expression.operand, 9)}`;
    case 'binary':
      return printBinary(expression);
    case 'cast':
      return `${inside(expression.operand, 9)}::${expression.type}`;
    case 'extended':
      throw new TypeError('an expression of a query is not printed here');
    default:
      return printTest(expression);
  }
}

/** Every node, the expression itself first. */
export function* nodesOf(expression: Expression): Generator<Expression> {
  yield expression;
  switch (expression.node) {
    case 'call':
      for (const argument of expression.args) yield* nodesOf(argument);
      return;
    case 'binary':
      yield* nodesOf(expression.left);
      yield* nodesOf(expression.right);
      return;
    case 'in':
      yield* nodesOf(expression.operand);
      for (const item of expression.items) yield* nodesOf(item);
      return;
    case 'between':
      yield* nodesOf(expression.operand);
      yield* nodesOf(expression.low);
      yield* nodesOf(expression.high);
      return;
    case 'like':
      yield* nodesOf(expression.operand);
      yield* nodesOf(expression.pattern);
      return;
    case 'unary':
    case 'is':
    case 'cast':
      yield* nodesOf(expression.operand);
      return;
    default:
      return;
  }
}

export type GuardedExpression =
  | { readonly ok: true; readonly text: string; readonly columns: readonly string[] }
  | { readonly ok: false; readonly problem: string };

function problemOf(node: Expression, columns: readonly string[]): string | undefined {
  if (node.node === 'call' && !FUNCTIONS.has(node.name)) return `the function "${node.name}" is not allowed`;
  if (node.node === 'cast' && !CAST_TYPE.test(node.type)) return `a cast to "${node.type}" is not allowed`;
  if (node.node === 'column' && !columns.includes(node.name)) return `there is no column "${node.name}"`;
  if (node.node === 'extended') return 'a query is not allowed';
  if (node.node === 'string' && node.value.includes('\0')) return 'a text holds the character NUL';
  return undefined;
}

/**
 * Guards a PostgreSQL expression of a plan. `columns` are the names it may use (a default may use none). The text
 * that comes back is printed from the tree; it, not what was given, goes to the target.
 */
export function guardExpression(text: string, columns: readonly string[]): GuardedExpression {
  const parsed = parseExpression(text, 'postgres');
  if (!parsed.ok) return { ok: false, problem: `${parsed.problem} (character ${String(parsed.at + 1)})` };
  const folded = fold(parsed.expression, columns);
  const used = new Set<string>();
  for (const node of nodesOf(folded)) {
    const problem = problemOf(node, columns);
    if (problem !== undefined) return { ok: false, problem };
    if (node.node === 'column') used.add(node.name);
  }
  return { ok: true, text: printExpression(folded), columns: [...used] };
}

/** PostgreSQL folds names without quotes to lower case. */
function fold(expression: Expression, columns: readonly string[]): Expression {
  return mapExpression(expression, (node) => {
    if (node.node !== 'column' || node.quoted || columns.includes(node.name)) return node;
    return { ...node, name: node.name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) };
  });
}

/** A copy with each node, leaves first, replaced by what `change` makes of it. */
export function mapExpression(expression: Expression, change: (node: Expression) => Expression): Expression {
  const inner = (node: Expression): Expression => mapExpression(node, change);
  switch (expression.node) {
    case 'call':
      return change({ ...expression, args: expression.args.map(inner) });
    case 'binary':
      return change({ ...expression, left: inner(expression.left), right: inner(expression.right) });
    case 'in':
      return change({ ...expression, operand: inner(expression.operand), items: expression.items.map(inner) });
    case 'between': {
      const { operand, low, high } = expression;
      return change({ ...expression, operand: inner(operand), low: inner(low), high: inner(high) });
    }
    case 'like':
      return change({ ...expression, operand: inner(expression.operand), pattern: inner(expression.pattern) });
    case 'unary':
    case 'is':
    case 'cast':
      return change({ ...expression, operand: inner(expression.operand) });
    default:
      return change(expression);
  }
}
