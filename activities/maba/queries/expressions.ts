import type { Expression } from '../../../language/expressions.js';
import type { Extension, FunctionCall, Ordering, Query } from '../../../language/expressions/queries/tree.js';
import { aggregate, anyOf, isAggregate, isWindow } from './aggregates.js';
import type { QueryEngine } from './functions.js';
import { callFunction } from './functions.js';
import type { Scope } from './scope.js';
import type { Sort, Typed } from './typed.js';
import {
  asCondition,
  asNumber,
  asText,
  boolean,
  comparable,
  fail,
  isMoment,
  isNumber,
  numberLiteral,
  textLiteral,
  unified,
} from './typed.js';

/** Where an expression stands. */
export interface Place {
  readonly scope: Scope;
  /** Set where rows are grouped: expressions of GROUP BY, in the target's SQL. */
  readonly grouped?: ReadonlySet<string>;
  /** Tables, by alias, whose primary key is in GROUP BY. */
  readonly groupedTables?: ReadonlySet<string>;
  /** Output columns by lower-case alias, where the source lets them be named. */
  readonly aliases?: ReadonlyMap<string, Expression>;
}

/** Reads a query inside an expression; `scalar` gives the type of its only column. */
export type TranslateSubquery = (
  query: Query,
  scope: Scope,
) => { readonly sql: string; readonly columns: readonly Typed[] };

/** Expressions of a query of the source, in the SQL of the target. Throws `Untranslatable`. */
export class ExpressionTranslator {
  readonly #engine: QueryEngine;
  readonly #subquery: TranslateSubquery;

  constructor(engine: QueryEngine, subquery: TranslateSubquery) {
    this.#engine = engine;
    this.#subquery = subquery;
  }

  condition(expression: Expression, place: Place): string {
    return asCondition(this.value(expression, place));
  }

  value(expression: Expression, place: Place): Typed {
    if (place.grouped !== undefined && place.grouped.size > 0) {
      const whole = this.#ungrouped(expression, place);
      if (whole !== undefined && place.grouped.has(whole.sql)) return whole;
    }
    switch (expression.node) {
      case 'number':
        return numberLiteral(expression.text);
      case 'string':
        return textLiteral(expression.value);
      case 'boolean':
        return boolean(expression.value ? 'true' : 'false');
      case 'null':
        return { sql: 'NULL', sort: 'null' };
      case 'bits':
        return numberLiteral(String(BigInt(`0b0${expression.value}`)));
      case 'bytes':
        return { sql: `'\\x${expression.hex}'::bytea`, sort: 'bytes' };
      case 'keyword':
        return fail('its result depends on the clock');
      case 'unary':
        return this.#unary(expression, place);
      case 'binary':
        return this.#binary(expression, place);
      case 'is':
      case 'in':
      case 'between':
      case 'like':
        return this.#test(expression, place);
      case 'extended':
        return this.#extended(expression.extension, place);
      default:
        return fail(`an expression of the kind "${expression.node}"`);
    }
  }

  orderings(items: readonly Ordering[], place: Place): { value: Typed; suffix: string }[] {
    return items.map((item) => ({ value: this.value(item.expression, place), suffix: orderSuffix(item) }));
  }

  /** The expression as GROUP BY would have it; undefined where it holds an aggregate, which has no such form. */
  #ungrouped(expression: Expression, place: Place): Typed | undefined {
    if (containsAggregate(expression)) return undefined;
    const { scope, aliases } = place;
    return this.value(expression, { scope, ...(aliases && { aliases }) });
  }

  #unary({ op, operand }: Extract<Expression, { node: 'unary' }>, place: Place): Typed {
    if (op === 'NOT') return boolean(`(NOT ${this.condition(operand, place)})`);
    const value = asNumber(this.value(operand, place));
    if (op === '+') return value;
    const literal = value.literal === undefined ? undefined : `-${value.literal}`;
    return { ...value, sql: literal ?? `(- ${value.sql})`, literal };
  }

  #binary(expression: Extract<Expression, { node: 'binary' }>, place: Place): Typed {
    const { op } = expression;
    if (op === 'AND' || op === 'OR') {
      return boolean(`(${this.condition(expression.left, place)} ${op} ${this.condition(expression.right, place)})`);
    }
    const left = this.value(expression.left, place);
    const right = this.value(expression.right, place);
    if (op === '||') return { sql: `(${asText(left).sql} || ${asText(right).sql})`, sort: 'text' };
    if (op === '+' || op === '-') {
      if (left.sort === 'interval' || right.sort === 'interval') return shifted(left, op, right);
    }
    if (op === '+' || op === '-' || op === '*' || op === '/' || op === '%') return this.#arithmetic(op, left, right);
    const [one, other] = comparable(left, right);
    return boolean(`(${one} ${op} ${other})`);
  }

  #arithmetic(op: '+' | '-' | '*' | '/' | '%', one: Typed, other: Typed): Typed {
    const [left, right] = [asNumber(one), asNumber(other)];
    const { type } = unified([left, right]);
    if (op === '/' && (this.#engine === 'mysql' || type.sort === 'float')) return divided(left, right);
    const divisor = op === '/' || op === '%' ? `nullif(${right.sql}, 0)` : right.sql;
    const scale = op === '*' ? (left.scale ?? Number.NaN) + (right.scale ?? Number.NaN) : type.scale;
    return {
      sql: `(${left.sql} ${op} ${divisor})`,
      sort: type.sort,
      ...(scale !== undefined && Number.isInteger(scale) && { scale }),
    };
  }

  #test(expression: Extract<Expression, { node: 'is' | 'in' | 'between' | 'like' }>, place: Place): Typed {
    const not = expression.negated ? 'NOT ' : '';
    const operand = this.value(expression.operand, place);
    switch (expression.node) {
      case 'is': {
        const inner = expression.what === 'NULL' ? operand.sql : asCondition(operand);
        return boolean(`(${inner} IS ${not}${expression.what})`);
      }
      case 'between': {
        const [low, first] = comparable(operand, this.value(expression.low, place));
        const [high, second] = comparable(operand, this.value(expression.high, place));
        if (low !== high) return fail('BETWEEN of bounds of two sorts');
        return boolean(`(${low} ${not}BETWEEN ${first} AND ${second})`);
      }
      case 'in':
        return this.#in(operand, expression.items, { not, place });
      case 'like': {
        const pattern = this.value(expression.pattern, place);
        const folds = this.#engine === 'sqlite' || operand.folds === true;
        // SQLite has no escape character unless one is said; PostgreSQL and MySQL have the backslash.
        const escape = expression.escape ?? (this.#engine === 'sqlite' ? '' : undefined);
        const end = escape === undefined ? '' : ` ESCAPE ${textLiteral(escape).sql}`;
        // ILIKE is for the database's own collation: a column of a key may have another.
        const [word, own] = folds ? ['ILIKE', ' COLLATE "default"'] : ['LIKE', ''];
        return boolean(`(${asText(operand).sql}${own} ${not}${word} ${asText(pattern).sql}${end})`);
      }
    }
  }

  #in(operand: Typed, items: readonly Expression[], { not, place }: { not: string; place: Place }): Typed {
    const [first] = items;
    if (items.length === 1 && first?.node === 'extended' && first.extension.kind === 'subquery') {
      const { sql, columns } = this.#subquery(first.extension.query, place.scope);
      const [column] = columns;
      if (columns.length !== 1 || column === undefined) return fail('IN of a query with several columns');
      const [left, right] = comparable(operand, { ...column, sql: 'x' });
      if (left !== operand.sql || right !== 'x') return fail('IN of a query whose column is of another sort');
      return boolean(`(${left} ${not}IN (${sql}))`);
    }
    const pairs = items.map((item) => comparable(operand, this.value(item, place)));
    const [left = operand.sql] = pairs.map(([one]) => one);
    if (pairs.some(([one]) => one !== left)) return fail('IN of values of several sorts');
    return boolean(`(${left} ${not}IN (${pairs.map(([, other]) => other).join(', ')}))`);
  }

  #extended(extension: Extension, place: Place): Typed {
    switch (extension.kind) {
      case 'path':
        return this.#column(extension, place);
      case 'case':
        return this.#case(extension, place);
      case 'exists':
        return boolean(`EXISTS (${this.#subquery(extension.query, place.scope).sql})`);
      case 'subquery': {
        const { sql, columns } = this.#subquery(extension.query, place.scope);
        const [column] = columns;
        if (columns.length !== 1 || column === undefined) return fail('a query with several columns as a value');
        return { ...column, sql: `(${sql})`, literal: undefined };
      }
      case 'interval': {
        const count = this.value(extension.count, place);
        const amount = Number(count.literal ?? Number.NaN);
        if (!Number.isInteger(amount)) return fail('an interval that is not fixed');
        const [times, unit] = extension.unit === 'quarter' ? [3, 'month'] : [1, extension.unit];
        return { sql: `INTERVAL '${String(amount * times)} ${unit}'`, sort: 'interval', literal: unit };
      }
      case 'function':
        return this.#call(extension, place);
    }
  }

  #column({ path, quoted }: Extract<Extension, { kind: 'path' }>, place: Place): Typed {
    const { scope, aliases } = place;
    const [name = ''] = path;
    if (path.length === 1 && !scope.has(path)) {
      const aliased = aliases?.get(name.toLowerCase());
      if (aliased) return this.value(aliased, { ...place, aliases: undefined });
      // SQLite takes a name in double quotes that is no column for a text.
      if (this.#engine === 'sqlite' && quoted && !scope.reaches(path)) return textLiteral(name);
    }
    const { owner, own, ...column } = scope.column(path);
    if (!own || place.grouped === undefined) return column;
    if (place.grouped.has(column.sql) || place.groupedTables?.has(owner.alias) === true) return column;
    return anyOf(column);
  }

  #case({ operand, whens, otherwise }: Extract<Extension, { kind: 'case' }>, place: Place): Typed {
    const tested = operand && this.value(operand, place);
    const branches = [...whens.map(({ then }) => then), ...(otherwise ? [otherwise] : [])];
    const { type, values } = unified(branches.map((branch) => this.value(branch, place)));
    const arms = whens.map(({ when }, at) => {
      const condition = tested ? comparable(tested, this.value(when, place)).join(' = ') : this.condition(when, place);
      return `WHEN ${condition} THEN ${values[at]?.sql ?? 'NULL'}`;
    });
    const end = otherwise ? ` ELSE ${values.at(-1)?.sql ?? 'NULL'}` : '';
    return { ...type, sql: `(CASE ${arms.join(' ')}${end} END)` };
  }

  #call(call: FunctionCall, place: Place): Typed {
    if (isAggregate(call)) return this.#aggregate(call, { scope: place.scope });
    if (isWindow(call)) return this.#window(call, place);
    if (call.over || call.star || call.distinct || call.orderBy.length > 0)
      return fail(`a call of "${call.name}" in this form`);
    const { name, args } = call;
    if (name === 'if' || name === 'iif') return this.#if(args, place);
    const values = args.map((argument) => this.value(argument, place));
    if (name === 'cast') return cast(values[0] ?? fail('a cast of nothing'), call.word ?? '');
    if (name === 'convert') return asText(values[0] ?? fail('a conversion of nothing'));
    if (name === 'extract') return callFunction(call.word ?? '', values, this.#engine);
    const [first, second] = values;
    if ((name === 'date_add' || name === 'adddate') && first && second) return shifted(first, '+', second);
    if ((name === 'date_sub' || name === 'subdate') && first && second) return shifted(first, '-', second);
    if (name === 'mod' && first && second) return this.#arithmetic('%', first, second);
    return callFunction(name, values, this.#engine);
  }

  #aggregate(call: FunctionCall, place: Place): Typed {
    const args = call.args.map((argument) => this.value(argument, place));
    return aggregate({ call, args, orderBy: this.orderings(call.orderBy, place), engine: this.#engine });
  }

  #window(call: FunctionCall, place: Place): Typed {
    const { over } = call;
    if (!over) return fail('a window');
    const inner = this.#aggregate(call, place);
    const partition = over.partitionBy.map((expression) => this.value(expression, place).sql);
    const order = this.orderings(over.orderBy, place).map(({ value, suffix }) => value.sql + suffix);
    const parts = [
      ...(partition.length > 0 ? [`PARTITION BY ${partition.join(', ')}`] : []),
      ...(order.length > 0 ? [`ORDER BY ${order.join(', ')}`] : []),
    ];
    return { ...inner, sql: `${inner.sql} OVER (${parts.join(' ')})` };
  }

  #if(args: readonly Expression[], place: Place): Typed {
    const [when, then, otherwise] = args;
    if (!when || !then) return fail('a condition without its values');
    return this.#case({ kind: 'case', whens: [{ when, then }], ...(otherwise && { otherwise }) }, place);
  }
}

export function orderSuffix({ descending, nulls }: Ordering): string {
  // Both sources put NULL before everything; PostgreSQL puts it behind.
  return `${descending ? ' DESC' : ''} NULLS ${nulls ?? (descending ? 'LAST' : 'FIRST')}`;
}

/** MySQL's division of exact numbers: four digits more than the dividend has, and NULL for a division by zero. */
function divided(left: Typed, right: Typed): Typed {
  if (left.sort === 'float' || right.sort === 'float') {
    const exact = `CAST(${left.sql} AS double precision)`;
    return { sql: `(${exact} / nullif(CAST(${right.sql} AS double precision), 0))`, sort: 'float' };
  }
  if (left.scale === undefined) return fail('a division of a number whose digits are not known');
  const scale = left.scale + 4;
  const quotient = `CAST(${left.sql} AS numeric) / nullif(${right.sql}, 0)`;
  return { sql: `round(${quotient}, ${String(scale)})`, sort: 'decimal', scale };
}

const DATE_UNITS = new Set(['day', 'week', 'month', 'year']);

/** A date moved by an interval. */
function shifted(one: Typed, op: '+' | '-', other: Typed): Typed {
  const [moment, interval] = one.sort === 'interval' ? [other, one] : [one, other];
  if (interval.sort !== 'interval' || !isMoment(moment) || moment.sort === 'time')
    return fail('an interval added to no date');
  if (one.sort === 'interval' && op === '-') return fail('an interval from which a date is taken');
  const sql = `(${moment.sql} ${op} ${interval.sql})`;
  if (moment.sort !== 'date') return { sql, sort: moment.sort };
  if (!DATE_UNITS.has(interval.literal ?? '')) return { sql, sort: 'timestamp' };
  return { sql: `CAST(${sql} AS date)`, sort: 'date' };
}

const CAST_SORTS: Readonly<Record<string, { readonly type: string; readonly sort: Sort }>> = {
  date: { type: 'date', sort: 'date' },
  datetime: { type: 'timestamp(0)', sort: 'timestamp' },
};

function cast(value: Typed, type: string): Typed {
  if (type === 'char' || type === 'text') return asText(value);
  if (type === 'signed' || type === 'unsigned' || type === 'integer') {
    const number = asNumber(value);
    if (number.sort === 'float' || type === 'unsigned') return fail(`a cast to ${type}`);
    const exact = type === 'integer' ? `trunc(${number.sql})` : number.sql;
    return { sql: `CAST(${exact} AS bigint)`, sort: 'integer', scale: 0 };
  }
  const decimal = /^decimal(?:\((\d+)(?:,(\d+))?\))?$/.exec(type);
  if (decimal && isNumber(value) && value.sort !== 'float') {
    const [precision = '10', scale = '0'] = decimal.slice(1);
    return { sql: `CAST(${value.sql} AS numeric(${precision},${scale}))`, sort: 'decimal', scale: Number(scale) };
  }
  const moment = Object.hasOwn(CAST_SORTS, type) ? CAST_SORTS[type] : undefined;
  if (moment && (value.sort === 'date' || value.sort === 'timestamp')) {
    return { sql: `CAST(${value.sql} AS ${moment.type})`, sort: moment.sort };
  }
  return fail(`a cast of a value of the sort "${value.sort}" to ${type}`);
}

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
  if (extension.kind !== 'case') return false;
  const { operand, whens, otherwise } = extension;
  const inner = [...whens.flatMap(({ when, then }) => [when, then]), operand, otherwise];
  return inner.some((expression) => expression !== undefined && containsAggregate(expression));
}
