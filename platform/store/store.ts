import type { Assessment } from '../../contracts/assessment.js';
import type { SourceState } from '../../contracts/trace.js';
import type { StructureReport } from '../../contracts/verification.js';
import type { CheckName, CheckSummary } from '../../contracts/checks.js';
import type { EvidenceFile } from '../certificate/chain.js';
import type { Catalogue, CatalogueTable } from '../../contracts/catalogue.js';
import type { PlanDocument } from '../../contracts/definition.schema.js';
import type { Endpoint } from '../../contracts/endpoint.js';
import type { Notification } from '../../contracts/events.js';
import type { MigrationInput, SourceLimits } from '../../contracts/migration.schema.js';
import type { MigrationReport, TableReport, ViewReport } from '../../contracts/migration.js';
import type { EngineStore } from './engine/engine-store.js';
import type { ColumnFingerprint, Meaning, TableProfile } from '../../contracts/profile.js';
import type { QueryVerdict } from '../../contracts/replay.js';
import type { Workload } from '../../contracts/workload.js';
import type { OnBroken, Rule, RuleState } from '../../contracts/rules.js';

/** Caravan's own store (PostgreSQL, through Kysely, numbered migrations). Every write is idempotent by its key. */
export interface Store {
  readonly connections: ConnectionStore;
  readonly migrations: MigrationStore;
  readonly discovery: DiscoveryStore;
  readonly plans: PlanStore;
  readonly mappings: MappingStore;
  readonly workloads: WorkloadStore;
  readonly verdicts: VerdictStore;
  readonly outbox: Outbox;
  readonly learning: LearningStore;
  readonly archive: ArchiveStore;
  readonly traces: TraceStore;
  readonly throttles: ThrottleStore;
  readonly rules: RuleStore;
  readonly engine: EngineStore;
  close(): Promise<void>;
}

/** Endpoints, sealed with AES-256-GCM (the connection's name is the additional data). */
export interface ConnectionStore {
  /** `migrationId`: made for one migration only; removed by `release`. Replaces an equal name only when `replace`. */
  put(name: string, endpoint: Endpoint, options?: { migrationId?: string; replace?: boolean }): Promise<void>;
  /** CONNECTION_UNKNOWN when there is none. References (`env:NAME`, `file:PATH` passwords) are resolved here. */
  get(name: string): Promise<Endpoint>;
  /** Without secrets: engine, host, port, database or path, user. */
  list(): Promise<{ name: string; engine: string; place: string; user: string | null; migrationId: string | null }[]>;
  remove(name: string): Promise<boolean>;
  /** Removes the connections made for this migration. */
  release(migrationId: string): Promise<void>;
}

export interface MigrationRecord {
  readonly migrationId: string;
  readonly runId: string;
  readonly firstRunId: string;
  readonly namespace: string;
  readonly hash: string;
  readonly input: MigrationInput;
  readonly sourceEngine: string;
  readonly targetVersion: number | null;
  readonly startedAt: string;
}

export interface CopiedTableFact {
  /** Source table, "schema.name". */
  readonly table: string;
  readonly rows: number;
  readonly bytes: number;
  readonly milliseconds: number;
}

export interface MigrationStore {
  open(record: MigrationRecord): Promise<void>;
  get(migrationId: string): Promise<MigrationRecord | undefined>;
  byHash(hash: string): Promise<MigrationRecord | undefined>;
  list(limit: number): Promise<(MigrationRecord & { status: string | null })[]>;
  /** Result of one table's proof; the last write per table holds. */
  putTable(migrationId: string, table: TableReport): Promise<void>;
  tables(migrationId: string): Promise<TableReport[]>;
  /** What became of one view; the last write per view holds. */
  putView(migrationId: string, view: ViewReport): Promise<void>;
  views(migrationId: string): Promise<ViewReport[]>;
  putReport(migrationId: string, report: MigrationReport): Promise<void>;
  report(migrationId: string): Promise<MigrationReport | undefined>;
  /** How one table was copied, for summary and learning; the last write per table holds. `milliseconds` sums its chunks. */
  putCopied(migrationId: string, copied: CopiedTableFact): Promise<void>;
  copied(migrationId: string): Promise<CopiedTableFact[]>;
  /** Timing facts of the copy: least first read, greatest last commit (epoch milliseconds), totals. */
  addCopyTime(migrationId: string, span: { startedMs: number; endedMs: number }): Promise<void>;
  copyTime(migrationId: string): Promise<{ startedMs: number; endedMs: number } | undefined>;
  /** What an assessment found; the last write holds. */
  putAssessment(migrationId: string, assessment: Assessment): Promise<void>;
  assessment(migrationId: string): Promise<Assessment | undefined>;
  /** What stands in a target of another tool for each object of the source; the last write holds. */
  putStructure(migrationId: string, structure: StructureReport): Promise<void>;
  structure(migrationId: string): Promise<StructureReport | undefined>;
  /** What a check found, and its report; the last write per check holds. */
  putCheck(migrationId: string, summary: CheckSummary, report: unknown): Promise<void>;
  /** In the order of `CHECKS`. */
  checks(migrationId: string): Promise<CheckSummary[]>;
  checkReport(migrationId: string, check: CheckName): Promise<unknown>;
  /** Evidence frozen before the pivot, and its files, at once; the first write holds. */
  putEvidence(migrationId: string, evidence: unknown, files: readonly EvidenceFile[]): Promise<void>;
  /** What was frozen for a promotion that was not made. */
  forgetEvidence(migrationId: string): Promise<void>;
  evidence(migrationId: string): Promise<unknown>;
  evidenceFiles(migrationId: string): Promise<EvidenceFile[]>;
  /** Text of the signed certificate; the first write holds. */
  putCertificate(migrationId: string, text: string): Promise<void>;
  certificate(migrationId: string): Promise<string | undefined>;
  /** Where the source stood when the copy or the proof read it; the last one holds. */
  putState(migrationId: string, read: 'copy' | 'proof', state: SourceState): Promise<void>;
  state(migrationId: string, read: 'copy' | 'proof'): Promise<SourceState | undefined>;
  putPromotion(migrationId: string, promotion: { promotedAt: string; lsn: string }): Promise<void>;
  promotion(migrationId: string): Promise<{ promotedAt: string; lsn: string } | undefined>;
  /** Deletes everything of a migration: record, documents, archive, connections, outbox. */
  purge(migrationId: string): Promise<void>;
}

export interface DiscoveryStore {
  putCatalogue(migrationId: string, catalogue: Catalogue): Promise<string>;
  catalogue(catalogueId: string): Promise<Catalogue>;
  /** The last one that was read for the migration. */
  latestCatalogue(migrationId: string): Promise<Catalogue | undefined>;
  /** What gives values away (extremes, moments, fingerprints) is sealed. */
  putProfile(catalogueId: string, profile: TableProfile, meanings: readonly Meaning[]): Promise<void>;
  /** Without fingerprints: of a large catalogue they are too much to be read at once. */
  profiles(catalogueId: string): Promise<{ profile: TableProfile; meanings: readonly Meaning[] }[]>;
  /** A table as it was discovered last for a migration. */
  tableOf(
    migrationId: string,
    table: { readonly schema: string; readonly name: string },
  ): Promise<CatalogueTable | undefined>;
  /** Of one table's columns, by name; empty where it has no profile. */
  fingerprints(
    catalogueId: string,
    table: { readonly schema: string; readonly name: string },
  ): Promise<ReadonlyMap<string, ColumnFingerprint>>;
}

export interface StoredPlan {
  readonly planId: string;
  readonly planHash: string;
  readonly yaml: string;
  readonly document: PlanDocument;
}
export interface PlanStore {
  /** `planId` is given for a plan that a person gives back before any migration runs. */
  put(plan: { yaml: string; document: PlanDocument; planHash: string; migrationId?: string }): Promise<string>;
  get(planId: string): Promise<StoredPlan | undefined>;
  /** The plan that was made last for a migration. */
  latest(migrationId: string): Promise<StoredPlan | undefined>;
}

/** Mapping files, as text: what they say is read where it is needed, so that problems can be told with their lines. */
export interface MappingStore {
  /** The same text again is the same id. */
  put(yaml: string): Promise<string>;
  get(mappingId: string): Promise<string | undefined>;
}

/** Recorded queries. Their texts hold values of rows: they are sealed, and only counts stand in plain text. */
export interface WorkloadStore {
  /** The same id again changes nothing. */
  put(workloadId: string, workload: Workload): Promise<void>;
  get(workloadId: string): Promise<Workload | undefined>;
  remove(workloadId: string): Promise<void>;
}

/** What became of recorded queries, in pages; sealed, for texts, plans and examples hold values of rows. */
export interface VerdictStore {
  /** Pages that were judged at this state of the source, with their hashes; those of any other state are forgotten. */
  begin(migrationId: string, state: string): Promise<readonly { readonly page: number; readonly hash: string }[]>;
  /** The last write of a page holds. Gives the SHA-256 hex of its canonical JSON. */
  put(
    migrationId: string,
    at: { readonly state: string; readonly page: number },
    verdicts: QueryVerdict[],
  ): Promise<string>;
  /** Undefined: there is no such page. */
  page(migrationId: string, page: number): Promise<QueryVerdict[] | undefined>;
}

export interface Outbox {
  /** Adds to the count of an alert of the same group that no channel has taken, instead of making a second. */
  add(notification: Notification): Promise<void>;
  /**
   * Takes undelivered ones of a channel, locked for `leaseSeconds`. Strictly in order within a migration: a later one
   * is not given while an earlier one is neither delivered nor dead, so at most one of each migration.
   */
  claim(
    channel: string,
    limit: number,
    leaseSeconds: number,
  ): Promise<{ id: number; attempts: number; notification: Notification }[]>;
  delivered(id: number, channel: string): Promise<void>;
  /** Nothing happens when another has taken it meanwhile (`attempts` is the claim's). */
  failed(
    claimed: { id: number; attempts: number },
    channel: string,
    failure: DeliveryFailure,
  ): Promise<{ dead: boolean }>;
  /** What was given up, the oldest first; at most `limit`, and how many there are. */
  dead(limit: number): Promise<{ count: number; notifications: DeadNotification[] }>;
  /** Everything that was given up is tried again; how many. */
  revive(): Promise<number>;
  /** For the terminal: all of a migration after a position. */
  after(migrationId: string, id: number): Promise<{ id: number; notification: Notification }[]>;
  /** Neither delivered nor dead. */
  pending(migrationId: string): Promise<number>;
}
export interface DeliveryFailure {
  /** An HTTP status or an error code; never what a receiver wrote. */
  readonly reason: string;
  readonly retryInSeconds: number;
  /** Given up once it was tried so often, and the first try is so long ago. */
  readonly giveUp: { readonly tries: number; readonly afterSeconds: number };
}
export interface DeadNotification {
  readonly id: number;
  readonly channel: string;
  readonly attempts: number;
  readonly reason: string;
  /** ISO 8601. */
  readonly deadAt: string;
  readonly notification: Notification;
}

export interface LearningStore {
  /** Idempotent by (migrationId, kind, signature). */
  add(fact: LearningFact & { migrationId: string }): Promise<void>;
  facts(kind: LearningFact['kind']): Promise<LearningFact[]>;
}
export interface LearningFact {
  readonly kind: 'throughput' | 'mapping' | 'error' | 'rule';
  /**
   * Shape of a table ("mysql|12 columns|160 bytes"), signature of a mapping ("mysql|tinyint(1)|flag -> boolean"), an error
   * code, or the signature of a rule ("not_negative|price:number:fraction").
   */
  readonly signature: string;
  /** throughput: rows, bytes, seconds. mapping: held, lost. error: count. rule: catches, falseAlarms. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** Sealed quarantine and value ledger of promoted migrations; and of failed ones what a person may still want. */
export interface ArchiveStore {
  /** Entries that are there already stay as they are. `hash` tells the runs of one id apart. */
  put(run: ArchivedRun, kind: LedgerKind, entries: readonly ArchivedEntry[]): Promise<void>;
  /** Of the latest run. */
  count(migrationId: string, kind: LedgerKind): Promise<number>;
  /** Entries by table, column and reason, in this order. */
  counts(run: ArchivedRun, kind: LedgerKind, filter?: ArchiveFilter): Promise<ArchivedCount[]>;
  /** Entries after `after`, by id: at most `limit`, and about 8 MiB of bytes; none is the end. */
  page(
    run: ArchivedRun,
    kind: LedgerKind,
    page: {
      readonly after: number;
      readonly limit: number;
      readonly filter?: ArchiveFilter;
      /** False: `bytes` is empty in each. */
      readonly bytes: boolean;
    },
  ): Promise<ArchivedEntry[]>;
  drop(run: ArchivedRun): Promise<void>;
  /** Drops copies that nobody took away (see `stageName`), made before this moment (epoch milliseconds). */
  dropStages(migrationId: string, beforeMs: number): Promise<void>;
}

export type LedgerKind = 'quarantine' | 'value_ledger';

/** The entries of one run; or a copy of them with a name of its own in place of the hash. */
export interface ArchivedRun {
  readonly migrationId: string;
  readonly hash: string;
}

/** Only entries that fit all that is given. */
export interface ArchiveFilter {
  /** "schema.table", or the table's name alone. */
  readonly table?: string | undefined;
  readonly column?: string | undefined;
  readonly reason?: string | undefined;
}

export interface ArchivedCount {
  readonly table: string;
  readonly column: string | null;
  readonly reason: string;
  readonly count: number;
}
export interface ArchivedEntry {
  readonly id: number;
  readonly table: string;
  readonly chunk: number;
  readonly keyIdentity: string;
  readonly key: Buffer;
  readonly column: string | null;
  readonly reason: string;
  readonly bytes: Buffer;
  /** ISO 8601; null where that was not told. */
  readonly sealedAt: string | null;
}

/** What is kept so that single rows can be traced, and what is asked and found of them. */
export interface TraceStore {
  /** Chunks that are there already stay as they are. */
  putChunks(run: ArchivedRun, chunks: readonly ArchivedChunk[]): Promise<void>;
  /** Of one source table, in their order. */
  chunks(run: ArchivedRun, table: string): Promise<ArchivedChunk[]>;
  /** Archived entries of one row, at most 1000. */
  entries(
    run: ArchivedRun,
    kind: LedgerKind,
    row: { readonly table: string; readonly identities: readonly string[] },
  ): Promise<ArchivedEntry[]>;
  /** Keeps a sealed question, and drops what was asked an hour ago and never read. */
  ask(migrationId: string, question: Buffer): Promise<string>;
  question(lookupId: string): Promise<Buffer | undefined>;
  answer(lookupId: string, answer: Buffer): Promise<void>;
  /** The sealed answer; question and answer are gone then. */
  take(lookupId: string): Promise<Buffer | undefined>;
}
export interface ArchivedChunk {
  readonly table: string;
  readonly chunk: number;
  /** Sealed JSON of its bounds. */
  readonly bounds: Buffer;
  readonly epoch: number;
  readonly rows: number;
  readonly bytes: number;
  readonly quarantined: number;
  readonly changed: number;
  /** ISO 8601. */
  readonly committedAt: string | null;
}

/** What a migration may take of its source, and takes; shared by all of its workers. */
export interface ThrottleStore {
  /** As a migration begins: what a run before it met under the same id is over. */
  open(migrationId: string, limits: SourceLimits): Promise<void>;
  /** Replaces the limits; what was read before is forgotten. `share` stays. */
  set(migrationId: string, limits: SourceLimits): Promise<void>;
  get(migrationId: string): Promise<ThrottleRow | undefined>;
  /** Counts what was read; gives the milliseconds after which it is paid for. */
  charge(migrationId: string, read: { readonly rows: number; readonly bytes: number }): Promise<number>;
  /** Milliseconds until everything that was read so far is paid for. */
  debt(migrationId: string): Promise<number>;
  /** True for one caller in every `intervalMs`: it looks how the source does. */
  claimLook(migrationId: string, intervalMs: number): Promise<boolean>;
  setShare(migrationId: string, share: number): Promise<void>;
  /** Takes sessions, or changes their number; false when the limit does not allow it now. */
  lease(lease: SourceLease, ttlMs: number): Promise<boolean>;
  renew(leases: readonly string[], ttlMs: number): Promise<void>;
  release(lease: string): Promise<void>;
}
export interface SourceLease {
  readonly migrationId: string;
  /** Unique name of who holds them. */
  readonly lease: string;
  readonly sessions: number;
  /** They are held already: they are counted, whatever the limit. */
  readonly force?: boolean;
}
export interface ThrottleRow {
  readonly limits: SourceLimits;
  readonly version: number;
  readonly share: number;
  /** It was limited or slowed down at some time. */
  readonly spared: boolean;
}

/** Business rules of migrations. Values that they list, and keys and values of rows that break them, are sealed. */
export interface RuleStore {
  /** Rules that are there already stay as they are. */
  propose(migrationId: string, rules: readonly KeptRule[]): Promise<void>;
  /** All of them, the surest first. */
  list(migrationId: string): Promise<KeptRule[]>;
  /** Of one source table, or of all. */
  accepted(migrationId: string, table?: string): Promise<Rule[]>;
  decide(
    migrationId: string,
    ruleId: string,
    decision: {
      readonly state: RuleState;
      readonly by: string;
      readonly reason?: string | undefined;
      readonly onBroken?: OnBroken | undefined;
    },
  ): Promise<void>;
  /** What a check of both sides found; the last one holds. */
  putChecked(migrationId: string, ruleId: string, checked: CheckedRule): Promise<void>;
  /** Keys of rows that break it, a few. */
  brokenKeys(migrationId: string, ruleId: string): Promise<CheckedRule['keys']>;
}
export interface KeptRule {
  readonly rule: Rule;
  /** Which rules of other databases are like it; see the library of patterns. */
  readonly signature: string;
  /** Values of rows that break it, a few. */
  readonly examples: readonly (readonly string[])[];
  readonly checked?: Omit<CheckedRule, 'keys'>;
}
export interface CheckedRule {
  /** Rows that it was held against, and those that break it. */
  readonly sourceRows: number;
  readonly sourceBroken: number;
  readonly targetRows: number;
  readonly targetBroken: number;
  readonly keys: readonly (readonly (string | null)[])[];
}
