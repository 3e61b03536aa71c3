import type { OrderKey, WorkloadOrder } from '../../../contracts/workload.js';
import type { Expression } from '../../../language/expressions.js';
import type { Query, Relation as QueryRelation, SelectItem } from '../../../language/expressions/queries/tree.js';
import { containsAggregate } from './contains-aggregate.js';
import type { KnownRelations, ScopeColumn } from './scope.js';

/** What fixes the order of a query's rows, and by which of its columns. */
export function orderOf(query: Query, columns: readonly ScopeColumn[], relations: KnownRelations): WorkloadOrder {
  if (isOneRow(query)) return { fixed: 'total', keys: [] };
  if (query.orderBy.length === 0) return { fixed: 'none', keys: [] };
  const keys = query.orderBy.map(({ expression, descending }): OrderKey => {
    const output = outputOf(expression, query, columns);
    const sort = output === undefined ? undefined : columns[output]?.type.sort;
    return { ...(output !== undefined && { output }), descending, text: sort === undefined || sort === 'text' };
  });
  return { fixed: isTotal(query, { keys, columns, relations }) ? 'total' : 'partial', keys };
}

/** An aggregate without groups. */
function isOneRow({ body }: Query): boolean {
  if (body.node !== 'select' || body.groupBy.length > 0) return false;
  return body.items.some((item) => !item.star && containsAggregate(item.expression));
}

function outputOf(expression: Expression, query: Query, columns: readonly ScopeColumn[]): number | undefined {
  if (expression.node === 'number') {
    const place = Number(expression.text) - 1;
    return place >= 0 && place < columns.length ? place : undefined;
  }
  const items = query.body.node === 'select' ? query.body.items : [];
  const isFlat = items.every(({ star }) => !star);
  const same = isFlat ? items.findIndex((item) => says(item, expression)) : -1;
  if (same >= 0) return same;
  const path = pathOf(expression);
  if (path === undefined) return undefined;
  const name = path.at(-1)?.toLowerCase();
  const found = columns.flatMap((column, at) => (column.source.toLowerCase() === name ? [at] : []));
  return found.length === 1 ? found[0] : undefined;
}

function says(item: SelectItem, expression: Expression): boolean {
  if (item.star) return false;
  if (JSON.stringify(item.expression) === JSON.stringify(expression)) return true;
  const path = pathOf(expression);
  if (path?.length !== 1) return false;
  return (item.alias ?? pathOf(item.expression)?.at(-1))?.toLowerCase() === path[0]?.toLowerCase();
}

function pathOf(expression: Expression): readonly string[] | undefined {
  return expression.node === 'extended' && expression.extension.kind === 'path' ? expression.extension.path : undefined;
}

interface Known {
  readonly keys: readonly OrderKey[];
  readonly columns: readonly ScopeColumn[];
  readonly relations: KnownRelations;
}

/**
 * All columns are keys, so that rows that are equal in them are equal, or the keys hold a key of the only table. Texts
 * count only where each side tells them apart alike: those that the source takes for equal in either case do not.
 */
function isTotal(query: Query, { keys, columns, relations }: Known): boolean {
  const exact = (at: number): boolean => columns[at]?.type.folds !== true && columns[at]?.type.sort !== 'other';
  const fixed = new Set(keys.flatMap(({ output }) => (output !== undefined && exact(output) ? [output] : [])));
  if (columns.length > 0 && columns.every((_, at) => fixed.has(at))) return true;
  const { body } = query;
  if (body.node !== 'select') return false;
  if (body.groupBy.length > 0) {
    const groups = body.groupBy.map((expression) => outputOf(expression, query, columns));
    return body.rollup !== true && groups.every((output) => output !== undefined && fixed.has(output));
  }
  const [only] = body.from;
  if (body.from.length !== 1 || only?.node !== 'table') return false;
  return holdsKey(query, only, relations);
}

function holdsKey(
  { orderBy, body }: Query,
  table: Extract<QueryRelation, { node: 'table' }>,
  relations: KnownRelations,
): boolean {
  const relation = relations.find(table.schema, table.name);
  const key = relation?.primaryKey;
  if (relation === undefined || key === undefined || key.length === 0) return false;
  const named = new Set(orderBy.map(({ expression }) => pathOf(expression)?.at(-1)?.toLowerCase()));
  // ORDER BY means an alias before a column.
  if (key.some((name) => isAliased(name, body))) return false;
  return key.every((name) => named.has(name.toLowerCase()));
}

function isAliased(name: string, body: Query['body']): boolean {
  if (body.node !== 'select') return true;
  const same = (other: string | undefined): boolean => other?.toLowerCase() === name.toLowerCase();
  return body.items.some((item) => !item.star && same(item.alias) && !same(pathOf(item.expression)?.at(-1)));
}
