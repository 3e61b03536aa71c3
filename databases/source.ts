import type { Catalogue, CatalogueTable } from '../contracts/catalogue.js';
import type { TableMapping } from '../contracts/mapping.js';
import type { TableProfile } from '../contracts/profile.js';
import type { QueryStatistic } from '../contracts/workload.js';
import type { TableMeasures } from './measures/measures.js';
import type { AskOptions, Asking } from './asking.js';

/** What every engine that is migrated from can do. Sessions are read-only; the source is never written. */
export interface Source {
  readonly engine: Catalogue['engine'];
  catalogue(): Promise<Catalogue>;
  /** Fingerprint by aggregates in the database; over `sampleAbove` rows from a stated sample. */
  profile(
    table: CatalogueTable,
    options: { readonly sampleAbove: number; readonly signal?: AbortSignal },
  ): Promise<TableProfile>;
  /**
   * Inner bounds of key-range chunks of about `chunkRows` rows each, ascending, as the key's own text: n bounds
   * make n + 1 chunks. Empty: one chunk.
   */
  chunkBounds(table: TableMapping): Promise<string[]>;
  /** Rows that the plan's filter leaves. An engine without it has no filters either. */
  countRows?(table: TableMapping): Promise<number>;
  /** S1 or S2: `connections` readers that see one state. */
  openSnapshot(options: SnapshotOptions): Promise<Snapshot>;
  /** A reader that sees what is there now, outside any snapshot. */
  openReader(): Promise<Reader>;
  /** What the server counts of the queries of this database; absent where none counts. */
  queryStatistics?(): Promise<QueryStatistic[]>;
  /** How the server does; absent where there is none that could suffer. */
  strain?(): Promise<Strain>;
  close(): Promise<void>;
}

/** What a server tells of its load; what it does not tell, or not to this login, is absent. */
export interface Strain {
  readonly threadsRunning?: number;
  readonly replicaLagSeconds?: number;
  /** How long it took to answer a trifle. */
  readonly answerMs?: number;
}

export interface SnapshotOptions {
  readonly connections: number;
  /** Source names of tables ("schema.name") that will be read, for lock-based snapshots. */
  readonly tables: readonly { readonly schema: string; readonly name: string }[];
}

export interface Snapshot {
  /** False where the engine gave no consistent state over all readers; `detail` says why. */
  readonly consistent: boolean;
  readonly detail: string;
  /** Where the source stood: GTID or binlog position, SHA-256 or data_version; never a secret. */
  readonly position: string;
  readonly connections: number;
  /** Lends a reader; waits until one is free. */
  lend<T>(work: (reader: Reader) => Promise<T>): Promise<T>;
  /** Is the source still where this snapshot is? */
  moved(): Promise<{ readonly moved: 'no' | 'yes' | 'unknown'; readonly position: string }>;
  /** Keeps at most so many connections; others are closed as they come free, and never opened again. */
  shrink?(connections: number): Promise<void>;
  close(): Promise<void>;
}

/** Half-open range [lower, upper) of the table's chunk key, in the key's own text. Absent: unbounded. */
export interface KeyRange {
  readonly lower?: string;
  readonly upper?: string;
}

export interface Reader {
  /**
   * For the copy: the source's own bytes, in batches. Columns in the order of the mapping, then the row key. `asText`:
   * rows of a native table as lines of COPY's text form, which can be taken apart.
   */
  read(table: TableMapping, range: KeyRange, signal?: AbortSignal, asText?: boolean): AsyncIterable<RowBatch>;
  /** For the proof: own SELECT list, own code. Canonical values (see canonical.ts), then the row key. */
  scan(table: Scanned, range: KeyRange, options: ScanOptions): AsyncIterable<CanonicalBatch>;
  /**
   * For the proof, sooner than `scan`: rows as the target sends them (see sent-form.ts), each in a message of its own.
   * Undefined where the table has a column that has no way into that form; absent where the engine has none.
   */
  sent?(
    table: TableMapping,
    range: KeyRange,
    signal: AbortSignal | undefined,
  ): Promise<AsyncIterable<CanonicalBatch> | undefined>;
  /** Aggregates over all rows that the plan moves, by the server. Absent where there is none. */
  measure?(table: TableMapping, signal?: AbortSignal): Promise<TableMeasures>;
  /**
   * Takes the reader for an application's queries until that is closed; absent where there are none (files), and of a
   * reader outside any snapshot.
   */
  asking?(options: AskOptions): Promise<Asking>;
}

/** Rows as the target sends them, not taken apart. */
export interface SentStream {
  /** What came next, cut anywhere; with the end of the rows, which is no row, too. */
  next(): Promise<Buffer>;
  /** The rows from `seen` on, which begins with one, and the rest; without what stands in front of each. */
  rest(seen: Buffer): AsyncIterable<CanonicalBatch>;
}

export interface SentPlace {
  readonly table: TableMapping;
  readonly range: KeyRange;
  readonly signal: AbortSignal | undefined;
}

export interface SentTarget {
  /** The rows of the mapping's target as this server sends them, for as long as `work` takes. */
  sent<T>(place: SentPlace, work: (stream: SentStream) => Promise<T>): Promise<T>;
}

/** A table or a view; `query` (PostgreSQL): its rows are those of this query of the source's own. */
export interface Scanned extends TableMapping {
  readonly query?: string;
}

export interface ScanOptions {
  /** Compute `CanonicalBatch.keys`; otherwise it is empty (cheaper). */
  readonly keys: boolean;
  /** In a transaction that cannot write: of views, whose functions are somebody's. The source's never can. */
  readonly readOnly?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Rows as bytes. Field f of row r is at index i = r * fields + f: `bytes.subarray(start[i], end[i])`; NULL is
 * start -1. The fields are the mapping's columns in order, then one field for each of the table's `rowKey` columns
 * (in the source's plain text or bytes). The batch is reused: valid until the next one is asked for.
 */
export interface RowBatch {
  /** Of a native table: each row is one field, as COPY gave it. */
  readonly passed?: boolean;
  readonly rows: number;
  readonly fields: number;
  readonly bytes: Buffer;
  readonly start: Int32Array;
  readonly end: Int32Array;
  /**
   * So many bytes, from the first on, are fields with at least one character of ASCII between two of them, and nothing
   * else, but for decimal numbers, which may stand side by side: text where all fields are. Absent where that is not so.
   */
  readonly spaced?: number | undefined;
  /** Storage class of each field where the engine has one per value (SQLite); see `STORAGE`. */
  readonly storage?: Uint8Array;
  /** Rows that go to quarantine, by number; absent where there is none. */
  readonly broken?: BrokenRows;
}

/** Rows of a file that cannot be taken apart: all their fields but the first are NULL, and that is the row as it came. */
export type BrokenRows = ReadonlyMap<number, 'missing_fields' | 'extra_fields' | 'broken_quotes'>;

/** SQLite storage classes, as they stand in `RowBatch.storage`. Integers and reals are given as decimal text. */
export const STORAGE = { null: 0, integer: 1, real: 2, text: 3, blob: 4 } as const;

/**
 * Rows in canonical form: for each row the concatenation, over columns, of a 4-byte big-endian length (0xFFFFFFFF for
 * NULL) and the canonical bytes; and the identity of the row's key. Row r is `bytes.subarray(end[r-1] ?? 0, end[r])`.
 * A value that has no canonical form in its kind (it is odd) is given as 0xFFFFFFFE, its length and its raw bytes, so
 * that it never compares equal by accident; the ledger then tells what is stored for it. The batch is reused: valid
 * until the next one is asked for.
 */
export interface CanonicalBatch {
  readonly rows: number;
  readonly bytes: Buffer;
  readonly end: Int32Array;
  /**
   * Identity of row r, lower-case hex: of its key (`keyIdentity`), or on the source's side, in a table without a key, of
   * the row (`rowIdentity`); the target tells no rows of such a table apart: "".
   */
  readonly keys: readonly string[];
}
