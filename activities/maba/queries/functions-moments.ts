import { toCharFormat } from './date-formats.js';
import { arg, fixed, only } from './function-rules.js';
import type { Rule } from './function-rules.js';
import { looseMoment } from './loose.js';
import type { Typed } from './typed.js';
import { asNumber, asText, fail, isMoment, momentLiteral } from './typed.js';

/** A date or moment; a time of day is none. */
function moment(value: Typed, what: string): Typed {
  const made = looseMoment(value);
  if (!isMoment(made) || made.sort === 'time') return fail(`${what} of something that is no date`);
  return made;
}

function whole(sql: string): Typed {
  return { sql: `CAST(${sql} AS integer)`, sort: 'integer', scale: 0 };
}

function extracted(field: string, what: string, plus = 0): Rule {
  return (args) => {
    const value = moment(arg(only(args, 1), 0), what);
    const made = whole(`extract(${field} FROM ${value.sql})`);
    return plus === 0 ? made : { ...made, sql: `(${made.sql} ${plus > 0 ? '+' : '-'} ${String(Math.abs(plus))})` };
  };
}

function named(format: string): Rule {
  return (args) => ({ sql: `to_char(${moment(arg(only(args, 1), 0), 'a name').sql}, '${format}')`, sort: 'text' });
}

const lastDay: Rule = (args) => {
  const { sql } = moment(arg(only(args, 1), 0), 'the last day');
  return { sql: `CAST(date_trunc('month', ${sql}) + INTERVAL '1 month' - INTERVAL '1 day' AS date)`, sort: 'date' };
};

/** Weeks that begin on Sunday, the first one with a Sunday in the year; and those of ISO 8601. */
const week: Rule = (args) => {
  const { sql } = moment(arg(only(args, 1, 2), 0), 'the week');
  const mode = args[1] === undefined ? 0 : fixed(args[1], 'a sort of weeks');
  if (mode === 3) return whole(`extract(week FROM ${sql})`);
  if (mode !== 0) return fail(`weeks of the sort ${String(mode)}`);
  return whole(`floor((extract(doy FROM ${sql}) + 6 - extract(dow FROM ${sql})) / 7)`);
};

const yearWeek: Rule = (args) => {
  const { sql } = moment(arg(only(args, 2), 0), 'the week');
  if (fixed(args[1], 'a sort of weeks') !== 3) return fail('weeks of this sort');
  return whole(`extract(isoyear FROM ${sql}) * 100 + extract(week FROM ${sql})`);
};

const SECONDS: Readonly<Record<string, number>> = { second: 1, minute: 60, hour: 3600, day: 86_400, week: 604_800 };

/** TIMESTAMPDIFF: whole units from the first to the second. */
export function differenceOf(unit: string, args: readonly Typed[]): Typed {
  const [from, to] = only(args, 2).map((value) => `CAST(${moment(value, 'a difference').sql} AS timestamp)`);
  const [first = '', second = ''] = [from, to];
  const seconds = SECONDS[unit];
  if (unit === 'microsecond') return big(`extract(epoch FROM (${second} - ${first})) * 1000000`);
  if (seconds !== undefined) return big(`extract(epoch FROM (${second} - ${first})) / ${String(seconds)}`);
  const months = (later: string, earlier: string): string =>
    `(extract(year FROM age(${later}, ${earlier})) * 12 + extract(month FROM age(${later}, ${earlier})))`;
  const signed = `(CASE WHEN ${second} >= ${first} THEN ${months(second, first)} ELSE - ${months(first, second)} END)`;
  const per = { month: 1, quarter: 3, year: 12 }[unit] ?? fail(`a difference in the unit "${unit}"`);
  return big(`${signed} / ${String(per)}`);
}

function big(sql: string): Typed {
  return { sql: `CAST(trunc(${sql}) AS bigint)`, sort: 'integer', scale: 0 };
}

/** An interval of as many units as the text says, or as a column holds. */
export function intervalOf(count: Typed, unit: string): Typed {
  const [times, base] = unit === 'quarter' ? [3, 'month'] : [1, unit];
  const amount = Number(count.literal ?? Number.NaN);
  if (Number.isInteger(amount)) {
    return { sql: `INTERVAL '${String(amount * times)} ${base}'`, sort: 'interval', literal: base };
  }
  const number = asNumber(count);
  const isPart = ['second', 'minute', 'hour'].includes(base);
  if (number.sort !== 'integer' && !isPart) return fail('an interval of a part of a day');
  const one = `INTERVAL '${String(times)} ${base}'`;
  return { sql: `(${number.sql} * ${one})`, sort: 'interval', literal: base };
}

const fromUnix: Rule = (args) => {
  const seconds = asNumber(arg(only(args, 1, 2), 0));
  const at: Typed = { sql: `CAST(to_timestamp(${seconds.sql}) AS timestamp)`, sort: 'timestamp' };
  return args[1] === undefined ? at : formatted(at, args[1]);
};

const unixTime: Rule = (args) => {
  const { sql } = moment(arg(only(args, 1), 0), 'the seconds since 1970');
  return { sql: `CAST(trunc(extract(epoch FROM CAST(${sql} AS timestamptz))) AS bigint)`, sort: 'integer', scale: 0 };
};

function formatted(value: Typed, format: Typed): Typed {
  const made = toCharFormat(format.literal ?? fail('a date format that is not fixed'), 'mysql');
  return { sql: `to_char(${value.sql}, '${made.replaceAll("'", "''")}')`, sort: 'text' };
}

const parsed: Rule = (args) => {
  const format = arg(only(args, 2), 1).literal ?? fail('a date format that is not fixed');
  const made = toCharFormat(format, 'mysql').replaceAll("'", "''");
  const text = asText(arg(args, 0)).sql;
  if (/%[HhIikslSTrpf]/u.test(format))
    return { sql: `CAST(to_timestamp(${text}, '${made}') AS timestamp)`, sort: 'timestamp' };
  return { sql: `to_date(${text}, '${made}')`, sort: 'date' };
};

const asMoment: Rule = (args) => {
  const value = moment(arg(only(args, 1), 0), 'the moment');
  return { sql: `CAST(${value.sql} AS timestamp)`, sort: 'timestamp' };
};

const timeOf: Rule = (args) => {
  const value = looseMoment(arg(only(args, 1), 0));
  if (!isMoment(value) || value.sort === 'date') return fail('the time of something that has none');
  return { sql: `CAST(${value.sql} AS time)`, sort: 'time' };
};

const secondsOfTime: Rule = (args) => {
  const value = arg(only(args, 1), 0);
  if (value.sort !== 'time') return fail('the seconds of something that is no time');
  return whole(`extract(epoch FROM ${value.sql})`);
};

const makeDate: Rule = (args) => {
  const [year, day] = only(args, 2).map(asNumber);
  if (year?.sort !== 'integer' || day?.sort !== 'integer') return fail('a date of such numbers');
  return { sql: `(make_date(CAST(${year.sql} AS integer), 1, 1) + CAST(${day.sql} - 1 AS integer))`, sort: 'date' };
};

const toDays: Rule = (args) => {
  const { sql } = moment(arg(only(args, 1), 0), 'the days');
  return { sql: `(CAST(${sql} AS date) - DATE '0001-01-01' + 366)`, sort: 'integer', scale: 0 };
};

export const MYSQL_MOMENTS: Readonly<Record<string, Rule>> = {
  dayofweek: extracted('dow', 'the day of the week', 1),
  weekday: extracted('isodow', 'the day of the week', -1),
  dayname: named('FMDay'),
  monthname: named('FMMonth'),
  last_day: lastDay,
  week,
  weekofyear: extracted('week', 'the week'),
  yearweek: yearWeek,
  from_unixtime: fromUnix,
  unix_timestamp: unixTime,
  str_to_date: parsed,
  timestamp: asMoment,
  time: timeOf,
  time_to_sec: secondsOfTime,
  makedate: makeDate,
  to_days: toDays,
};

const STEP = /^([+-]?\d+) (second|minute|hour|day|month|year)s?$/u;
const START = /^start of (day|month|year)$/u;

/** date(x, '-1 month', 'start of month') and its kin. */
function sqliteMoment(form: string): Rule {
  return (args) => {
    const [first, ...steps] = only(args, 1, 8);
    const start = first?.literal === undefined ? first : (momentLiteral(first.literal) ?? first);
    if (!start || !isMoment(start) || start.sort === 'time') return fail('the date of something that has none');
    let sql = steps.length === 0 ? start.sql : `CAST(${start.sql} AS timestamp)`;
    for (const { literal = '' } of steps) {
      const step = STEP.exec(literal);
      const begin = START.exec(literal);
      if (step) sql = `(${sql} + INTERVAL '${step[1] ?? ''} ${step[2] ?? ''}')`;
      else if (begin) sql = `date_trunc('${begin[1] ?? ''}', ${sql})`;
      else return fail('a step of a date that is not known');
    }
    return { sql: `to_char(${sql}, '${form}')`, sort: 'text' };
  };
}

export const SQLITE_MOMENTS: Readonly<Record<string, Rule>> = {
  date: sqliteMoment('YYYY-MM-DD'),
  datetime: sqliteMoment('YYYY-MM-DD HH24:MI:SS'),
};
