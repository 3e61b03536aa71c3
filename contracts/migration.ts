import type { FailureReport } from './failures.js';
import type { NotMigrated } from './mapping.js';
import type { SourceStrain } from './messages.js';
import type { SourceLimits } from './migration.schema.js';

export const PHASES = ['discovery', 'planning', 'execution', 'verification', 'learning'] as const;
export type Phase = (typeof PHASES)[number];

/** `CaravanStatus` while a migration runs. */
export type RunningStatus = 'running' | 'waiting' | 'paused' | 'compensating';

export const FINAL_STATUSES = [
  'planned',
  'proven',
  'proven_with_exceptions',
  'rejected',
  'cancelled',
  'failed',
  'undo_incomplete',
  'invalid_input',
] as const;
export type FinalStatus = (typeof FINAL_STATUSES)[number];

/** Exit code of the command for each final status; 6 is decided by the command while later steps are pending. */
export const EXIT_CODES: Readonly<Record<FinalStatus, number>> = {
  planned: 0,
  proven: 0,
  proven_with_exceptions: 3,
  rejected: 4,
  cancelled: 1,
  failed: 1,
  undo_incomplete: 5,
  invalid_input: 2,
};

/** What became of a finding. */
export type Disposition = 'open' | 'repaired' | 'accepted' | 'listed' | 'refused';

/** One thing KORA saw wrong. Names and counts only, never a value. */
export interface Finding {
  /** Stable within a migration: code + object. */
  readonly id: string;
  readonly code: FindingCode;
  readonly kind: 'structural' | 'statistical' | 'referential' | 'semantic' | 'behavioural' | 'data';
  readonly object: string;
  readonly count: number;
  readonly disposition: Disposition;
  /** One sentence for people. */
  readonly detail: string;
}

export const FINDING_CODES = [
  'rows_quarantined',
  'values_changed',
  'not_null_relaxed',
  'rows_broken',
  'header_guessed',
  'foreign_key_not_valid',
  'check_not_valid',
  'rows_differ',
  'count_differs',
  'structure_differs',
  'constraint_violated',
  'source_moved',
  'source_position_unknown',
  'mojibake_suspected',
  'outside_snapshot',
  'table_emptied',
  'cannot_see',
  'table_excluded',
  // A database that another tool moved: what of it is missing or weaker.
  'missing_table',
  'missing_column',
  'not_comparable',
  'type_narrower',
  'not_null_missing',
  'default_missing',
  'default_differs',
  'sequence_missing',
  'sequence_behind',
  'primary_key_missing',
  'unique_missing',
  'foreign_key_missing',
  'foreign_key_differs',
  'check_missing',
  'check_differs',
  'index_missing',
  'on_update_missing',
  'view_differs',
  // And what became of its rows and values.
  'lost_rows',
  'extra_rows',
  'duplicated_rows',
  'rows_swapped',
  'null_lost',
  'null_made',
  'truncated',
  'case_changed',
  'trailing_blanks',
  'rounded',
  'sign_changed',
  'overflowed',
  'time_zone_shift',
  'day_month_swapped',
  'encoding_damaged',
  'unicode_normalized',
  'value_differs',
  'value_without_faithful_form',
  // What the columns and keys say as a whole.
  'moments_differ',
  'distribution_shifted',
  'orphans',
  'cascade_differs',
  // Business rules that people accepted: broken by rows of both sides, or by more of the target than of the source.
  'rule_broken',
  'rule_differs',
  // What queries of the application give.
  'query_differs',
  'query_slower',
] as const;
export type FindingCode = (typeof FINDING_CODES)[number];

/** A question that only a person can decide. */
export interface Question {
  readonly id: string;
  readonly text: string;
  readonly options: readonly string[];
  /** Absent: there is no safe default, `--yes` cannot answer it. */
  readonly default?: string;
  /** ISO 8601. */
  readonly deadline: string;
  readonly answer?: { readonly option: string; readonly by: string };
}

export type TableState = 'waiting' | 'copying' | 'copied' | 'verifying' | 'equal' | 'differs' | 'failed' | 'excluded';

/** Answer of the query `progress`. */
export interface Progress {
  readonly phase: Phase | 'promotion' | 'done';
  readonly status: RunningStatus | FinalStatus;
  readonly rows: number;
  readonly totalRows: number;
  readonly bytes: number;
  readonly rowsPerSecond: number;
  /** null while nothing is known. */
  readonly etaSeconds: number | null;
  /** Present while the source is spared. */
  readonly throttle?: ThrottleView;
  /** Chunks that are copied and wait for KORA's validator; absent: none. Promotion waits for them. */
  readonly uncheckedChunks?: number;
  readonly tables: readonly TableProgress[];
}

export interface ThrottleView {
  readonly limits: SourceLimits;
  /** Who set them last; null: the start did. */
  readonly by: string | null;
  /** What the migration does by itself, because the source suffers. */
  readonly slowed: SourceStrain | null;
}

export interface TableProgress {
  readonly source: string;
  readonly rows: number;
  readonly totalRows: number;
  readonly state: TableState;
  /** Chunks that KORA did not check when they were copied; absent: none. */
  readonly unchecked?: number;
}

/** One table in the `--json` line and in the certificate. `sourceRows = targetRows + quarantinedRows`. */
export interface TableReport {
  readonly source: string;
  readonly target: string;
  readonly sourceRows: number;
  readonly targetRows: number;
  readonly quarantinedRows: number;
  readonly changedValues: number;
  /** 32 hex digits; null before verification. */
  readonly sourceHash: string | null;
  readonly targetHash: string | null;
}

/** What became of a view of the plan, or of another object that is made in the source's own words. */
export interface ViewReport {
  /** Absent: a view. Of all else `equal` says that it was made, and nothing was compared. */
  readonly kind?: string;
  readonly source: string;
  readonly target: string;
  /** It gives the same rows as in the source, and is promoted; otherwise it is not in the target. */
  readonly equal: boolean;
  /** It is materialized: the source's rows are those that its query gives, not those that it kept. */
  readonly ofQuery?: boolean;
  /** Why not. */
  readonly reason?: string;
  /** Of a function, a procedure or a trigger: how often both sides were asked, or changed, and how often it came to something. */
  readonly tried?: {
    readonly times: number;
    readonly acted: number;
    /** A procedure: on a replica, and what it left was compared, too. */
    readonly onReplica?: true;
  };
  readonly sourceRows: number;
  readonly targetRows: number;
  /** 32 hex digits, as a table's; null where it could not be read. */
  readonly sourceHash: string | null;
  readonly targetHash: string | null;
}

/** What `--json` prints as its last line. */
export interface MigrationReport {
  readonly migrationId: string;
  readonly status: FinalStatus;
  readonly tables: readonly TableReport[];
  readonly notMigrated: readonly NotMigrated[];
  readonly findings: readonly Omit<Finding, 'id' | 'detail'>[];
  /** Absolute path, or null. */
  readonly certificate: string | null;
  /** Who approved the plan: a person, "--yes", or "policy" (CARAVAN_AUTO_APPROVE_RISK). Absent before that, and from the `--json` line. */
  readonly approvedBy?: string;
  readonly phases: Readonly<Partial<Record<Phase, { readonly seconds: number }>>>;
  readonly copy: {
    readonly rows: number;
    readonly bytes: number;
    readonly seconds: number;
    readonly rowsPerSecond: number;
  };
  readonly error?: FailureReport;
}

/** Result of the workflow `migration`: counts and names; the whole report is in the store by migration id. */
export interface MigrationResult {
  readonly migrationId: string;
  readonly status: FinalStatus;
  readonly planId?: string;
  readonly planHash?: string;
  readonly tables: number;
  readonly rows: number;
  readonly quarantinedRows: number;
  readonly changedValues: number;
  readonly exceptions: number;
  readonly certificate: string | null;
}
