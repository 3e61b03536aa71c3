/**
 * MABA's fingerprint of a column (PH-5), made by aggregates in the database, or from a stated sample of a large table.
 * Counts add, extremes compare and moments combine, so these parts of two fingerprints can be merged; `distinct` is a
 * number and no sketch, so it cannot.
 */
export interface ColumnProfile {
  readonly column: string;
  /** Rows looked at; less than the table's when sampled. */
  readonly rows: number;
  readonly nulls: number;
  /** Approximate number of distinct values. */
  readonly distinct: number;
  /** Extremes as the source's own text; absent for binary columns, and where no value is. */
  readonly min?: string;
  readonly max?: string;
  /** Of numeric columns. */
  readonly mean?: number;
  readonly variance?: number;
  /** Length in characters (bytes for binary columns). */
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly averageLength?: number;
  /** Values by SQLite storage class: integer, real, text, blob. */
  readonly storage?: Readonly<Record<string, number>>;
  /** Greatest number of digits behind the point, of numbers held as text or REAL. */
  readonly maxScale?: number;
  /** Values that have no faithful form, by cause; a cause that is not there is zero. */
  readonly odd?: Readonly<Partial<Record<OddValue, number>>>;
  /** Shares, 0 to 1, of values that match a known shape (see `SHAPES`). Shapes of values, never values. */
  readonly shapes?: Readonly<Partial<Record<Shape, number>>>;
}

export const ODD_VALUES = [
  'zero_date',
  'impossible_date',
  'nul_character',
  'invalid_utf8',
  'mojibake',
  'out_of_range',
  'not_a_number',
  'not_a_boolean',
  'bad_label',
  'too_precise',
  'wrong_storage',
] as const;
export type OddValue = (typeof ODD_VALUES)[number];

export const SHAPES = [
  'email',
  'url',
  'phone',
  'date',
  'timestamp',
  'integer',
  'decimal',
  'uuid',
  'json',
  'flag',
] as const;
export type Shape = (typeof SHAPES)[number];

export interface TableProfile {
  readonly schema: string;
  readonly table: string;
  /** Exact where `exact`, else the catalogue's estimate. */
  readonly rows: number;
  readonly exact: boolean;
  /** Share of the rows that was looked at, 0 to 1. */
  readonly sample: number;
  readonly columns: readonly ColumnProfile[];
}

/** What a column means (PH-4), inferred deterministically. */
export interface Meaning {
  readonly column: string;
  readonly meaning:
    | 'key'
    | 'foreign key without constraint'
    | 'email'
    | 'money'
    | 'flag'
    | 'timestamp'
    | 'date'
    | 'json'
    | 'url'
    | 'phone'
    | 'personal data'
    | 'category'
    | 'free text'
    | 'number'
    | 'binary'
    | 'unknown';
  /** 0 to 1. */
  readonly confidence: number;
  readonly reasons: readonly string[];
}
