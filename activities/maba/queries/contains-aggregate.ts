import type { Expression } from '../../../language/expressions.js';
import type { Extension } from '../../../language/expressions/queries/tree.js';
import { isAggregate } from './aggregates.js';

/** Does it hold an aggregate of its own query? Those of queries inside it are not. */
export function containsAggregate(expression: Expression): boolean {
  switch (expression.node) {
    case 'unary':
    case 'is':
      return containsAggregate(expression.operand);
    case 'binary':
      return containsAggregate(expression.left) || containsAggregate(expression.right);
    case 'in':
      return [expression.operand, ...expression.items].some(containsAggregate);
    case 'between':
      return [expression.operand, expression.low, expression.high].some(containsAggregate);
    case 'like':
      return [expression.operand, expression.pattern].some(containsAggregate);
    case 'extended':
      return extensionContainsAggregate(expression.extension);
    default:
      return false;
  }
}

function extensionContainsAggregate(extension: Extension): boolean {
  if (extension.kind === 'function') {
    if (isAggregate(extension)) return true;
    const { partitionBy = [], orderBy = [] } = extension.over ?? {};
    return [...extension.args, ...partitionBy, ...orderBy.map((item) => item.expression)].some(containsAggregate);
  }
  if (extension.kind === 'regexp') return [extension.operand, extension.pattern].some(containsAggregate);
  if (extension.kind === 'whole') return [extension.left, extension.right].some(containsAggregate);
  if (extension.kind === 'collated') return containsAggregate(extension.operand);
  if (extension.kind === 'row') return extension.items.some(containsAggregate);
  if (extension.kind !== 'case') return false;
  const { operand, whens, otherwise } = extension;
  const inner = [...whens.flatMap(({ when, then }) => [when, then]), operand, otherwise];
  return inner.some((expression) => expression !== undefined && containsAggregate(expression));
}
