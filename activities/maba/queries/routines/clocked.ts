import type { Expression } from '../../../../language/expressions.js';
import type { Delete, Insert, Update } from '../../../../language/expressions/queries/statements.js';
import { isClock } from './surroundings-of.js';

/** Columns that a statement gives the clock alone, and everything of it that stands elsewhere. */
export function clockedColumns(statement: Insert | Update | Delete): {
  readonly clocked: readonly string[];
  readonly rest: readonly unknown[];
} {
  if (statement.node === 'delete') return { clocked: [], rest: [statement] };
  const clocked: string[] = [];
  const rest: unknown[] = [];
  const look = (column: string | undefined, value: Expression): void => {
    if (isClock(value) && column !== undefined) clocked.push(column);
    else rest.push(value);
  };
  if (statement.node === 'update') {
    const { assignments, ...others } = statement;
    for (const { path, value } of assignments) look(path.at(-1), value);
    return { clocked, rest: [...rest, others] };
  }
  const { rows = [], columns, conflict, query } = statement;
  for (const row of rows) row.forEach((value, at) => look(columns?.[at], value));
  for (const { path, value } of conflict?.assignments ?? []) look(path.at(-1), value);
  return { clocked, rest: [...rest, conflict?.where, query] };
}
