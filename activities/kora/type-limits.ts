import type { ColumnMapping } from '../../contracts/mapping.js';

/** What a column can hold without rounding or cutting: the plan's limits, tightened by what its type text says. */
export interface TypeLimits {
  /** Inclusive bounds of an integer. */
  readonly min: bigint | undefined;
  readonly max: bigint | undefined;
  readonly maxCharacters: number;
  /** Digits in front of the point: negative when so many places behind it must be 0 ("numeric(3,5)": -2). */
  readonly whole: number;
  /** Digits behind the point; negative when so many in front of it must be 0 ("numeric(3,-2)"). */
  readonly scale: number;
  /** Digits of a second's fraction that PostgreSQL keeps; it rounds more of them without a word. */
  readonly secondDigits: number;
  /** The type keeps 24 bits of a number. */
  readonly single: boolean;
}

/** Digits that a `numeric` without modifiers takes (PostgreSQL documentation, Numeric Types). */
const WHOLE_MAX = 131_072;
export const SCALE_MAX = 16_383;
const SECOND_DIGITS_MAX = 6;

const RANGES: ReadonlyMap<string, bigint> = new Map([
  ...['smallint', 'int2', 'smallserial', 'serial2'].map((name) => [name, 1n << 15n] as const),
  ...['integer', 'int', 'int4', 'serial', 'serial4'].map((name) => [name, 1n << 31n] as const),
  ...['bigint', 'int8', 'bigserial', 'serial8'].map((name) => [name, 1n << 63n] as const),
]);
const NUMERIC = new Set(['numeric', 'decimal', 'dec']);
const VARYING = new Set(['varchar', 'character varying', 'char varying', 'bpchar']);
const FIXED = new Set(['char', 'character']);
const TIMES = /^(?:timestamp|timestamptz|time|timetz|interval)\b/;

const TYPE =
  /^\s*(?:pg_catalog\.)?([a-z][a-z0-9_ ]*?)\s*(?:\(\s*(-?\d+)\s*(?:,\s*(-?\d+)\s*)?\))?\s*(?:with(?:out)? time zone)?\s*$/;

/**
 * A person may edit a plan's type and forget its limits, and PostgreSQL then rounds (numeric, timestamp) or cuts
 * trailing blanks (varchar) silently: so the type itself always counts.
 */
export function typeLimits(column: ColumnMapping): TypeLimits {
  const [, name = '', first, second] = TYPE.exec(column.type.toLowerCase()) ?? [];
  const one = first === undefined ? undefined : Number(first);
  const { limits } = column;
  const digits = digitsOf(column, NUMERIC.has(name) ? { precision: one, scale: Number(second ?? 0) } : {});
  const range = rangeOf(name, NUMERIC.has(name) && one !== undefined ? digits.whole : undefined);
  return {
    min: greater(limits.min === undefined ? undefined : BigInt(limits.min), range?.min),
    max: less(limits.max === undefined ? undefined : BigInt(limits.max), range?.max),
    maxCharacters: Math.min(limits.maxCharacters ?? Infinity, charactersOf(name, one)),
    ...digits,
    secondDigits: TIMES.test(name) ? Math.min(one ?? SECOND_DIGITS_MAX, SECOND_DIGITS_MAX) : SECOND_DIGITS_MAX,
    single: column.kind === 'float4' || name === 'real' || name === 'float4' || (name === 'float' && (one ?? 53) <= 24),
  };
}

function digitsOf(
  { limits }: ColumnMapping,
  type: { readonly precision?: number | undefined; readonly scale?: number },
): { readonly whole: number; readonly scale: number } {
  let whole = WHOLE_MAX;
  let scale = SCALE_MAX;
  for (const { precision, scale: places } of [type, limits]) {
    if (precision !== undefined) whole = Math.min(whole, precision - (places ?? 0));
    if (precision !== undefined) scale = Math.min(scale, places ?? 0);
  }
  return { whole, scale: limits.scale === undefined ? scale : Math.min(scale, limits.scale) };
}

function rangeOf(name: string, whole: number | undefined): { readonly min: bigint; readonly max: bigint } | undefined {
  const half = RANGES.get(name);
  if (half !== undefined) return { min: -half, max: half - 1n };
  if (whole === undefined) return undefined;
  const most = whole <= 0 ? 0n : 10n ** BigInt(whole) - 1n;
  return { min: -most, max: most };
}

function charactersOf(name: string, length: number | undefined): number {
  if (FIXED.has(name)) return length ?? 1;
  return VARYING.has(name) ? (length ?? Infinity) : Infinity;
}

function greater(one: bigint | undefined, other: bigint | undefined): bigint | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one > other ? one : other;
}

function less(one: bigint | undefined, other: bigint | undefined): bigint | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one < other ? one : other;
}
