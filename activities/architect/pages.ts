import type { TableRef } from '../../contracts/activities.js';
import { qualified } from '../../contracts/catalogue.js';
import type { PlanDocument } from '../../contracts/definition.schema.js';
import type { GraphTask } from '../../contracts/graph.js';
import type { TableMapping } from '../../contracts/mapping.js';

/** A table of at most so many rows, and well within one chunk, is the work of a moment. */
const SMALL_ROWS = 10_000;

/** A table of the plan, as workflows list it. */
export function toTableRef({ source, estimatedRows: rows, chunkRows }: TableMapping): TableRef {
  const small = rows <= SMALL_ROWS && rows <= chunkRows / 2;
  return { table: qualified(source), rows, ...(small && { small }) };
}

/** Tasks of the plan, as the task runner takes them. `tables`: those of the plan. */
export function toGraphTasks(tasks: PlanDocument['tasks'], tables: readonly TableRef[]): GraphTask[] {
  const refs = new Map(tables.map((ref) => [ref.table, ref]));
  return tasks.map(({ id, action, table, depends_on: dependsOn }) => {
    const { rows, small } = refs.get(table ?? '') ?? {};
    return { id, action, table, dependsOn, ...(rows !== undefined && { rows }), ...(small === true && { small }) };
  });
}
