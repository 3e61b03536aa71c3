import type { ExistingConstraint, ExistingIndex } from '../contracts/existing.js';
import type { TableMapping } from '../contracts/mapping.js';
import type { Trial, TrialEffect } from './trials/trial.js';
import type { TableMeasures } from './measures/measures.js';

/** What checks of both sides as a whole ask of a target: of a migration's shadow, or of one state of another tool's work. */
export interface Checked {
  /** Aggregates over all rows of the mapping's target. */
  measure(table: TableMapping, signal?: AbortSignal): Promise<TableMeasures>;
  /** Tables with what ties them together. */
  relations(): Promise<RelatedTable[]>;
  /** Rows whose columns refer to something, and whether it is there. Undefined: it took longer than it may. */
  inclusion(reference: Reference, options: InclusionOptions): Promise<Inclusion | undefined>;
  /** Some keys that rows refer to, of columns whose values have one text; see `ReferredKeys`. */
  referredKeys(reference: Reference, most: number): Promise<ReferredKeys>;
  /** Tries a change in the tables and takes it back; absent where nothing may be written. */
  tryOut?(trial: Trial): Promise<TrialEffect | string>;
}

export interface ReferredKeys {
  /** Each the values of its columns, as text. */
  readonly keys: readonly (readonly string[])[];
  /** A whole number that is no key yet; absent where the key is something else. */
  readonly free?: string;
}

export interface RelatedTable {
  readonly name: string;
  /** `type`: the name of the type alone, of a domain its base. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly constraints: readonly ExistingConstraint[];
  readonly indexes: readonly ExistingIndex[];
  /** As the server estimates them. */
  readonly rows: number;
}

/** Columns of one table that refer to those of another, names of the target. */
export interface Reference {
  readonly table: string;
  readonly columns: readonly string[];
  readonly referenced: string;
  readonly referencedColumns: readonly string[];
}

export interface InclusionOptions {
  /** Only so many rows are looked at, the first that come. */
  readonly rowsMax?: number;
  readonly seconds: number;
  readonly signal?: AbortSignal;
}

export interface Inclusion {
  /** Rows in which no column is NULL. */
  readonly rows: number;
  /** Of these the rows that refer to nothing. */
  readonly orphans: number;
  /** Different values that they have. */
  readonly distinct: number;
}
