import type { RowRule } from '../../../contracts/rules.js';
import { compareDecimals, compareMoments } from '../decimals.js';
import { FORMATS, TEXT_MAX } from './formats.js';
import type { RuleValue, ValueClass } from './values.js';

/** What a rule says of one row: `unknown` where a value it needs is not there, or cannot be judged. */
export type Verdict = 'holds' | 'broken' | 'unknown';

/** Values in the order of the rule's columns. */
export type RowTest = (values: readonly RuleValue[]) => Verdict;

/** A time without a zone may be as much ahead of ours. */
const AHEAD_MS = 86_400_000;
const CURRENCY = /^[A-Za-z]{3}$/;

export interface TestOptions {
  /** When the row is looked at. */
  readonly now: Date;
  /** Of the rule's columns. */
  readonly classes: readonly ValueClass[];
}

/** A rule of one row, ready to be asked. */
export function rowTest(
  rule: Pick<RowRule, 'kind' | 'parameters'> & { values?: readonly string[] },
  options: TestOptions,
): RowTest {
  switch (rule.kind) {
    case 'not_in_future':
      return notInFuture(options.now);
    case 'not_negative':
      return ([value]) => (value == null ? 'unknown' : verdict(!/^-.*[1-9]/.test(value)));
    case 'ordered':
      return ordered(options.classes[0] === 'number' ? compareDecimals : compareMoments);
    case 'one_of':
      return oneOf(new Set(rule.values ?? []));
    case 'format':
      return format(FORMATS[(rule.parameters as { readonly format: keyof typeof FORMATS }).format]);
    case 'currency_with_amount':
      return ([amount, currency]) => {
        if (amount == null || currency === undefined) return 'unknown';
        return verdict(currency !== null && CURRENCY.test(currency));
      };
  }
}

const verdict = (holds: boolean): Verdict => (holds ? 'holds' : 'broken');

function notInFuture(now: Date): RowTest {
  const latest = new Date(now.getTime() + AHEAD_MS).toISOString().replace('T', ' ');
  return ([value]) => (value == null ? 'unknown' : verdict(compareMoments(value, latest) <= 0));
}

function ordered(compare: (one: string, other: string) => number): RowTest {
  return ([from, to]) => (from == null || to == null ? 'unknown' : verdict(compare(from, to) <= 0));
}

function oneOf(values: ReadonlySet<string>): RowTest {
  return ([value]) => (value == null || values.size === 0 ? 'unknown' : verdict(values.has(value)));
}

/** An empty text is no value. */
function format(isOfForm: (text: string) => boolean): RowTest {
  return ([value]) => {
    if (value == null || value === '') return 'unknown';
    return value.length > TEXT_MAX ? 'unknown' : verdict(isOfForm(value));
  };
}
