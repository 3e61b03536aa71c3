import type { OddPolicy } from './mapping.js';

/** What a person may have done with rows that wait in quarantine for the value of one column. */
export const FIX_OPTIONS = ['null', 'remove', 'decode'] as const;
export type FixOption = (typeof FIX_OPTIONS)[number];

/** A fix is a policy for values of one column and cause. Whoever finds one gives it alike: a person, by an answer. */
export const FIX_POLICIES: Readonly<Record<FixOption, OddPolicy>> = {
  null: { do: 'null' },
  remove: { do: 'remove' },
  decode: { do: 'decode', from: 'cp1252' },
};

/** What can be done about a finding; empty: nothing but a mapping file. */
export interface FixOffer {
  readonly finding: string;
  readonly options: readonly FixOption[];
}
