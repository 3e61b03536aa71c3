import { compareDecimals as compareExactly } from '../../databases/measures/exact-sum.js';

const DECIMAL = /^-?\d+(?:\.\d+)?$/;
const MOMENT = /^\d{4}-\d\d-\d\d/;

/** Digits, and no exponent; anything else is no number that could be judged. */
export const decimalText = (text: string): string | undefined => (DECIMAL.test(text) ? text : undefined);
/** A date, alone or with a time, of years 0 to 9999. */
export const momentText = (text: string): string | undefined => (MOMENT.test(text) ? text : undefined);
/** The shortest decimal of a double, where it has one without an exponent. */
export const doubleText = (value: number): string | undefined => decimalText(String(value));

/** The shortest decimal that is the same float of 24 bits. */
export function singleText(value: number): string | undefined {
  for (let digits = 1; digits <= 9; digits += 1) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return doubleText(shorter);
  }
  return doubleText(value);
}

/** Decimal digits of which doubles hold every number. */
const EXACT_DIGITS = 15;

/** Less than zero, zero, or more: two decimals, exactly. */
export function compareDecimals(one: string, other: string): number {
  if (one.length <= EXACT_DIGITS && other.length <= EXACT_DIGITS) return Number(one) - Number(other);
  return compareExactly(one, other) ?? 0;
}

/** Less than zero, zero, or more: two times, as far as both are told. */
export function compareMoments(one: string, other: string): number {
  const told = Math.min(one.length, other.length);
  const [first, second] = [one.slice(0, told), other.slice(0, told)];
  return first === second ? 0 : first < second ? -1 : 1;
}

export function placesOf(decimal: string): number {
  const point = decimal.indexOf('.');
  return point < 0 ? 0 : decimal.length - point - 1;
}

/** A decimal as a whole number of units of 10^-places; more digits than that are not lost but refused. */
export function scaled(decimal: string, places: number): bigint {
  const missing = places - placesOf(decimal);
  if (missing < 0) throw new RangeError('the number has more digits behind its point');
  return BigInt(decimal.replace('.', '') + '0'.repeat(missing));
}
