import type { Cursor } from '../parser.js';
import { name } from '../queries/query-parser.js';
import type { Query } from '../queries/tree.js';
import { ExpressionProblem } from '../tokens.js';
import type { DeclaredCursor, DeclaredHandler, DeclaredType, DeclaredVariable } from './tree.js';

/** "decimal(5,2) unsigned". Character sets and lists of labels are not in the language. */
export function declaredType(cursor: Cursor): DeclaredType {
  const { kind, text, at } = cursor.take();
  if (kind !== 'word') throw new ExpressionProblem('a type is expected', at);
  const sizes: number[] = [];
  if (cursor.takeSymbol('(')) {
    do {
      const size = cursor.take();
      if (size.kind !== 'number') throw new ExpressionProblem('a type whose values are listed', size.at);
      sizes.push(Number(size.text));
    } while (cursor.takeSymbol(','));
    cursor.need(')');
  }
  let unsigned = false;
  for (;;) {
    if (cursor.takeWord('unsigned') || cursor.takeWord('zerofill')) unsigned = true;
    else if (cursor.isWord('character') || cursor.isWord('charset') || cursor.isWord('collate'))
      throw new ExpressionProblem('a variable with a character set of its own', cursor.peek().at);
    else if (!cursor.takeWord('signed') && !(text.toLowerCase() === 'double' && cursor.takeWord('precision'))) break;
  }
  return { base: text.toLowerCase(), sizes, unsigned };
}

/** a, b INT DEFAULT 0, behind DECLARE. */
export function variableOf(cursor: Cursor): DeclaredVariable {
  const names = [name(cursor)];
  while (cursor.takeSymbol(',')) names.push(name(cursor));
  if (cursor.isWord('condition')) throw new ExpressionProblem('a condition with a name', cursor.peek().at);
  const type = declaredType(cursor);
  return { names, type, ...(cursor.takeWord('default') && { default: cursor.expression() }) };
}

/** name CURSOR FOR SELECT …, behind DECLARE; nothing is taken where it is none. */
export function cursorOf(cursor: Cursor, query: (cursor: Cursor) => Query): DeclaredCursor | undefined {
  if (!cursor.isWord('cursor', 1)) return undefined;
  const called = name(cursor);
  cursor.needWord('cursor');
  cursor.needWord('for');
  return { name: called, query: query(cursor) };
}

/** CONTINUE HANDLER FOR NOT FOUND, behind DECLARE; nothing is taken where it is no handler. */
export function handlerAction(cursor: Cursor): DeclaredHandler['action'] | undefined {
  if (!cursor.isWord('handler', 1)) return undefined;
  const { text, at } = cursor.take();
  const action = text.toLowerCase();
  if (action !== 'continue' && action !== 'exit') throw new ExpressionProblem('a handler of this kind', at);
  cursor.needWord('handler');
  cursor.needWord('for');
  const { at: of } = cursor.peek();
  const isNotFound = cursor.takeWord('not') ? (cursor.needWord('found'), true) : isNoData(cursor);
  if (!isNotFound || cursor.isSymbol(',')) throw new ExpressionProblem('a handler of anything but NOT FOUND', of);
  return action;
}

/** SQLSTATE '02000'. */
function isNoData(cursor: Cursor): boolean {
  if (!cursor.takeWord('sqlstate')) return false;
  cursor.takeWord('value');
  return cursor.take().text === '02000';
}
