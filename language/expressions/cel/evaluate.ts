import { ExpressionProblem } from '../tokens.js';
import type { CelValue } from './functions.js';
import { CEL_FUNCTIONS, CelMistake, finite, isList, isMap, limitedList, limitedText, typeOf } from './functions.js';
import type { Cel } from './tree.js';

/** What names stand for: JSON only. Fields are looked for among its own, never along a prototype. */
export type CelScope = Readonly<Record<string, CelValue>>;

/** Steps of one evaluation, over all the expressions of one value. A step is a node, an item, or 64 characters. */
export const CEL_STEPS = 200_000;

const EQUAL_DEPTH = 200;

type Of<Node extends Cel['node']> = Extract<Cel, { node: Node }>;

/** Evaluates expressions against one scope, with one budget of steps. @throws ExpressionProblem */
export class CelEvaluator {
  #scope: CelScope;
  #steps = CEL_STEPS;

  constructor(scope: CelScope) {
    this.#scope = scope;
  }

  value(cel: Cel): CelValue {
    this.#spend(1, cel);
    try {
      return this.#valueOf(cel);
    } catch (error) {
      if (error instanceof CelMistake) throw new ExpressionProblem(error.message, cel.at);
      throw error;
    }
  }

  #spend(steps: number, cel: Cel): void {
    this.#steps -= steps;
    if (this.#steps < 0) throw new ExpressionProblem(`more than ${String(CEL_STEPS)} steps`, cel.at);
  }

  #valueOf(cel: Cel): CelValue {
    switch (cel.node) {
      case 'literal':
        return cel.value;
      case 'list':
        return limitedList(cel.items.map((item) => this.value(item)));
      case 'name': {
        const value = own(this.#scope, cel.name);
        return value === undefined ? fail(cel, `there is no "${cel.name.slice(0, 100)}"`) : value;
      }
      case 'field':
        return this.#member(this.value(cel.of), cel.name, cel);
      case 'index':
        return this.#member(this.value(cel.of), this.value(cel.index), cel);
      case 'has': {
        const value = this.value(cel.of);
        const name = this.value(cel.name);
        return isMap(value) && typeof name === 'string' && own(value, name) !== undefined;
      }
      case 'call':
        return this.#call(cel);
      case 'macro':
        return this.#macro(cel);
      case 'unary':
        return cel.op === '!' ? !this.#bool(cel.of) : -this.#number(cel.of);
      case 'choice':
        return this.value(this.#bool(cel.test) ? cel.yes : cel.no);
      case 'binary':
        return this.#binary(cel);
    }
  }

  #member(value: CelValue, name: CelValue, cel: Cel): CelValue {
    if (isList(value)) {
      const item = typeof name === 'number' && Number.isInteger(name) && name >= 0 ? value[name] : undefined;
      return item ?? (item === null ? null : fail(cel, 'there is no such item'));
    }
    if (!isMap(value)) return fail(cel, `a ${typeOf(value)} has no fields`);
    if (typeof name !== 'string') return fail(cel, 'a field has a text as its name');
    const field = own(value, name);
    return field === undefined ? fail(cel, `there is no field "${name.slice(0, 100)}"`) : field;
  }

  #bool(cel: Cel): boolean {
    const value = this.value(cel);
    return typeof value === 'boolean' ? value : fail(cel, `true or false is needed, not a ${typeOf(value)}`);
  }

  #number(cel: Cel): number {
    const value = this.value(cel);
    return typeof value === 'number' ? value : fail(cel, `a number is needed, not a ${typeOf(value)}`);
  }

  #call(cel: Of<'call'>): CelValue {
    const [first = null, second = null] = cel.args.map((argument) => this.value(argument));
    this.#spend(costOf(first) + costOf(second), cel);
    const result = CEL_FUNCTIONS.get(cel.name)?.run(first, second);
    if (result === undefined) return fail(cel, `there is no function "${cel.name}"`);
    this.#spend(costOf(result), cel);
    return result;
  }

  /** The variable hides an outer name of the same spelling while the body runs. */
  #macro(cel: Of<'macro'>): CelValue {
    const over = this.value(cel.of);
    if (!isList(over)) return fail(cel, `a list is needed, not a ${typeOf(over)}`);
    const outer = this.#scope;
    const results: CelValue[] = [];
    let holds = 0;
    try {
      for (const item of limitedList(over)) {
        this.#scope = { ...outer, [cel.variable]: item };
        if (cel.macro === 'map') {
          results.push(this.value(cel.body));
          continue;
        }
        const isTrue = this.#bool(cel.body);
        if (isTrue) holds += 1;
        if (cel.macro === 'filter' && isTrue) results.push(item);
        if (cel.macro === 'all' && !isTrue) return false;
        if (cel.macro === 'exists' && isTrue) return true;
      }
    } finally {
      this.#scope = outer;
    }
    if (cel.macro === 'map' || cel.macro === 'filter') return results;
    return cel.macro === 'all' || (cel.macro === 'exists_one' && holds === 1);
  }

  #binary(cel: Of<'binary'>): CelValue {
    if (cel.op === '||') return this.#bool(cel.left) || this.#bool(cel.right);
    if (cel.op === '&&') return this.#bool(cel.left) && this.#bool(cel.right);
    const left = this.value(cel.left);
    const right = this.value(cel.right);
    switch (cel.op) {
      case '==':
        return this.#equal(left, right, cel);
      case '!=':
        return !this.#equal(left, right, cel);
      case 'in':
        if (isMap(right)) return typeof left === 'string' && own(right, left) !== undefined;
        if (!isList(right)) return fail(cel, `"in" needs a list or a map, not a ${typeOf(right)}`);
        return right.some((item) => this.#equal(left, item, cel));
      case '+':
        return this.#sum(left, right, cel);
      default:
        return arithmetic(cel, left, right);
    }
  }

  #sum(left: CelValue, right: CelValue, cel: Of<'binary'>): CelValue {
    if (typeof left === 'number' && typeof right === 'number') return finite(left + right);
    this.#spend(costOf(left) + costOf(right), cel);
    if (typeof left === 'string' && typeof right === 'string') return limitedText(left + right);
    if (isList(left) && isList(right)) return limitedList([...left, ...right]);
    return fail(cel, `a ${typeOf(left)} and a ${typeOf(right)} cannot be added`);
  }

  /** Outputs of agents nest as deep as they like, and comparing goes as deep as they do. */
  #equal(left: CelValue, right: CelValue, cel: Cel, depth = 0): boolean {
    if (depth > EQUAL_DEPTH) return fail(cel, `values that nest deeper than ${String(EQUAL_DEPTH)} levels`);
    this.#spend(1 + (typeof left === 'string' ? costOf(left) : 0), cel);
    if (isList(left) && isList(right)) {
      return (
        left.length === right.length && left.every((item, at) => this.#equal(item, right[at] ?? null, cel, depth + 1))
      );
    }
    if (isMap(left) && isMap(right)) {
      const names = Object.keys(left);
      return (
        names.length === Object.keys(right).length &&
        names.every((name) => {
          const other = own(right, name);
          return other !== undefined && this.#equal(left[name] ?? null, other, cel, depth + 1);
        })
      );
    }
    return left === right;
  }
}

function fail(cel: Cel, seen: string): never {
  throw new ExpressionProblem(seen, cel.at);
}

function own(map: Readonly<Record<string, CelValue>>, name: string): CelValue | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}

function costOf(value: CelValue): number {
  if (typeof value === 'string') return value.length >> 6;
  return isList(value) ? value.length : 0;
}

function arithmetic(cel: Of<'binary'>, left: CelValue, right: CelValue): CelValue {
  const areNumbers = typeof left === 'number' && typeof right === 'number';
  const areTexts = typeof left === 'string' && typeof right === 'string';
  if (areNumbers || areTexts) {
    if (cel.op === '<') return left < right;
    if (cel.op === '<=') return left <= right;
    if (cel.op === '>') return left > right;
    if (cel.op === '>=') return left >= right;
  }
  if (!areNumbers) return fail(cel, `"${cel.op}" does not fit a ${typeOf(left)} and a ${typeOf(right)}`);
  if (cel.op === '-') return finite(left - right);
  if (cel.op === '*') return finite(left * right);
  if (right === 0) return fail(cel, 'a division by zero');
  return finite(cel.op === '%' ? left % right : left / right);
}
