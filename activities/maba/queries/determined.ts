import type { Expression } from '../../../language/expressions.js';
import type { Relation as QueryRelation, Select } from '../../../language/expressions/queries/tree.js';
import type { Named, Scope } from './scope.js';
import { quote } from './scope.js';

/** Where one column is fixed, another is, too: from, to. */
type Step = readonly [string, string];

/**
 * Columns that have one value in every group, beginning with those that GROUP BY names: of a table whose key is fixed
 * all columns, and what a join or a condition makes equal to a fixed column or to a literal.
 */
export function determinedColumns(select: Select, scope: Scope, grouped: Iterable<string>): ReadonlySet<string> {
  const fixed = new Set(grouped);
  const steps = [...select.from.flatMap((relation) => stepsOfJoin(relation, scope))];
  if (select.where) steps.push(...equalities(select.where, scope));
  for (let before = -1; before !== fixed.size;) {
    before = fixed.size;
    for (const [from, to] of steps) if (from === LITERAL || fixed.has(from)) fixed.add(to);
    for (const named of scope.relations)
      if (isFixed(named, fixed)) for (const column of columnsOf(named)) fixed.add(column);
  }
  return fixed;
}

const LITERAL = '';

function columnsOf({ alias, relation }: Named): string[] {
  return relation.columns.map(({ target }) => `${quote(alias)}.${quote(target)}`);
}

function isFixed({ alias, relation }: Named, fixed: ReadonlySet<string>): boolean {
  const { primaryKey, columns } = relation;
  if (primaryKey === undefined) return false;
  const target = (source: string): string => columns.find((column) => column.source === source)?.target ?? source;
  return primaryKey.every((key) => fixed.has(`${quote(alias)}.${quote(target(key))}`));
}

/** An outer join fixes only columns of the side that may be missing. */
function stepsOfJoin(relation: QueryRelation, scope: Scope): Step[] {
  if (relation.node !== 'join') return [];
  const inner = [...stepsOfJoin(relation.left, scope), ...stepsOfJoin(relation.right, scope)];
  const rightNames = namesOf(relation.right);
  const isRight = (column: string): boolean => rightNames.some((name) => column.startsWith(`${quote(name)}.`));
  const both = relation.kind === 'INNER' || relation.kind === 'CROSS';
  const steps = relation.on ? equalities(relation.on, scope) : [];
  const allowed = steps.filter(([from, to]) => {
    if (both) return true;
    if (from === LITERAL) return false;
    return relation.kind === 'LEFT'
      ? !isRight(from) && isRight(to)
      : relation.kind === 'RIGHT' && isRight(from) && !isRight(to);
  });
  return [...inner, ...allowed];
}

function namesOf(relation: QueryRelation): string[] {
  if (relation.node === 'join') return [...namesOf(relation.left), ...namesOf(relation.right)];
  if (relation.node === 'table') return [relation.alias ?? relation.name];
  return relation.alias === undefined ? [] : [relation.alias];
}

/** Equalities that must hold, of the conditions that AND joins. */
function equalities(expression: Expression, scope: Scope): Step[] {
  if (expression.node !== 'binary') return [];
  if (expression.op === 'AND') {
    return [...equalities(expression.left, scope), ...equalities(expression.right, scope)];
  }
  if (expression.op !== '=') return [];
  const [left, right] = [columnOf(expression.left, scope), columnOf(expression.right, scope)];
  if (left === undefined || right === undefined || (left === LITERAL && right === LITERAL)) return [];
  const steps: Step[] = [];
  if (right !== LITERAL) steps.push([left, right]);
  if (left !== LITERAL) steps.push([right, left]);
  return steps;
}

/** The column's SQL, of this query's own; empty for a literal. */
function columnOf(expression: Expression, scope: Scope): string | undefined {
  if (expression.node === 'number' || expression.node === 'string') return LITERAL;
  if (expression.node !== 'extended' || expression.extension.kind !== 'path') return undefined;
  const { path } = expression.extension;
  if (!scope.has(path)) return scope.reaches(path) ? LITERAL : undefined;
  try {
    return scope.column(path).sql;
  } catch {
    return undefined;
  }
}
