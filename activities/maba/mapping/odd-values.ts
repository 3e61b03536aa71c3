import type { ValueKind } from '../../../contracts/mapping.js';
import type { OddValue } from '../../../contracts/profile.js';
import type { TypeChoice, TypeContext } from './choice.js';
import { noNumbers, storageOf } from './sqlite-storage.js';

const TEXTS: readonly OddValue[] = ['nul_character', 'invalid_utf8'];
const DATES: readonly OddValue[] = ['zero_date', 'impossible_date', 'out_of_range'];
const NUMBERS: readonly OddValue[] = ['out_of_range', 'not_a_number'];

/** Causes that matter for a kind. The profile counts by the declared type; another target type may take such a value. */
const CAUSES: Readonly<Record<ValueKind, readonly OddValue[]>> = {
  integer: NUMBERS,
  decimal: [...NUMBERS, 'too_precise'],
  float4: NUMBERS,
  float8: NUMBERS,
  boolean: ['not_a_boolean'],
  text: TEXTS,
  enum: [...TEXTS, 'bad_label'],
  bytes: [],
  date: DATES,
  timestamp: DATES,
  timestamptz: DATES,
  time: ['out_of_range'],
  interval: [],
  json: TEXTS,
  text_array: [...TEXTS, 'bad_label'],
  bit: [],
  uuid: TEXTS,
  inet: TEXTS,
  geometry: [],
  native: [],
};

/** Values of a SQLite column whose storage class the chosen kind does not take. */
function wrongStorage(choice: TypeChoice, context: TypeContext): number {
  const storage = storageOf(context);
  if (storage.values === 0) return 0;
  switch (choice.kind) {
    case 'integer':
    case 'boolean':
      return storage.values - storage.integer;
    case 'decimal':
    case 'float4':
    case 'float8':
      return noNumbers(choice.kind, context);
    case 'text':
    case 'json':
    case 'enum':
      return storage.blob;
    case 'bytes':
      return storage.integer + storage.real;
    default:
      return choice.transform.some((step) => step.op === 'from_unix_seconds')
        ? storage.text + storage.blob
        : storage.values - storage.text;
  }
}

/** Values of a column that have no faithful form in the chosen type, by cause; empty when there is none. */
export function oddValuesFor(choice: TypeChoice, context: TypeContext): Partial<Record<OddValue, number>> {
  const odd = context.profile?.odd ?? {};
  const relevant: Partial<Record<OddValue, number>> = {};
  for (const cause of CAUSES[choice.kind]) {
    const count = odd[cause] ?? 0;
    if (count > 0) relevant[cause] = count;
  }
  if (context.engine === 'sqlite') {
    // A text in a column of numbers is counted under several names; it is one value.
    const wrong = wrongStorage(choice, context);
    delete relevant.not_a_number;
    delete relevant.not_a_boolean;
    if (wrong > 0) relevant.wrong_storage = wrong;
  }
  // The type was widened until the declared type's limits do not hold any more.
  if (choice.kind === 'integer' && choice.type === 'numeric(20,0)') delete relevant.out_of_range;
  if (choice.kind === 'decimal' && choice.limits.precision === undefined) {
    delete relevant.too_precise;
    delete relevant.out_of_range;
  }
  return relevant;
}

export function totalOdd(odd: Partial<Record<OddValue, number>>): number {
  return Object.values(odd).reduce((sum, count) => sum + count, 0);
}

/** "3 zero date, 1 nul character" */
export function tellOdd(odd: Partial<Record<OddValue, number>>): string {
  return Object.entries(odd)
    .map(([cause, count]) => `${String(count)} ${cause.replaceAll('_', ' ')}`)
    .join(', ');
}
