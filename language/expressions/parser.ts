import type { Dialect, Larger, Token } from './tokens.js';
import { ExpressionProblem, tokenize } from './tokens.js';
import { DEFAULT_COLLATED } from './tree.js';
import type { BinaryOperator, Expression } from './tree.js';

export const CLOCK_KEYWORDS = ['current_timestamp', 'current_date', 'current_time', 'localtime', 'localtimestamp'];

const DEPTH = 64;
const COMPARISONS: Readonly<Record<string, BinaryOperator>> = {
  '=': '=',
  '==': '=',
  '<>': '<>',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
  '<=>': 'IS NOT DISTINCT FROM',
};
/** Words that never name a column unless quoted: what they would mean is outside the language. */
const RESERVED = new Set(
  'select from where union with case when then else end exists any all some array row as collate glob regexp rlike match div xor interval over filter'.split(
    ' ',
  ),
);

/** What a larger language adds to operands. */
export interface Operands {
  /** Asked first where an operand begins; undefined, with nothing taken: the closed language decides. */
  operand(cursor: Cursor): Expression | undefined;
  /** A test behind an operand that the closed language does not have. */
  tested?(operand: Expression, cursor: Cursor): Expression | undefined;
  /** What binds closer than any operator, behind an operand. */
  suffixed?(operand: Expression, cursor: Cursor): Expression | undefined;
  /** An operator as strong as multiplication; `right` reads its other side. */
  product?(left: Expression, cursor: Cursor, right: () => Expression): Expression | undefined;
  /** An operator between comparisons and sums; `right` reads a sum. */
  combined?(left: Expression, cursor: Cursor, right: () => Expression): Expression | undefined;
}

/** The parser's place in the text, for whoever adds to the language. */
export interface Cursor {
  peek(ahead?: number): Token;
  take(): Token;
  isWord(word: string, ahead?: number): boolean;
  isSymbol(...symbols: readonly string[]): boolean;
  takeWord(word: string): boolean;
  takeSymbol(symbol: string): boolean;
  need(symbol: string): void;
  needWord(word: string): void;
  unexpected(token: Token): ExpressionProblem;
  /** A whole expression. */
  expression(): Expression;
  /** One without comparisons. */
  sum(): Expression;
  type(): string;
  /** Counts the nesting, and ends it. */
  deeper<T>(work: () => T): T;
}

/** Recursive descent; precedence as in PostgreSQL, which the three dialects share for what is in the language. */
export class ExpressionParser {
  readonly #tokens: readonly Token[];
  readonly #dialect: Dialect;
  readonly #operands: Operands | undefined;
  #at = 0;
  #depth = 0;
  readonly #cursor: Cursor = {
    peek: (ahead) => this.#peek(ahead),
    take: () => {
      const token = this.#peek();
      this.#at += 1;
      return token;
    },
    isWord: (word, ahead) => this.#isWord(word, ahead),
    isSymbol: (...symbols) => this.#isSymbol(...symbols),
    takeWord: (word) => this.#takeWord(word),
    takeSymbol: (symbol) => this.#takeSymbol(symbol),
    need: (symbol) => {
      this.#need(symbol);
    },
    needWord: (word) => {
      this.#needWord(word);
    },
    unexpected: (token) => this.#unexpected(token),
    expression: () => this.#or(),
    sum: () => this.#concat(),
    type: () => this.#type(),
    deeper: (work) => this.#deeper(work),
  };

  constructor(text: string, dialect: Dialect, larger?: Larger & { readonly operands: Operands }) {
    this.#tokens = tokenize(text, dialect, larger);
    this.#dialect = dialect;
    this.#operands = larger?.operands;
  }

  /** The whole text as what `read` takes from it. */
  reading<T>(read: (cursor: Cursor) => T): T {
    const result = read(this.#cursor);
    const rest = this.#peek();
    if (rest.kind !== 'end') throw this.#unexpected(rest);
    return result;
  }

  whole(): Expression {
    return this.reading((cursor) => cursor.expression());
  }

  #peek(ahead = 0): Token {
    return this.#tokens[this.#at + ahead] ?? { kind: 'end', text: '', at: 0 };
  }

  #unexpected(token: Token): ExpressionProblem {
    return new ExpressionProblem(
      token.kind === 'end' ? 'it ends too early' : `${shown(token)} is not expected`,
      token.at,
    );
  }

  #isSymbol(...symbols: readonly string[]): boolean {
    const token = this.#peek();
    return token.kind === 'symbol' && symbols.includes(token.text);
  }

  #isWord(word: string, ahead = 0): boolean {
    const token = this.#peek(ahead);
    return token.kind === 'word' && token.text.toLowerCase() === word;
  }

  #takeWord(word: string): boolean {
    if (!this.#isWord(word)) return false;
    this.#at += 1;
    return true;
  }

  #takeSymbol(symbol: string): boolean {
    if (!this.#isSymbol(symbol)) return false;
    this.#at += 1;
    return true;
  }

  #need(symbol: string): void {
    if (!this.#takeSymbol(symbol)) throw this.#unexpected(this.#peek());
  }

  #needWord(word: string): void {
    if (!this.#takeWord(word)) throw this.#unexpected(this.#peek());
  }

  #deeper<T>(work: () => T): T {
    this.#depth += 1;
    if (this.#depth > DEPTH) throw new ExpressionProblem('the expression is nested too deep', this.#peek().at);
    const result = work();
    this.#depth -= 1;
    return result;
  }

  #or(): Expression {
    return this.#deeper(() => {
      let left = this.#and();
      while (this.#takeWord('or') || (this.#dialect === 'mysql' && this.#takeSymbol('||'))) {
        left = { node: 'binary', op: 'OR', left, right: this.#and() };
      }
      return left;
    });
  }

  #and(): Expression {
    let left = this.#not();
    while (this.#takeWord('and') || (this.#dialect === 'mysql' && this.#takeSymbol('&&'))) {
      left = { node: 'binary', op: 'AND', left, right: this.#not() };
    }
    return left;
  }

  #not(): Expression {
    if (this.#takeWord('not')) return this.#deeper(() => ({ node: 'unary', op: 'NOT', operand: this.#not() }));
    return this.#comparison();
  }

  #comparison(): Expression {
    let left = this.#concat();
    for (;;) {
      const token = this.#peek();
      const op = token.kind === 'symbol' ? COMPARISONS[token.text] : undefined;
      if (op !== undefined && (op !== 'IS NOT DISTINCT FROM' || this.#dialect === 'mysql')) {
        this.#at += 1;
        left = { node: 'binary', op, left, right: this.#concat() };
        continue;
      }
      const tested = this.#tested(left);
      if (tested === undefined) return left;
      left = tested;
    }
  }

  /** IS, IN, BETWEEN, LIKE behind an operand. */
  #tested(operand: Expression): Expression | undefined {
    if (this.#takeWord('is')) return this.#is(operand);
    if (this.#dialect === 'sqlite' && (this.#takeWord('isnull') || this.#takeWord('notnull'))) {
      const negated = this.#peek(-1).text.toLowerCase() === 'notnull';
      return { node: 'is', operand, negated, what: 'NULL' };
    }
    const negated =
      this.#isWord('not') && ['in', 'between', 'like', 'ilike', 'null'].some((word) => this.#isWord(word, 1));
    if (negated) this.#at += 1;
    if (negated && this.#dialect === 'sqlite' && this.#takeWord('null')) {
      return { node: 'is', operand, negated, what: 'NULL' };
    }
    if (this.#takeWord('in')) return { node: 'in', operand, negated, items: this.#list() };
    if (this.#takeWord('between')) {
      const low = this.#concat();
      this.#needWord('and');
      return { node: 'between', operand, negated, low, high: this.#concat() };
    }
    if (this.#isWord('like') || (this.#dialect === 'postgres' && this.#isWord('ilike'))) {
      return this.#like(operand, negated);
    }
    if (negated) throw this.#unexpected(this.#peek());
    return this.#operands?.tested?.(operand, this.#cursor);
  }

  #like(operand: Expression, negated: boolean): Expression {
    const op = this.#isWord('ilike') ? 'ILIKE' : 'LIKE';
    this.#at += 1;
    const pattern = this.#concat();
    if (!this.#takeWord('escape')) return { node: 'like', operand, negated, op, pattern };
    const escape = this.#peek();
    if (escape.kind !== 'string') throw this.#unexpected(escape);
    this.#at += 1;
    return { node: 'like', operand, negated, op, pattern, escape: escape.text };
  }

  #is(operand: Expression): Expression {
    const negated = this.#takeWord('not');
    if (this.#takeWord('null')) return { node: 'is', operand, negated, what: 'NULL' };
    if (this.#takeWord('true')) return { node: 'is', operand, negated, what: 'TRUE' };
    if (this.#takeWord('false')) return { node: 'is', operand, negated, what: 'FALSE' };
    if (this.#takeWord('distinct')) {
      this.#needWord('from');
      return {
        node: 'binary',
        op: negated ? 'IS NOT DISTINCT FROM' : 'IS DISTINCT FROM',
        left: operand,
        right: this.#concat(),
      };
    }
    if (this.#dialect !== 'sqlite') throw this.#unexpected(this.#peek());
    const op = negated ? 'IS DISTINCT FROM' : 'IS NOT DISTINCT FROM';
    return { node: 'binary', op, left: operand, right: this.#concat() };
  }

  #list(): Expression[] {
    this.#need('(');
    const items = [this.#or()];
    while (this.#takeSymbol(',')) items.push(this.#or());
    this.#need(')');
    return items;
  }

  #concat(): Expression {
    let left = this.#combined();
    while (this.#dialect !== 'mysql' && this.#takeSymbol('||')) {
      left = { node: 'binary', op: '||', left, right: this.#combined() };
    }
    return left;
  }

  #combined(): Expression {
    let left = this.#sum();
    for (;;) {
      const more = this.#operands?.combined?.(left, this.#cursor, () => this.#sum());
      if (more === undefined) return left;
      left = more;
    }
  }

  #sum(): Expression {
    let left = this.#product();
    while (this.#isSymbol('+', '-')) {
      const op = this.#peek().text as '+' | '-';
      this.#at += 1;
      left = { node: 'binary', op, left, right: this.#product() };
    }
    return left;
  }

  #product(): Expression {
    let left = this.#sign();
    for (;;) {
      const op = this.#isSymbol('*', '/', '%') ? this.#peek().text : this.#modulo() ? '%' : undefined;
      const more = op === undefined ? this.#operands?.product?.(left, this.#cursor, () => this.#sign()) : undefined;
      if (more !== undefined) {
        left = more;
        continue;
      }
      if (op === undefined) return left;
      this.#at += 1;
      left = { node: 'binary', op: op as '*' | '/' | '%', left, right: this.#sign() };
    }
  }

  #modulo(): boolean {
    return this.#dialect === 'mysql' && this.#isWord('mod');
  }

  #sign(): Expression {
    if (this.#isSymbol('-', '+')) {
      const op = this.#peek().text as '-' | '+';
      this.#at += 1;
      return this.#deeper(() => ({ node: 'unary', op, operand: this.#sign() }));
    }
    if (this.#dialect === 'mysql' && this.#takeSymbol('!')) {
      return this.#deeper(() => ({ node: 'unary', op: 'NOT', operand: this.#sign() }));
    }
    let operand = this.#primary();
    for (let more: Expression | undefined = operand; more !== undefined;) {
      operand = more;
      more = this.#operands?.suffixed?.(operand, this.#cursor);
    }
    while (this.#dialect === 'postgres' && this.#takeSymbol('::')) {
      operand = { node: 'cast', operand, type: this.#collated(this.#type()) };
    }
    return operand;
  }

  /** A text under the collation of its database, whatever its column's is. */
  #collated(type: string): string {
    if (type !== 'text' || !this.#takeWord('collate')) return type;
    const name = this.#peek();
    if (name.kind !== 'quoted' || name.text !== 'default') throw this.#unexpected(name);
    this.#at += 1;
    return DEFAULT_COLLATED;
  }

  #primary(): Expression {
    const added = this.#operands?.operand(this.#cursor);
    if (added !== undefined) return added;
    const token = this.#peek();
    this.#at += 1;
    if (token.kind === 'number') return { node: 'number', text: token.text };
    if (token.kind === 'string') return { node: 'string', value: token.text };
    if (token.kind === 'bits') return { node: 'bits', value: token.text };
    if (token.kind === 'bytes') return { node: 'bytes', hex: token.text };
    if (token.kind === 'quoted') return this.#column(token.text, true);
    if (token.kind === 'symbol' && token.text === '(') {
      const inner = this.#or();
      this.#need(')');
      return inner;
    }
    if (token.kind === 'word') return this.#named(token);
    throw this.#unexpected(token);
  }

  #named(token: Token): Expression {
    const word = token.text.toLowerCase();
    if (word === 'null') return { node: 'null' };
    if (word === 'true' || word === 'false') return { node: 'boolean', value: word === 'true' };
    if (CLOCK_KEYWORDS.includes(word)) return this.#clock(word);
    if (RESERVED.has(word)) throw this.#unexpected(token);
    if (word === 'cast' && this.#isSymbol('(')) return this.#castCall();
    if (!this.#takeSymbol('(')) return this.#column(token.text, false);
    const args: Expression[] = [];
    if (!this.#isSymbol(')')) {
      args.push(this.#or());
      while (this.#takeSymbol(',')) args.push(this.#or());
    }
    this.#need(')');
    return { node: 'call', name: word, args };
  }

  #clock(name: string): Expression {
    if (!this.#takeSymbol('(')) return { node: 'keyword', name };
    const token = this.#peek();
    if (token.kind === 'number' && /^[0-6]$/.test(token.text)) {
      this.#at += 1;
      this.#need(')');
      return { node: 'keyword', name, precision: Number(token.text) };
    }
    this.#need(')');
    return { node: 'keyword', name };
  }

  #castCall(): Expression {
    this.#need('(');
    const operand = this.#or();
    this.#needWord('as');
    const type = this.#type();
    this.#need(')');
    return { node: 'cast', operand, type };
  }

  /** Words with modifiers: "numeric(10,2)", "double precision", "text[]". */
  #type(): string {
    const word = this.#peek();
    if (word.kind !== 'word') throw this.#unexpected(word);
    this.#at += 1;
    let type = word.text.toLowerCase();
    if (type === 'double' && this.#takeWord('precision')) type = 'double precision';
    if (this.#takeSymbol('(')) {
      const numbers: string[] = [];
      do {
        if (this.#peek().kind !== 'number') throw this.#unexpected(this.#peek());
        numbers.push(this.#peek().text);
        this.#at += 1;
      } while (this.#takeSymbol(','));
      this.#need(')');
      type += `(${numbers.join(',')})`;
    }
    if (this.#takeSymbol('[')) {
      this.#need(']');
      type += '[]';
    }
    return type;
  }

  /** A name; one in front of a dot names the table, which a check can only have one of. */
  #column(first: string, quoted: boolean): Expression {
    let name = first;
    let inQuotes = quoted;
    while (this.#takeSymbol('.')) {
      const token = this.#peek();
      if (token.kind !== 'word' && token.kind !== 'quoted') throw this.#unexpected(token);
      this.#at += 1;
      name = token.text;
      inQuotes = token.kind === 'quoted';
    }
    return { node: 'column', name, quoted: inQuotes };
  }
}

/** A text may hold what nobody but its reader is to see. */
function shown({ kind, text }: Token): string {
  return kind === 'string' ? 'a text' : `"${text}"`;
}
