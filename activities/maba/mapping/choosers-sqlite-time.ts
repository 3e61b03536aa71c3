import type { ChosenType, TypeChoice, TypeContext } from './choice.js';
import { plainChoice } from './choice.js';
import type { Storage } from './sqlite-storage.js';
import { dateShapes, defaultFor, share, storageOf } from './sqlite-storage.js';

/** The choices of a column that turns out to hold no dates; passed in, so that the files do not need each other. */
export interface OtherChoices {
  numberOrText(context: TypeContext, number: TypeChoice): TypeChoice;
  textOrBytes(context: TypeContext, asDeclared: TypeChoice): TypeChoice;
}

/** Seconds since 1970 between 1970-01-02 and 2100-01-01: what can be meant as a moment. */
const SECONDS_MIN = 86_400;
const SECONDS_MAX = 4_102_444_800;

function moment(type: 'date' | 'timestamp', reasons: readonly string[], confidence: number): TypeChoice {
  return { type, kind: type, transform: [{ op: 'parse_datetime' }], limits: {}, confidence, reasons };
}

/** Seconds since 1970 in a column of moments: kept as numbers unless a person says that they are moments. */
function numbers(context: TypeContext, storage: Storage, other: OtherChoices): TypeChoice {
  const { declared } = context.column.type;
  const number =
    storage.real > 0
      ? plainChoice('double precision', 'float8', { reasons: [`declared ${declared}, holds numbers`], confidence: 0.8 })
      : plainChoice('bigint', 'integer', {
          reasons: [`declared ${declared}, holds integers`],
          confidence: 0.7,
          limits: { min: '-9223372036854775808', max: '9223372036854775807' },
        });
  const { min, max } = context.profile ?? {};
  const seconds = storage.integer === storage.values && Number(min) >= SECONDS_MIN && Number(max) <= SECONDS_MAX;
  if (!seconds) return other.numberOrText(context, number);
  const question = {
    text:
      `${context.column.name} is declared ${declared} and holds integers that can be seconds since 1970. ` +
      `number: keep them as bigint; timestamp: make them timestamps in UTC.`,
    options: ['number', 'timestamp'],
    default: 'number',
  };
  if (context.answer !== 'timestamp') return { ...number, question };
  return {
    type: 'timestamp',
    kind: 'timestamp',
    transform: [{ op: 'from_unix_seconds' }],
    limits: {},
    confidence: 0.9,
    reasons: ['seconds since 1970, as was answered'],
    question,
  };
}

/** Values that are no date: those of another storage class, and texts that the profile found impossible. */
function oddMoments(context: TypeContext, storage: Storage): number {
  const odd = context.profile?.odd ?? {};
  const counted = (odd.zero_date ?? 0) + (odd.impossible_date ?? 0) + (odd.invalid_utf8 ?? 0);
  const others = storage.integer + storage.real + storage.blob;
  const shapes = dateShapes(context);
  // Without counts the shapes tell: a share of all values, so that rounding must not make an odd value of none.
  const shaped = Math.min(1, shapes.date + shapes.timestamp);
  const unlike = counted > 0 || shaped >= 1 ? 0 : Math.max(0, Math.round((1 - shaped) * storage.values) - others);
  return Math.min(storage.values, counted + others + unlike);
}

function typeFor(context: TypeContext): 'date' | 'timestamp' {
  const declared = context.column.type.declared.trim().toLowerCase();
  if (declared !== 'date') return 'timestamp';
  const shapes = dateShapes(context);
  return shapes.timestamp > 0 && shapes.date < 1 ? 'timestamp' : 'date';
}

/** DATE, DATETIME, TIMESTAMP and TIME of SQLite, which stores them as whatever it was given. */
export function chooseSqliteTime(context: TypeContext, other: OtherChoices): ChosenType {
  const { declared } = context.column.type;
  const storage = storageOf(context);
  if (/^time\b/i.test(declared)) {
    if (storage.integer + storage.real > 0) return numbers(context, storage, other);
    return other.textOrBytes(
      context,
      plainChoice('text', 'text', { reasons: [`declared ${declared}, kept as SQLite holds it`], confidence: 0.7 }),
    );
  }
  if (!context.profile) return moment(typeFor(context), [`declared ${declared}, not looked at`], 0.5);
  if (storage.values === 0) return moment(typeFor(context), [`declared ${declared}, holds no value`], 0.7);
  if (storage.text === 0 && storage.integer + storage.real > 0) return numbers(context, storage, other);
  const type = typeFor(context);
  const odd = oddMoments(context, storage);
  if (odd === 0) return moment(type, [`declared ${declared}, and every value is a date`], context.whole ? 0.97 : 0.85);
  const seen = `${share(odd, storage.values)} are no dates`;
  if (odd === storage.values)
    return plainChoice('text', 'text', { reasons: [`declared ${declared}, ${seen}`], confidence: 0.8 });
  const fallback = defaultFor(odd, storage.values, { kept: type, safe: 'text' });
  const question = {
    text:
      `${context.column.name} is declared ${declared}, but ${seen}. ` +
      `${type}: store those values as NULL, each kept in the value ledger; text: make it text.`,
    options: [type, 'text'],
    default: fallback,
  };
  if ((context.answer ?? fallback) === 'text') {
    return { ...plainChoice('text', 'text', { reasons: [`${seen}: kept as text`], confidence: 0.8 }), question };
  }
  return { ...moment(type, [`${seen}: stored as NULL, kept in the value ledger`], 0.7), question };
}
