import type { ChosenType, TypeChoice, TypeContext } from './choice.js';
import {
  booleanChoice,
  byteaChoice,
  integerChoice,
  modifiers,
  numericChoice,
  onlyFlags,
  plainChoice,
  varcharChoice,
} from './choice.js';
import { defaultFor, DOUBLE_INTEGERS, magnitude, noNumbers, share, storageOf } from './sqlite-storage.js';
import { chooseSqliteTime } from './choosers-sqlite-time.js';
import type { Chooser } from './type-rows.js';

/** Digits behind the point up to which a REAL's shortest decimal is taken for what was meant. */
const DECIMAL_SCALE_MAX = 15;

function declaredOr(context: TypeContext, otherwise: string): string {
  const declared = context.column.type.declared;
  return declared === '' ? otherwise : `declared ${declared}`;
}

function asText(reasons: readonly string[], confidence = 0.9): TypeChoice {
  return plainChoice('text', 'text', { reasons, confidence });
}

/** A column that holds numbers as declared, and texts or blobs that are none: a person may choose. */
function numberOrText(context: TypeContext, number: TypeChoice): TypeChoice {
  const { integer, real, text, blob, values } = storageOf(context);
  const odd = noNumbers(number.kind, context);
  if (odd === 0) return number;
  const sample = context.whole ? '' : ' of the sample';
  const seen = `${share(odd, values)}${sample} are no numbers`;
  if (integer + real === 0) {
    return blob > 0 && text === 0
      ? byteaChoice([`declared ${context.column.type.declared}, holds only blobs`], 0.8)
      : asText([`declared ${context.column.type.declared}, holds only texts`]);
  }
  const fallback = defaultFor(odd, values, { kept: 'number', safe: 'text' });
  const question = {
    text:
      `${context.column.name} is declared ${context.column.type.declared}, but ${seen}. ` +
      `number: make it ${number.type} and store those values as NULL, each kept in the value ledger; text: make it text.`,
    options: ['number', 'text'],
    default: fallback,
  };
  const answer = context.answer ?? fallback;
  if (answer === 'text') return { ...asText([`${seen}: kept as text`]), question };
  return {
    ...number,
    confidence: Math.min(number.confidence, 0.7),
    reasons: [...number.reasons, `${seen}: stored as NULL, kept in the value ledger`],
    question,
  };
}

export function integer(context: TypeContext): ChosenType {
  const { type } = context.column;
  const { real } = storageOf(context);
  const flag = type.base.toLowerCase() === 'tinyint' && modifiers(type)[0] === 1;
  if (
    flag &&
    !context.keyed &&
    onlyFlags(context) &&
    storageOf(context).text + storageOf(context).blob === 0 &&
    real === 0
  ) {
    return booleanChoice(['tinyint(1) that holds only 0 and 1'], 0.9);
  }
  if (real === 0) {
    const reasons = [declaredOr(context, 'no declared type'), 'SQLite integers have 64 bits'];
    return numberOrText(context, integerChoice('bigint', { reasons }));
  }
  return numberOrText(context, fractions(context, `declared ${type.declared}, holds numbers with a fraction`));
}

/** Reals and integers in one column. */
function fractions(context: TypeContext, reason: string): TypeChoice {
  const { integer: integers } = storageOf(context);
  const wide = integers > 0 && (magnitude(context) ?? 0) > DOUBLE_INTEGERS;
  if (wide)
    return plainChoice('numeric', 'decimal', {
      reasons: [reason, 'its integers are wider than a double'],
      confidence: 0.7,
    });
  return plainChoice('double precision', 'float8', { reasons: [reason], confidence: 0.85 });
}

export function real(context: TypeContext): ChosenType {
  const reason = declaredOr(context, 'holds only numbers');
  const choice = fractions(context, reason);
  return numberOrText(context, { ...choice, confidence: choice.kind === 'float8' ? 1 : choice.confidence });
}

export function decimal(context: TypeContext): ChosenType {
  const [precision, scale = 0] = modifiers(context.column.type);
  const declared = context.column.type.declared;
  const { values, real: reals } = storageOf(context);
  const deep = context.profile?.maxScale;
  const size = values === 0 ? 0 : magnitude(context);
  const known = context.whole && size !== undefined && (reals === 0 || deep !== undefined);
  const fits = precision !== undefined && (deep ?? 0) <= scale && (size ?? Infinity) < 10 ** (precision - scale);
  if (precision !== undefined && known && fits) {
    return numberOrText(context, numericChoice(precision, scale, [`declared ${declared}, and every value fits`]));
  }
  if (reals > 0 && (deep === undefined || deep > DECIMAL_SCALE_MAX)) {
    const reason = `${declared} whose values have more digits behind the point than a decimal column is made for`;
    return numberOrText(context, fractions(context, reason));
  }
  const reason =
    precision === undefined
      ? 'declared without a precision'
      : known
        ? 'not every value fits the declared precision'
        : 'not every value was looked at';
  return numberOrText(
    context,
    plainChoice('numeric', 'decimal', { reasons: [`${declared}: ${reason}`], confidence: 0.85 }),
  );
}

export function boolean(context: TypeContext): ChosenType {
  const { declared } = context.column.type;
  const { integer: integers, real: reals, text, blob, values } = storageOf(context);
  if (!context.keyed && integers === values && onlyFlags(context)) {
    return booleanChoice([`declared ${declared}, holds only 0 and 1`], values === 0 ? 0.7 : 0.97);
  }
  if (values > 0 && integers === 0 && reals === 0)
    return numberOrText(context, integerChoice('bigint', { reasons: [] }));
  const why =
    text + blob > 0
      ? 'holds other values than numbers'
      : context.keyed
        ? 'part of a key'
        : 'holds other numbers than 0 and 1, or was not looked at whole';
  const number =
    reals > 0
      ? fractions(context, `declared ${declared}, ${why}`)
      : integerChoice('bigint', { reasons: [`declared ${declared}, ${why}`], confidence: 0.8 });
  return numberOrText(context, number);
}

/** Text, or bytes where blobs stand in a text column. */
function textOrBytes(context: TypeContext, asDeclared: TypeChoice): TypeChoice {
  const { blob, values } = storageOf(context);
  if (blob === 0) return asDeclared;
  if (blob === values) return byteaChoice([`${declaredOr(context, 'no declared type')}, holds only blobs`], 0.9);
  const fallback = defaultFor(blob, values, { kept: 'text', safe: 'bytea' });
  const seen = `${share(blob, values)} are blobs`;
  const question = {
    text:
      `${context.column.name} holds texts, but ${seen}. ` +
      `text: store the blobs as NULL, each kept in the value ledger; bytea: store everything as bytes.`,
    options: ['text', 'bytea'],
    default: fallback,
  };
  if ((context.answer ?? fallback) === 'bytea') return { ...byteaChoice([`${seen}: kept as bytes`], 0.7), question };
  return {
    ...asDeclared,
    confidence: 0.7,
    reasons: [...asDeclared.reasons, `${seen}: stored as NULL, kept in the value ledger`],
    question,
  };
}

export function text(context: TypeContext): ChosenType {
  const { type } = context.column;
  if (context.jsonChecked)
    return plainChoice('json', 'json', { reasons: ['a check keeps every value valid JSON'], confidence: 0.95 });
  const length = /char/i.test(type.declared) ? modifiers(type)[0] : undefined;
  if (length === undefined) return textOrBytes(context, asText([declaredOr(context, 'holds only texts')], 1));
  const longest = context.profile?.maxLength;
  const empty = context.profile !== undefined && context.profile.rows === context.profile.nulls;
  if (context.whole && (empty || (longest !== undefined && longest <= length))) {
    return textOrBytes(context, varcharChoice(length, [`declared ${type.declared}, and every value fits`]));
  }
  const reason = context.whole
    ? 'SQLite does not enforce the length, and a value is longer'
    : 'SQLite does not enforce the length, and not every value was looked at';
  return textOrBytes(context, asText([`declared ${type.declared}: ${reason}`]));
}

/** BLOB and untyped columns: what is there decides. */
export function byStorage(context: TypeContext): ChosenType {
  const { integer: integers, real: reals, text: texts, blob, values } = storageOf(context);
  const declaredBlob = context.column.type.declared !== '';
  if (values === 0 || blob === values) {
    if (values === 0 && !declaredBlob) return asText(['no declared type and no value'], 0.5);
    return byteaChoice([declaredOr(context, 'holds only blobs')], declaredBlob ? 1 : 0.9);
  }
  if (integers === values) {
    return integerChoice('bigint', {
      reasons: [`${declaredOr(context, 'no declared type')}, holds only integers`],
      confidence: 0.8,
    });
  }
  if (integers + reals === values)
    return fractions(context, `${declaredOr(context, 'no declared type')}, holds only numbers`);
  if (texts === values) return asText([`${declaredOr(context, 'no declared type')}, holds only texts`]);
  if (texts + blob === values && declaredBlob) {
    return byteaChoice([`declared ${context.column.type.declared}; the texts in it are kept as their bytes`], 0.8);
  }
  const mixed = asText(
    [`${declaredOr(context, 'no declared type')}, holds values of several kinds, kept as text`],
    0.6,
  );
  return textOrBytes(context, mixed);
}

export function json(context: TypeContext): ChosenType {
  const { text: texts, values } = storageOf(context);
  const valid =
    context.jsonChecked || (context.whole && texts === values && (values === 0 || context.profile?.shapes?.json === 1));
  if (valid)
    return plainChoice('json', 'json', { reasons: ['declared JSON, and every value is valid'], confidence: 0.9 });
  return textOrBytes(context, asText(['declared JSON, but not every value was seen to be valid']));
}

export const time: Chooser = (context) => chooseSqliteTime(context, { numberOrText, textOrBytes });

/** A name that SQLite takes as NUMERIC without knowing it ("STRING", "UUID", "VARBINARY(16)"): what is there decides. */
export function unknown(context: TypeContext): ChosenType {
  const { text: texts, blob, values } = storageOf(context);
  if (texts > 0 && texts + blob === values) return text(context);
  if (values === 0) {
    return /binary/i.test(context.column.type.declared)
      ? byteaChoice([`declared ${context.column.type.declared}`], 0.7)
      : asText([`declared ${context.column.type.declared}, a name that SQLite gives no meaning, and no value`], 0.5);
  }
  return byStorage(context);
}
