import type { FunctionCall } from '../../../language/expressions/queries/tree.js';
import type { QueryEngine } from './function-rules.js';
import type { Typed } from './typed.js';
import { asNumber, asText, fail, textLiteral, unified } from './typed.js';

const SPREADS: Readonly<Record<string, string>> = {
  std: 'stddev_pop',
  stddev: 'stddev_pop',
  stddev_pop: 'stddev_pop',
  stddev_samp: 'stddev_samp',
  variance: 'var_pop',
  var_pop: 'var_pop',
  var_samp: 'var_samp',
};
const AGGREGATES = new Set([
  ...['count', 'sum', 'avg', 'min', 'max', 'group_concat', 'total', 'any_value'],
  ...Object.keys(SPREADS),
]);
const RANKS = new Set(['row_number', 'rank', 'dense_rank']);
const SHARES = new Set(['percent_rank', 'cume_dist']);
/** Give a value of another row. */
const NEIGHBOURS = new Set(['lag', 'lead', 'first_value', 'last_value', 'nth_value']);

export function isAggregate({ name, args, over }: FunctionCall): boolean {
  // SQLite's min and max of several values are no aggregates; with one they are.
  return AGGREGATES.has(name) && over === undefined && !((name === 'min' || name === 'max') && args.length > 1);
}

export function isWindow({ name, over }: FunctionCall): boolean {
  return over !== undefined && [AGGREGATES, RANKS, SHARES, NEIGHBOURS, new Set(['ntile'])].some((all) => all.has(name));
}

export interface AggregateCall {
  readonly call: FunctionCall;
  readonly args: readonly Typed[];
  readonly orderBy: readonly { readonly value: Typed; readonly suffix: string }[];
  readonly engine: QueryEngine;
}

/** An aggregate of the source in the target's terms. */
export function aggregate(given: AggregateCall): Typed {
  const { call, args } = given;
  const distinct = call.distinct ? 'DISTINCT ' : '';
  if (RANKS.has(call.name)) return { sql: `${call.name}()`, sort: 'integer', scale: 0 };
  const windowed = overRows(call, args);
  if (windowed) return windowed;
  if (call.name === 'count') return count(call, args);
  if (call.name === 'group_concat') return concatenated(given);
  const [value] = args;
  if (value === undefined || args.length !== 1) return fail(`the aggregate "${call.name}" with these arguments`);
  if (call.name === 'any_value') return anyOf(value);
  if (call.name === 'min' || call.name === 'max') {
    const inner = value.sort === 'boolean' ? asNumber(value) : value.sort === 'enum' ? asText(value) : value;
    return { ...inner, sql: `${call.name}(${distinct}${inner.sql})`, literal: undefined };
  }
  const number = asNumber(value);
  const spread = SPREADS[call.name];
  if (spread !== undefined)
    return { sql: `CAST(${spread}(${distinct}${number.sql}) AS double precision)`, sort: 'float' };
  if (call.name === 'total') return { sql: `coalesce(sum(CAST(${number.sql} AS double precision)), 0)`, sort: 'float' };
  if (call.name === 'avg') return average(number, distinct, given.engine);
  const sql = `sum(${distinct}${number.sql})`;
  return number.sort === 'float' ? { sql, sort: 'float' } : { sql, sort: 'decimal', scale: number.scale };
}

/** Functions that only a window has. */
function overRows({ name }: FunctionCall, args: readonly Typed[]): Typed | undefined {
  if (SHARES.has(name)) return { sql: `${name}()`, sort: 'float' };
  const [value, ...rest] = args;
  if (name === 'ntile')
    return { sql: `ntile(CAST(${(value ?? fail(name)).sql} AS integer))`, sort: 'integer', scale: 0 };
  if (!NEIGHBOURS.has(name)) return undefined;
  if (value === undefined) return fail(`the function "${name}" of nothing`);
  const [count, otherwise] = rest;
  const steps = count === undefined ? '' : `, CAST(${asNumber(count).sql} AS integer)`;
  const { type, values } = unified(otherwise === undefined ? [value] : [value, otherwise]);
  const [first, second] = values;
  const end = second === undefined ? '' : `, ${second.sql}`;
  return { ...type, sql: `${name}(${(first ?? value).sql}${steps}${end})` };
}

/** MySQL gives the average four digits more than its argument has. */
function average(number: Typed, distinct: string, engine: QueryEngine): Typed {
  if (engine === 'sqlite') return { sql: `avg(${distinct}CAST(${number.sql} AS double precision))`, sort: 'float' };
  const sql = `avg(${distinct}${number.sql})`;
  if (number.sort === 'float') return { sql, sort: 'float' };
  if (number.scale === undefined) return fail('an average of a number whose digits are not known');
  return { sql: `round(${sql}, ${String(number.scale + 4)})`, sort: 'decimal', scale: number.scale + 4 };
}

function count({ star, distinct }: FunctionCall, args: readonly Typed[]): Typed {
  const [first] = args;
  if (star) return { sql: 'count(*)', sort: 'integer', scale: 0 };
  if (first === undefined) return fail('count of nothing');
  if (args.length === 1) return { sql: `count(${distinct ? 'DISTINCT ' : ''}${first.sql})`, sort: 'integer', scale: 0 };
  const anyNull = args.map(({ sql }) => `${sql} IS NULL`).join(' OR ');
  const row = `(${args.map(({ sql }) => sql).join(', ')})`;
  return { sql: `count(DISTINCT CASE WHEN ${anyNull} THEN NULL ELSE ${row} END)`, sort: 'integer', scale: 0 };
}

/** GROUP_CONCAT. Text is ordered by its bytes, in MySQL without regard to case, and not by the target's locale. */
function concatenated({ call, args, orderBy, engine }: AggregateCall): Typed {
  const [first, second] = args.map(asText);
  if (first === undefined || args.length > 2) return fail('GROUP_CONCAT with these arguments');
  const mysqlList = engine === 'mysql' && second !== undefined;
  const value = mysqlList ? `(${first.sql} || ${second.sql})` : first.sql;
  const separator =
    call.separator ?? (mysqlList ? ',' : (second?.literal ?? (second ? fail('a separator that is not fixed') : ',')));
  const between = textLiteral(separator).sql;
  if (call.distinct) {
    // PostgreSQL orders distinct values only by themselves: the proof shows whether that is the order meant.
    // Its type must be that of the function's argument, or the target takes the two for different.
    const ordered = `CAST(${value} AS text) COLLATE "C"`;
    const parts = orderBy.length === 0 ? { parts: separator } : {};
    return { sql: `string_agg(DISTINCT ${ordered}, ${between} ORDER BY ${ordered})`, sort: 'text', ...parts };
  }
  if (orderBy.length === 0) return { sql: `string_agg(${value}, ${between})`, sort: 'text', parts: separator };
  const order = orderBy.map(({ value: by, suffix }) => `${orderKey(by)}${suffix}`).join(', ');
  return { sql: `string_agg(${value}, ${between} ORDER BY ${order})`, sort: 'text' };
}

function orderKey(value: Typed): string {
  if (value.sort !== 'text') return value.sql;
  return `${value.folds === true ? `upper(${value.sql})` : value.sql} COLLATE "C"`;
}

/** Some value of a group in which, by the source's word, all are equal. */
export function anyOf(value: Typed): Typed {
  if (value.sort === 'boolean') return { ...value, sql: `bool_or(${value.sql})` };
  if (value.sort === 'bytes' || value.sort === 'other') return { ...value, sql: `(array_agg(${value.sql}))[1]` };
  return { ...value, sql: `min(${value.sql})`, literal: undefined };
}
