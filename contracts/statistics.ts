/** The statistical check of a migration: names, counts and figures of tests. Values of rows stand in `sealed` alone. */
export interface StatisticsReport {
  /** Rate of false alarms over all columns that were tested, 0 to 1. */
  readonly falseAlarmRate: number;
  readonly tables: readonly TableStatistics[];
  /** Large tables, "schema.name", whose rows were proven equal and whose columns are the same: their figures follow. */
  readonly byRows: readonly string[];
  /** Base64 of sealed JSON, a `ColumnFigures` for each column in the order of the report. */
  readonly sealed: string;
}

export interface TableStatistics {
  /** "schema.name". */
  readonly source: string;
  readonly target: string;
  readonly sourceRows: number;
  readonly targetRows: number;
  /** Rows that fingerprints and tests saw on each side; 0: none was taken. */
  readonly sampled: { readonly source: number; readonly target: number };
  readonly columns: readonly ColumnStatistics[];
}

/**
 * What a column's values are expected to be. `same`: those of the source; then figures must be equal, and chance has no
 * part. `changed`: a rule of the plan puts others in place of some. `apart`: the sides' types have no form in common, or
 * rows are missing.
 */
export type Expected = 'same' | 'changed' | 'apart';

export interface ColumnStatistics {
  readonly source: string;
  readonly target: string;
  readonly expected: Expected;
  readonly verdict: 'equal' | 'differs' | 'no shift' | 'shifted' | 'not compared';
  /** How many figures were compared exactly, and which of them differ. */
  readonly compared: number;
  readonly differing: readonly string[];
  readonly nulls: { readonly source: number; readonly target: number };
  readonly tests: readonly {
    readonly test: string;
    readonly of: string;
    readonly statistic: number;
    readonly p: number;
  }[];
  /** Over its tests, and then over all columns: the rate of false alarms at which it would be one. */
  readonly p?: number;
  readonly q?: number;
  readonly psi?: number;
  /** Why it was not compared, or not tested. */
  readonly why?: string;
}

/** Both sides of a column by what was seen of them; sealed, for it gives values away. */
export interface ColumnFigures {
  readonly table: string;
  readonly column: string;
  readonly source: SideFigures;
  readonly target: SideFigures;
}

export interface SideFigures {
  /** Over all rows, as exact text. */
  readonly sum?: string;
  readonly min?: string;
  readonly max?: string;
  /** Of the rows that were sampled. */
  readonly distinct?: number;
  readonly mean?: number;
  readonly deviation?: number;
  /** At 5, 25, 50, 75 and 95 per cent. */
  readonly quantiles?: readonly number[];
  readonly lengths?: { readonly mean: number; readonly min: number; readonly max: number };
  readonly top?: readonly { readonly value: string; readonly count: number }[];
}

/** What its figures are sealed for. */
export const FIGURES = 'statistics';
