import type { Cursor } from '../parser.js';
import type { Dialect } from '../tokens.js';
import type { Expression } from '../tree.js';
import type { Extension } from './tree.js';

function extended(extension: Extension): Expression {
  return { node: 'extended', extension };
}

const MOMENTS = ['date', 'time', 'timestamp'] as const;

/** DATE '2024-01-31' and its kin. */
export function momentOf(cursor: Cursor): Expression | undefined {
  const sort = MOMENTS.find((word) => cursor.isWord(word));
  if (sort === undefined || cursor.peek(1).kind !== 'string') return undefined;
  cursor.take();
  return extended({ kind: 'moment', sort, text: cursor.take().text });
}

/** BINARY a: MySQL compares it by its bytes. */
export function binaryOf(cursor: Cursor, dialect: Dialect): Expression | undefined {
  if (dialect !== 'mysql' || !cursor.isWord('binary')) return undefined;
  const next = cursor.peek(1);
  if (next.kind === 'symbol' || next.kind === 'end') return undefined;
  cursor.take();
  const operand = cursor.deeper(() => cursor.sum());
  return extended({ kind: 'collated', operand, collation: 'binary' });
}

/** (a, b); undefined, with nothing taken, where the parentheses hold one expression. */
export function rowOf(cursor: Cursor): Expression | undefined {
  if (!hasComma(cursor)) return undefined;
  cursor.need('(');
  const items = cursor.deeper(() => {
    const all = [cursor.expression()];
    while (cursor.takeSymbol(',')) all.push(cursor.expression());
    return all;
  });
  cursor.need(')');
  return extended({ kind: 'row', items });
}

function hasComma(cursor: Cursor): boolean {
  let depth = 0;
  for (let ahead = 0; ; ahead += 1) {
    const { kind, text } = cursor.peek(ahead);
    if (kind === 'end') return false;
    if (kind !== 'symbol') continue;
    if (text === '(') depth += 1;
    else if (text === ')') depth -= 1;
    else if (text === ',' && depth === 1) return true;
    if (depth === 0) return false;
  }
}

/** a [NOT] REGEXP b, a [NOT] RLIKE b. */
export function regexp(operand: Expression, cursor: Cursor): Expression | undefined {
  const ahead = cursor.isWord('not') ? 1 : 0;
  if (!cursor.isWord('regexp', ahead) && !cursor.isWord('rlike', ahead)) return undefined;
  const negated = cursor.takeWord('not');
  cursor.take();
  return extended({ kind: 'regexp', operand, pattern: cursor.sum(), negated });
}

/** a COLLATE utf8mb4_bin. */
export function collated(operand: Expression, cursor: Cursor): Expression | undefined {
  if (!cursor.takeWord('collate')) return undefined;
  const name = cursor.take();
  if (name.kind !== 'word' && name.kind !== 'quoted' && name.kind !== 'string') throw cursor.unexpected(name);
  return extended({ kind: 'collated', operand, collation: name.text.toLowerCase() });
}

/** a DIV b. */
export function product(left: Expression, cursor: Cursor, right: () => Expression): Expression | undefined {
  if (!cursor.takeWord('div')) return undefined;
  return extended({ kind: 'whole', op: 'DIV', left, right: right() });
}

const BITS = ['<<', '>>', '&', '|', '^'] as const;

/**
 * Operators on bits. They have several strengths, of which only one is read at once: where two different ones stand
 * beside each other, the text must have parentheses.
 */
export function combined(left: Expression, cursor: Cursor, right: () => Expression): Expression | undefined {
  const op = BITS.find((symbol) => cursor.isSymbol(symbol));
  if (op === undefined) return undefined;
  const before = left.node === 'extended' && left.extension.kind === 'whole' ? left.extension.op : op;
  if (before !== op && before !== 'DIV') throw cursor.unexpected(cursor.peek());
  cursor.take();
  return extended({ kind: 'whole', op, left, right: right() });
}
