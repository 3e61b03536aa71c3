import type { ColumnMapping } from '../../../contracts/mapping.js';

/** What an expression of the target gives, as far as translation must know. */
export type Sort =
  | 'integer'
  | 'decimal'
  | 'float'
  | 'boolean'
  | 'text'
  | 'enum'
  | 'bytes'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | 'time'
  | 'interval'
  | 'other'
  | 'null';

export interface SqlType {
  readonly sort: Sort;
  /** Digits behind the point; of decimals only, where they are known. */
  readonly scale?: number;
  /** Of enums. */
  readonly labels?: readonly string[];
  /** The source compares it without regard to case. */
  readonly folds?: boolean;
  /** The target compares it so as well, by a collation of the column. */
  readonly collated?: boolean;
  /** A list whose order nobody fixed (GROUP_CONCAT without ORDER BY), with what stands between its parts. */
  readonly parts?: string;
}

/** An expression in the target's SQL. Whatever is not atomic stands in parentheses, so it fits everywhere. */
export interface Typed extends SqlType {
  readonly sql: string;
  /** The value of a literal, as the text has it. */
  readonly literal?: string;
}

/** Why a query has no translation: a sentence's end, for the plan. Only thrown in this folder, and caught at its edge. */
export class Untranslatable extends Error {
  override readonly name = 'Untranslatable';
}

export function fail(reason: string): never {
  throw new Untranslatable(reason);
}

const SORTS: Readonly<Partial<Record<ColumnMapping['kind'], Sort>>> = {
  integer: 'integer',
  decimal: 'decimal',
  float4: 'float',
  float8: 'float',
  boolean: 'boolean',
  text: 'text',
  enum: 'enum',
  bytes: 'bytes',
  date: 'date',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  time: 'time',
  interval: 'interval',
};

/** What a column of the plan holds. `collation`: the source's. */
export function typeOfColumn(mapping: ColumnMapping, collation: string | undefined): SqlType {
  const sort = SORTS[mapping.kind] ?? 'other';
  const scale = sort === 'integer' ? 0 : /^numeric\(\d+,\s*(\d+)\)/.exec(mapping.type)?.[1];
  const folds = (sort === 'text' || sort === 'enum') && /_ci$|^nocase$/i.test(collation ?? '');
  return {
    sort,
    ...(scale !== undefined && { scale: Number(scale) }),
    ...(mapping.limits.labels !== undefined && sort === 'enum' && { labels: mapping.limits.labels }),
    ...(folds && { folds }),
    ...(mapping.collation !== undefined && { collated: true }),
  };
}

export function isNumber({ sort }: SqlType): boolean {
  return sort === 'integer' || sort === 'decimal' || sort === 'float';
}

export function isMoment({ sort }: SqlType): boolean {
  return sort === 'date' || sort === 'timestamp' || sort === 'timestamptz' || sort === 'time';
}

export function textLiteral(value: string): Typed {
  if (value.includes('\0')) fail('a text holds the character NUL');
  return { sql: `'${value.replaceAll("'", "''")}'`, sort: 'text', literal: value };
}

export function integerLiteral(value: number): Typed {
  return { sql: String(value), sort: 'integer', scale: 0, literal: String(value) };
}

/** As the source makes a text of it. */
export function asText(value: Typed): Typed {
  switch (value.sort) {
    case 'text':
    case 'null':
      return value;
    case 'enum':
      return { sql: `CAST(${value.sql} AS text)`, sort: 'text', folds: value.folds === true };
    case 'boolean':
      return { sql: `CAST(CAST(${value.sql} AS integer) AS text)`, sort: 'text' };
    case 'integer':
    case 'decimal':
    case 'date':
    case 'timestamp':
      return { sql: `CAST(${value.sql} AS text)`, sort: 'text' };
    case 'timestamptz':
      // Both sides show it in the time zone of their session, and only PostgreSQL names the zone.
      return { sql: `CAST(CAST(${value.sql} AS timestamp) AS text)`, sort: 'text' };
    default:
      return fail(`a text is made of a value of the sort "${value.sort}", whose text form differs`);
  }
}

/** As the source counts with it: a boolean is 0 or 1. */
export function asNumber(value: Typed): Typed {
  if (isNumber(value) || value.sort === 'null') return value;
  if (value.sort === 'boolean') return { sql: `CAST(${value.sql} AS integer)`, sort: 'integer', scale: 0 };
  if (value.literal !== undefined && /^-?\d+(?:\.\d+)?$/.test(value.literal)) return numberLiteral(value.literal);
  return fail(`arithmetic on a value of the sort "${value.sort}"`);
}

export function numberLiteral(text: string): Typed {
  const scale = /^\d+(?:\.(\d*))?$/.exec(text.replace(/^-/, ''));
  if (!scale) return { sql: text, sort: 'float', literal: text };
  const digits = scale[1]?.length ?? 0;
  return { sql: text, sort: text.includes('.') ? 'decimal' : 'integer', scale: digits, literal: text };
}

/** As a condition. */
export function asCondition(value: Typed): string {
  if (value.sort === 'boolean' || value.sort === 'null') return value.sql;
  if (isNumber(value)) return `(${value.sql} <> 0)`;
  return fail(`a value of the sort "${value.sort}" as a condition`);
}

const WIDTH: readonly Sort[] = ['boolean', 'integer', 'decimal', 'float'];

/** One sort for the branches of a CASE, the arguments of COALESCE, … */
export function unified(values: readonly Typed[]): { readonly type: SqlType; readonly values: readonly Typed[] } {
  const known = values.filter((value) => value.sort !== 'null');
  const sorts = new Set(known.map((value) => value.sort));
  const [only] = sorts;
  if (only === undefined) return { type: { sort: 'null' }, values };
  if (sorts.size === 1 && only !== 'enum') return { type: merged(known, only), values };
  if ([...sorts].every((sort) => WIDTH.includes(sort))) {
    const widest = WIDTH.findLast((sort) => sorts.has(sort)) ?? 'float';
    const numbers = values.map((value) => (value.sort === 'boolean' ? asNumber(value) : value));
    return { type: merged(known, widest), values: numbers };
  }
  if (sorts.size === 2 && sorts.has('date') && sorts.has('timestamp')) return { type: { sort: 'timestamp' }, values };
  if (sorts.size === 1 || [...sorts].some((sort) => sort === 'text' || sort === 'enum')) {
    const [folds, collated] = [known.some((value) => value.folds), known.some((value) => value.collated)];
    return { type: { sort: 'text', folds, ...(collated && { collated }) }, values: values.map(asText) };
  }
  return fail(`values of the sorts ${[...sorts].map((sort) => `"${sort}"`).join(' and ')} in one column`);
}

function merged(values: readonly Typed[], sort: Sort): SqlType {
  const scales = values.map((value) => value.scale);
  const scale = scales.every((digits) => digits !== undefined) ? Math.max(...scales) : undefined;
  return {
    sort,
    ...(scale !== undefined && (sort === 'integer' || sort === 'decimal') && { scale }),
    ...(values.some((value) => value.folds) && { folds: true }),
    ...(values.some((value) => value.collated) && { collated: true }),
  };
}

const MOMENT_TEXT = /^\d{4}-\d\d?-\d\d?(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?$|^\d\d:\d\d(?::\d\d(?:\.\d+)?)?$/;

/** A text that says a date or a moment, as one. */
export function momentLiteral(text: string): Typed | undefined {
  if (!MOMENT_TEXT.test(text) || !text.includes('-')) return undefined;
  const sort = text.includes(':') ? 'timestamp' : 'date';
  return { sql: `${sort.toUpperCase()} '${text}'`, sort };
}

/** Both sides of a comparison, in terms that the target compares as the source does. */
export function comparable(left: Typed, right: Typed): readonly [string, string] {
  const [one, other] = [matched(left, right), matched(right, left)];
  if (one.sort === 'null' || other.sort === 'null') return [one.sql, other.sql];
  if (isNumber(one) && isNumber(other)) return [one.sql, other.sql];
  if (one.sort === 'text' && other.sort === 'text') {
    if (one.folds !== true && other.folds !== true) return [one.sql, other.sql];
    return [`lower(${one.sql})`, `lower(${other.sql})`];
  }
  const dates = ['date', 'timestamp'];
  if (one.sort === other.sort || (dates.includes(one.sort) && dates.includes(other.sort))) {
    if (one.sort === 'other' || one.sort === 'interval')
      fail('values are compared whose type has no order in the target');
    return [one.sql, other.sql];
  }
  return fail(`a value of the sort "${left.sort}" is compared with one of the sort "${right.sort}"`);
}

function matched(value: Typed, other: Typed): Typed {
  if (other.sort === 'boolean' && isNumber(value)) {
    if (value.literal === '0' || value.literal === '1') return boolean(value.literal === '1' ? 'true' : 'false');
    return fail('a boolean is compared with another number than 0 and 1');
  }
  if (value.literal !== undefined && value.sort === 'text') {
    if (isNumber(other)) return asNumber(value);
    if (other.sort === 'enum') return labelOf(value.literal, other);
    if (isMoment(other)) {
      if (!MOMENT_TEXT.test(value.literal)) fail('a date is compared with a text that is none');
      // Beside a date PostgreSQL takes the text for one, and its time would be gone.
      if (other.sort === 'date' && value.literal.includes(':')) return momentLiteral(value.literal) ?? value;
      return { ...value, sort: other.sort };
    }
  }
  if (value.sort === 'enum' && other.sort === 'enum') return asText(value);
  if (value.sort === 'enum' && other.sort === 'text' && other.literal === undefined) return asText(value);
  return value;
}

function labelOf(text: string, { labels = [], folds }: Typed): Typed {
  const same = (label: string): boolean =>
    label === text || (folds === true && label.toLowerCase() === text.toLowerCase());
  const label = labels.find(same);
  if (label === undefined) return fail('an enum is compared with a text that is none of its labels');
  return { ...textLiteral(label), sort: 'enum' };
}

export function boolean(sql: string): Typed {
  return { sql, sort: 'boolean' };
}
