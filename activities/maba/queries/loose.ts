import type { Typed } from './typed.js';
import { asCondition, asNumber, comparable, isMoment, isNumber, momentLiteral, numberLiteral } from './typed.js';

/** What MySQL takes for the number of a text: as much of its beginning as is one, else 0. */
const NUMBER_OF_TEXT = String.raw`^\s*([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)`;

/** As MySQL counts with it; a text is the number that it begins with. */
export function looseNumber(value: Typed): Typed {
  if (value.sort !== 'text' && value.sort !== 'enum') return asNumber(value);
  if (value.sort === 'enum') return asNumber(value);
  if (value.literal !== undefined) {
    const number = /^\s*([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)/u.exec(value.literal)?.[1] ?? '0';
    return numberLiteral(number.replace(/^\+/u, '').replace(/\.$/u, ''));
  }
  const found = `coalesce(substring(${value.sql} FROM '${NUMBER_OF_TEXT}'), '0')`;
  return {
    sql: `CAST((CASE WHEN ${value.sql} IS NULL THEN NULL ELSE ${found} END) AS double precision)`,
    sort: 'float',
  };
}

/** As a condition of MySQL: a text is true where its number is not 0. */
export function looseCondition(value: Typed): string {
  return value.sort === 'text' ? asCondition(looseNumber(value)) : asCondition(value);
}

/** Both sides of a comparison of MySQL: a text beside a number is compared as a number. */
export function looselyComparable(left: Typed, right: Typed): readonly [string, string] {
  // TRUE and FALSE are 1 and 0.
  if (isWord(left) && isNumber(right)) return [asNumber(left).sql, right.sql];
  if (isWord(right) && isNumber(left)) return [left.sql, asNumber(right).sql];
  const isBeside = (one: Typed, other: Typed): boolean => one.sort === 'text' && isNumber(other);
  if (isBeside(left, right)) return comparable(looseNumber(left), right);
  if (isBeside(right, left)) return comparable(left, looseNumber(right));
  return comparable(left, right);
}

function isWord({ sql, sort }: Typed): boolean {
  return sort === 'boolean' && (sql === 'true' || sql === 'false');
}

/** A text that says a date, where a function wants one. */
export function looseMoment(value: Typed): Typed {
  if (isMoment(value) || value.literal === undefined) return value;
  return momentLiteral(value.literal) ?? value;
}
