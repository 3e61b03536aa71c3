import type { ChosenType, TypeChoice, TypeContext } from './choice.js';
import {
  AS_IS,
  booleanChoice,
  byteaChoice,
  fraction,
  integerChoice,
  modifiers,
  numericChoice,
  onlyFlags,
  plainChoice,
  UNSIGNED_64_MAX,
  varcharChoice,
} from './choice.js';
import type { Chooser } from './type-rows.js';

const LABEL_BYTES = 63;

export function integer(
  signed: 'smallint' | 'integer' | 'bigint',
  unsigned: 'smallint' | 'integer' | 'bigint',
): Chooser {
  return ({ column }) => {
    const { type } = column;
    const wide = type.unsigned === true && unsigned !== signed;
    return integerChoice(type.unsigned === true ? unsigned : signed, {
      reasons: wide ? [`${type.declared} reaches beyond ${signed}`] : [`declared ${type.declared}`],
    });
  };
}

export function tinyint(context: TypeContext): ChosenType {
  const { type } = context.column;
  const width = modifiers(type)[0] ?? type.length;
  if (width !== 1 || context.column.autoIncrement === true) return integer('smallint', 'smallint')(context);
  if (context.keyed) return integerChoice('smallint', { reasons: ['part of a key, which keeps numbers'] });
  if (onlyFlags(context)) {
    const empty = context.profile === undefined || context.profile.rows === context.profile.nulls;
    return booleanChoice(
      [empty ? 'tinyint(1), which holds no value yet' : 'tinyint(1) that holds only 0 and 1'],
      empty ? 0.7 : 0.97,
    );
  }
  const reason = !context.profile
    ? 'tinyint(1) whose values were not looked at'
    : !context.whole
      ? 'tinyint(1) of which only a sample was looked at'
      : 'tinyint(1) that holds other values than 0 and 1';
  return integerChoice('smallint', { reasons: [reason], confidence: 0.9 });
}

export function bigint(context: TypeContext): ChosenType {
  if (context.column.type.unsigned !== true) return integer('bigint', 'bigint')(context);
  if (context.keptBigint) {
    return integerChoice('bigint', {
      reasons: ['an identity column, or a reference to one, stays bigint: its values are within its range'],
      confidence: 0.95,
    });
  }
  return plainChoice('numeric(20,0)', 'integer', {
    reasons: ['bigint unsigned reaches beyond bigint'],
    limits: { min: '0', max: UNSIGNED_64_MAX, precision: 20, scale: 0 },
  });
}

export function decimal({ column }: TypeContext): ChosenType {
  const [first, second] = modifiers(column.type);
  const precision = first ?? column.type.precision ?? 10;
  return numericChoice(precision, second ?? (first === undefined ? column.type.scale : undefined) ?? 0, [
    `declared ${column.type.declared}`,
  ]);
}

export function char({ column }: TypeContext): ChosenType {
  const length = modifiers(column.type)[0] ?? column.type.length ?? 1;
  return varcharChoice(length, ['char pads with blanks in PostgreSQL and not when MySQL reads it']);
}

export function varchar({ column }: TypeContext): ChosenType {
  const length = modifiers(column.type)[0] ?? column.type.length;
  return varcharChoice(length, [`declared ${column.type.declared}`]);
}

export function text(context: TypeContext): ChosenType {
  if (!context.jsonChecked)
    return plainChoice('text', 'text', { reasons: [`declared ${context.column.type.declared}`] });
  return plainChoice('json', 'json', { reasons: ['a check keeps every value valid JSON'], confidence: 0.97 });
}

export function enumeration({ column }: TypeContext): ChosenType {
  const labels = column.type.labels ?? [];
  if (labels.length === 0) return { refused: 'its labels are not known' };
  const long = labels.some((label) => Buffer.byteLength(label) > LABEL_BYTES);
  const twins = new Set(labels).size !== labels.length;
  const limits = { labels: [...labels] };
  if (long || twins) {
    const reason = long ? `a label is longer than ${String(LABEL_BYTES)} bytes` : 'two labels are spelled alike';
    return plainChoice('text', 'text', {
      reasons: [`${reason}: text with a check instead of an enum`],
      limits,
      confidence: 0.9,
    });
  }
  return { ...plainChoice('', 'enum', { reasons: ['an enum type made by the plan'], limits }), enumLabels: labels };
}

export function set({ column }: TypeContext): ChosenType {
  const labels = column.type.labels ?? [];
  if (labels.includes('')) return { refused: 'a set with an empty label: MySQL shows it as it shows no label' };
  return {
    type: 'text[]',
    kind: 'text_array',
    transform: [{ op: 'split_comma' }],
    limits: labels.length > 0 ? { labels: [...labels] } : {},
    confidence: 0.95,
    reasons: ['a set of labels becomes an array of texts'],
  };
}

const IN_A_DAY = /^(?:[01]?\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?$/;

export function time(context: TypeContext): ChosenType {
  const { column, profile, whole } = context;
  const { rows = 0, nulls = -1, min = '', max = '', odd } = profile ?? {};
  const inside = rows === nulls || (IN_A_DAY.test(min) && IN_A_DAY.test(max));
  if (whole && inside && (odd?.out_of_range ?? 0) === 0) {
    return plainChoice(`time(${String(fraction(column.type))})`, 'time', {
      reasons: ['every value is within a day'],
      confidence: 0.95,
    });
  }
  const reason = whole ? 'holds values outside a day' : 'not every value was seen to be within a day';
  return plainChoice('interval', 'interval', { reasons: [reason], confidence: 0.9 });
}

export function bit({ column }: TypeContext): ChosenType {
  const width = modifiers(column.type)[0] ?? column.type.precision ?? column.type.length ?? 1;
  if (width < 1 || width > 64) return { refused: `a bit string of ${String(width)} bits is not known` };
  return {
    type: `bit(${String(width)})`,
    kind: 'bit',
    transform: [{ op: 'to_bits', width }],
    limits: {},
    confidence: 1,
    reasons: [`declared ${column.type.declared}`],
  };
}

export function plain(type: string, kind: TypeChoice['kind']): Chooser {
  return ({ column }) => plainChoice(type, kind, { reasons: [`declared ${column.type.declared}`] });
}

export const datetime: Chooser = ({ column }) =>
  plainChoice(`timestamp(${String(fraction(column.type))})`, 'timestamp', { reasons: ['datetime has no time zone'] });
export const timestamp: Chooser = ({ column }) =>
  plainChoice(`timestamptz(${String(fraction(column.type))})`, 'timestamptz', {
    reasons: ['timestamp is a point in time'],
  });
export const bytes: Chooser = ({ column }) => byteaChoice([`declared ${column.type.declared}`]);
export const json: Chooser = () => plainChoice('json', 'json', { reasons: ['json keeps the text as it is'] });
export const year: Chooser = () => integerChoice('smallint', { reasons: ['a year is a number'] });
export const uuid: Chooser = () => ({
  type: 'uuid',
  kind: 'uuid',
  transform: AS_IS,
  limits: {},
  confidence: 1,
  reasons: ['declared uuid'],
});
export const inet: Chooser = ({ column }) =>
  plainChoice('inet', 'inet', { reasons: [`declared ${column.type.declared}: one address, without a prefix`] });
/** Said of a place that nobody decided otherwise. */
export const AS_EWKB = 'its EWKB as bytes, with the SRID; where the target has PostGIS, its type geometry';

export const place: Chooser = ({ column }) => ({
  type: 'bytea',
  kind: 'geometry',
  transform: [{ op: 'to_ewkb' }],
  limits: {},
  confidence: 0.9,
  reasons: [`declared ${column.type.declared}: ${AS_EWKB}`],
});
export const vector: Chooser = ({ column }) =>
  byteaChoice([
    `declared ${column.type.declared}: its numbers as the source holds them, 4 bytes each, the lowest first`,
  ]);
