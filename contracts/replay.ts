import type { SkipReason, WorkloadQuery } from './workload.js';

/**
 * What became of recorded queries that were run on both sides. Texts, plans and examples hold values of rows: they live in
 * the store, sealed; histories, logs and certificates get names and counts only.
 */

/** Why a query that could have been run was not compared. Names stand in certificates: never renamed. */
export const UNCOMPARED_REASONS = {
  no_replica: 'no writable replica',
  no_target_replica: 'no writable replica of the target, which is only read',
  replica_not_transactional: 'it changes a table that the replica cannot roll back',
  after_failure: 'an earlier statement of its transaction failed',
  replica_differs: 'the replica does not hold what it changes as the source does',
  fails_on_source: 'it fails on the source, and not on the target',
  not_allowed: 'the login may not run it',
  time_limit: 'it takes longer than it may',
  would_write: 'the server says that it writes',
  unstable: 'run twice on the source, it gives two results',
  too_many_rows: 'it gives more rows than are compared',
} as const;
export type UncomparedReason = SkipReason | keyof typeof UNCOMPARED_REASONS;

export const EXPLANATION_CLASSES = ['data', 'translation', 'dialect', 'limit_without_order'] as const;
export type ExplanationClass = (typeof EXPLANATION_CLASSES)[number];

/** Why both sides differ. */
export interface Explanation {
  readonly class: ExplanationClass;
  /** Which of its kind, such as `case_insensitive`. */
  readonly rule: string;
  /** One sentence for people; names only. */
  readonly text: string;
  /** True: an experiment showed it. False: it is the likeliest by what was seen. */
  readonly shown: boolean;
}

/** What was let pass: the two sides say the same in other forms. */
export type Tolerance = 'float' | 'decimal_scale' | 'collation_tie' | 'type' | 'clock';

/** How long it took, milliseconds; of a slow one the best of several runs, each side alone. */
export interface Timing {
  readonly sourceMs: number;
  readonly targetMs: number;
}

export interface Slower extends Timing {
  readonly factor: number;
  readonly sourcePlan: string | null;
  readonly targetPlan: string | null;
}

/** A row or a cell in which both sides differ. */
export interface Example {
  /** From 1, in the order of the source's rows; absent: only one side has the row. */
  readonly row?: number;
  readonly column?: string;
  readonly source: string | null;
  readonly target: string | null;
}

export interface QueryVerdict extends Pick<WorkloadQuery, 'id' | 'sql' | 'run' | 'translated' | 'count' | 'synthetic'> {
  readonly class: WorkloadQuery['class'];
  readonly verdict: 'equal' | 'different' | 'not_replayed';
  /** Of one that was not replayed. */
  readonly reason?: UncomparedReason;
  /** More of why, as far as it can be said without a value. */
  readonly detail?: string;
  readonly explanation?: Explanation;
  readonly tolerated?: readonly Tolerance[];
  /** Both sides refused it. */
  readonly failsOnBoth?: boolean;
  readonly sourceRows?: number;
  readonly targetRows?: number;
  readonly timing?: Timing;
  readonly slower?: Slower;
  readonly examples?: readonly Example[];
  readonly transaction?: number;
}

/** Report of the check: names and counts only. What became of each query is in the store, sealed, in pages. */
export interface ReplayReport {
  readonly workloadId: string;
  /**
   * Of different queries, however often each was recorded: `equal`, `different`, `not_replayed`; of these
   * `equal:synthetic`, `equal:write`, `not_replayed:<reason>` …; `slower`, `fails_on_both`, `tolerated:<what>`.
   */
  readonly counts: Readonly<Record<string, number>>;
  /** SHA-256 hex of each page's canonical JSON. */
  readonly pages: readonly string[];
}
