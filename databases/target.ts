import type {
  MadeCollation,
  MigrationMapping,
  NativeObject,
  RoutineMapping,
  TableMapping,
  ValueKind,
  ViewMapping,
} from '../contracts/mapping.js';
import type { Finding } from '../contracts/migration.js';
import type { Checked } from './checked.js';
import type { Asking, Writing } from './asking.js';
import type { CanonicalBatch, KeyRange, ScanOptions, SentTarget } from './source.js';
import type { StandingTable } from './standing.js';

/** What a migration is called in the target; see contracts/names.ts. */
export interface TargetNames {
  readonly hash: string;
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
}

/** What the target can do. PostgreSQL 13 to 18. Every method is idempotent, and typed failures only leave it. */
export interface Target extends SentTarget {
  /** Server, encoding, CREATE, locks for `tables` objects, the lease: before anything is touched. */
  preflight(options: {
    readonly targetSchema: string;
    readonly objects: number;
    readonly needs?: TargetNeeds;
    /** Nothing is made in the target schema: its tables stand already. */
    readonly standing?: boolean;
  }): Promise<{ readonly version: number }>;
  /** Tables, views and the like that stand in the schema. */
  standingTables(schema: string): Promise<StandingTable[]>;
  /**
   * Conflicts of the plan's names with what is there; with `replace`, outside dependents of what would be replaced. Of
   * a plan with `mode: data-only`: whether the tables stand as it says, and are empty or may be replaced.
   */
  checkNames(mapping: MigrationMapping, onExisting: 'fail' | 'replace'): Promise<void>;
  /** Lease, sidecar, shadow, types, tables (columns without keys, defaults, identity). */
  createShadow(mapping: MigrationMapping): Promise<void>;
  /**
   * Drops the shadow's tables and types that the mapping does not name, and forgets their chunks, quarantine and value
   * ledger: tables that were excluded on the way, or that are copied again from the beginning.
   */
  reduceShadow(mapping: MigrationMapping): Promise<void>;
  ledger: ChunkLedger;
  validators: ValidatorLedger;
  /** Keys, indexes, defaults, identity (sequence at its next value), checks, comments, ANALYZE of one shadow table. */
  buildKeys(
    table: TableMapping,
    mapping: MigrationMapping,
  ): Promise<{ keys: number; indexes: number; findings: Finding[] }>;
  addForeignKeys(mapping: MigrationMapping): Promise<{ foreignKeys: number; findings: Finding[] }>;
  /** Drops the foreign keys of the shadow's tables, before a repair; `addForeignKeys` makes them again. Idempotent. */
  dropForeignKeys(mapping: MigrationMapping): Promise<{ foreignKeys: number }>;
  /** Generated columns of the plan that this server does not take, and why; nothing is made. */
  refusedGenerated(mapping: MigrationMapping): Promise<RefusedColumn[]>;
  /** What the server has for texts that are compared without regard to case. */
  insensitive(): Promise<Insensitive>;
  /** Whether PostGIS is there; could be made; or neither. */
  postgis(): Promise<'there' | 'available' | 'none'>;
  /**
   * How many groups of keys, all different in the source, the server takes for equal; on a temporary table. Undefined
   * where the login may make none. `keys`: canonical rows of the columns alone.
   */
  countAlike(columns: readonly AlikeColumn[], keys: AsyncIterable<CanonicalBatch>): Promise<number | undefined>;
  /** The plan against the shadow's real catalogue. */
  compareStructure(mapping: MigrationMapping): Promise<{ objects: number; findings: Finding[] }>;
  /**
   * Takes the plan's views and routines out of the shadow, if any are there, so that they can be made anew and nothing stands on the
   * tables meanwhile.
   */
  dropViews(mapping: MigrationMapping): Promise<void>;
  /** Makes one view in the shadow and tells its columns; or why the server refuses it. */
  makeView(view: ViewMapping, mapping: MigrationMapping): Promise<MadeView>;
  dropView(view: ViewMapping): Promise<void>;
  /** Makes a routine of the plan in the shadow, a trigger so that it does not fire; or why the server refuses it. */
  makeRoutine(routine: RoutineMapping, mapping: MigrationMapping): Promise<MadeObject>;
  dropRoutine(routine: RoutineMapping): Promise<void>;
  /** Makes an object of the plan in the shadow, in the source's own words; or why it cannot. */
  makeObject(object: NativeObject, mapping: MigrationMapping): Promise<MadeObject>;
  /** Canonical rows of a shadow table (or of the promoted one, `where: 'promoted'`), ordered by nothing. */
  scan(
    table: TableMapping,
    range: KeyRange,
    options: ScanOptions & { where?: 'shadow' | 'promoted' },
  ): AsyncIterable<CanonicalBatch>;
  /** For queries of the application on the shadow's tables; operators of extensions are found, too. */
  asking(): Promise<Asking>;
  /** For what the application writes to the shadow's tables: all of it is taken back. */
  writing(): Promise<Writing>;
  countRows(table: TableMapping): Promise<number>;
  /** How checks of the whole look at the shadow. */
  readonly checked: Checked;
  /** One transaction; see DATA-PLANE, Promotion. A second call finds the promotion record. */
  promote(
    mapping: MigrationMapping,
    options: { onExisting: 'fail' | 'replace' },
  ): Promise<{ promotedAt: string; lsn: string; tables: number }>;
  promotionRecord(): Promise<{ promotedAt: string; lsn: string } | undefined>;
  /** Ends the migration's backends, drops shadow, sidecar, lease. Never after a promotion record. */
  undo(targetSchema: string): Promise<{ left: string[] }>;
  /** After promotion: drops sidecar and lease. */
  dropSidecar(targetSchema: string): Promise<void>;
  close(): Promise<void>;
}

export type MadeObject = { readonly made: true } | { readonly made: false; readonly reason: string };

export type MadeView =
  | {
      readonly made: true;
      readonly columns: readonly {
        readonly name: string;
        readonly type: string;
        readonly kind: ValueKind | undefined;
        /** The type as a plan from PostgreSQL names it; of one that the plan makes, a quoted name. */
        readonly native: string;
      }[];
    }
  | { readonly made: false; readonly reason: string };

export interface Insensitive {
  /** Collations of ICU that take different texts for equal, and LIKE on them. */
  readonly icu: boolean;
  /** The extension is there; or could be made. */
  readonly citext: boolean;
  readonly citextAvailable: boolean;
}

/** How a column of a key is compared; `exact`: by its bytes. */
export type AlikeColumn = MadeCollation | 'citext' | 'exact';

export interface RefusedColumn {
  /** The target's name of the table. */
  readonly table: string;
  readonly column: string;
  readonly reason: string;
}

/** What a plan needs of the target's server beside what every supported one has. */
export interface TargetNeeds {
  readonly extensions: readonly string[];
  readonly collations: readonly string[];
  /** Built-in types as PostgreSQL prints them. */
  readonly types: readonly string[];
  /** Keys and indexes that older servers cannot make. */
  readonly newest: readonly { readonly what: string; readonly version: number }[];
}

export interface Chunk {
  readonly table: string;
  readonly chunk: number;
  readonly lower?: string;
  readonly upper?: string;
  readonly done: boolean;
  readonly epoch: number;
  readonly rows: number;
  readonly bytes: number;
  readonly quarantined: number;
  readonly changed: number;
  /** ISO 8601, UTC; absent: not yet. */
  readonly committedAt?: string;
  /** Milliseconds of the transaction that brought its rows; of one that repaired them nothing is counted. */
  readonly tookMs?: number;
  /** Hash of the validator that its rows passed; absent: nobody checked them. */
  readonly validator?: string;
}

/** Which validator the rows of each table must pass, and which chunks did not pass it yet; in the sidecar. */
export interface ValidatorLedger {
  /** From now on these tables' rows must pass these validators. Idempotent. */
  want(validators: readonly WantedValidator[]): Promise<void>;
  /** Undefined until KORA has written one. */
  wanted(table: string): Promise<Omit<WantedValidator, 'table'> | undefined>;
  /** Tables with chunks that are copied and did not pass the validator that they must pass. */
  unchecked(): Promise<{ readonly table: string; readonly chunks: number }[]>;
  /** Of a chunk that stands as the validator would have it; false when it was copied again meanwhile. */
  markChecked(chunk: Pick<Chunk, 'table' | 'chunk' | 'epoch'>, hash: string): Promise<boolean>;
}

export interface WantedValidator {
  /** "schema.name" of the source. */
  readonly table: string;
  readonly hash: string;
  /** Sealed bytes. */
  readonly specification: Buffer;
}

/** The chunk ledger in the sidecar. `table` is the source's "schema.name". */
export interface ChunkLedger {
  /** Records the cut of a table: n inner bounds make n + 1 chunks. The first cut holds. Returns what is there. */
  cut(table: string, bounds: readonly string[]): Promise<{ chunks: number; done: number }>;
  list(table: string): Promise<Chunk[]>;
  /** Chunks of all tables behind this one, by table and number; at most `limit`, none is the end. */
  chunks(after: Pick<Chunk, 'table' | 'chunk'> | undefined, limit: number): Promise<Chunk[]>;
  /** Proves that done chunks cover the key space without gap or overlap; LEDGER_INCOMPLETE else. Commits synchronously first. */
  seal(table: string): Promise<{ chunks: number; rows: number; bytes: number; quarantined: number; changed: number }>;
  /**
   * Takes a chunk with a new epoch: ends older backends of this chunk and waits until they are gone. `done` chunks
   * come back as they are unless `repair`.
   */
  take(table: string, chunk: number, options: { repair: boolean }): Promise<TakenChunk>;
  /** What the ledgers say of a chunk's rows, by identity of the row (its key's, or without a key its own). */
  exceptions(table: string, chunk: number): Promise<ReadonlyMap<string, RowExceptions>>;
  /** Totals over the table. `byReason`: quarantine's reasons as they are, the value ledger's rules as "changed:<rule>". */
  totals(table: string): Promise<{
    quarantined: number;
    changed: number;
    byReason: { reason: string; column: string | null; count: number }[];
  }>;
  /** Entries of one row, at most 1000. */
  entriesOf(
    kind: 'quarantine' | 'value_ledger',
    row: { readonly table: string; readonly identities: readonly string[] },
  ): Promise<LedgerEntry[]>;
  /** All entries, for the archive, in pages of at most `limit`. */
  entries(kind: 'quarantine' | 'value_ledger', after: number, limit: number): Promise<LedgerEntry[]>;
}

/** Entries of one identity. More than one of a kind: so many equal rows of a table without a key. */
export interface RowExceptions {
  /** Entries of the value ledger by target column. `rule`: what is stored; "" where the entries disagree. */
  readonly changed: ReadonlyMap<string, { readonly count: number; readonly rule: string }>;
  readonly quarantined: number;
}

export interface WriterOptions {
  /** What the server reckons becomes plain columns first, for the whole table and for good. */
  readonly plain?: boolean;
  /** Rows of a native table come as lines of COPY's text form, whatever its `copyForm` is. */
  readonly asText?: boolean;
}

export type TakenChunk =
  | { readonly state: 'done'; readonly chunk: Chunk }
  | {
      readonly state: 'taken';
      readonly chunk: Chunk;
      begin(table: TableMapping, options?: WriterOptions): Promise<ChunkWriter>;
    };

/**
 * One open transaction on one backend named `caravan/<hash>/<table no>/<chunk>/<epoch>`. Nothing is visible until
 * `commit`, which takes the fence: FENCE_LOST when a newer epoch exists. With `repair`, `begin` first deletes the
 * chunk's key range (TRUNCATE for a whole table), its quarantine and its ledger entries.
 */
export interface ChunkWriter {
  /** Target columns that the server reckons: rows are written without them. */
  readonly computed: ReadonlySet<string>;
  /**
   * Whole rows in COPY's binary form, without its header and trailer; of a native table, lines of its text form. Resolves when the next write is welcome
   * (back-pressure) and `bytes` may be used again.
   */
  write(bytes: Buffer): Promise<void>;
  /** Ends the running COPY statement so that a data error of what was written shows now (used by the bisecting writer). */
  flush(): Promise<void>;
  savepoint(): Promise<void>;
  rollbackToSavepoint(): Promise<void>;
  releaseSavepoint(): Promise<void>;
  quarantine(entries: readonly QuarantineEntry[]): Promise<void>;
  valueLedger(entries: readonly ValueLedgerEntry[]): Promise<void>;
  commit(result: WrittenChunk): Promise<void>;
  /** Rolls back and closes; safe after anything. */
  abort(): Promise<void>;
}

export interface WrittenChunk {
  readonly rows: number;
  readonly bytes: number;
  readonly quarantined: number;
  readonly changed: number;
  /** Hash of the validator that every row passed; absent: the chunk is unchecked. */
  readonly validator?: string;
}

export interface QuarantineEntry {
  readonly keyIdentity: string;
  /** Sealed JSON of the key's fields. */
  readonly key: Buffer;
  readonly reason: string;
  /** Target column at fault, when one is. */
  readonly column: string | null;
  /** Sealed original bytes of the row. */
  readonly row: Buffer;
}
export interface ValueLedgerEntry {
  readonly keyIdentity: string;
  readonly key: Buffer;
  readonly column: string;
  readonly rule: string;
  /** Sealed original bytes. */
  readonly original: Buffer;
}
export interface LedgerEntry {
  readonly id: number;
  readonly table: string;
  readonly chunk: number;
  readonly keyIdentity: string;
  readonly key: Buffer;
  readonly column: string | null;
  readonly reason: string;
  readonly bytes: Buffer;
  /** ISO 8601, UTC: when the transaction that sealed it began. */
  readonly sealedAt: string;
}
