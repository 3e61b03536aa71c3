import { toCharFormat } from './date-formats.js';
import { arg, only } from './function-rules.js';
import type { QueryEngine, Rule } from './function-rules.js';
import { MYSQL_MOMENTS, SQLITE_MOMENTS } from './functions-moments.js';
import { MYSQL_NUMBERS } from './functions-numbers.js';
import { MYSQL_TEXTS } from './functions-texts.js';
import { looseMoment } from './loose.js';
import type { Sort, Typed } from './typed.js';
import { asNumber, asText, boolean, comparable, fail, integerLiteral, isMoment, isNumber, unified } from './typed.js';

/** Texts in, text out, the same function on both sides. */
function texts(name: string, count: number): Rule {
  return (args) => {
    const [first, ...rest] = only(args, count);
    const inner = [asText(first ?? fail(name)), ...rest.map((value) => (isNumber(value) ? value : asText(value)))];
    const { folds = false, collated } = first ?? {};
    return {
      sql: `${name}(${inner.map(({ sql }) => sql).join(', ')})`,
      ...{ sort: 'text', folds, ...(collated && { collated }) },
    };
  };
}

/** What it gives depends on the collation of the text, which in the source is another for a column of a key. */
function cased(name: string, count: number): Rule {
  const made = texts(name, count);
  return ([first, ...rest], engine) => {
    if (first?.collated !== true) return made(first ? [first, ...rest] : [], engine);
    return made([{ ...first, sql: `${first.sql} COLLATE "default"` }, ...rest], engine);
  };
}

function counted(name: string): Rule {
  return (args) => {
    const value = arg(only(args, 1), 0);
    const operand = value.sort === 'bytes' ? value : asText(value);
    return { sql: `${name}(${operand.sql})`, sort: 'integer', scale: 0 };
  };
}

/** A number to a number of the same sort. */
function numeric(name: string, sort?: Sort): Rule {
  return (args) => {
    const value = asNumber(arg(only(args, 1), 0));
    return { ...value, sql: `${name}(${value.sql})`, sort: sort ?? value.sort, literal: undefined };
  };
}

function rounded(name: string): Rule {
  return (args, engine) => {
    const [first, second] = only(args, 1, 2);
    const value = asNumber(first ?? fail(name));
    const places = second === undefined ? integerLiteral(0) : asNumber(second);
    const scale = Number(places.literal ?? Number.NaN);
    if (!Number.isInteger(scale)) fail(`${name} to a number of places that is not fixed`);
    const exact = value.sort === 'float' ? `CAST(${value.sql} AS numeric)` : value.sql;
    const sql = `${name}(${exact}, ${String(scale)})`;
    if (value.sort === 'float' || engine === 'sqlite')
      return { sql: `CAST(${sql} AS double precision)`, sort: 'float' };
    return { sql, sort: 'decimal', scale: Math.max(0, scale) };
  };
}

function part(unit: string): Rule {
  return (args) => {
    const value = looseMoment(arg(only(args, 1), 0));
    if (!isMoment(value)) fail(`the ${unit} of something that is no date`);
    return { sql: `CAST(extract(${unit} FROM ${value.sql}) AS integer)`, sort: 'integer', scale: 0 };
  };
}

const datePart: Rule = (args, engine) => {
  const value = looseMoment(arg(only(args, 1), 0));
  if (!isMoment(value) || value.sort === 'time') fail('the date of something that has none');
  if (engine === 'sqlite') return { sql: `to_char(${value.sql}, 'YYYY-MM-DD')`, sort: 'text' };
  return { sql: `CAST(${value.sql} AS date)`, sort: 'date' };
};

function formatted(given: Typed, format: Typed, engine: QueryEngine): Typed {
  const value = looseMoment(given);
  if (!isMoment(value)) fail('a date format of something that is no date');
  const made = toCharFormat(format.literal ?? fail('a date format that is not fixed'), engine);
  return { sql: `to_char(${value.sql}, '${made.replaceAll("'", "''")}')`, sort: 'text' };
}

/** One NULL makes the whole NULL, which PostgreSQL's own CONCAT does not do. */
const concat: Rule = (args) => {
  if (args.length === 0) fail('CONCAT of nothing');
  const inner = args.map(asText);
  return {
    sql: `(${inner.map(({ sql }) => sql).join(' || ')})`,
    sort: 'text',
    folds: inner.some((value) => value.folds),
    ...(inner.some((value) => value.collated) && { collated: true }),
  };
};

const concatWith: Rule = (args) => {
  const inner = args.map(asText);
  return { sql: `concat_ws(${inner.map(({ sql }) => sql).join(', ')})`, sort: 'text' };
};

const coalesce: Rule = (args) => {
  const { type, values } = unified(args);
  return { ...type, sql: `coalesce(${values.map(({ sql }) => sql).join(', ')})` };
};

const nullif: Rule = (args) => {
  const [first, second] = only(args, 2);
  if (!first || !second) return fail('nullif');
  const [left, right] = comparable(first, second);
  return { ...first, sql: `(CASE WHEN ${left} = ${right} THEN NULL ELSE ${first.sql} END)`, literal: undefined };
};

/** MySQL gives NULL when one is NULL; PostgreSQL passes NULLs by. */
function extreme(name: 'least' | 'greatest'): Rule {
  return (args) => {
    const { type, values } = unified(only(args, 2, 64));
    if (type.sort === 'text') fail(`${name} of texts, whose order differs`);
    const anyNull = values.map(({ sql }) => `${sql} IS NULL`).join(' OR ');
    const inner = values.map(({ sql }) => sql).join(', ');
    return { ...type, sql: `(CASE WHEN ${anyNull} THEN NULL ELSE ${name}(${inner}) END)` };
  };
}

const substring: Rule = (args) => {
  const [first, from, length] = only(args, 2, 3);
  const start = Number(from?.literal ?? Number.NaN);
  if (!first || !from || !(start > 0)) return fail('a part of a text that does not begin at a fixed place');
  const rest = length === undefined ? '' : `, ${asNumber(length).sql}`;
  return {
    sql: `substr(${asText(first).sql}, ${from.sql}${rest})`,
    sort: 'text',
    folds: first.folds === true,
    ...(first.collated && { collated: true }),
  };
};

/** Where a text stands in another, from 1; 0: nowhere. */
function position(text: Typed, searched: Typed): Typed {
  const [inside, wanted] = comparable(asText(text), asText(searched));
  return { sql: `strpos(${inside}, ${wanted})`, sort: 'integer', scale: 0 };
}

const dateDifference: Rule = (args) => {
  const [first, second] = only(args, 2).map((given) => {
    const value = looseMoment(given);
    if (!isMoment(value) || value.sort === 'time') fail('a difference of days of something that is no date');
    return `CAST(${value.sql} AS date)`;
  });
  return { sql: `(${String(first)} - ${String(second)})`, sort: 'integer', scale: 0 };
};

const isNull: Rule = (args) => boolean(`(${arg(only(args, 1), 0).sql} IS NULL)`);
const clock: Rule = () => fail('its result depends on the clock');

const SHARED: Readonly<Record<string, Rule>> = {
  lower: cased('lower', 1),
  upper: cased('upper', 1),
  trim: texts('btrim', 1),
  ltrim: texts('ltrim', 1),
  rtrim: texts('rtrim', 1),
  replace: cased('replace', 3),
  substring,
  substr: substring,
  abs: numeric('abs'),
  round: rounded('round'),
  coalesce,
  ifnull: coalesce,
  nullif,
  instr: (args) => position(arg(only(args, 2), 0), arg(args, 1)),
  sqrt: numeric('sqrt', 'float'),
};

const MYSQL: Readonly<Record<string, Rule>> = {
  lcase: texts('lower', 1),
  ucase: texts('upper', 1),
  left: texts('left', 2),
  right: texts('right', 2),
  lpad: texts('lpad', 3),
  rpad: texts('rpad', 3),
  reverse: texts('reverse', 1),
  repeat: texts('repeat', 2),
  length: counted('octet_length'),
  octet_length: counted('octet_length'),
  char_length: counted('char_length'),
  character_length: counted('char_length'),
  locate: (args) => position(arg(only(args, 2), 1), arg(args, 0)),
  concat,
  concat_ws: concatWith,
  isnull: isNull,
  least: extreme('least'),
  greatest: extreme('greatest'),
  ceil: numeric('ceil', 'integer'),
  ceiling: numeric('ceil', 'integer'),
  floor: numeric('floor', 'integer'),
  truncate: rounded('trunc'),
  sign: numeric('sign', 'integer'),
  year: part('year'),
  month: part('month'),
  day: part('day'),
  dayofmonth: part('day'),
  dayofyear: part('doy'),
  hour: part('hour'),
  minute: part('minute'),
  second: part('second'),
  quarter: part('quarter'),
  date: datePart,
  datediff: dateDifference,
  date_format: (args, engine) => formatted(arg(only(args, 2), 0), arg(args, 1), engine),
  now: clock,
  sysdate: clock,
  curdate: clock,
  curtime: clock,
  utc_timestamp: clock,
  rand: () => fail('its result is random'),
  uuid: () => fail('its result is random'),
  ...MYSQL_TEXTS,
  ...MYSQL_NUMBERS,
  ...MYSQL_MOMENTS,
};

const SQLITE: Readonly<Record<string, Rule>> = {
  length: counted('char_length'),
  strftime: (args, engine) => formatted(arg(only(args, 2), 1), arg(args, 0), engine),
  ...SQLITE_MOMENTS,
};

/** A call of the source's function, with arguments in the target's terms. */
export function callFunction(name: string, args: readonly Typed[], engine: QueryEngine): Typed {
  const own = engine === 'mysql' ? MYSQL : SQLITE;
  const rule = Object.hasOwn(own, name) ? own[name] : Object.hasOwn(SHARED, name) ? SHARED[name] : undefined;
  if (rule === undefined) return fail(`the function "${name}" has no known counterpart`);
  return rule(args, engine);
}
