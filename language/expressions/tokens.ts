/**
 * Tokens of the closed expression language. Comments, semicolons, dollar quotes and everything else that could end
 * or widen a statement are no token at all, so nothing behind this file has to think of them.
 */
export type Dialect = 'mysql' | 'sqlite' | 'postgres';

export interface Token {
  readonly kind: 'number' | 'string' | 'bits' | 'bytes' | 'word' | 'quoted' | 'symbol' | 'end';
  readonly text: string;
  readonly at: number;
}

/** Only thrown inside this language; its edge turns it into a result. */
export class ExpressionProblem extends Error {
  override readonly name = 'ExpressionProblem';
  readonly problem: string;
  readonly at: number;

  constructor(problem: string, at: number) {
    super(problem);
    this.problem = problem;
    this.at = at;
  }
}

export const EXPRESSION_CHARACTERS = 10_000;

const SYMBOLS = [
  '<=>',
  '<>',
  '!=',
  '<=',
  '>=',
  '==',
  '||',
  '&&',
  '::',
  '(',
  ')',
  '[',
  ']',
  ',',
  '=',
  '<',
  '>',
  '+',
  '-',
  '*',
  '/',
  '%',
  '!',
  '.',
];
/** Of queries only. */
const BIT_SYMBOLS = ['<<', '>>', '&', '|', '^', '~'];
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const HEXADECIMAL = /0x(?:[0-9a-fA-F]{2})+/y;
const WORD = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const SPACE = /\s+/y;

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

const MYSQL_ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', '0': '\0', Z: '\x1a' };

/** Reads a quoted run; a doubled quote stands for itself, and in MySQL a backslash escapes. */
function quoted(
  text: string,
  start: number,
  rules: { close: string; backslash: boolean },
): { value: string; end: number } {
  let value = '';
  let at = start + 1;
  while (at < text.length) {
    const character = text.charAt(at);
    if (rules.backslash && character === '\\' && at + 1 < text.length) {
      const next = text.charAt(at + 1);
      value += next === '%' || next === '_' ? `\\${next}` : (MYSQL_ESCAPES[next] ?? next);
      at += 2;
    } else if (character === rules.close) {
      if (text.charAt(at + 1) !== rules.close || rules.close === ']') return { value, end: at + 1 };
      value += rules.close;
      at += 2;
    } else {
      value += character;
      at += 1;
    }
  }
  throw new ExpressionProblem('a quoted text does not end', start);
}

/** MySQL 8 prints check clauses with their quotes escaped once more: _utf8mb4\'a\'. */
function escapedString(text: string, start: number): { value: string; end: number } {
  const end = text.indexOf("\\'", start + 2);
  if (end < 0) throw new ExpressionProblem('a quoted text does not end', start);
  return { value: text.slice(start + 2, end), end: end + 2 };
}

function quotedToken(text: string, at: number, dialect: Dialect): { token: Token; end: number } | undefined {
  const first = text.charAt(at);
  if (first === '\\' && dialect === 'mysql' && text.charAt(at + 1) === "'") {
    const run = escapedString(text, at);
    return { token: { kind: 'string', text: run.value, at }, end: run.end };
  }
  if (first === "'" || (first === '"' && dialect === 'mysql')) {
    const run = quoted(text, at, { close: first, backslash: dialect === 'mysql' });
    return { token: { kind: 'string', text: run.value, at }, end: run.end };
  }
  const close =
    first === '"'
      ? '"'
      : first === '`' && dialect !== 'postgres'
        ? '`'
        : first === '[' && dialect === 'sqlite'
          ? ']'
          : undefined;
  if (close === undefined) return undefined;
  const run = quoted(text, at, { close, backslash: false });
  return { token: { kind: 'quoted', text: run.value, at }, end: run.end };
}

/** b'101' and x'0aff', whose prefix is a word that touches its quote. */
function prefixed(text: string, at: number): { token: Token; end: number } | undefined {
  const found = /^(?:([bB])'([01]*)'|([xX])'([0-9a-fA-F]*)')/.exec(text.slice(at, at + EXPRESSION_CHARACTERS));
  if (!found) return undefined;
  const token: Token = found[1]
    ? { kind: 'bits', text: found[2] ?? '', at }
    : { kind: 'bytes', text: (found[4] ?? '').toLowerCase(), at };
  return { token, end: at + found[0].length };
}

function nextToken(text: string, at: number, { dialect, symbols }: Rules): { token?: Token; end: number } {
  const space = match(SPACE, text, at);
  if (space) return { end: at + space.length };
  const two = text.slice(at, at + 2);
  if (two === '--' || two === '/*') throw new ExpressionProblem('comments are not allowed', at);
  const run = quotedToken(text, at, dialect) ?? prefixed(text, at);
  if (run) return run;
  const hexadecimal = dialect === 'mysql' ? match(HEXADECIMAL, text, at) : undefined;
  if (hexadecimal) {
    return { token: { kind: 'bytes', text: hexadecimal.slice(2).toLowerCase(), at }, end: at + hexadecimal.length };
  }
  const number = match(NUMBER, text, at);
  if (number) return { token: { kind: 'number', text: number, at }, end: at + number.length };
  const word = match(WORD, text, at);
  if (word) {
    const end = at + word.length;
    // A character set before a MySQL string says nothing about the value, which is decoded already.
    const introducer = dialect === 'mysql' && word.startsWith('_') && /^\s*\\?'/.test(text.slice(end, end + 8));
    return introducer ? { end } : { token: { kind: 'word', text: word, at }, end };
  }
  const symbol = symbols.find((candidate) => text.startsWith(candidate, at));
  if (symbol === undefined) throw new ExpressionProblem(`"${text.charAt(at)}" is not part of the language`, at);
  return { token: { kind: 'symbol', text: symbol, at }, end: at + symbol.length };
}

interface Rules {
  readonly dialect: Dialect;
  readonly symbols: readonly string[];
}

/** A query may be longer and has more operators; `symbols`: those of a language around it. */
export interface Larger {
  readonly longest: number;
  readonly symbols?: readonly string[];
}

/** All tokens, with one of kind `end` behind them. */
export function tokenize(text: string, dialect: Dialect, larger?: Larger): Token[] {
  const rules = {
    dialect,
    symbols: larger
      ? [...(larger.symbols ?? []), ...BIT_SYMBOLS.slice(0, 2), ...SYMBOLS, ...BIT_SYMBOLS.slice(2)]
      : SYMBOLS,
  };
  if (text.length > (larger?.longest ?? EXPRESSION_CHARACTERS))
    throw new ExpressionProblem('the expression is too long', 0);
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const step = nextToken(text, at, rules);
    if (step.token) tokens.push(step.token);
    at = step.end;
  }
  tokens.push({ kind: 'end', text: '', at });
  return tokens;
}
