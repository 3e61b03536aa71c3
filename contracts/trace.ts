import type { TableReport } from './migration.js';
import type { ColumnMapping } from './mapping.js';

/** Which row is meant. Kept sealed, for a key is a value. */
export interface TraceQuestion {
  /** Of the source or of the target: "table" or "schema.table". */
  readonly table: string;
  /** Its fields in the order of the key's columns, as the source prints them; bytes as "0x…". */
  readonly key: readonly string[];
  /** The values themselves are wanted. */
  readonly reveal: boolean;
  /** Names of connections, where those of the migration are not kept any more. */
  readonly source?: string;
  readonly target?: string;
}

/** Where a row came from and what became of it. Kept sealed. */
export interface RowTrace {
  readonly source: string;
  readonly target: string;
  readonly planHash: string;
  /** Columns of the source that tell rows apart. */
  readonly keyColumns: readonly string[];
  /** Where the target's row stands. */
  readonly place: TracePlace;
  readonly columns: readonly TracedColumn[];
  readonly chunk: TracedChunk | null;
  /** Chunks of the table; 0: none are known. */
  readonly chunks: number;
  /** Where the source stood when the copy read it, and when it was proven; absent where that was not told. */
  readonly copiedAt?: SourceState;
  readonly provenAt?: SourceState;
  readonly promotedAt?: string;
  /** Of its table; absent: not proven yet. */
  readonly proof?: TableReport;
  readonly entries: readonly TracedEntry[];
  readonly sourceRow: SeenRow;
  readonly targetRow: SeenRow;
  /** Both rows as they are now, column by column, in canonical form; empty where one of them was not seen. */
  readonly fields: readonly TracedField[];
}

export type TracePlace = 'shadow' | 'promoted' | 'moved by another tool' | 'nowhere';

export interface SourceState {
  readonly position: string;
  readonly detail: string;
}

export interface TracedColumn extends Pick<
  ColumnMapping,
  'source' | 'target' | 'type' | 'transform' | 'onInvalid' | 'values' | 'generated'
> {
  /** As the source declares it; absent where the catalogue is not kept. */
  readonly declared?: string;
}

export interface TracedChunk {
  readonly chunk: number;
  /** In the text of the chunk key's values; absent: no bound. */
  readonly lower?: string;
  readonly upper?: string;
  /** Attempts to copy it. */
  readonly epoch: number;
  readonly rows: number;
  readonly quarantined: number;
  readonly changed: number;
  readonly committedAt?: string;
}

/** An entry of the value ledger or the quarantine. */
export interface TracedEntry {
  readonly kind: 'changed' | 'quarantined';
  readonly column: string | null;
  readonly rule: string;
  readonly sealedAt: string | null;
  /** Sealed, in base64; only where the values are wanted. */
  readonly sealed?: string;
}

export interface SeenRow {
  readonly state: 'there' | 'not there' | 'not read';
  /** Why it was not read. */
  readonly why?: string;
}

export interface TracedField {
  /** Target column. */
  readonly column: string;
  /** `ledgered`: stored otherwise, as an entry says. */
  readonly state: 'equal' | 'ledgered' | 'differs';
  /** Only where the values are wanted; null is NULL. */
  readonly source?: string | null;
  readonly target?: string | null;
}
