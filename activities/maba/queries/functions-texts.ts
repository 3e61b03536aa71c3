import { arg, fixed, only } from './function-rules.js';
import type { Rule } from './function-rules.js';
import { looselyComparable } from './loose.js';
import type { Typed } from './typed.js';
import { asNumber, asText, fail, isNumber, textLiteral } from './typed.js';

function like(first: Typed, sql: string): Typed {
  return { sql, sort: 'text', ...(first.folds && { folds: true }), ...(first.collated && { collated: true }) };
}

/** MySQL counts from 1, from the end with a negative place, and gives an empty text for the place 0. */
export const substring: Rule = (args) => {
  const [first, from, length] = only(args, 2, 3);
  if (!first || !from) return fail('a part of nothing');
  const text = asText(first);
  const start = Number(from.literal ?? Number.NaN);
  const count = length === undefined ? undefined : lengthOf(length);
  const rest = count === undefined ? '' : `, ${count}`;
  if (start > 0) return like(first, `substr(${text.sql}, ${from.sql}${rest})`);
  if (start === 0) return like(first, `(CASE WHEN ${text.sql} IS NULL THEN NULL ELSE '' END)`);
  const place = `CAST(${asNumber(from).sql} AS integer)`;
  const end = `substr(${text.sql}, char_length(${text.sql}) + ${place} + 1${rest})`;
  const isInside = `char_length(${text.sql}) + ${place} >= 0`;
  const back = `WHEN ${place} < 0 AND ${isInside} THEN ${end}`;
  return like(
    first,
    `(CASE WHEN ${text.sql} IS NULL OR ${place} IS NULL THEN NULL WHEN ${place} > 0 THEN substr(${text.sql}, ${place}${rest}) ${back} ELSE '' END)`,
  );
};

function lengthOf(length: Typed): string {
  const number = asNumber(length);
  if (number.literal !== undefined && Number(number.literal) >= 0) return number.sql;
  return `greatest(CAST(${number.sql} AS integer), 0)`;
}

/** What stands in front of the nth delimiter, or behind it from the end. */
const substringIndex: Rule = (args) => {
  const [first, delimiter, count] = only(args, 3);
  if (!first || !delimiter) return fail('a part of nothing');
  const places = fixed(count, 'a number of parts');
  const parts = `string_to_array(${asText(first).sql}, ${asText(delimiter).sql})`;
  if (delimiter.literal === undefined || delimiter.literal === '') return fail('a delimiter that is not fixed');
  const from = `greatest(cardinality(${parts}) + ${String(places + 1)}, 1)`;
  const slice = places > 0 ? `[1:${String(places)}]` : places < 0 ? `[${from}:]` : '[1:0]';
  return like(first, `array_to_string((${parts})${slice}, ${asText(delimiter).sql})`);
};

const field: Rule = (args) => {
  const [wanted, ...others] = only(args, 2, 256);
  if (!wanted) return fail('a place of nothing');
  const arms = others.map((other, at) => `WHEN ${looselyComparable(wanted, other).join(' = ')} THEN ${String(at + 1)}`);
  return { sql: `(CASE ${arms.join(' ')} ELSE 0 END)`, sort: 'integer', scale: 0 };
};

const element: Rule = (args) => {
  const [place, ...texts] = only(args, 2, 256);
  if (!place) return fail('a text at no place');
  const arms = texts.map((text, at) => `WHEN ${asNumber(place).sql} = ${String(at + 1)} THEN ${asText(text).sql}`);
  return { sql: `(CASE ${arms.join(' ')} END)`, sort: 'text' };
};

const findInSet: Rule = (args) => {
  const [wanted, list] = only(args, 2).map(asText);
  if (!wanted || !list) return fail('a place in no list');
  const folded = ({ sql }: Typed): string => (wanted.folds === true || list.folds === true ? `lower(${sql})` : sql);
  const place = `coalesce(array_position(string_to_array(${folded(list)}, ','), ${folded(wanted)}), 0)`;
  const anyNull = `${wanted.sql} IS NULL OR ${list.sql} IS NULL`;
  return { sql: `(CASE WHEN ${anyNull} THEN NULL ELSE ${place} END)`, sort: 'integer', scale: 0 };
};

/** 1,234.50 */
const formatted: Rule = (args) => {
  const value = asNumber(arg(only(args, 2), 0));
  const places = Math.max(0, fixed(args[1], 'a number of places'));
  const digits = `FM999,999,999,999,999,999,990${places > 0 ? `.${'0'.repeat(places)}` : ''}`;
  return { sql: `to_char(round(CAST(${value.sql} AS numeric), ${String(places)}), '${digits}')`, sort: 'text' };
};

function bytesOf(value: Typed): string {
  return value.sort === 'bytes' ? value.sql : `convert_to(${asText(value).sql}, 'UTF8')`;
}

const hex: Rule = (args) => {
  const value = arg(only(args, 1), 0);
  if (value.sort === 'integer') return { sql: `upper(to_hex(CAST(${value.sql} AS bigint)))`, sort: 'text' };
  if (isNumber(value)) return fail('the digits of such a number');
  return { sql: `upper(encode(${bytesOf(value)}, 'hex'))`, sort: 'text' };
};

const sha2: Rule = (args) => {
  const bits = fixed(arg(only(args, 2), 1), 'a length of a hash');
  if (![224, 256, 384, 512].includes(bits)) return fail('a hash of this length');
  return { sql: `encode(sha${String(bits)}(${bytesOf(arg(args, 0))}), 'hex')`, sort: 'text' };
};

const inserted: Rule = (args) => {
  const [text, at, length, other] = only(args, 4);
  if (!text || !other || fixed(at, 'a place') < 1 || fixed(length, 'a length') < 0)
    return fail('a text put into another');
  return like(
    text,
    `overlay(${asText(text).sql} PLACING ${asText(other).sql} FROM ${at?.sql ?? ''} FOR ${length?.sql ?? ''})`,
  );
};

/** trim(LEADING 'x' FROM a). */
export function trimmed(side: string, args: readonly Typed[]): Typed {
  const [text, wanted = textLiteral(' ')] = only(args, 1, 2);
  if (text === undefined || wanted.literal?.length !== 1) return fail('a trim of more than one character');
  const name = side === 'leading' ? 'ltrim' : side === 'trailing' ? 'rtrim' : 'btrim';
  return like(text, `${name}(${asText(text).sql}, ${wanted.sql})`);
}

/** What both sides' regular expressions say alike: no classes by name, no escapes, no looking around. */
const PLAIN_PATTERN =
  /^(?:[\w\s@#%&=<>:;,!"'~/ À-￿-]|\[\^?[\w\s@#%.,+*?|() -]+\]|\\[.*+?()|[\]{}^$\\/-]|[.^$|*+?]|\((?!\?)|\)|\{\d+(?:,\d*)?\})*$/u;

export function matching(operand: Typed, pattern: Typed, negated: boolean): Typed {
  if (pattern.literal === undefined || !PLAIN_PATTERN.test(pattern.literal)) {
    return fail('a regular expression that may mean something else in the target');
  }
  const operator = `${negated ? '!' : ''}~${operand.folds === true ? '*' : ''}`;
  const own = operand.collated === true ? ' COLLATE "default"' : '';
  return { sql: `(${asText(operand).sql}${own} ${operator} ${pattern.sql})`, sort: 'boolean' };
}

export const MYSQL_TEXTS: Readonly<Record<string, Rule>> = {
  substring,
  substr: substring,
  mid: substring,
  substring_index: substringIndex,
  field,
  elt: element,
  find_in_set: findInSet,
  format: formatted,
  hex,
  unhex: (args) => ({ sql: `decode(${asText(arg(only(args, 1), 0)).sql}, 'hex')`, sort: 'bytes' }),
  md5: (args) => ({ sql: `md5(${bytesOf(arg(only(args, 1), 0))})`, sort: 'text' }),
  sha2,
  ascii: (args) => ({ sql: `ascii(${asText(arg(only(args, 1), 0)).sql})`, sort: 'integer', scale: 0 }),
  space: (args) => ({ sql: `repeat(' ', CAST(${asNumber(arg(only(args, 1), 0)).sql} AS integer))`, sort: 'text' }),
  insert: inserted,
};
