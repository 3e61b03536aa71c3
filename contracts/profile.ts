/**
 * MABA's fingerprint of a column (PH-5): exact facts by aggregates in the database (of a large table from a stated
 * sample), and `fingerprint`, sketches of a bounded sample of its rows that can be merged with those of other rows.
 */
export interface ColumnProfile {
  readonly column: string;
  /** Rows looked at; less than the table's when sampled. */
  readonly rows: number;
  readonly nulls: number;
  /** Distinct values of the whole table: counted where that is cheap, else reckoned from the fingerprint's sketch. */
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
  /** Of a file's column: the type that every one of its texts is of, and prints again. */
  readonly texts?: TextType;
  /** Shares, 0 to 1, of values that match a known shape (see `SHAPES`). Shapes of values, never values. */
  readonly shapes?: Readonly<Partial<Record<Shape, number>>>;
  /** What the store gives apart from the rest, by `fingerprints`. */
  readonly fingerprint?: ColumnFingerprint;
}

/**
 * Sketches of the rows that were looked at; `mergeFingerprints` makes of two the fingerprint of both their rows. It
 * holds values, and hashes that give values away: only sealed does it leave a process. As JSON it is below 32 KiB, mostly below 9.
 *
 * Equal values count as one whichever engine holds them. They are taken in this form: numbers as decimal digits without
 * needless zeros, times as "YYYY-MM-DD HH:MM:SS.f" without needless zeros of the fraction, text as UTF-8, binary as its
 * bytes; of a text of more than 1,024 characters, or of more bytes, the first 1,024 and the length.
 */
export interface ColumnFingerprint {
  readonly rows: number;
  readonly nulls: number;
  /** Sketch of the distinct values: exact up to 384, then with a relative standard error of 1.6 %. */
  readonly distinct: string;
  /** Of numbers; of dates and times as seconds (since 1970-01-01 UTC, or since midnight). Absent where none is. */
  readonly numbers?: Distribution;
  /** Of texts in characters, of binary values in bytes. Absent where none is. */
  readonly lengths?: Distribution;
  /** Values by length: of length 0, of 1, of 2 to 3, of 4 to 7, and so on; exact. */
  readonly lengthHistogram?: readonly number[];
  /** Least and greatest text by its UTF-8 bytes, of which the first 64 are kept. */
  readonly least?: string;
  readonly greatest?: string;
  readonly top: TopValues;
  /** Texts by what they are written in; exact. A class that is not there is zero. */
  readonly characters?: Readonly<Partial<Record<CharacterClass, number>>>;
}

/** Mergeable statistics of numbers. */
export interface Distribution {
  readonly count: number;
  readonly mean: number;
  /** Sum of the squared differences from the mean; divided by `count` the variance. */
  readonly squaredDeviations: number;
  readonly min: number;
  readonly max: number;
  /** A t-digest: mean and weight, by ascending mean. */
  readonly centroids: readonly (readonly [mean: number, weight: number])[];
}

export interface TopValues {
  /** The most frequent first, at most 32. */
  readonly values: readonly TopValue[];
  /** A value that is not named occurs at most so often. */
  readonly floor: number;
}

export interface TopValue {
  /** Its first 64 bytes, as text; binary in hex. */
  readonly value: string;
  readonly hash: number;
  /** At most so often it occurs, and at least `count - error` times. */
  readonly count: number;
  readonly error: number;
}

/**
 * Each text is of one class of these: empty; digits only; ASCII; beyond it Latin letters, punctuation and signs; with
 * any other character; not valid UTF-8. Beside these `control`: holds a control character other than tab and line ends.
 */
export type CharacterClass = 'empty' | 'digits' | 'ascii' | 'latin' | 'other' | 'invalid' | 'control';

/** What the texts of a column are, without exception. */
export interface TextType {
  readonly kind: 'boolean' | 'integer' | 'decimal' | 'date' | 'timestamp' | 'timestamptz' | 'uuid' | 'text';
  /** Most digits in front of the point, and those behind it where they are as many in every value. */
  readonly wholeDigits?: number;
  readonly scale?: number;
  /** What is not kept of the texts, in words: the typed value prints another form. */
  readonly normalised?: string;
  /** Words that stand for NULL, since all other values are of this kind. */
  readonly nullWords?: readonly string[];
  /** Such words that stay what they are, since other values are texts, too. */
  readonly keptWords?: readonly string[];
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
  /** Rows of files that cannot be taken apart, beside `rows`. */
  readonly broken?: number;
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
