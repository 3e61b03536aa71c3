import { ExpressionProblem } from '../tokens.js';
import { CEL_FUNCTIONS } from './functions.js';
import type { CelToken } from './tokens.js';
import { celTokens } from './tokens.js';
import type { Cel, CelBinary, CelMacro } from './tree.js';
import { CEL_MACROS } from './tree.js';

const DEPTH = 32;
/** By how tightly they bind, the loosest first. */
const LEVELS: readonly (readonly CelBinary[])[] = [
  ['||'],
  ['&&'],
  ['==', '!=', '<', '<=', '>', '>=', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
];
/** Names that mean something else in JavaScript; no value has a field of this name. */
const REFUSED = ['__proto__', 'constructor', 'prototype'];
const LITERALS: Readonly<Record<string, null | boolean>> = { true: true, false: false, null: null };

/** Recursive descent; precedence as in CEL. @throws ExpressionProblem */
export class CelParser {
  readonly #tokens: readonly CelToken[];
  /** Behind the expression, and behind `until` where one was given. */
  readonly end: number;
  #at = 0;
  #depth = 0;

  constructor(text: string, start = 0, until?: string) {
    const { tokens, end } = celTokens(text, start, until);
    this.#tokens = tokens;
    this.end = end;
  }

  whole(): Cel {
    const expression = this.#choice();
    if (this.#peek().kind !== 'end') throw this.#unexpected();
    return expression;
  }

  #peek(ahead = 0): CelToken {
    return this.#tokens[this.#at + ahead] ?? { kind: 'end', value: '', at: 0 };
  }

  #unexpected(token = this.#peek()): ExpressionProblem {
    const seen = token.kind === 'end' ? 'it ends too early' : `"${String(token.value).slice(0, 40)}" is not expected`;
    return new ExpressionProblem(seen, token.at);
  }

  #isSymbol(symbol: string, ahead = 0): boolean {
    const token = this.#peek(ahead);
    return token.kind === 'symbol' && token.value === symbol;
  }

  #take(symbol: string): boolean {
    if (!this.#isSymbol(symbol)) return false;
    this.#at += 1;
    return true;
  }

  #need(symbol: string): void {
    if (!this.#take(symbol)) throw this.#unexpected();
  }

  #name(): string {
    const token = this.#peek();
    if (token.kind !== 'name') throw this.#unexpected();
    if (REFUSED.includes(token.value)) throw new ExpressionProblem(`the name "${token.value}" is reserved`, token.at);
    this.#at += 1;
    return token.value;
  }

  #deeper<T>(work: () => T): T {
    this.#depth += 1;
    if (this.#depth > DEPTH) throw new ExpressionProblem('nested too deep', this.#peek().at);
    const result = work();
    this.#depth -= 1;
    return result;
  }

  #choice(): Cel {
    return this.#deeper(() => {
      const test = this.#binary(0);
      if (!this.#take('?')) return test;
      const yes = this.#choice();
      this.#need(':');
      return { node: 'choice', test, yes, no: this.#choice(), at: test.at };
    });
  }

  #binary(level: number): Cel {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const token = this.#peek();
      const op = operators.find((each) => token.kind === (each === 'in' ? 'name' : 'symbol') && each === token.value);
      if (op === undefined) return left;
      this.#at += 1;
      left = { node: 'binary', op, left, right: this.#binary(level + 1), at: token.at };
      this.#growDepth(left);
    }
  }

  /** Chains to the left are built without recursion, and are walked with it. */
  #growDepth(node: Cel): void {
    let depth = 0;
    for (let left: Cel = node; left.node === 'binary'; left = left.left) depth += 1;
    if (depth > 8 * DEPTH) throw new ExpressionProblem('too many operators in a row', node.at);
  }

  #unary(): Cel {
    const { at } = this.#peek();
    for (const op of ['!', '-'] as const) {
      if (this.#take(op)) return this.#deeper(() => ({ node: 'unary', op, of: this.#unary(), at }));
    }
    return this.#member();
  }

  #member(): Cel {
    let value = this.#primary();
    for (let links = 0; ; links += 1) {
      if (links > 2 * DEPTH) throw new ExpressionProblem('too many fields in a row', this.#peek().at);
      const { at } = this.#peek();
      if (this.#take('.')) {
        const nameAt = this.#peek().at;
        const name = this.#name();
        value = this.#take('(')
          ? this.#call({ name, at: nameAt, of: value })
          : { node: 'field', of: value, name, at: nameAt };
      } else if (this.#take('[')) {
        const index = this.#choice();
        this.#need(']');
        value = { node: 'index', of: value, index, at };
      } else return value;
    }
  }

  #primary(): Cel {
    const token = this.#peek();
    if (token.kind === 'number' || token.kind === 'string') {
      this.#at += 1;
      return { node: 'literal', value: token.value, at: token.at };
    }
    if (token.kind === 'name') return this.#named(token.at);
    if (this.#take('(')) {
      const inner = this.#choice();
      this.#need(')');
      return inner;
    }
    if (this.#take('[')) return { node: 'list', items: this.#items(']'), at: token.at };
    throw this.#unexpected();
  }

  #named(at: number): Cel {
    const name = this.#name();
    const literal = Object.hasOwn(LITERALS, name) ? LITERALS[name] : undefined;
    if (literal !== undefined) return { node: 'literal', value: literal, at };
    if (name === 'in') throw this.#unexpected(this.#peek(-1));
    return this.#take('(') ? this.#call({ name, at }) : { node: 'name', name, at };
  }

  #items(close: string): Cel[] {
    const items: Cel[] = [];
    if (this.#take(close)) return items;
    do items.push(this.#choice());
    while (this.#take(','));
    this.#need(close);
    return items;
  }

  /** Behind the opening parenthesis of `name(…)`, or of `of.name(…)`. */
  #call({ name, at, of }: { name: string; at: number; of?: Cel }): Cel {
    if (of !== undefined && isMacro(name)) {
      const variable = this.#name();
      this.#need(',');
      const body = this.#choice();
      this.#need(')');
      return { node: 'macro', macro: name, of, variable, body, at };
    }
    const args = [...(of === undefined ? [] : [of]), ...this.#items(')')];
    if (name === 'has' && of === undefined) return hasOf(args, at);
    const known = CEL_FUNCTIONS.get(name);
    if (known === undefined) throw new ExpressionProblem(`there is no function "${name.slice(0, 40)}"`, at);
    if (known.count !== args.length) {
      throw new ExpressionProblem(`"${name}" takes ${String(known.count)} values, not ${String(args.length)}`, at);
    }
    return { node: 'call', name, args, at };
  }
}

function isMacro(name: string): name is CelMacro {
  return (CEL_MACROS as readonly string[]).includes(name);
}

/** `has(x.y)` and `has(x["y"])`: is the field there? */
function hasOf(args: readonly Cel[], at: number): Cel {
  const [field] = args;
  if (args.length === 1 && field?.node === 'field') {
    return { node: 'has', of: field.of, name: { node: 'literal', value: field.name, at: field.at }, at };
  }
  if (args.length === 1 && field?.node === 'index') return { node: 'has', of: field.of, name: field.index, at };
  throw new ExpressionProblem('"has" takes a field, as in has(input.x)', at);
}
