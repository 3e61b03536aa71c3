import type { FilterComparison, FilterTerm, FilterTree } from '../contracts/filter-tree.js';
import { FILTER_COMPARISONS } from '../contracts/filter-tree.js';
import type { Expression } from './expressions.js';

/** A filter as data, after it was checked: its columns have the source's names, and whatever is no part of one is not there. */
export function filterTree(node: Expression): FilterTree {
  const term = (part: Expression): FilterTerm => termOf(part);
  const tree = (part: Expression): FilterTree => filterTree(part);
  const unless = (negated: boolean | undefined, operand: FilterTree): FilterTree =>
    negated === true ? { op: 'not', operand } : operand;
  switch (node.node) {
    case 'binary':
      if (node.op === 'AND' || node.op === 'OR')
        return { op: node.op === 'AND' ? 'and' : 'or', left: tree(node.left), right: tree(node.right) };
      return { op: comparison(node.op), left: term(node.left), right: term(node.right) };
    case 'unary':
      return { op: 'not', operand: tree(node.operand) };
    case 'is':
      return unless(node.negated, { op: 'null', of: term(node.operand) });
    case 'in': {
      const left = term(node.operand);
      const same = node.items.map((item): FilterTree => ({ op: '=', left, right: term(item) }));
      return unless(
        node.negated,
        same.reduce((one, other) => ({ op: 'or', left: one, right: other })),
      );
    }
    case 'between': {
      const left = term(node.operand);
      const from: FilterTree = { op: '>=', left, right: term(node.low) };
      const to: FilterTree = { op: '<=', left, right: term(node.high) };
      return unless(node.negated, { op: 'and', left: from, right: to });
    }
    case 'like': {
      const pattern = node.pattern.node === 'string' ? node.pattern.value : '';
      return unless(node.negated, { op: 'like', of: term(node.operand), pattern, escape: node.escape ?? '\\' });
    }
    default:
      throw new TypeError(`"${node.node}" is no part of a filter`);
  }
}

function comparison(op: string): FilterComparison {
  const known = FILTER_COMPARISONS.find((each) => each === op);
  if (known === undefined) throw new TypeError(`"${op}" is no part of a filter`);
  return known;
}

function termOf(node: Expression): FilterTerm {
  switch (node.node) {
    case 'column':
      return { column: node.name };
    case 'string':
      return { text: node.value };
    case 'number':
      return { number: node.text };
    case 'boolean':
      return { flag: node.value };
    case 'unary':
      if (node.operand.node === 'number') return { number: `${node.op}${node.operand.text}` };
      throw new TypeError('it is no literal');
    default:
      throw new TypeError(`"${node.node}" is no literal`);
  }
}
