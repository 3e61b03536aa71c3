/**
 * A tolerant scanner of SQL: it never fails, and tells only what is needed to split, normalise and class statements.
 * What it does not know is a symbol of one character.
 */
import type { Dialect } from '../expressions/tokens.js';

export type { Dialect } from '../expressions/tokens.js';

export interface Piece {
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'variable' | 'placeholder' | 'symbol' | 'comment' | 'space';
  /** As it stands in the text. */
  readonly text: string;
  readonly at: number;
  /** Where it never ends: a quote or comment that is not closed. */
  readonly open?: true;
}

const SPACE = /\s+/y;
const WORD = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const NUMBER = /(?:0[xX][0-9a-fA-F]+\b|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)/y;
const DOLLAR = /\$(?:[\p{L}_][\p{L}\p{N}_]{0,62})?\$/uy;
const PARAMETER = /\$\d+/y;
const VARIABLE = /@@?(?:[\p{L}\p{N}_.$]+|`[^`]*`|'[^']*'|"[^"]*")?/uy;
const OPERATOR = /<=>|->>|->|<>|!=|<=|>=|:=|::|\|\||&&|[^]/y;

function found(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

/** The end of a quoted run, behind its closing quote; undefined: it never ends. */
function endOfQuoted(text: string, at: number, rules: { close: string; backslash: boolean }): number | undefined {
  for (let place = at; place < text.length; place += 1) {
    const character = text.charAt(place);
    if (rules.backslash && character === '\\') place += 1;
    else if (character === rules.close) {
      if (rules.close === ']' || text.charAt(place + 1) !== rules.close) return place + 1;
      place += 1;
    }
  }
  return undefined;
}

/** PostgreSQL's comments stand inside each other. */
function endOfComment(text: string, at: number, nested: boolean): number | undefined {
  let depth = 1;
  for (let place = at + 2; place < text.length - 1; place += 1) {
    const two = text.slice(place, place + 2);
    if (two === '*/') {
      depth -= 1;
      place += 1;
      if (depth === 0) return place + 1;
    } else if (nested && two === '/*') {
      depth += 1;
      place += 1;
    }
  }
  return undefined;
}

function comment(text: string, at: number, dialect: Dialect): Piece | undefined {
  const two = text.slice(at, at + 2);
  const isLine =
    (two === '--' && (dialect !== 'mysql' || /^[\s]?$/u.test(text.charAt(at + 2)))) ||
    (two.startsWith('#') && dialect === 'mysql');
  if (isLine) {
    const end = text.indexOf('\n', at);
    return { kind: 'comment', text: text.slice(at, end < 0 ? text.length : end), at };
  }
  if (two !== '/*') return undefined;
  const end = endOfComment(text, at, dialect === 'postgres');
  return { kind: 'comment', text: text.slice(at, end ?? text.length), at, ...(end === undefined && { open: true }) };
}

function quoteOf(text: string, at: number, dialect: Dialect): { kind: 'string' | 'name'; close: string } | undefined {
  const first = text.charAt(at);
  if (first === "'") return { kind: 'string', close: "'" };
  if (first === '"') return { kind: dialect === 'mysql' ? 'string' : 'name', close: '"' };
  if (first === '`' && dialect !== 'postgres') return { kind: 'name', close: '`' };
  if (first === '[' && dialect === 'sqlite') return { kind: 'name', close: ']' };
  return undefined;
}

function quoted(text: string, at: number, dialect: Dialect): Piece | undefined {
  const prefix = /^(?:[eE](?=')|[xXbBnN](?=')|[uU]&(?=['"]))/u.exec(text.slice(at, at + 3))?.[0] ?? '';
  const quote = quoteOf(text, at + prefix.length, dialect);
  if (quote === undefined) return undefined;
  const backslash =
    quote.kind === 'string' && (dialect === 'mysql' || (dialect === 'postgres' && /^[eE]/u.test(prefix)));
  const end = endOfQuoted(text, at + prefix.length + 1, { close: quote.close, backslash });
  const open = end === undefined ? { open: true as const } : {};
  return { kind: quote.kind, text: text.slice(at, end ?? text.length), at, ...open };
}

function dollarQuoted(text: string, at: number): Piece | undefined {
  const tag = found(DOLLAR, text, at);
  if (tag === undefined) return undefined;
  const end = text.indexOf(tag, at + tag.length);
  if (end < 0) return { kind: 'string', text: text.slice(at), at, open: true };
  return { kind: 'string', text: text.slice(at, end + tag.length), at };
}

export function pieceAt(text: string, at: number, dialect: Dialect): Piece {
  const space = found(SPACE, text, at);
  if (space !== undefined) return { kind: 'space', text: space, at };
  const run = comment(text, at, dialect) ?? quoted(text, at, dialect);
  if (run) return run;
  const first = text.charAt(at);
  if (first === '$' && dialect === 'postgres') {
    const parameter = found(PARAMETER, text, at);
    if (parameter !== undefined) return { kind: 'placeholder', text: parameter, at };
    const body = dollarQuoted(text, at);
    if (body) return body;
  }
  if (first === '?' && dialect !== 'postgres') return { kind: 'placeholder', text: '?', at };
  if (first === '@' && dialect === 'mysql') {
    return { kind: 'variable', text: found(VARIABLE, text, at) ?? first, at };
  }
  const word = found(WORD, text, at);
  if (word !== undefined) return { kind: 'word', text: word, at };
  const number = found(NUMBER, text, at);
  if (number !== undefined) return { kind: 'number', text: number, at };
  return { kind: 'symbol', text: found(OPERATOR, text, at) ?? first, at };
}

/** All pieces of a text; together they are the text. */
export function scan(text: string, dialect: Dialect): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < text.length;) {
    const piece = pieceAt(text, at, dialect);
    pieces.push(piece);
    at += piece.text.length;
  }
  return pieces;
}

/** Without white space and comments: what a statement says. */
export function meaningful(pieces: readonly Piece[]): Piece[] {
  return pieces.filter(({ kind }) => kind !== 'space' && kind !== 'comment');
}

/** `/*!50001 … *\/` is code to MySQL, `/*M! … *\/` to MariaDB. Hints of the optimizer are comments. */
export function unwrapped(text: string): string {
  if (!/\/\*M?!/u.test(text)) return text;
  return scan(text, 'mysql')
    .map((piece) => {
      const code = piece.kind === 'comment' ? /^\/\*M?!\d{0,6}([^]*)\*\/$/u.exec(piece.text)?.[1] : undefined;
      return code === undefined ? piece.text : ` ${code} `;
    })
    .join('');
}

/** The name that a piece says, without its quotes. */
export function nameOf({ kind, text }: Piece): string {
  if (kind !== 'name') return text;
  const close = text.charAt(text.length - 1);
  return text.slice(1, -1).replaceAll(close + close, close);
}
