import type { Expression } from '../../../language/expressions.js';
import type { Extension, FunctionCall, Ordering, Query } from '../../../language/expressions/queries/tree.js';
import { aggregate, anyOf, isAggregate, isWindow } from './aggregates.js';
import { cast } from './casts.js';
import { containsAggregate } from './contains-aggregate.js';
import type { QueryEngine } from './function-rules.js';
import { callFunction } from './functions.js';
import { differenceOf, intervalOf } from './functions-moments.js';
import { trimmed } from './functions-texts.js';
import * as larger from './larger.js';
import { looseCondition, looseMoment, looseNumber, looselyComparable } from './loose.js';
import type { Scope } from './scope.js';
import type { Surroundings } from './surroundings.js';
import type { Sort, Typed } from './typed.js';
import {
  asCondition,
  asNumber,
  asText,
  boolean,
  comparable,
  fail,
  isMoment,
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
  /** Columns that have one value in every group; set where no other may stand outside of an aggregate. */
  readonly determined?: ReadonlySet<string>;
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
  readonly #isWide: boolean;
  readonly #around: Surroundings | undefined;
  readonly #inner: larger.Inner = {
    value: (expression, place) => this.value(expression, place),
    subquery: (query, place) => this.#subquery(query, place.scope),
  };

  /** `isWide`: whole numbers are counted with in 64 bits, as both sources do. */
  constructor(
    engine: QueryEngine,
    subquery: TranslateSubquery,
    {
      isWide = false,
      around,
    }: { readonly isWide?: boolean | undefined; readonly around?: Surroundings | undefined } = {},
  ) {
    this.#engine = engine;
    this.#subquery = subquery;
    this.#isWide = isWide;
    this.#around = around;
  }

  condition(expression: Expression, place: Place): string {
    const value = this.value(expression, place);
    return this.#engine === 'mysql' ? looseCondition(value) : asCondition(value);
  }

  #number(value: Typed): Typed {
    return this.#engine === 'mysql' ? looseNumber(value) : asNumber(value);
  }

  #comparable(left: Typed, right: Typed): readonly [string, string] {
    return this.#engine === 'mysql' ? looselyComparable(left, right) : comparable(left, right);
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
        return this.#around?.clock(expression.name) ?? fail('its result depends on the clock');
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
    const value = this.#number(this.value(operand, place));
    if (op === '+') return value;
    const literal = value.literal === undefined ? undefined : `-${value.literal}`;
    return { ...value, sql: literal ?? `(- ${value.sql})`, literal };
  }

  #binary(expression: Extract<Expression, { node: 'binary' }>, place: Place): Typed {
    const { op } = expression;
    if (op === 'AND' || op === 'OR') {
      return boolean(`(${this.condition(expression.left, place)} ${op} ${this.condition(expression.right, place)})`);
    }
    const row = larger.rowOf(expression.left);
    if (row) return larger.rowComparison({ op, left: row, right: expression.right }, { place, inner: this.#inner });
    const left = this.value(expression.left, place);
    if (expression.right.node === 'extended' && expression.right.extension.kind === 'quantified') {
      return larger.quantified(left, op, { of: expression.right.extension, place, inner: this.#inner });
    }
    const right = this.value(expression.right, place);
    if (op === '||') return { sql: `(${asText(left).sql} || ${asText(right).sql})`, sort: 'text' };
    if (op === '+' || op === '-') {
      if (left.sort === 'interval' || right.sort === 'interval') return shifted(left, op, right);
    }
    if (op === '+' || op === '-' || op === '*' || op === '/' || op === '%') return this.#arithmetic(op, left, right);
    const [one, other] = this.#comparable(left, right);
    return boolean(`(${one} ${op} ${other})`);
  }

  #arithmetic(op: '+' | '-' | '*' | '/' | '%', one: Typed, other: Typed): Typed {
    const [left, right] = [this.#number(one), this.#number(other)];
    const { type } = unified([left, right]);
    if (op === '/' && (this.#engine === 'mysql' || type.sort === 'float')) return divided(left, right);
    const divisor = op === '/' || op === '%' ? `nullif(${right.sql}, 0)` : right.sql;
    const scale = op === '*' ? (left.scale ?? Number.NaN) + (right.scale ?? Number.NaN) : type.scale;
    if (op === '%' && type.sort === 'float') return remainder(left, right);
    return {
      sql: `(${this.#isWide ? wide(left, type) : left.sql} ${op} ${divisor})`,
      sort: type.sort,
      ...(scale !== undefined && Number.isInteger(scale) && { scale }),
    };
  }

  #test(expression: Extract<Expression, { node: 'is' | 'in' | 'between' | 'like' }>, place: Place): Typed {
    const not = expression.negated ? 'NOT ' : '';
    const row = expression.node === 'in' ? larger.rowOf(expression.operand) : undefined;
    if (row && expression.node === 'in') {
      return larger.rowIn({ left: row, items: expression.items, not }, { place, inner: this.#inner });
    }
    const operand = this.value(expression.operand, place);
    switch (expression.node) {
      case 'is': {
        const inner = expression.what === 'NULL' ? operand.sql : this.condition(expression.operand, place);
        return boolean(`(${inner} IS ${not}${expression.what})`);
      }
      case 'between': {
        const [low, first] = this.#comparable(operand, this.value(expression.low, place));
        const [high, second] = this.#comparable(operand, this.value(expression.high, place));
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
      const left = larger.inside(operand, column);
      return boolean(`(${left} ${not}IN (${sql}))`);
    }
    const pairs = items.map((item) => this.#comparable(operand, this.value(item, place)));
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
        return intervalOf(this.value(extension.count, place), extension.unit);
      }
      case 'function':
        return this.#call(extension, place);
      default:
        return this.#larger(extension, place);
    }
  }

  #larger(extension: Extension, place: Place): Typed {
    switch (extension.kind) {
      case 'moment':
        return larger.momentValue(extension);
      case 'regexp':
        return larger.regexpValue(extension, place, this.#inner);
      case 'whole':
        return larger.wholeValue(extension, place, this.#inner);
      case 'collated':
        return larger.collatedValue(extension, place, this.#inner);
      default:
        return fail('a row or a list where one value stands');
    }
  }

  #column({ path, quoted }: Extract<Extension, { kind: 'path' }>, place: Place): Typed {
    const { scope, aliases } = place;
    // A variable goes before a column of its name.
    const variable = this.#around?.variable(path);
    if (variable) return variable;
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
    if (place.determined?.has(column.sql) === false) {
      return fail(`"${path.join('.')}" is not fixed by GROUP BY: any value of the group may come`);
    }
    return anyOf(column);
  }

  #case({ operand, whens, otherwise }: Extract<Extension, { kind: 'case' }>, place: Place): Typed {
    const tested = operand && this.value(operand, place);
    const branches = [...whens.map(({ then }) => then), ...(otherwise ? [otherwise] : [])];
    const { type, values } = unified(branches.map((branch) => this.value(branch, place)));
    const arms = whens.map(({ when }, at) => {
      const condition = tested
        ? this.#comparable(tested, this.value(when, place)).join(' = ')
        : this.condition(when, place);
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
    if (name === 'extract') return extracted(call.word ?? '', values, this.#engine);
    if (name === 'timestampdiff') return differenceOf(call.word ?? '', values);
    if (name === 'trim' && call.word !== undefined) return trimmed(call.word, values);
    const own = this.#around?.call(name, values) ?? (values.length === 0 ? this.#around?.clock(name) : undefined);
    return own ?? this.#shift(call, values) ?? callFunction(name, values, this.#engine);
  }

  #shift({ name, word = 'day' }: FunctionCall, [first, second]: readonly Typed[]): Typed | undefined {
    if (!first || !second) return undefined;
    // Without a unit it is days.
    const days = second.sort === 'interval' ? second : undefined;
    if (name === 'date_add' || name === 'adddate') return shifted(first, '+', days ?? intervalOf(second, 'day'));
    if (name === 'date_sub' || name === 'subdate') return shifted(first, '-', days ?? intervalOf(second, 'day'));
    if (name === 'timestampadd') return shifted(second, '+', intervalOf(first, word));
    return name === 'mod' ? this.#arithmetic('%', first, second) : undefined;
  }

  #aggregate(call: FunctionCall, place: Place): Typed {
    const given = call.args.map((argument) => this.value(argument, place));
    const args = this.#engine === 'mysql' && COUNTING.has(call.name) ? given.map(looseNumber) : given;
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
      ...(over.frame === undefined ? [] : [over.frame]),
    ];
    return { ...inner, sql: `${inner.sql} OVER (${parts.join(' ')})` };
  }

  #if(args: readonly Expression[], place: Place): Typed {
    const [when, then, otherwise] = args;
    if (!when || !then) return fail('a condition without its values');
    return this.#case({ kind: 'case', whens: [{ when, then }], ...(otherwise && { otherwise }) }, place);
  }
}

/** Aggregates that make numbers of what they are given. */
const COUNTING = new Set([
  'sum',
  'avg',
  'stddev',
  'std',
  'stddev_pop',
  'stddev_samp',
  'variance',
  'var_pop',
  'var_samp',
]);

/** EXTRACT with units of two words is left to MySQL. */
function extracted(unit: string, values: readonly Typed[], engine: QueryEngine): Typed {
  if (unit !== 'year_month') return callFunction(unit, values, engine);
  const [year, month] = [callFunction('year', values, engine), callFunction('month', values, engine)];
  return { sql: `(${year.sql} * 100 + ${month.sql})`, sort: 'integer', scale: 0 };
}

/** The left side of arithmetic on whole numbers, with the 64 bits that both sources count with. */
function wide(left: Typed, { sort }: { readonly sort: Sort }): string {
  return sort === 'integer' ? `CAST(${left.sql} AS bigint)` : left.sql;
}

/** PostgreSQL has no remainder of floating numbers. */
function remainder(left: Typed, right: Typed): Typed {
  const [one, other] = [`CAST(${left.sql} AS numeric)`, `nullif(CAST(${right.sql} AS numeric), 0)`];
  return { sql: `CAST((${one} % ${other}) AS double precision)`, sort: 'float' };
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
  const [given, interval] = one.sort === 'interval' ? [other, one] : [one, other];
  const moment = looseMoment(given);
  if (interval.sort !== 'interval' || !isMoment(moment) || moment.sort === 'time')
    return fail('an interval added to no date');
  if (one.sort === 'interval' && op === '-') return fail('an interval from which a date is taken');
  const sql = `(${moment.sql} ${op} ${interval.sql})`;
  if (moment.sort !== 'date') return { sql, sort: moment.sort };
  if (!DATE_UNITS.has(interval.literal ?? '')) return { sql, sort: 'timestamp' };
  return { sql: `CAST(${sql} AS date)`, sort: 'date' };
}
