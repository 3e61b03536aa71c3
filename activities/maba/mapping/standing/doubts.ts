import type { TypeChoice, TypeContext } from '../choice.js';
import { fraction, modifiers } from '../choice.js';
import { oddValuesFor, tellOdd, totalOdd } from '../odd-values.js';

/** Digits of a second's fraction that PostgreSQL keeps where its type says nothing. */
const SECOND_DIGITS = 6;

/**
 * Why some values may not fit the target's own column, as far as declarations and the scan tell: what becomes of those
 * is a matter of policy, and a person who approves the plan should know.
 */
export function doubtsOf(choice: TypeChoice, context: TypeContext): string[] {
  const odd = oddValuesFor(choice, context);
  return [
    ...(totalOdd(odd) > 0 ? [`${tellOdd(odd)} seen`] : []),
    ...beyondRange(choice, context),
    ...tooLong(choice, context),
    ...tooPrecise(choice, context),
    ...missingLabels(choice, context),
  ];
}

const WHOLE = /^-?\d+$/;

function beyondRange({ kind, limits, type }: TypeChoice, { profile }: TypeContext): string[] {
  if (kind !== 'integer' || limits.min === undefined || limits.max === undefined) return [];
  const [least, most] = [BigInt(limits.min), BigInt(limits.max)];
  const outside = [profile?.min, profile?.max].some(
    (seen) => seen !== undefined && WHOLE.test(seen) && (BigInt(seen) < least || BigInt(seen) > most),
  );
  return outside ? [`values beyond ${type} seen`] : [];
}

function tooLong({ kind, limits }: TypeChoice, { profile }: TypeContext): string[] {
  if (kind !== 'text' || limits.maxCharacters === undefined) return [];
  const seen = profile?.maxLength ?? 0;
  return seen > limits.maxCharacters
    ? [`texts of ${String(seen)} characters seen, ${String(limits.maxCharacters)} fit`]
    : [];
}

function tooPrecise({ kind, type, limits }: TypeChoice, { column, engine }: TypeContext): string[] {
  if (engine === 'sqlite') return [];
  const base = column.type.base.toLowerCase();
  if (base === 'datetime' || base === 'timestamp' || base === 'time') {
    if (kind === 'date') return ['only moments at midnight fit'];
    const digits = Number(/\((\d)\)/.exec(type)?.[1] ?? SECOND_DIGITS);
    const declared = fraction(column.type);
    return kind !== 'text' && declared > digits
      ? [`declared with ${String(declared)} digits of a second's fraction, ${String(digits)} fit`]
      : [];
  }
  if (kind !== 'decimal' || limits.precision === undefined || !/^(?:dec|numeric|fixed)/.test(base)) return [];
  const [precision = 10, scale = 0] = modifiers(column.type);
  const fits = scale <= (limits.scale ?? 0) && precision - scale <= limits.precision - (limits.scale ?? 0);
  return fits ? [] : [`declared ${column.type.declared}, which is wider than ${type}`];
}

function missingLabels({ kind, limits }: TypeChoice, { column }: TypeContext): string[] {
  if (kind !== 'enum') return [];
  const missing = (column.type.labels ?? []).filter((label) => limits.labels?.includes(label) !== true);
  return missing.length === 0
    ? []
    : [`the target's type has no label ${missing.map((each) => `"${each}"`).join(', ')}`];
}
