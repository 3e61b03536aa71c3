import type { ColumnMapping } from '../../../contracts/mapping.js';
import type { Expression } from '../../../language/expressions.js';
import { plainly, translateCall } from './translate-calls.js';
import type { TranslateContext, Typed } from './typed.js';
import { fail, neverZero, SORTS, textOf, TRUE } from './typed.js';

const NUMBER_TEXT = /^-?\d+(?:\.\d+)?$/;
const MOMENT_TEXT = /^\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?$|^\d\d:\d\d(?::\d\d(?:\.\d+)?)?$/;

function isString(value: Typed): value is Typed & { expression: { node: 'string'; value: string } } {
  return value.expression.node === 'string';
}

/** A literal in the terms of what it is compared with. */
function literalFor(literal: Typed, other: Typed): Typed {
  const { expression } = literal;
  if (other.sort === 'boolean' && expression.node === 'number') {
    if (expression.text !== '0' && expression.text !== '1')
      fail('a boolean is compared with another number than 0 and 1');
    return { expression: { node: 'boolean', value: expression.text === '1' }, sort: 'boolean' };
  }
  if (other.sort === 'number' && expression.node === 'string') {
    if (!NUMBER_TEXT.test(expression.value)) fail('a number is compared with a text');
    return { expression: { node: 'number', text: expression.value }, sort: 'number' };
  }
  if (other.sort === 'moment' && expression.node === 'string') {
    if (!MOMENT_TEXT.test(expression.value)) fail('a date is compared with a text that is none');
    return { ...literal, sort: 'moment' };
  }
  const labels = other.column?.mapping.kind === 'enum' ? other.column.mapping.limits.labels : undefined;
  if (labels && expression.node === 'string' && !labels.includes(expression.value)) {
    fail('an enum is compared with a text that is none of its labels');
  }
  return literal;
}

function matched(left: Typed, right: Typed): [Typed, Typed] {
  const first = literalFor(left, right);
  const second = literalFor(right, first);
  if (first.sort === 'null' || second.sort === 'null') return [first, second];
  if (first.sort !== second.sort) fail(`a ${first.sort} is compared with a ${second.sort}`);
  if (first.sort === 'other') fail('a value is compared whose type has no order in the target');
  return [first, second];
}

const ORDERED = new Set(['<', '<=', '>', '>=']);

export class Translator {
  readonly #context: TranslateContext;

  constructor(context: TranslateContext) {
    this.#context = context;
  }

  /** The expression as a condition; `true` alone when the target's types keep what it says. */
  condition(expression: Expression): Expression {
    return this.#condition(this.#value(expression));
  }

  value(expression: Expression): Expression {
    return this.#value(expression).expression;
  }

  /** The expression as a value that a column of this kind takes. */
  valueFor(kind: ColumnMapping['kind'], expression: Expression): Expression {
    const value = this.#value(expression);
    const sort = SORTS[kind];
    if (sort === 'other' || (value.sort !== sort && value.sort !== 'null'))
      fail(`a ${value.sort} for a column of kind ${kind}`);
    return kind === 'text' ? textOf(value) : value.expression;
  }

  #condition(value: Typed): Expression {
    if (value.sort === 'boolean') return value.expression;
    if (value.sort !== 'number') fail('a condition is neither true nor false');
    return { node: 'binary', op: '<>', left: value.expression, right: { node: 'number', text: '0' } };
  }

  #value(expression: Expression): Typed {
    switch (expression.node) {
      case 'number':
        return { expression, sort: 'number' };
      case 'string':
        if (expression.value.includes('\0')) fail('a text holds the character NUL');
        return { expression, sort: 'text' };
      case 'boolean':
        return { expression, sort: 'boolean' };
      case 'null':
        return { expression, sort: 'null' };
      case 'bits':
        return { expression: { node: 'number', text: String(BigInt(`0b0${expression.value}`)) }, sort: 'number' };
      case 'bytes':
        return { expression, sort: 'bytes' };
      case 'column':
        return this.#column(expression);
      case 'unary':
        return this.#unary(expression);
      case 'binary':
        return this.#binary(expression);
      case 'call':
        return this.#call(expression.name, expression.args);
      case 'keyword':
        return fail('the clock in a check');
      case 'cast':
        return fail('a cast');
      case 'extended':
        return fail('a query');
      default:
        return this.#test(expression);
    }
  }

  #column(expression: Extract<Expression, { node: 'column' }>): Typed {
    const column = this.#context.columns.get(expression.name.toLowerCase());
    if (!column) {
      // SQLite takes a name in double quotes that is no column for a text.
      if (this.#context.engine === 'sqlite' && expression.quoted) {
        return { expression: { node: 'string', value: expression.name }, sort: 'text' };
      }
      return fail(`there is no column "${expression.name}"`);
    }
    const target: Expression = { node: 'column', name: column.mapping.target, quoted: true };
    return { expression: target, sort: SORTS[column.mapping.kind], column };
  }

  #unary({ op, operand }: Extract<Expression, { node: 'unary' }>): Typed {
    if (op === 'NOT') {
      const inner = this.condition(operand);
      if (inner.node === 'boolean') return { expression: { node: 'boolean', value: !inner.value }, sort: 'boolean' };
      return { expression: { node: 'unary', op, operand: inner }, sort: 'boolean' };
    }
    const inner = this.#number(operand);
    return { expression: op === '+' ? inner : { node: 'unary', op, operand: inner }, sort: 'number' };
  }

  #number(expression: Expression): Expression {
    const value = this.#value(expression);
    if (value.sort !== 'number') fail('arithmetic on something that is no number in the target');
    return value.expression;
  }

  #binary(expression: Extract<Expression, { node: 'binary' }>): Typed {
    const { op } = expression;
    if (op === 'AND' || op === 'OR') return this.#junction(expression);
    if (op === '||') {
      const left = textOf(this.#value(expression.left));
      return { expression: { node: 'binary', op, left, right: textOf(this.#value(expression.right)) }, sort: 'text' };
    }
    if ('+-*/%'.includes(op)) {
      let left = this.#number(expression.left);
      // MySQL's division keeps the fraction; PostgreSQL's of two integers does not.
      if (op === '/' && this.#context.engine !== 'sqlite') left = { node: 'cast', operand: left, type: 'numeric' };
      const right = this.#number(expression.right);
      const divisor = op === '/' || op === '%' ? neverZero(right) : right;
      return { expression: { node: 'binary', op, left, right: divisor }, sort: 'number' };
    }
    const own = this.#typeOf(expression);
    if (own) return own;
    const [left, right] = matched(this.#value(expression.left), this.#value(expression.right));
    const asText = ORDERED.has(op) && left.sort === 'text';
    return {
      expression: {
        node: 'binary',
        op,
        left: asText ? textOf(left) : left.expression,
        right: asText ? textOf(right) : right.expression,
      },
      sort: 'boolean',
    };
  }

  #junction({ op, left, right }: Extract<Expression, { node: 'binary' }>): Typed {
    const first = this.condition(left);
    const second = this.condition(right);
    const absorbs = op === 'OR';
    for (const [one, other] of [
      [first, second],
      [second, first],
    ] as const) {
      if (one.node === 'boolean') return { expression: one.value === absorbs ? one : other, sort: 'boolean' };
    }
    return { expression: { node: 'binary', op, left: first, right: second }, sort: 'boolean' };
  }

  /** typeof(column) = '…' of SQLite: the target's type keeps it, or it cannot be kept. */
  #typeOf(expression: Expression): Typed | undefined {
    const operand =
      expression.node === 'binary' ? expression.left : expression.node === 'in' ? expression.operand : undefined;
    if (operand?.node !== 'call' || operand.name !== 'typeof' || this.#context.engine !== 'sqlite') return undefined;
    const negated =
      expression.node === 'in' ? expression.negated : expression.node === 'binary' && expression.op !== '=';
    const items = expression.node === 'in' ? expression.items : expression.node === 'binary' ? [expression.right] : [];
    const argument = this.#value(operand.args[0] ?? fail('typeof without an argument'));
    const kind = argument.column?.mapping.kind;
    const storage =
      kind === 'integer' || kind === 'boolean'
        ? 'integer'
        : kind === 'text'
          ? 'text'
          : kind === 'float8'
            ? 'real'
            : kind === 'bytes'
              ? 'blob'
              : undefined;
    const names = items.map((item) => (item.node === 'string' ? item.value : ''));
    if (negated || storage === undefined || !names.includes(storage))
      fail('typeof, which the target type does not keep');
    if (names.includes('null') || !argument.column?.mapping.nullable) return TRUE;
    return { expression: { node: 'is', operand: argument.expression, negated: true, what: 'NULL' }, sort: 'boolean' };
  }

  #test(expression: Extract<Expression, { node: 'is' | 'in' | 'between' | 'like' }>): Typed {
    const own = this.#typeOf(expression);
    if (own) return own;
    if (expression.node === 'like') return this.#like(expression);
    let operand = this.#value(expression.operand);
    if (expression.node === 'is') {
      const inner = expression.what === 'NULL' ? operand.expression : this.#condition(operand);
      return { expression: { ...expression, operand: inner }, sort: 'boolean' };
    }
    if (expression.node === 'in') {
      const items = expression.items.map((item) => {
        const [first, second] = matched(operand, this.#value(item));
        operand = first;
        return second.expression;
      });
      return { expression: { ...expression, operand: operand.expression, items }, sort: 'boolean' };
    }
    const [first, low] = matched(operand, this.#value(expression.low));
    const [second, high] = matched(first, this.#value(expression.high));
    const text = second.sort === 'text';
    return {
      expression: {
        ...expression,
        operand: text ? textOf(second) : second.expression,
        low: low.expression,
        high: high.expression,
      },
      sort: 'boolean',
    };
  }

  #like(expression: Extract<Expression, { node: 'like' }>): Typed {
    const operand = this.#value(expression.operand);
    const pattern = this.#value(expression.pattern);
    if (!isString(pattern)) fail('LIKE with a pattern that is no text');
    const { engine } = this.#context;
    const collation = operand.column?.collation ?? '';
    const folds = engine === 'sqlite' || /_ci$/i.test(collation);
    // PostgreSQL has no ILIKE for texts that are compared without regard to case.
    const plain = (text: Expression, source: Expression): Expression =>
      folds ? plainly(text, source, (node) => this.#value(node)) : text;
    // SQLite has no escape character unless one is said; PostgreSQL and MySQL have the backslash.
    const escape = expression.escape ?? (engine === 'sqlite' ? '' : undefined);
    return {
      expression: {
        node: 'like',
        operand: plain(textOf(operand), expression.operand),
        negated: expression.negated,
        op: folds ? 'ILIKE' : 'LIKE',
        pattern: plain(pattern.expression, expression.pattern),
        ...(escape !== undefined && { escape }),
      },
      sort: 'boolean',
    };
  }

  #call(name: string, args: readonly Expression[]): Typed {
    const { engine } = this.#context;
    return translateCall({ name, args, engine, value: (argument) => this.#value(argument) });
  }
}
