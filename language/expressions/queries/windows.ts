import type { Cursor } from '../parser.js';
import { list, orderings } from './lists.js';
import type { Window } from './tree.js';

/** (PARTITION BY … ORDER BY … frame). */
export function windowOf(cursor: Cursor): Window {
  cursor.need('(');
  const partitionBy = cursor.takeWord('partition') ? (cursor.needWord('by'), list(cursor)) : [];
  const orderBy = orderings(cursor);
  const frame = frameOf(cursor);
  cursor.need(')');
  return { partitionBy, orderBy, ...(frame !== undefined && { frame }) };
}

function frameOf(cursor: Cursor): string | undefined {
  const unit = ['rows', 'range', 'groups'].find((word) => cursor.takeWord(word));
  if (unit === undefined) return undefined;
  if (!cursor.takeWord('between')) return `${unit.toUpperCase()} ${boundOf(cursor)}`;
  const start = boundOf(cursor);
  cursor.needWord('and');
  return `${unit.toUpperCase()} BETWEEN ${start} AND ${boundOf(cursor)}`;
}

function boundOf(cursor: Cursor): string {
  if (cursor.takeWord('current')) {
    cursor.needWord('row');
    return 'CURRENT ROW';
  }
  const token = cursor.take();
  const isCount = token.kind === 'number' && /^\d+$/.test(token.text);
  if (!isCount && token.text.toLowerCase() !== 'unbounded') throw cursor.unexpected(token);
  const side = ['preceding', 'following'].find((word) => cursor.takeWord(word));
  if (side === undefined) throw cursor.unexpected(cursor.peek());
  return `${isCount ? token.text : 'UNBOUNDED'} ${side.toUpperCase()}`;
}
