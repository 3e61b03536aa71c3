import type { TextType } from '../../../contracts/profile.js';
import { booleanChoice, integerChoice, numericChoice, plainChoice } from './choice.js';
import type { ChosenType, TypeChoice, TypeContext } from './choice.js';
import type { TypeExample, TypeRow } from './type-rows.js';

/** A numeric with a scale leaves room for numbers larger than those that are there. */
const PRECISION_MIN = 18;

/** Target type of a file's column: what every one of its texts is, and prints again. */
export function chooseCsvType({ profile }: TypeContext): ChosenType {
  const texts = profile?.texts;
  if (texts === undefined)
    return plainChoice('text', 'text', { reasons: ['its values were not looked at'], confidence: 0.5 });
  const values = (profile?.rows ?? 0) - (profile?.nulls ?? 0);
  const choice = ofKind(texts, values);
  const { normalised, nullWords = [], keptWords = [] } = texts;
  const notes = [
    ...(normalised === undefined ? [] : [normalised]),
    ...(nullWords.length > 0 ? [`NULL where ${inQuotes(nullWords)} stands unquoted`] : []),
    ...(keptWords.length > 0 ? [`${inQuotes(keptWords)} stays text: nullWords in caravan.csv.yaml make it NULL`] : []),
  ];
  return { ...choice, reasons: [...choice.reasons, ...notes] };
}

function inQuotes(words: readonly string[]): string {
  return words.map((word) => `"${word}"`).join(', ');
}

function ofKind(texts: TextType, values: number): TypeChoice {
  switch (texts.kind) {
    case 'boolean':
      return booleanChoice(['every value is true or false'], 0.95);
    case 'integer':
      return integerChoice('bigint', {
        reasons: ['every value is an integer as PostgreSQL prints it'],
        confidence: 0.95,
      });
    case 'decimal':
      return decimalOf(texts);
    case 'date':
      return plainChoice('date', 'date', { reasons: ['every value is a date, YYYY-MM-DD'], confidence: 0.95 });
    case 'timestamp':
      return plainChoice('timestamp', 'timestamp', {
        reasons: ['every value is a date and a time of ISO 8601'],
        confidence: 0.95,
      });
    case 'timestamptz':
      return plainChoice('timestamptz', 'timestamptz', {
        reasons: ['every value is a date and a time of ISO 8601 with a zone'],
        confidence: 0.9,
      });
    case 'uuid':
      return plainChoice('uuid', 'uuid', { reasons: ['every value is a UUID'], confidence: 0.95 });
    case 'text':
      if (values === 0) return plainChoice('text', 'text', { reasons: ['no value'], confidence: 0.5 });
      return plainChoice('text', 'text', {
        reasons: ['some value is of no other type, or would be printed otherwise'],
      });
  }
}

function decimalOf({ wholeDigits = 0, scale }: TextType): TypeChoice {
  if (scale === undefined) {
    const reasons = ['every value is a decimal number; each keeps the digits behind its point'];
    return plainChoice('numeric', 'decimal', { reasons, confidence: 0.9 });
  }
  if (scale === 0) {
    const reasons = ['every value is an integer, some beyond 64 bits'];
    return plainChoice('numeric', 'decimal', { reasons, confidence: 0.9 });
  }
  const reason = `every value is a decimal number with ${String(scale)} digits behind the point`;
  return numericChoice(Math.max(PRECISION_MIN, wholeDigits + scale), scale, [reason]);
}

function holding(words: string, texts: TextType): TypeExample {
  return { declared: 'text', holding: words, profile: { texts } };
}

/** What the texts of files become. */
export const CSV_TYPES: readonly TypeRow[] = [
  {
    names: ['text'],
    choose: chooseCsvType,
    examples: [
      holding('only true and false, in one spelling', {
        kind: 'boolean',
        normalised: 'true and false as PostgreSQL prints them',
      }),
      holding('only integers, without zeros in front', { kind: 'integer' }),
      holding('only integers, some beyond 64 bits', { kind: 'decimal', wholeDigits: 20, scale: 0 }),
      holding('only decimals of one scale', { kind: 'decimal', wholeDigits: 4, scale: 2 }),
      holding('only decimals of several scales', { kind: 'decimal', wholeDigits: 4 }),
      holding('only dates', { kind: 'date' }),
      holding('only dates with times', { kind: 'timestamp' }),
      holding('only dates with times and zones', {
        kind: 'timestamptz',
        normalised: 'the instant is kept, its offset from UTC is not',
      }),
      holding('only UUIDs', { kind: 'uuid' }),
      holding('only integers, and NA', { kind: 'integer', nullWords: ['NA'] }),
      holding('anything else', { kind: 'text' }),
      holding('words, and NULL', { kind: 'text', keptWords: ['NULL'] }),
    ],
  },
];
