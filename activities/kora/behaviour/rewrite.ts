import { meaningful, scan } from '../../../language/workload/scan.js';
import type { Dialect } from '../../../language/workload/scan.js';

/** That compare by bytes; no server has all of them, and the first that it has does not pass over blanks at the end. */
const EXACT_COLLATIONS: Readonly<Record<Dialect, readonly string[]>> = {
  mysql: ['utf8mb4_nopad_bin', 'utf8mb4_0900_bin', 'utf8mb4_bin'],
  sqlite: ['BINARY'],
  postgres: [],
};

/** The same query, whose texts are compared by their bytes, in ways of which the server may know one. */
export function withExactTexts(sql: string, dialect: Dialect): string[] {
  const pieces = scan(sql, dialect);
  if (!pieces.some(({ kind }) => kind === 'string')) return [];
  return EXACT_COLLATIONS[dialect].map((collation) =>
    pieces.map(({ kind, text }) => (kind === 'string' ? `(${text} COLLATE ${collation})` : text)).join(''),
  );
}

/** Before the LIMIT, OFFSET or FETCH at its end, outside of all parentheses; undefined where there is none. */
export function withoutLimit(sql: string, dialect: Dialect): string | undefined {
  let from: number | undefined;
  let depth = 0;
  for (const { kind, text, at } of meaningful(scan(sql, dialect))) {
    if (text === '(') depth += 1;
    if (text === ')') depth -= 1;
    if (kind === 'number' || text === ',' || text === ';') continue;
    const isLimit = kind === 'word' && depth === 0 && /^(?:limit|offset|fetch)$/i.test(text);
    if (isLimit) from ??= at;
    else if (kind !== 'word' || !/^(?:first|next|rows?|only)$/i.test(text)) from = undefined;
  }
  return from === undefined ? undefined : sql.slice(0, from).trimEnd();
}

/** Words outside of texts and quoted names, in lower case. */
export function wordsOf(sql: string, dialect: Dialect): Set<string> {
  const pieces = scan(sql, dialect).filter(({ kind, text }) => kind === 'word' || text === '/');
  return new Set(pieces.map(({ text }) => text.toLowerCase()));
}
