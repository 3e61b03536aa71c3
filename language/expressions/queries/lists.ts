import type { Cursor } from '../parser.js';
import type { Expression } from '../tree.js';
import type { Ordering } from './tree.js';

export function list(cursor: Cursor): Expression[] {
  const items = [cursor.expression()];
  while (cursor.takeSymbol(',')) items.push(cursor.expression());
  return items;
}

export function orderings(cursor: Cursor): Ordering[] {
  if (!cursor.takeWord('order')) return [];
  cursor.needWord('by');
  const items: Ordering[] = [];
  do {
    const expression = cursor.expression();
    const descending = cursor.takeWord('desc') || (cursor.takeWord('asc'), false);
    if (!cursor.takeWord('nulls')) items.push({ expression, descending });
    else {
      const nulls = cursor.takeWord('first') ? 'FIRST' : (cursor.needWord('last'), 'LAST');
      items.push({ expression, descending, nulls });
    }
  } while (cursor.takeSymbol(','));
  return items;
}
