/** Tokens of workflow expressions: a small, closed subset of CEL, the Common Expression Language. */
import { ExpressionProblem } from '../tokens.js';

export type CelToken =
  | { readonly kind: 'number'; readonly value: number; readonly at: number }
  | { readonly kind: 'string'; readonly value: string; readonly at: number }
  | { readonly kind: 'name' | 'symbol' | 'end'; readonly value: string; readonly at: number };

export const CEL_CHARACTERS = 2000;

const SYMBOLS = '&& || == != <= >= < > + - * / % ! ? : ( ) [ ] . ,'.split(' ');
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\',
  '"': '"',
  "'": "'",
  n: '\n',
  r: '\r',
  t: '\t',
};
const NUMBER = /[0-9]{1,400}(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,3})?/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const SPACES = ' \t\r\n';

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function readString(text: string, start: number): { value: string; end: number } {
  const quote = text.charAt(start);
  let value = '';
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === quote) return { value, end: at + 1 };
    if (character === '\n') break;
    if (character !== '\\') {
      value += character;
      continue;
    }
    const escaped = ESCAPES[text.charAt(at + 1)];
    const hex = match(/u[0-9a-fA-F]{4}/y, text, at + 1);
    if (escaped === undefined && hex === undefined) throw new ExpressionProblem('an escape that is none', at);
    value += escaped ?? String.fromCharCode(parseInt((hex ?? '').slice(1), 16));
    at += hex?.length ?? 1;
  }
  throw new ExpressionProblem('a text without an end', start);
}

function readToken(text: string, at: number): { token: CelToken; end: number } {
  const character = text.charAt(at);
  if (character === '"' || character === "'") {
    const { value, end } = readString(text, at);
    return { token: { kind: 'string', value, at }, end };
  }
  const number = match(NUMBER, text, at);
  if (number !== undefined) {
    const value = Number(number);
    const isExact = Number.isFinite(value) && (!/^[0-9]+$/.test(number) || Number.isSafeInteger(value));
    if (!isExact) throw new ExpressionProblem('a number that is too large', at);
    return { token: { kind: 'number', value, at }, end: at + number.length };
  }
  const name = match(NAME, text, at);
  if (name !== undefined) return { token: { kind: 'name', value: name, at }, end: at + name.length };
  const symbol = SYMBOLS.find((each) => text.startsWith(each, at));
  if (symbol === undefined) throw new ExpressionProblem(`"${character}" is not expected`, at);
  return { token: { kind: 'symbol', value: symbol, at }, end: at + symbol.length };
}

/**
 * The tokens from `start` on. With `until`, they end where that text stands outside of quotes; `end` is behind it.
 * @throws ExpressionProblem, with the offset in `text`.
 */
export function celTokens(text: string, start = 0, until?: string): { tokens: CelToken[]; end: number } {
  const tokens: CelToken[] = [];
  let at = start;
  for (;;) {
    while (at < text.length && SPACES.includes(text.charAt(at))) at += 1;
    const isEnd = until === undefined ? at >= text.length : text.startsWith(until, at);
    if (at - start > CEL_CHARACTERS)
      throw new ExpressionProblem(`longer than ${String(CEL_CHARACTERS)} characters`, start);
    if (isEnd) {
      tokens.push({ kind: 'end', value: '', at });
      return { tokens, end: at + (until?.length ?? 0) };
    }
    if (at >= text.length) throw new ExpressionProblem(`"${until ?? ''}" is missing`, start);
    const { token, end } = readToken(text, at);
    tokens.push(token);
    at = end;
  }
}
