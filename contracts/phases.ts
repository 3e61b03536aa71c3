import type { CaughtUp, DraftedPlan, InMigration, InPlan, OpenedSnapshot, TableRef } from './activities.js';
import type { Finding, Question, TableProgress } from './migration.js';
import type { FailureReport } from './failures.js';
import type { Rule } from './rules.js';
import type { Compared } from './verification.js';

/** Inputs and results of the phases' workflows. Recorded in histories: fields are only ever added. */
export interface DiscoveryInput extends InMigration {
  /** ISO 8601; deadline of the questions it raises. */
  readonly deadline: string;
}
export interface DiscoveryResult {
  readonly catalogueId: string;
  readonly tables: number;
  readonly rows: number;
  readonly questions: readonly Question[];
}

export interface PlanningInput extends InMigration {
  readonly catalogueId: string;
  /** Question id to option. */
  readonly answers: Readonly<Record<string, string>>;
  /** Id of a plan that was given back. */
  readonly given?: string;
}
export interface PlanningResult extends DraftedPlan {
  readonly unverifiable: number;
  /** Business rules that were found in the source. Absent in older histories. */
  readonly rules?: readonly Rule[];
}

export interface ExecutionInput extends InPlan {
  /** What was discovered: tables that are not so any more are not moved. Absent in older histories. */
  readonly catalogueId?: string;
  /** Started paused (the parent was paused before this phase). */
  readonly paused: boolean;
}
export interface FailedTask {
  readonly task: string;
  /** Source table, of a task that works on one. */
  readonly table?: string;
  readonly failure: FailureReport;
}
export interface ExecutionResult {
  readonly rows: number;
  readonly bytes: number;
  readonly quarantined: number;
  readonly changed: number;
  readonly findings: readonly Finding[];
  readonly failed: readonly FailedTask[];
  /** S1 was lost on the way; the rest was read fresh. */
  readonly snapshotLost: boolean;
  /** `OpenedSnapshot.position` of S1, when every chunk was read from it. */
  readonly copiedAt?: string;
  /** Chunks that KORA did not check when they were copied; absent: none. */
  readonly unchecked?: number;
}

export interface TableCopyInput extends InPlan {
  readonly table: string;
  readonly chunks: number;
  readonly totalRows: number;
  readonly paused: boolean;
  /** Absent: read fresh. */
  readonly snapshot?: OpenedSnapshot;
  /** State carried over continue-as-new. Plain JSON, versioned. */
  readonly state?: TableCopyState;
}
export interface TableCopyState {
  readonly version: 1;
  readonly nextChunk: number;
  readonly rows: number;
  readonly bytes: number;
  /** Sum over chunks. */
  readonly milliseconds: number;
  readonly snapshotLost: boolean;
  /** Chunks that KORA did not check. Absent in older histories. */
  readonly unchecked?: number | undefined;
}
export interface TableCopyResult {
  readonly rows: number;
  readonly bytes: number;
  readonly milliseconds: number;
  readonly snapshotLost: boolean;
  /** See `TableCopyState`. */
  readonly unchecked?: number | undefined;
}

/** Some of a plan's large tables, where there are so many that one history could not hold them. */
export interface TableGroupInput extends InPlan {
  /** With the ids of their tasks in the plan. */
  readonly tables: readonly { readonly table: string; readonly copy: string; readonly keys: string }[];
  readonly paused: boolean;
  /** Absent: read fresh. */
  readonly snapshot?: OpenedSnapshot | undefined;
}
export interface TableGroupResult {
  readonly rows: number;
  readonly bytes: number;
  readonly quarantined: number;
  readonly changed: number;
  readonly unchecked: number;
  readonly findings: readonly Finding[];
  readonly failed: readonly FailedTask[];
  readonly snapshotLost: boolean;
}

export interface VerificationInput extends InPlan {
  /** As in `ExecutionInput`. */
  readonly catalogueId?: string;
  readonly round: number;
  readonly paused: boolean;
  /** See `ExecutionResult`. */
  readonly copiedAt?: string;
  /** Views of the plan, and objects in the source's own words. Absent in older histories: none. */
  readonly views?: number;
  /** The target was made by another tool: it is compared as it is, and only read. */
  readonly existing?: boolean;
}
/** Some of a plan's tables, where there are so many that one history could not hold them. */
export interface ProofGroupInput extends InPlan {
  readonly tables: readonly TableRef[];
  readonly repair: boolean;
  readonly stale: boolean;
  readonly snapshot: OpenedSnapshot;
  readonly paused: boolean;
}
export interface ProofGroupResult {
  readonly equal: boolean;
  readonly tables: number;
  readonly rows: number;
  readonly quarantined: number;
  readonly changed: number;
  readonly findings: readonly Finding[];
  /** Tables that differ, and are not among the others. */
  readonly differing: readonly string[];
}

export interface VerificationResult {
  /** S2; the parent keeps it open until promotion. */
  readonly snapshot: OpenedSnapshot;
  readonly equal: boolean;
  readonly tables: number;
  readonly rows: number;
  readonly quarantined: number;
  readonly changed: number;
  readonly findings: readonly Finding[];
  /** Rows were copied again, and foreign keys made anew. Absent in older histories. */
  readonly repaired?: boolean;
  /** Of a target that another tool made. */
  readonly compared?: Compared;
  /** What validation had to catch up with. Absent in older histories, and where there was nothing. */
  readonly caughtUp?: CaughtUp;
}

export interface LearningResult {
  readonly shapes: number;
  readonly mappings: number;
  readonly errors: number;
}

/** Signal `phaseProgress`, child to parent. Bounded by PAGE tables a signal. */
export interface PhaseProgress {
  readonly tables: readonly TableProgress[];
  /** Bytes since the last signal. */
  readonly bytes: number;
}
