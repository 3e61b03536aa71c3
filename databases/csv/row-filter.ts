import type { FilterTerm, FilterTree } from '../../contracts/filter-tree.js';
import type { TableMapping } from '../../contracts/mapping.js';

/** The text of a column of a row; null is NULL. */
export type TextOf = (column: string) => string | null;
/** Is the row moved? What is neither true nor false leaves it out. */
export type RowFilter = (textOf: TextOf) => boolean;

type Truth = boolean | null;
type Meets = (textOf: TextOf) => Truth;
type Value = string | Decimal | boolean | null;
type ValueOf = (textOf: TextOf) => Value;

/**
 * The plan's filter of a table; undefined where all rows are moved. Every value of a file is a text: beside a number it
 * counts as the number that it is, beside true and false as the flag, else by its characters, in the order of Unicode.
 */
export function rowFilterOf({ filter }: TableMapping): RowFilter | undefined {
  if (filter?.sql === undefined) return undefined;
  const meets = compile(JSON.parse(filter.sql) as FilterTree);
  return (textOf) => meets(textOf) === true;
}

function compile(tree: FilterTree): Meets {
  switch (tree.op) {
    case 'and':
    case 'or': {
      const [left, right, decides] = [compile(tree.left), compile(tree.right), tree.op === 'or'];
      return (textOf) => {
        const one = left(textOf);
        if (one === decides) return one;
        const other = right(textOf);
        return other === decides ? other : one === null ? null : other;
      };
    }
    case 'not': {
      const operand = compile(tree.operand);
      return (textOf) => {
        const truth = operand(textOf);
        return truth === null ? null : !truth;
      };
    }
    case 'null': {
      const of = valueOf(tree.of, false);
      return (textOf) => of(textOf) === null;
    }
    case 'like':
      return likeOf(tree);
    default:
      return comparing(tree);
  }
}

function comparing(tree: Extract<FilterTree, { left: FilterTerm }>): Meets {
  const { op } = tree;
  const isOfNumber = 'number' in tree.left || 'number' in tree.right;
  const isOfFlag = 'flag' in tree.left || 'flag' in tree.right;
  const read = (term: FilterTerm): ValueOf => valueOf(term, isOfNumber, isOfFlag);
  const [left, right] = [read(tree.left), read(tree.right)];
  return (textOf) => {
    const [one, other] = [left(textOf), right(textOf)];
    if (one === null || other === null) return null;
    const order = orderOf(one, other);
    switch (op) {
      case '=':
        return order === 0;
      case '<>':
        return order !== 0;
      case '<':
        return order < 0;
      case '<=':
        return order <= 0;
      case '>':
        return order > 0;
      case '>=':
        return order >= 0;
    }
  };
}

/** What is no number is neither smaller nor greater than one, as NULL. */
function valueOf(term: FilterTerm, isOfNumber: boolean, isOfFlag = false): ValueOf {
  if ('flag' in term) return () => term.flag;
  if ('number' in term) {
    const number = decimalOf(term.number);
    return () => number;
  }
  if ('text' in term) return () => term.text;
  return (textOf) => {
    const text = textOf(term.column);
    if (text === null) return null;
    if (isOfFlag) return flagOf(text);
    return isOfNumber ? decimalOf(text) : text;
  };
}

function flagOf(text: string): boolean | null {
  const word = text.toLowerCase();
  return word === 'true' || word === '1' ? true : word === 'false' || word === '0' ? false : null;
}

/** Two numbers of one scale compare as their digits do. */
interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?$/;
/** More digits are no number that somebody filters by; they would cost time. */
const DIGITS_MAX = 1000;

function decimalOf(text: string): Decimal | null {
  const [, sign = '', whole = '', fraction = ''] = DECIMAL.exec(text) ?? [];
  if (whole === '' || text.length > DIGITS_MAX) return null;
  const digits = BigInt(whole + fraction);
  return { digits: sign === '-' ? -digits : digits, scale: fraction.length };
}

function orderOf(one: Exclude<Value, null>, other: Exclude<Value, null>): number {
  if (typeof one === 'object' && typeof other === 'object') {
    const scale = Math.max(one.scale, other.scale);
    const at = ({ digits, scale: own }: Decimal): bigint => digits * 10n ** BigInt(scale - own);
    return at(one) < at(other) ? -1 : at(one) > at(other) ? 1 : 0;
  }
  if (typeof one === 'string' && typeof other === 'string') return Buffer.compare(Buffer.from(one), Buffer.from(other));
  return Number(one) - Number(other);
}

const ANY = Symbol('any characters');
const ONE = Symbol('one character');
type Part = string | typeof ANY | typeof ONE;

/** % stands for any characters, _ for one, the escape character for what follows it. */
function likeOf({ of: term, pattern, escape }: Extract<FilterTree, { op: 'like' }>): Meets {
  const characters = Array.from(pattern);
  const parts: Part[] = [];
  for (let at = 0; at < characters.length; at += 1) {
    const one = characters[at] ?? '';
    if (one === escape && at + 1 < characters.length) parts.push(characters[(at += 1)] ?? '');
    else parts.push(one === '%' ? ANY : one === '_' ? ONE : one);
  }
  const of = valueOf(term, false);
  return (textOf) => {
    const text = of(textOf);
    return typeof text === 'string' ? isLike(Array.from(text), parts) : null;
  };
}

/** Goes back to the last % only, so that no pattern takes long. */
function isLike(text: readonly string[], parts: readonly Part[]): boolean {
  let [at, part] = [0, 0];
  let [lastAny, from] = [-1, 0];
  while (at < text.length) {
    const wanted = parts[part];
    if (wanted === ANY) {
      [lastAny, from] = [part, at];
      part += 1;
    } else if (wanted !== undefined && (wanted === ONE || wanted === text[at])) {
      [at, part] = [at + 1, part + 1];
    } else if (lastAny >= 0) {
      from += 1;
      [at, part] = [from, lastAny + 1];
    } else return false;
  }
  return parts.slice(part).every((left) => left === ANY);
}
