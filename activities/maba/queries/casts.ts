import { looseMoment, looseNumber } from './loose.js';
import type { Sort, Typed } from './typed.js';
import { asText, fail, isMoment, isNumber } from './typed.js';

const MOMENTS: Readonly<Record<string, { readonly type: string; readonly sort: Sort }>> = {
  date: { type: 'date', sort: 'date' },
  datetime: { type: 'timestamp(0)', sort: 'timestamp' },
  time: { type: 'time', sort: 'time' },
};

/** CAST of the source in the target's terms; `type` as the source writes it, in lower case. */
export function cast(value: Typed, type: string): Typed {
  const characters = /^(?:char|character|varchar|nchar)(?:\((\d+)\))?$/u.exec(type);
  if (characters || type === 'text') {
    const text = asText(value);
    if (characters?.[1] === undefined) return text;
    return { ...text, sql: `left(${text.sql}, ${characters[1]})`, literal: undefined };
  }
  if (type === 'signed' || type === 'unsigned' || type === 'integer') return wholeNumber(value, type);
  if (/^(?:double(?: precision)?|float|real)$/u.test(type)) {
    return { sql: `CAST(${looseNumber(value).sql} AS double precision)`, sort: 'float' };
  }
  const decimal = /^(?:decimal|numeric|dec)(?:\((\d+)(?:,(\d+))?\))?$/u.exec(type);
  if (decimal) {
    const number = value.sort === 'text' ? looseNumber(value) : value;
    if (!isNumber(number)) return fail(`a cast of a value of the sort "${value.sort}" to ${type}`);
    const [precision = '10', scale = '0'] = decimal.slice(1);
    const exact = number.sort === 'float' ? `CAST(${number.sql} AS numeric)` : number.sql;
    return { sql: `CAST(${exact} AS numeric(${precision},${scale}))`, sort: 'decimal', scale: Number(scale) };
  }
  return moment(value, type);
}

function moment(given: Typed, type: string): Typed {
  const value = looseMoment(given);
  const known = Object.hasOwn(MOMENTS, type) ? MOMENTS[type] : undefined;
  const hasDate = isMoment(value) && value.sort !== 'time';
  const fits = known?.sort === 'time' ? value.sort === 'time' || value.sort === 'timestamp' : hasDate;
  if (known && fits) return { sql: `CAST(${value.sql} AS ${known.type})`, sort: known.sort };
  return fail(`a cast of a value of the sort "${given.sort}" to ${type}`);
}

/** Of a text only the whole number at its beginning counts. Without a sign, a negative one is counted from 2^64. */
function wholeNumber(value: Typed, type: string): Typed {
  const number = looseNumber(value);
  if (number.sort === 'float' && value.sort !== 'text') return fail(`a cast to ${type}`);
  const isCut = type === 'integer' || value.sort === 'text';
  const exact = isCut && number.sort !== 'integer' ? `trunc(${number.sql})` : number.sql;
  const sql = `CAST(${exact} AS bigint)`;
  if (type !== 'unsigned') return { sql, sort: 'integer', scale: 0 };
  const above = `(CASE WHEN ${sql} < 0 THEN CAST(${sql} AS numeric) + 18446744073709551616 ELSE ${sql} END)`;
  return { sql: number.literal?.startsWith('-') === false ? sql : above, sort: 'integer', scale: 0 };
}
