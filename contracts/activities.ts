import type { CheckName } from './checks.js';
import type { MadeDecision } from './decisions.js';
import type { FinalStatus, Finding, Phase, Question, TableReport } from './migration.js';
import type { FailureReport } from './failures.js';
import type { FixOffer } from './fixes.js';
import type { GraphTask, TaskPhase } from './graph.js';
import type { OddPolicy } from './mapping.js';
import type { MigrationInput, MigrationStart } from './migration.schema.js';
import type { DecidedRule, Throttle } from './messages.js';
import type { Rule } from './rules.js';
import type { Notification } from './events.js';
import type { Compared, StructureSummary } from './verification.js';

/**
 * Interfaces of the activities, by agent. Workflows proxy these and never import an implementation. Names and
 * shapes stand in histories: fields are only ever added. No row, secret or list longer than `PAGE` goes through.
 */

/** Longest list that an activity takes or gives. */
export const PAGE = 200;

export interface InMigration {
  readonly migrationId: string;
}
export interface InPlan extends InMigration {
  readonly planId: string;
}
export interface InTable extends InPlan {
  /** Source table, "schema.name". */
  readonly table: string;
}

// --- Meta agent, on the control queue ---------------------------------------------------------------------------

export interface MetaActivities {
  /** Checks the input, reaches both ends, makes the migration's record. Fails with bad-input codes. */
  openMigration(input: {
    migrationId: string;
    firstRunId: string;
    workflowRunId: string;
    namespace: string;
    start: MigrationStart;
  }): Promise<OpenedMigration>;
  /** Writes the migration's report into the store. Idempotent. */
  closeMigration(input: CloseMigration): Promise<{ certificate: string | null; pending: boolean }>;
  /** Stores throughput by table shape, mappings that held, errors met (PH-25, 26). Idempotent per migration. */
  learn(input: InPlan & { catalogueId: string }): Promise<{ shapes: number; mappings: number; errors: number }>;
  /** Freezes the evidence of the certificate, before the pivot. */
  freezeEvidence(input: FreezeEvidence): Promise<{ evidenceHash: string }>;
  /** Signs the certificate and writes it; after the pivot. Idempotent. */
  signCertificate(input: InPlan & { promotedAt: string; promotionLsn: string }): Promise<{ path: string }>;
  /** Freezes what was found of a target that another tool made, signs it and writes it. Idempotent: the first evidence holds. */
  certifyComparison(input: CertifyComparison): Promise<{ path: string }>;
  /** Undoes what closed or vanished migrations left in the target of a connection; the janitor. */
  sweepLeftovers(input: { connection?: string }): Promise<{ undone: number; left: number }>;
  /** Reaches the database of a connection, once. Fails with bad-input codes. */
  testConnection(input: { connection: string }): Promise<TestedConnection>;
  /** Sets what the migration may take of its source; running reads obey within seconds. Idempotent. */
  setThrottle(input: InMigration & Throttle): Promise<void>;
  /** Keeps what somebody decided about a rule; what is copied or checked from then on obeys. Idempotent. */
  decideRule(input: InMigration & DecidedRule): Promise<void>;
  /** Drops the old tables that a promoted migration kept. Idempotent. */
  purgeOld(input: InMigration): Promise<{ left: string[] }>;
}

export interface TestedConnection {
  readonly engine: string;
  readonly version: string;
  readonly milliseconds: number;
}

export interface FreezeEvidence extends InPlan {
  readonly findings: readonly Finding[];
  readonly proof: { readonly position: string; readonly consistent: boolean; readonly detail: string };
  readonly decision: { readonly by: string };
  /** Promotion was tried before, and waited: this holds in place of what was frozen then. */
  readonly again?: boolean;
  /** Everything that was decided, in its order. Absent in older histories. */
  readonly decisions?: readonly MadeDecision[];
}

export interface CertifyComparison extends InPlan {
  readonly findings: readonly Finding[];
  readonly consistent: boolean;
  readonly detail: string;
  readonly compared: Compared;
  readonly structure: StructureSummary;
}

export interface OpenedMigration {
  readonly input: MigrationInput;
  /** 12 hex digits; see contracts/names.ts. */
  readonly hash: string;
  readonly sourceEngine: string;
  readonly targetVersion: number | null;
}

export interface CloseMigration extends InMigration {
  readonly status: FinalStatus;
  readonly planId?: string;
  readonly findings: readonly Finding[];
  readonly phases: Readonly<Partial<Record<Phase, { readonly seconds: number }>>>;
  readonly approvedBy?: string;
  readonly error?: FailureReport;
}

// --- Scouts, on the copy queue ------------------------------------------------------------------------------------

export interface ScoutActivities {
  /** Reads the source's catalogue whole and stores it. */
  inspectSource(input: InMigration): Promise<InspectedSource>;
  listTables(input: { catalogueId: string; offset: number }): Promise<{ tables: TableRef[] }>;
  /** MABA's fingerprint of each column of a table, and what the columns mean. Stored; broadcast. */
  profileTable(input: InMigration & { catalogueId: string; table: string }): Promise<ProfiledTable>;
  /** The same for small tables, one after the other; a retry goes on with the table at which the attempt before ended. */
  profileTables(input: InMigration & { catalogueId: string; tables: readonly string[] }): Promise<{ rows: number }>;
}

export interface InspectedSource {
  readonly catalogueId: string;
  readonly tables: number;
  /** The first PAGE tables; `listTables` gives the rest. */
  readonly firstTables: readonly TableRef[];
  readonly objects: number;
  readonly estimatedRows: number;
  readonly cannotSee: number;
}
export interface TableRef {
  /** "schema.name" */
  readonly table: string;
  readonly rows: number;
  /** Work of a moment: an activity goes through many of these. Absent: no, and in older histories. */
  readonly small?: boolean;
}
export interface ProfiledTable {
  readonly rows: number;
  readonly columns: number;
  readonly oddValues: number;
  readonly questions: number;
}

// --- Architects, on the control queue -----------------------------------------------------------------------------

export interface ArchitectActivities {
  /** Ambiguous structures as questions (PH-7). `deadline` is ISO 8601. */
  raiseQuestions(input: InMigration & { catalogueId: string; deadline: string }): Promise<{ questions: Question[] }>;
  /** Makes mappings and the task graph; or takes the edited plan that was given (`given`), checked against the source. */
  draftPlan(
    input: InMigration & { catalogueId: string; answers: Record<string, string>; given?: string },
  ): Promise<DraftedPlan>;
  /**
   * Holds the target that is there against the source: which table and column stand for which, how they are compared
   * (kept as a plan), and what is missing or weaker (kept as a report).
   */
  draftComparison(input: InMigration & { catalogueId: string }): Promise<DraftedComparison>;
  /** The plan without these tables (source names, at most PAGE), each listed as not migrated: they failed for good. */
  excludeTables(
    input: InPlan & { tables: readonly string[] },
  ): Promise<{ planId: string; planHash: string; tables: number; totalRows: number }>;
  /** Recorded queries of the store in the terms of the migration's last plan, kept under the id `as`. Idempotent. */
  translateQueries(input: InMigration & { workloadId: string; as: string }): Promise<{ distinct: number }>;
  /** The plan in which such values of a column become something else from now on. MAPPING_INVALID where that cannot be. */
  amendPlan(input: InPlan & Amendment): Promise<{ planId: string; planHash: string; tables: number }>;
  /**
   * Text of a plan, for the query `plan`, with the rules of its migration as comments. Bounded: over 1 MB it names where
   * to read it.
   */
  readPlan(input: { planId: string; migrationId?: string }): Promise<{ yaml: string }>;
  /** What can be done about rows in quarantine; `findings`: ids, at most PAGE. */
  offerFixes(input: InPlan & { findings: readonly string[] }): Promise<{ offers: FixOffer[] }>;
  /** A page of the plan's tables, in order. */
  listPlanTables(input: { planId: string; offset: number }): Promise<{ tables: TableRef[] }>;
  /** A page of the plan's tasks of one phase, in order. */
  readPlanTasks(input: { planId: string; phase: TaskPhase; offset: number }): Promise<{ tasks: GraphTask[] }>;
}

export interface Amendment {
  /** "schema.table.column": the table of the source, the column of the target. */
  readonly object: string;
  readonly cause: string;
  readonly policy: OddPolicy;
}

export interface DraftedComparison {
  readonly planId: string;
  readonly planHash: string;
  readonly tables: number;
  readonly totalRows: number;
  readonly views: number;
  readonly structure: StructureSummary;
  /** At most PAGE, and one for each code of the rest. */
  readonly findings: readonly Finding[];
}

export interface DraftedPlan {
  readonly planId: string;
  /** SHA-256 hex of the plan's canonical JSON. */
  readonly planHash: string;
  readonly tables: number;
  readonly totalRows: number;
  readonly notMigrated: number;
  /** Views and objects that are made once the rows are proven. Absent in older histories. */
  readonly views?: number;
  /** What is known before a row is copied; at most PAGE. */
  readonly findings: readonly Finding[];
  /** 0 to 1; the policy CARAVAN_AUTO_APPROVE_RISK compares with it. */
  readonly risk: number;
  readonly riskReasons: readonly string[];
  /** Set by the environment's policy: the plan needs no person. */
  readonly autoApproved: boolean;
  /** Estimated seconds of the copy, from what earlier migrations taught; null without experience. */
  readonly estimatedSeconds: number | null;
}

// --- Workers, on the copy queue -------------------------------------------------------------------------------------

export interface WorkerActivities {
  /** Makes lease, sidecar, shadow schema, types and tables. Idempotent. */
  createShadow(input: InPlan): Promise<{ tables: number }>;
  /**
   * Takes out of shadow and ledger what the plan no longer names, and the tables of `again` (source names, at most
   * PAGE), which are to be read anew. Idempotent.
   */
  reduceShadow(input: InPlan & { again?: readonly string[] }): Promise<void>;
  /** Cuts a table into chunks; bounds go to the chunk ledger. Idempotent: the first cut holds. */
  cutTable(input: InTable): Promise<CutTable>;
  /** Opens snapshot S1 in this process. */
  openCopySnapshot(input: InPlan & { connections: number; catalogueId?: string }): Promise<OpenedSnapshot>;
  closeCopySnapshot(input: InMigration & { snapshotId: string }): Promise<void>;
  /** Copies one chunk exactly once: rows, ledger row, quarantine and value ledger in one transaction. */
  copyChunk(input: CopyChunk): Promise<CopiedChunk>;
  /** After the last chunk: commits once synchronously, reads the ledger again, proves that it covers the key space. */
  sealTable(input: InTable & { milliseconds: number }): Promise<CopiedTable>;
  /** Primary key, unique keys, indexes, identity, defaults, checks, ANALYZE. Idempotent. */
  buildKeys(input: InTable): Promise<{ keys: number; indexes: number; findings: Finding[] }>;
  /**
   * Cuts, copies, seals and gives keys to small tables, one after the other, each as the activities for one table do
   * it. Stops at the first that fails, or is not small: who asked does that one alone. Idempotent by the ledger.
   */
  buildTables(input: InPlan & { tables: readonly string[]; snapshotId?: string }): Promise<{ built: BuiltTable[] }>;
  /** Foreign keys; NOT VALID where the data violates them. Idempotent. */
  addForeignKeys(input: InPlan): Promise<{ foreignKeys: number; findings: Finding[] }>;
  /** Drops shadow, sidecar and lease, ends backends. Idempotent; succeeds when there is nothing. */
  undoShadow(input: InMigration): Promise<{ left: string[] }>;
  /** The pivot: moves everything in one transaction. Idempotent: a second call finds the promotion record. */
  promote(input: InPlan): Promise<{ promotedAt: string; lsn: string; tables: number }>;
  /** Copies the sidecar to the store, then drops it and the lease. Idempotent. */
  archiveSidecar(input: InPlan): Promise<{ quarantined: number; changed: number }>;
  /** Copies what the sidecar holds now to the store, sealed, under the name `stage`; not there: false. Idempotent. */
  stageLedgers(input: InMigration & { stage: string }): Promise<{ there: boolean }>;
}

export interface CutTable {
  readonly chunks: number;
  /** Chunks that are copied already: an earlier try of this migration got so far. */
  readonly done: number;
  /** As planning estimated them. */
  readonly rows: number;
}
export interface OpenedSnapshot {
  readonly snapshotId: string;
  /** Only this queue's process holds the snapshot. */
  readonly queue: string;
  readonly connections: number;
  /** False where the source gives no consistent snapshot; then it is said in plan and certificate. */
  readonly consistent: boolean;
  readonly detail: string;
  /**
   * Digest of where the source stood: two snapshots with the same one see the same state. Absent where that cannot be
   * told across processes.
   */
  readonly position?: string;
}
export interface CopyChunk extends InTable {
  readonly chunk: number;
  /** Absent: read fresh, outside any snapshot. */
  readonly snapshotId?: string;
  /** Copy again even though the ledger says done (repair from S2). */
  readonly repair?: boolean;
  /** Columns that the plan lets the server reckon become plain ones, with the source's values. */
  readonly plain?: boolean;
}
export interface CopiedChunk {
  readonly rows: number;
  readonly bytes: number;
  readonly quarantined: number;
  readonly changed: number;
  readonly milliseconds: number;
  /** True when the ledger said that the chunk was there already. */
  readonly already: boolean;
  /** False: written without a validator of KORA's; it is checked later. Absent in older histories. */
  readonly checked?: boolean;
}
export interface BuiltTable extends CopiedTable {
  /** Source table, "schema.name". */
  readonly table: string;
  readonly findings: readonly Finding[];
  /** Its chunk was copied without a validator of KORA's. */
  readonly unchecked?: true;
}
export interface CopiedTable {
  readonly chunks: number;
  readonly rows: number;
  readonly bytes: number;
  readonly quarantined: number;
  readonly changed: number;
}

// --- Validators, on the verify queue ------------------------------------------------------------------------------

export interface ValidatorActivities {
  /**
   * KORA: can each transform be verified? Marks in the plan what cannot (PH-13). Mines business rules (EX-14), at most 100, without
   * the values that they list; absent in older histories.
   */
  checkFeasibility(input: InPlan): Promise<{ columns: number; unverifiable: number; rules?: readonly Rule[] }>;
  /**
   * Writes KORA's validator of each table into the target, for the copy to check by. Idempotent: a validator has its
   * hash for a name.
   */
  compileValidators(input: InPlan): Promise<{ tables: number }>;
  /** Opens snapshot S2 in this process. */
  openProofSnapshot(input: InPlan & { connections: number; catalogueId?: string }): Promise<OpenedSnapshot>;
  closeProofSnapshot(input: InMigration & { snapshotId: string }): Promise<void>;
  /**
   * Validation catches up: chunks that were copied without the validator that their rows must pass are held against it,
   * by the source's rows at S2. What does not stand is copied again by the proof.
   */
  catchUp(input: InPlan & { snapshotId: string }): Promise<CaughtUp>;
  /**
   * Compares a table with S2, chunk by chunk; differing chunks are bisected to keys, copied again, compared again.
   * `stale`: the copy may have read another state than S2, so what the ledgers say must not be believed.
   */
  proveTable(input: InTable & { snapshotId: string; repair: boolean; stale?: boolean }): Promise<ProvenTable>;
  /** The same for small tables without repair, one after the other, up to the first that fails. */
  proveTables(
    input: InPlan & { tables: readonly string[]; snapshotId: string; stale?: boolean },
  ): Promise<{ proven: ProvenBrief[] }>;
  /**
   * Makes the plan's views in the shadow and compares what they give with the source's at S2. One that differs, or that
   * the target refuses, is taken away again and listed as not migrated. From PostgreSQL: makes routines, triggers and
   * what else belongs to tables and views, too. Idempotent.
   */
  proveViews(input: InPlan & { snapshotId: string }): Promise<{ views: number; equal: number }>;
  /** Takes the shadow's foreign keys away, so that rows can be deleted and copied again; they are added anew afterwards. */
  prepareRepair(input: InPlan): Promise<{ foreignKeys: number }>;
  /** Plan against the shadow's real catalogue, object by object (EX-11, first form). */
  compareStructure(input: InPlan): Promise<{ objects: number; findings: Finding[] }>;
  /**
   * Is the source where S2 was? `unknown` where that cannot be known. `unchecked`: chunks that a validator waits for
   * since then; absent in older histories.
   */
  comparePosition(
    input: InPlan & { snapshotId: string },
  ): Promise<{ moved: 'no' | 'yes' | 'unknown'; position: string; unchecked?: number }>;
  /** Opens a snapshot of the source and one of a target that another tool made, in this process. */
  openComparison(input: InPlan & { connections: number }): Promise<OpenedComparison>;
  /** Compares a table of both snapshots row by row; what differs is found by key and column, and classed. */
  compareTable(input: InTable & { snapshotId: string }): Promise<ComparedTable>;
  /** The same for small tables, one after the other, up to the first that fails, or until there is much to tell. */
  compareTables(
    input: InPlan & { tables: readonly string[]; snapshotId: string },
  ): Promise<{ compared: ComparedBrief[] }>;
  /** Which checks of both sides as a whole have something to look at, in their order. */
  listChecks(input: InPlan & { snapshotId: string }): Promise<{ checks: readonly CheckName[] }>;
  /** Runs one of them; its report goes to the store. Idempotent: the last report holds. */
  runCheck(input: InPlan & { snapshotId: string; check: CheckName }): Promise<{ findings: readonly Finding[] }>;
  /** Finds out where a row came from and what became of it; question and answer are kept in the store, sealed. */
  traceRow(input: InMigration & { lookup: string }): Promise<{ found: boolean }>;
  /** Compares what the views of both sides give. */
  compareViews(input: InPlan & { snapshotId: string }): Promise<{ equal: number; findings: Finding[] }>;
}

export interface CaughtUp {
  readonly chunks: number;
  readonly rows: number;
  /** Chunks that do not stand as the validator would have them. */
  readonly differing: number;
}

export interface OpenedComparison extends OpenedSnapshot {
  readonly compared: Compared;
}

export interface ComparedTable extends TableReport {
  readonly equal: boolean;
  readonly findings: readonly Finding[];
}

export interface ProvenTable extends TableReport {
  readonly equal: boolean;
  /** Chunks that differed at first. */
  readonly differed: number;
  readonly repairedChunks: number;
  /** Keys that differed at first. */
  readonly differingKeys: number;
  readonly findings: readonly Finding[];
}

/** What a comparison of many tables tells of one; the rest is in the store. */
export type ComparedBrief = Pick<ComparedTable, 'source' | 'targetRows' | 'equal' | 'findings'>;

/** What a proof of many tables tells of one; the rest is in the store. */
export type ProvenBrief = Pick<
  ProvenTable,
  'source' | 'targetRows' | 'quarantinedRows' | 'changedValues' | 'equal' | 'findings'
>;

// --- AMANI, on the control queue: delivery itself is the notify workers' business --------------------------------------

export interface NotifyActivities {
  /** Puts a notification into the outbox; a dispatcher delivers it. Idempotent by key. */
  notify(input: Notification): Promise<void>;
}
