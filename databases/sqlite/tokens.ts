/** Tokens of SQLite's DDL: enough to take CREATE statements apart, whatever quoting and comments they use. */
export interface Token {
  readonly kind: 'word' | 'name' | 'string' | 'other';
  /** Decoded: names and strings without their quotes; words as written. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
  /** Open parentheses around it; a parenthesis itself counts as inside. */
  readonly depth: number;
}

// Comments and blanks; string; name in one of three quotes; word or number; any other character.
const PIECE =
  /(\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))|('(?:[^']|'')*')|("(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])|([A-Za-z0-9_$\u0080-\uffff]+(?:\.[0-9]+)?)|([\s\S])/g;

export function tokenise(sql: string): Token[] {
  const tokens: Token[] = [];
  let depth = 0;
  for (const match of sql.matchAll(PIECE)) {
    const [text, blank, string, name, word] = match;
    if (blank !== undefined) continue;
    const place = { start: match.index, end: match.index + text.length };
    if (string !== undefined) {
      tokens.push({ kind: 'string', value: string.slice(1, -1).replaceAll("''", "'"), ...place, depth });
    } else if (name !== undefined) {
      tokens.push({ kind: 'name', value: unquoteName(name), ...place, depth });
    } else if (word !== undefined) tokens.push({ kind: 'word', value: word, ...place, depth });
    else {
      if (text === '(') depth++;
      tokens.push({ kind: 'other', value: text, ...place, depth });
      if (text === ')') depth--;
    }
  }
  return tokens;
}

function unquoteName(quoted: string): string {
  const inner = quoted.slice(1, -1);
  if (quoted.startsWith('[')) return inner;
  const quote = quoted.slice(0, 1);
  return inner.replaceAll(quote + quote, quote);
}

/** Is it this keyword? Quoted names never are. */
export function isWord(token: Token | undefined, ...words: readonly string[]): boolean {
  return token?.kind === 'word' && words.includes(token.value.toUpperCase());
}

/** Splits at commas of one depth. */
export function splitAtCommas(tokens: readonly Token[], depth: number): Token[][] {
  const items: Token[][] = [[]];
  for (const token of tokens) {
    if (token.value === ',' && token.kind === 'other' && token.depth === depth) items.push([]);
    else items.at(-1)?.push(token);
  }
  return items;
}

/** Index of the parenthesis that closes the one at `open`; the end when the text breaks off. */
export function closingOf(tokens: readonly Token[], open: number): number {
  const depth = tokens[open]?.depth ?? 0;
  for (let index = open + 1; index < tokens.length; index++) {
    const token = tokens[index];
    if (token?.kind === 'other' && token.value === ')' && token.depth === depth) return index;
  }
  return tokens.length;
}
