import { CLOCK_KEYWORDS } from '../parser.js';
import type { Cursor, Operands } from '../parser.js';
import type { Dialect } from '../tokens.js';
import type { Expression } from '../tree.js';
import { list, orderings } from './lists.js';
import { binaryOf, collated, combined, momentOf, product, regexp, rowOf } from './query-operators.js';
import type { Extension, FunctionCall, Query } from './tree.js';
import { windowOf } from './windows.js';

/** Reads a query where the cursor stands; given by the parser of queries, which reads operands through this. */
export type ReadQuery = (cursor: Cursor) => Query;

const UNITS = 'microsecond second minute hour day week month quarter year'.split(' ');
const PLAIN_CALL = { star: false, distinct: false, orderBy: [] } as const;

function extended(extension: Extension): Expression {
  return { node: 'extended', extension };
}

/** Operands of queries: names with their tables, calls with all that aggregates take, CASE, subqueries, intervals. */
export class QueryOperands implements Operands {
  readonly #dialect: Dialect;
  readonly #query: ReadQuery;

  constructor(dialect: Dialect, query: ReadQuery) {
    this.#dialect = dialect;
    this.#query = query;
  }

  operand(cursor: Cursor): Expression | undefined {
    const token = cursor.peek();
    if (token.kind === 'quoted') return this.#path(cursor);
    if (token.kind === 'symbol' && token.text === '(') {
      return startsQuery(cursor, 1) ? this.#subquery(cursor) : rowOf(cursor);
    }
    if (token.kind !== 'word') return undefined;
    const word = token.text.toLowerCase();
    if (startsQuery(cursor, 0)) return extended({ kind: 'subquery', query: this.#query(cursor) });
    if (word === 'case') return this.#case(cursor);
    if (word === 'exists') return this.#exists(cursor);
    if (word === 'interval' && this.#dialect === 'mysql') return this.#interval(cursor);
    if (word === 'any' || word === 'some' || word === 'all') return this.#quantified(cursor, word === 'all');
    const literal = momentOf(cursor) ?? binaryOf(cursor, this.#dialect);
    if (literal !== undefined) return literal;
    if (word === 'null' || word === 'true' || word === 'false' || CLOCK_KEYWORDS.includes(word)) return undefined;
    const next = cursor.peek(1);
    if (next.kind === 'symbol' && next.text === '(') return this.#call(cursor);
    if (RESERVED.has(word)) throw cursor.unexpected(token);
    return this.#path(cursor);
  }

  tested(operand: Expression, cursor: Cursor): Expression | undefined {
    return this.#dialect === 'mysql' ? regexp(operand, cursor) : undefined;
  }

  suffixed(operand: Expression, cursor: Cursor): Expression | undefined {
    return collated(operand, cursor);
  }

  product(left: Expression, cursor: Cursor, right: () => Expression): Expression | undefined {
    return this.#dialect === 'mysql' ? product(left, cursor, right) : undefined;
  }

  combined(left: Expression, cursor: Cursor, right: () => Expression): Expression | undefined {
    return this.#dialect === 'postgres' ? undefined : combined(left, cursor, right);
  }

  #quantified(cursor: Cursor, isAll: boolean): Expression {
    cursor.take();
    cursor.need('(');
    const query = this.#query(cursor);
    cursor.need(')');
    return extended({ kind: 'quantified', quantifier: isAll ? 'ALL' : 'ANY', query });
  }

  #path(cursor: Cursor): Expression {
    const first = cursor.take();
    const path = [first.text];
    let quoted = first.kind === 'quoted';
    while (cursor.takeSymbol('.')) {
      const token = cursor.peek();
      if (token.kind !== 'word' && token.kind !== 'quoted') throw cursor.unexpected(token);
      cursor.take();
      path.push(token.text);
      quoted = token.kind === 'quoted';
    }
    return extended({ kind: 'path', path, quoted });
  }

  #subquery(cursor: Cursor): Expression {
    cursor.need('(');
    const query = this.#query(cursor);
    cursor.need(')');
    return extended({ kind: 'subquery', query });
  }

  #exists(cursor: Cursor): Expression {
    cursor.take();
    cursor.need('(');
    const query = this.#query(cursor);
    cursor.need(')');
    return extended({ kind: 'exists', query });
  }

  #case(cursor: Cursor): Expression {
    return cursor.deeper(() => {
      cursor.take();
      const operand = cursor.isWord('when') ? undefined : cursor.expression();
      const whens: { when: Expression; then: Expression }[] = [];
      while (cursor.takeWord('when')) {
        const when = cursor.expression();
        cursor.needWord('then');
        whens.push({ when, then: cursor.expression() });
      }
      if (whens.length === 0) throw cursor.unexpected(cursor.peek());
      const otherwise = cursor.takeWord('else') ? cursor.expression() : undefined;
      cursor.needWord('end');
      return extended({ kind: 'case', whens, ...(operand && { operand }), ...(otherwise && { otherwise }) });
    });
  }

  #interval(cursor: Cursor): Expression {
    cursor.take();
    const count = cursor.deeper(() => cursor.expression());
    const unit = cursor.take();
    if (unit.kind !== 'word' || !UNITS.includes(unit.text.toLowerCase())) throw cursor.unexpected(unit);
    return extended({ kind: 'interval', count, unit: unit.text.toLowerCase() });
  }

  #call(cursor: Cursor): Expression {
    const name = cursor.take().text.toLowerCase();
    cursor.need('(');
    const call = cursor.deeper(() => this.#special(name, cursor) ?? this.#plain(name, cursor));
    cursor.need(')');
    return extended(cursor.takeWord('over') ? { ...call, over: windowOf(cursor) } : call);
  }

  /** Calls whose arguments have words between them. */
  #special(name: string, cursor: Cursor): FunctionCall | undefined {
    if (name === 'cast' || name === 'convert') return this.#cast(name, cursor);
    if (name === 'trim' && TRIMS.some((side) => cursor.isWord(side))) return trim(cursor);
    if (name === 'position') {
      const wanted = cursor.deeper(() => cursor.sum());
      cursor.needWord('in');
      return { kind: 'function', name: 'locate', args: [wanted, cursor.expression()], ...PLAIN_CALL };
    }
    if (name === 'extract' || name === 'timestampdiff' || name === 'timestampadd') {
      const word = cursor.take();
      if (word.kind !== 'word') throw cursor.unexpected(word);
      if (name === 'extract') cursor.needWord('from');
      else cursor.need(',');
      return { kind: 'function', name, word: word.text.toLowerCase(), args: list(cursor), ...PLAIN_CALL };
    }
    if ((name === 'substring' || name === 'substr') && !cursor.isSymbol(')')) return substring(cursor);
    return undefined;
  }

  #cast(name: string, cursor: Cursor): FunctionCall {
    const operand = cursor.expression();
    if (name === 'convert' && cursor.takeWord('using')) {
      const charset = cursor.take();
      return { kind: 'function', name, word: charset.text.toLowerCase(), args: [operand], ...PLAIN_CALL };
    }
    if (name === 'cast') cursor.needWord('as');
    else cursor.need(',');
    let word = cursor.type();
    if (word === 'signed' || word === 'unsigned') cursor.takeWord('integer');
    // What is read from a server is decoded already: the character set says nothing more.
    if (cursor.takeWord('charset')) cursor.take();
    else if (cursor.isWord('character')) {
      cursor.take();
      cursor.needWord('set');
      cursor.take();
    }
    if (word === 'character') word = 'char';
    return { kind: 'function', name: 'cast', word, args: [operand], ...PLAIN_CALL };
  }

  #plain(name: string, cursor: Cursor): FunctionCall {
    if (cursor.takeSymbol('*')) return { kind: 'function', name, args: [], ...PLAIN_CALL, star: true };
    const distinct = cursor.takeWord('distinct');
    const args = cursor.isSymbol(')') ? [] : list(cursor);
    const orderBy = orderings(cursor);
    const separator = this.#separator(cursor);
    const call = { kind: 'function', name, args, star: false, distinct, orderBy } as const;
    return separator === undefined ? call : { ...call, separator };
  }

  #separator(cursor: Cursor): string | undefined {
    if (this.#dialect !== 'mysql' || !cursor.takeWord('separator')) return undefined;
    const token = cursor.take();
    if (token.kind !== 'string') throw cursor.unexpected(token);
    return token.text;
  }
}

const RESERVED = new Set(
  (
    'from where group order having limit offset union intersect except on using join inner left right full cross ' +
    'natural straight_join as when then else end and or not in between like is escape separator distinct window ' +
    'rlike regexp div use force ignore xor collate partition with for lock set values returning into'
  ).split(' '),
);

/** A word that ends an expression or a relation, and so is no alias. */
export function isReserved(word: string): boolean {
  return RESERVED.has(word.toLowerCase());
}

export function startsQuery(cursor: Cursor, ahead: number): boolean {
  let at = ahead;
  for (let token = cursor.peek(at); token.kind === 'symbol' && token.text === '('; token = cursor.peek(at)) at += 1;
  return cursor.isWord('select', at) || cursor.isWord('with', at);
}

const TRIMS = ['both', 'leading', 'trailing'];

/** trim(LEADING '0' FROM a). */
function trim(cursor: Cursor): FunctionCall {
  const side = cursor.take().text.toLowerCase();
  const wanted = cursor.isWord('from') ? undefined : cursor.expression();
  cursor.needWord('from');
  const args = [cursor.expression(), ...(wanted ? [wanted] : [])];
  return { kind: 'function', name: 'trim', word: side, args, ...PLAIN_CALL };
}

/** substring(a, b, c) and substring(a FROM b FOR c). */
function substring(cursor: Cursor): FunctionCall {
  const args = [cursor.expression()];
  const [from, to] = cursor.isWord('from') ? ['from', 'for'] : [',', ','];
  const more = (separator: string): boolean =>
    separator === ',' ? cursor.takeSymbol(',') : cursor.takeWord(separator);
  if (more(from)) args.push(cursor.expression());
  if (more(to)) args.push(cursor.expression());
  return { kind: 'function', name: 'substring', args, ...PLAIN_CALL };
}
