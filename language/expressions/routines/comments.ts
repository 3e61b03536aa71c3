import { ExpressionProblem } from '../tokens.js';

const QUOTES = new Set(["'", '"', '`']);

/** The text with blanks in the place of comments, so that places stay. What MySQL runs inside of a comment is refused. */
export function withoutComments(text: string): string {
  let kept = '';
  for (let at = 0; at < text.length;) {
    const end = QUOTES.has(text.charAt(at)) ? quotedEnd(text, at) : commentEnd(text, at);
    if (end === undefined) kept += text.charAt(at);
    else if (QUOTES.has(text.charAt(at))) kept += text.slice(at, end);
    else kept += text.slice(at, end).replace(/[^\n]/gu, ' ');
    at = end ?? at + 1;
  }
  return kept;
}

function quotedEnd(text: string, start: number): number {
  const quote = text.charAt(start);
  for (let at = start + 1; at < text.length; at += 1) {
    if (text.charAt(at) === '\\' && quote !== '`') at += 1;
    else if (text.charAt(at) === quote) return at + 1;
  }
  return text.length;
}

function commentEnd(text: string, at: number): number | undefined {
  const two = text.slice(at, at + 2);
  const isLine = text.charAt(at) === '#' || (two === '--' && /^(?:\s|$)/u.test(text.slice(at + 2, at + 3)));
  if (isLine) {
    const end = text.indexOf('\n', at);
    return end < 0 ? text.length : end;
  }
  if (two !== '/*') return undefined;
  if (/^\/\*(?:!|M!)/u.test(text.slice(at, at + 4))) {
    throw new ExpressionProblem('a comment that the server runs', at);
  }
  const end = text.indexOf('*/', at + 2);
  if (end < 0) throw new ExpressionProblem('a comment does not end', at);
  return end + 2;
}
