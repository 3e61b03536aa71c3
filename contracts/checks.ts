import type { FindingCode } from './migration.js';

/** Checks of KORA that look at both sides as a whole, once their rows were compared; in the order in which they run. */
export const CHECKS = ['statistics', 'references', 'rules', 'queries'] as const;
export type CheckName = (typeof CHECKS)[number];

/** What they find. Each proof that comes to its end runs all of them, and tells anew what is still so. */
export const CHECK_FINDINGS: readonly FindingCode[] = [
  'moments_differ',
  'distribution_shifted',
  'orphans',
  'cascade_differs',
  'rule_broken',
  'rule_differs',
  'query_differs',
  'query_slower',
];

/** One thing that was proven: what, and how. */
export interface Proven {
  readonly what: string;
  readonly how: string;
}

/** What a check found, as history and certificate have it: names and counts only, never a value. */
export interface CheckSummary {
  readonly check: CheckName;
  /** What was counted, by name. */
  readonly counts: Readonly<Record<string, number>>;
  readonly proven: readonly Proven[];
  /** Sentences for people. */
  readonly notProven: readonly string[];
  /** SHA-256 hex of the canonical JSON of its report, which the store has by the migration's id. */
  readonly hash: string;
}
