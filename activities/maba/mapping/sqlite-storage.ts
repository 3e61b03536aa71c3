import type { ValueKind } from '../../../contracts/mapping.js';
import type { TypeContext } from './choice.js';

/** How many values of each storage class a SQLite column holds. */
export interface Storage {
  readonly integer: number;
  readonly real: number;
  readonly text: number;
  readonly blob: number;
  readonly values: number;
}

export function storageOf({ profile }: TypeContext): Storage {
  const { integer = 0, real = 0, text = 0, blob = 0 } = profile?.storage ?? {};
  return { integer, real, text, blob, values: integer + real + text + blob };
}

/** What an answer may be when a column holds values that its declared type does not take. */
export const ODD_SHARE = 0.01;

/** The default keeps the declared type when less than one value in a hundred does not fit; else nothing is changed. */
export function defaultFor(
  odd: number,
  values: number,
  options: { readonly kept: string; readonly safe: string },
): string {
  return values > 0 && odd / values < ODD_SHARE ? options.kept : options.safe;
}

/** The share of a column's texts that look like dates or times, as far as the profile tells. */
export function dateShapes(context: TypeContext): { readonly date: number; readonly timestamp: number } {
  const shapes = context.profile?.shapes ?? {};
  return { date: shapes.date ?? 0, timestamp: shapes.timestamp ?? 0 };
}

/** "3 of 4,812 values" without a value: counts only. */
export function share(odd: number, values: number): string {
  return `${String(odd)} of ${String(values)} values`;
}

/** Largest integer up to which a double holds every integer. */
export const DOUBLE_INTEGERS = 9_007_199_254_740_992;

/** Magnitude of the greater extreme; undefined where a text among the numbers hides it. */
export function magnitude(context: TypeContext): number | undefined {
  if (storageOf(context).text > 0) return undefined;
  const extremes = [context.profile?.min, context.profile?.max].filter((text) => text !== undefined);
  const sizes = extremes.map((text) => (text.trim() === '' ? NaN : Math.abs(Number(text))));
  return sizes.some((size) => Number.isNaN(size)) ? undefined : Math.max(0, ...sizes);
}

/**
 * Values that a column of numbers cannot take. SQLite leaves a decimal text as it is where a double would lose digits
 * of it; numeric takes such a text whole.
 */
export function noNumbers(kind: ValueKind, context: TypeContext): number {
  const { text, blob } = storageOf(context);
  if (kind !== 'decimal' || context.profile?.odd === undefined) return text + blob;
  const { not_a_number: words = 0, invalid_utf8: broken = 0 } = context.profile.odd;
  return Math.min(text, words + broken) + blob;
}
