import type { Expression } from '../../../language/expressions.js';
import type { Extension, Query } from '../../../language/expressions/queries/tree.js';
import type { Place } from './expressions.js';
import { matching } from './functions-texts.js';
import { looseNumber, looselyComparable } from './loose.js';
import type { Typed } from './typed.js';
import { asText, boolean, fail } from './typed.js';

/** What the parts of an expression are translated by. */
export interface Inner {
  value(expression: Expression, place: Place): Typed;
  subquery(query: Query, place: Place): { readonly sql: string; readonly columns: readonly Typed[] };
}

type Of<K extends Extension['kind']> = Extract<Extension, { kind: K }>;

export function momentValue({ sort, text }: Of<'moment'>): Typed {
  return { sql: `${sort.toUpperCase()} '${text.replaceAll("'", "''")}'`, sort };
}

export function regexpValue({ operand, pattern, negated }: Of<'regexp'>, place: Place, inner: Inner): Typed {
  const value = inner.value(operand, place);
  return matching(
    { ...asText(value), ...(value.collated && { collated: true }) },
    inner.value(pattern, place),
    negated,
  );
}

/** DIV and operators on bits. Both sides have 64 bits; MySQL's are without a sign, so that only these differ. */
export function wholeValue({ op, left, right }: Of<'whole'>, place: Place, inner: Inner): Typed {
  const [one, other] = [looseNumber(inner.value(left, place)), looseNumber(inner.value(right, place))];
  if (op === 'DIV') {
    const sql = `CAST(trunc(CAST(${one.sql} AS numeric) / nullif(CAST(${other.sql} AS numeric), 0)) AS bigint)`;
    return { sql, sort: 'integer', scale: 0 };
  }
  if (one.sort !== 'integer' || other.sort !== 'integer') return fail('bits of a number that is no integer');
  const shift = op === '<<' || op === '>>';
  const operand = `CAST(${other.sql} AS ${shift ? 'integer' : 'bigint'})`;
  return { sql: `(CAST(${one.sql} AS bigint) ${op === '^' ? '#' : op} ${operand})`, sort: 'integer', scale: 0 };
}

/** BINARY a and a COLLATE b. A collation by bytes compares as the target does by itself. */
export function collatedValue({ operand, collation }: Of<'collated'>, place: Place, inner: Inner): Typed {
  const value = asText(inner.value(operand, place));
  const plain: Typed = {
    sql: value.sql,
    sort: value.sort,
    ...(value.literal !== undefined && { literal: value.literal }),
  };
  const sql = value.collated === true ? `${value.sql} COLLATE "default"` : value.sql;
  if (/_bin$|^binary$|_cs$/u.test(collation)) return { ...plain, sql };
  return /_ci$|^nocase$/u.test(collation) ? { ...plain, sql, folds: true } : fail(`the collation "${collation}"`);
}

export function rowOf(expression: Expression): readonly Expression[] | undefined {
  return expression.node === 'extended' && expression.extension.kind === 'row' ? expression.extension.items : undefined;
}

function pairs(
  left: readonly Expression[],
  right: Expression,
  context: { place: Place; inner: Inner },
): (readonly [string, string])[] {
  const { place, inner } = context;
  const others = rowOf(right) ?? fail('a row beside no row');
  if (others.length !== left.length) return fail('rows of different lengths');
  return left.map((item, at) => {
    const other = others[at] ?? fail('rows of different lengths');
    return looselyComparable(inner.value(item, place), inner.value(other, place));
  });
}

/** (a, b) = (c, d). */
export function rowComparison(
  { op, left, right }: { op: string; left: readonly Expression[]; right: Expression },
  context: { place: Place; inner: Inner },
): Typed {
  if (op !== '=' && op !== '<>') return fail('an order of rows');
  const all = pairs(left, right, context).map((pair) => pair.join(' = '));
  return boolean(`(${op === '<>' ? 'NOT ' : ''}(${all.join(' AND ')}))`);
}

/** (a, b) IN ((1, 2), (3, 4)), and IN (SELECT c, d …). */
export function rowIn(
  { left, items, not }: { left: readonly Expression[]; items: readonly Expression[]; not: string },
  context: { place: Place; inner: Inner },
): Typed {
  const { place, inner } = context;
  const [first] = items;
  if (items.length === 1 && first?.node === 'extended' && first.extension.kind === 'subquery') {
    const { sql, columns } = inner.subquery(first.extension.query, place);
    if (columns.length !== left.length) return fail('IN of a query with another number of columns');
    const values = left.map((item, at) => inside(inner.value(item, place), columns[at]));
    return boolean(`((${values.join(', ')}) ${not}IN (${sql}))`);
  }
  const rows = items.map(
    (item) =>
      `(${pairs(left, item, context)
        .map((pair) => pair.join(' = '))
        .join(' AND ')})`,
  );
  return boolean(`(${not}(${rows.join(' OR ')}))`);
}

/** An operand beside a query's column, which cannot be changed from outside. */
export function inside(operand: Typed, column: Typed | undefined): string {
  if (column === undefined) return fail('IN of a query with another number of columns');
  const [left, right] = looselyComparable(operand, { ...column, sql: 'x' });
  // Texts that the target tells apart by case, beside a query: both would have to be folded.
  if (right !== 'x') return fail('IN of a query whose column is of another sort');
  return left;
}

/** a = ANY (SELECT …). */
export function quantified(
  operand: Typed,
  op: string,
  given: { of: Of<'quantified'>; place: Place; inner: Inner },
): Typed {
  const { sql, columns } = given.inner.subquery(given.of.query, given.place);
  if (columns.length !== 1) return fail('a comparison with a query with several columns');
  return boolean(`(${inside(operand, columns[0])} ${op} ${given.of.quantifier} (${sql}))`);
}
