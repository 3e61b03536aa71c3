import { mapExpression, parseExpression, printExpression } from './expressions.js';
import type { Expression } from './expressions.js';
import { filterTree } from './filter-tree.js';

/**
 * The closed language of row filters: comparisons of a table's columns with literals, joined by AND, OR and NOT. What a
 * person writes is parsed; what reaches a source is printed from the tree, in the source's own dialect; `tree`: as data,
 * for a source that evaluates nothing itself.
 */
export type FilterDialect = 'mysql' | 'sqlite' | 'tree';

/** What a column holds, as far as comparing goes; "any" where the source does not hold it to one type. */
export type FilterSort = 'number' | 'text' | 'moment' | 'any';

export interface FilterColumn {
  readonly name: string;
  /** Absent: its type cannot be compared. */
  readonly sort?: FilterSort;
}

export type CheckedFilter =
  | { readonly ok: true; readonly where: string; readonly sql: string }
  | { readonly ok: false; readonly problem: string };

class Refused extends Error {}

function refuse(problem: string): never {
  throw new Refused(problem);
}

/** Checks a filter against the columns of its table, and prints it for the source. */
export function checkFilter(text: string, columns: readonly FilterColumn[], dialect: FilterDialect): CheckedFilter {
  const parsed = parseExpression(text, 'postgres');
  if (!parsed.ok) return { ok: false, problem: `${parsed.problem} (character ${String(parsed.at + 1)})` };
  try {
    const printer = new FilterPrinter(columns, dialect);
    const sql = printer.condition(parsed.expression);
    if (!printer.namesColumn) refuse('it names no column');
    const named = mapExpression(parsed.expression, (node) =>
      node.node === 'column' ? { ...node, name: printer.find(node).name, quoted: true } : node,
    );
    if (dialect !== 'tree') return { ok: true, where: printExpression(named), sql };
    return { ok: true, where: printExpression(named), sql: JSON.stringify(filterTree(named)) };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, problem: error.message };
    throw error;
  }
}

const COMPARISONS = new Set(['=', '<>', '<', '<=', '>', '>=']);
const NUMBER = /^-?\d+(?:\.\d+)?$/;
const MOMENT = /^\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d{1,6})?)?$/;

class FilterPrinter {
  namesColumn = false;
  readonly #columns: readonly FilterColumn[];
  readonly #dialect: FilterDialect;

  constructor(columns: readonly FilterColumn[], dialect: FilterDialect) {
    this.#columns = columns;
    this.#dialect = dialect;
  }

  condition(node: Expression): string {
    switch (node.node) {
      case 'binary':
        if (node.op === 'AND' || node.op === 'OR')
          return `(${this.condition(node.left)} ${node.op} ${this.condition(node.right)})`;
        if (COMPARISONS.has(node.op)) return this.#comparison(node.op, node.left, node.right);
        return refuse(`"${node.op}" is not part of a filter`);
      case 'unary':
        if (node.op === 'NOT') return `(NOT ${this.condition(node.operand)})`;
        return refuse('it is neither true nor false');
      case 'is':
        if (node.what !== 'NULL') return refuse(`"IS ${node.what}" is not part of a filter`);
        return `(${this.#column(node.operand).sql} IS ${node.negated ? 'NOT ' : ''}NULL)`;
      case 'in': {
        const { sql, sort } = this.#column(node.operand);
        const items = node.items.map((item) => this.#literal(item, sort));
        return `(${sql} ${node.negated ? 'NOT ' : ''}IN (${items.join(', ')}))`;
      }
      case 'between': {
        const { sql, sort } = this.#column(node.operand);
        const [low, high] = [this.#literal(node.low, sort), this.#literal(node.high, sort)];
        return `(${sql} ${node.negated ? 'NOT ' : ''}BETWEEN ${low} AND ${high})`;
      }
      case 'like':
        return this.#like(node);
      default:
        return refuse('it is no comparison of a column');
    }
  }

  #comparison(op: string, left: Expression, right: Expression): string {
    if (left.node !== 'column') {
      if (right.node !== 'column') return refuse('one side of a comparison must be a column');
      const { sql, sort } = this.#column(right);
      return `(${this.#literal(left, sort)} ${op} ${sql})`;
    }
    const { sql, sort } = this.#column(left);
    if (right.node !== 'column') return `(${sql} ${op} ${this.#literal(right, sort)})`;
    const other = this.#column(right);
    if (other.sort !== sort) return refuse(`a ${sort} is compared with a ${other.sort}`);
    return `(${sql} ${op} ${other.sql})`;
  }

  #like(node: Extract<Expression, { node: 'like' }>): string {
    const { sql, sort } = this.#column(node.operand);
    if (node.op === 'ILIKE') return refuse('ILIKE is not part of a filter; LIKE compares as the source does');
    if (sort === 'number' || sort === 'moment') return refuse('LIKE is for texts');
    if (node.pattern.node !== 'string') return refuse('the pattern of LIKE must be a text');
    // Said always: the dialects differ in what escapes when nothing is said.
    const escape = node.escape ?? '\\';
    if (!/^.$/u.test(escape)) return refuse('ESCAPE takes one character');
    return `(${sql} ${node.negated ? 'NOT ' : ''}LIKE ${this.#text(node.pattern.value)} ESCAPE ${this.#text(escape)})`;
  }

  find({ name, quoted }: Extract<Expression, { node: 'column' }>): FilterColumn {
    const exact = this.#columns.find((column) => column.name === name);
    const folded = quoted ? [] : this.#columns.filter((column) => column.name.toLowerCase() === name.toLowerCase());
    return exact ?? folded[0] ?? refuse(`there is no column "${name}"`);
  }

  #column(node: Expression): { sql: string; sort: FilterSort } {
    if (node.node !== 'column') return refuse('a column must stand on the left side');
    const column = this.find(node);
    if (column.sort === undefined) return refuse(`the column "${column.name}" has a type that a filter cannot compare`);
    this.namesColumn = true;
    const quote = this.#dialect === 'mysql' ? '`' : '"';
    return { sql: quote + column.name.replaceAll(quote, quote + quote) + quote, sort: column.sort };
  }

  /** A literal of the sort of what it is compared with: the source must not convert one into the other. */
  #literal(node: Expression, sort: FilterSort): string {
    if (node.node === 'number' || (node.node === 'unary' && node.operand.node === 'number')) {
      const text =
        node.node === 'number' ? node.text : `${node.op}${node.operand.node === 'number' ? node.operand.text : ''}`;
      if (!NUMBER.test(text)) return refuse(`the number ${text} must be written with digits only`);
      if (sort === 'text' || sort === 'moment') return refuse(`a ${sort} is compared with a number: put it in quotes`);
      return text;
    }
    if (node.node === 'boolean') {
      if (sort !== 'number' && sort !== 'any') return refuse(`a ${sort} is compared with a boolean`);
      return node.value ? '1' : '0';
    }
    if (node.node !== 'string') return refuse('a column is compared with something that is no literal');
    if (sort === 'number') return refuse('a number is compared with a text');
    if (sort === 'moment' && !MOMENT.test(node.value))
      return refuse('a date or time is compared with a text that is no YYYY-MM-DD or YYYY-MM-DD HH:MM:SS');
    return this.#text(node.value);
  }

  #text(value: string): string {
    if (value.includes('\0')) return refuse('a text holds the character NUL');
    const doubled = value.replaceAll("'", "''");
    return this.#dialect === 'mysql' ? `'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
  }
}
