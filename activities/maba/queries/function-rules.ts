import type { Typed } from './typed.js';
import { asNumber, fail } from './typed.js';

export type QueryEngine = 'mysql' | 'sqlite';
export type Rule = (args: readonly Typed[], engine: QueryEngine) => Typed;

export function only(args: readonly Typed[], least: number, most = least): readonly Typed[] {
  if (args.length < least || args.length > most) fail('a function with another number of arguments than is known');
  return args;
}

export function arg(args: readonly Typed[], at: number): Typed {
  return args[at] ?? fail('a function with too few arguments');
}

/** A whole number that the text says itself. */
export function fixed(value: Typed | undefined, what: string): number {
  const number = Number(value?.literal ?? Number.NaN);
  return Number.isInteger(number) ? number : fail(`${what} that is not fixed`);
}

export function asFloat(value: Typed): string {
  return `CAST(${asNumber(value).sql} AS double precision)`;
}
