import type { CatalogueColumn, SourceEngine, SourceType } from '../../../contracts/catalogue.js';
import type { Limits, Operator, ValueKind } from '../../../contracts/mapping.js';
import type { ColumnProfile } from '../../../contracts/profile.js';

/** What the choice of a target type may look at. */
export interface TypeContext {
  readonly engine: SourceEngine;
  readonly column: CatalogueColumn;
  /** Absent where the table was not profiled. */
  readonly profile?: ColumnProfile;
  /** Every row was looked at, so that the profile's extremes and counts are the table's. */
  readonly whole: boolean;
  /** In the primary key, or on either side of a foreign key: both ends must keep one type. */
  readonly keyed: boolean;
  /** A check of the source keeps every value valid JSON. */
  readonly jsonChecked: boolean;
  /** An unsigned 64-bit column that stays bigint because it is, or references, an identity column. */
  readonly keptBigint: boolean;
  /** What a mapping file casts the column to. */
  readonly cast?: TypeChoice;
  /** A person's answer to the question of this column, or its default. */
  readonly answer?: string;
}

export interface TypeQuestion {
  readonly text: string;
  readonly options: readonly string[];
  readonly default?: string;
}

export interface TypeChoice {
  readonly type: string;
  readonly kind: ValueKind;
  readonly transform: readonly Operator[];
  readonly limits: Limits;
  readonly confidence: number;
  readonly reasons: readonly string[];
  /** The type is an enum that the plan makes with these labels; `type` is then filled in by name. */
  readonly enumLabels?: readonly string[];
  /** Set where another choice is open to a person. */
  readonly question?: TypeQuestion;
}

export type ChosenType = TypeChoice | { readonly refused: string };

export const AS_IS: readonly Operator[] = [{ op: 'as_is' }];

/** Numbers in the parentheses of a declared type: "decimal(10, 2)" has 10 and 2. */
export function modifiers(type: SourceType): number[] {
  const inner = /\(([\d\s,]*)\)/.exec(type.declared)?.[1];
  return (inner ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(Number);
}

/** Digits of a second's fraction that a MySQL time type keeps. */
export function fraction(type: SourceType): number {
  const digits = modifiers(type)[0] ?? type.scale ?? type.precision ?? 0;
  return Math.min(6, Math.max(0, digits));
}

const RANGES = {
  smallint: { min: '-32768', max: '32767' },
  integer: { min: '-2147483648', max: '2147483647' },
  bigint: { min: '-9223372036854775808', max: '9223372036854775807' },
} as const;
export const UNSIGNED_64_MAX = '18446744073709551615';

export function integerChoice(
  type: keyof typeof RANGES,
  parts: { readonly reasons: readonly string[]; readonly confidence?: number },
): TypeChoice {
  return {
    type,
    kind: 'integer',
    transform: AS_IS,
    limits: { ...RANGES[type] },
    confidence: parts.confidence ?? 1,
    reasons: parts.reasons,
  };
}

/** A choice whose value's text is the target's text. */
export function plainChoice(
  type: string,
  kind: ValueKind,
  parts: { readonly reasons: readonly string[]; readonly confidence?: number; readonly limits?: Limits },
): TypeChoice {
  return {
    type,
    kind,
    transform: AS_IS,
    limits: parts.limits ?? {},
    confidence: parts.confidence ?? 1,
    reasons: parts.reasons,
  };
}

/** Longest varchar that PostgreSQL declares. */
const VARCHAR_MAX = 10_485_760;

export function varcharChoice(length: number | undefined, reasons: readonly string[], confidence = 1): TypeChoice {
  if (length === undefined || length < 1 || length > VARCHAR_MAX) {
    return plainChoice('text', 'text', { reasons, confidence });
  }
  const limits = { maxCharacters: length };
  return plainChoice(`varchar(${String(length)})`, 'text', { reasons, confidence, limits });
}

/** numeric(p,s), where PostgreSQL can declare it and plain numeric where not. */
export function numericChoice(precision: number | undefined, scale: number, reasons: readonly string[]): TypeChoice {
  if (precision === undefined || precision < 1 || precision > 1000 || scale > precision) {
    return plainChoice('numeric', 'decimal', { reasons });
  }
  const type = scale === 0 ? `numeric(${String(precision)})` : `numeric(${String(precision)},${String(scale)})`;
  return plainChoice(type, 'decimal', { reasons, limits: { precision, scale } });
}

export function booleanChoice(reasons: readonly string[], confidence = 1): TypeChoice {
  return {
    type: 'boolean',
    kind: 'boolean',
    transform: [{ op: 'to_boolean' }],
    limits: { min: '0', max: '1' },
    confidence,
    reasons,
  };
}

export function byteaChoice(reasons: readonly string[], confidence = 1): TypeChoice {
  return { type: 'bytea', kind: 'bytes', transform: [{ op: 'to_bytea' }], limits: {}, confidence, reasons };
}

/** Does the scan show nothing but 0, 1 and NULL? A column without values shows it too. */
export function onlyFlags(context: TypeContext): boolean {
  const { profile } = context;
  if (!profile || !context.whole) return false;
  if ((profile.odd?.not_a_boolean ?? 0) > 0) return false;
  if (profile.rows === profile.nulls) return true;
  return isFlag(profile.min) && isFlag(profile.max);
}

function isFlag(text: string | undefined): boolean {
  return text === '0' || text === '1';
}
