import type { ColumnMapping } from '../../contracts/mapping.js';

/**
 * Aggregates over all rows of a table, reckoned by code that has no part in the row proof: in the server where there is
 * one, else from the rows. Numbers are exact decimal text, but for those of floating point columns.
 */
export interface TableMeasures {
  readonly rows: number;
  /** In the order of the mapping. */
  readonly columns: readonly ColumnMeasures[];
}

export interface ColumnMeasures {
  /** Values that are not NULL. */
  readonly present: number;
  /** What is absent was not reckoned on this side; the sums of no value are absent, too. */
  readonly sum?: string;
  readonly squares?: string;
  readonly min?: string;
  readonly max?: string;
  /** Of texts: all their UTF-8 bytes. */
  readonly bytes?: string;
  /** Of floating point numbers: the sum of their sizes, which bounds how far a sum may be off. */
  readonly sizes?: string;
}

export const MEASURED = ['sum', 'squares', 'min', 'max', 'bytes', 'sizes'] as const;
export type Measured = (typeof MEASURED)[number];

/** What of a value is summed. */
export type Quantity = 'number' | 'float' | 'days' | 'microseconds' | 'characters' | 'bytes';

const BY_KIND: Partial<Record<ColumnMapping['kind'], Quantity>> = {
  integer: 'number',
  decimal: 'number',
  boolean: 'number',
  float4: 'float',
  float8: 'float',
  date: 'days',
  timestamp: 'microseconds',
  timestamptz: 'microseconds',
  time: 'microseconds',
  text: 'characters',
  enum: 'characters',
  bytes: 'bytes',
};

/** Types of PostgreSQL by what is summed of them. */
const NATIVE: readonly (readonly [RegExp, Quantity])[] = [
  [/^(?:smallint|integer|bigint|numeric(?:\([\d,]+\))?|boolean)$/, 'number'],
  [/^(?:real|double precision)$/, 'float'],
  [/^date$/, 'days'],
  [/^timestamp(?:tz)?(?:\(\d\))?(?: with(?:out)? time zone)?$/, 'microseconds'],
  [/^(?:text|varchar(?:\(\d+\))?|character varying(?:\(\d+\))?)$/, 'characters'],
  [/^bytea$/, 'bytes'],
];

/** Undefined: only its NULLs are counted. */
export function quantityOf({ kind, type }: Pick<ColumnMapping, 'kind' | 'type'>): Quantity | undefined {
  return kind === 'native' ? NATIVE.find(([pattern]) => pattern.test(type))?.[1] : BY_KIND[kind];
}

/** One aggregate of a column, as a server reckons it. */
export interface Aggregate {
  readonly column: number;
  readonly measure: Measured | 'present';
  readonly sql: string;
  /** What the server's text means; undefined: nothing that can be compared. */
  readonly read?: (text: string) => string | undefined;
}

/** Reads the extremes of days and moments, which a server finds sooner than it can reckon with them. */
export function wholeText(of: (text: string) => number): (text: string) => string | undefined {
  return (text) => {
    const value = of(text);
    return Number.isInteger(value) ? String(value) : undefined;
  };
}

/** Expressions of one SELECT; a table of more columns is read more than once. */
export const AGGREGATES_MAX = 400;

/** Runs the aggregates in as few statements as may be; `select` gives one row by the aliases "rows", "a0", "a1" … */
export async function measureBy(
  aggregates: readonly Aggregate[],
  columns: number,
  select: (list: string) => Promise<Readonly<Record<string, string | null>>>,
): Promise<TableMeasures> {
  const found = Array.from({ length: columns }, (): Partial<Record<Measured | 'present', string>> => ({}));
  let rows = 0;
  for (let from = 0; from === 0 || from < aggregates.length; from += AGGREGATES_MAX) {
    const part = aggregates.slice(from, from + AGGREGATES_MAX);
    const list = ['COUNT(*) AS "rows"', ...part.map(({ sql }, at) => `${sql} AS a${String(at)}`)].join(', ');
    const row = await select(list);
    rows = Number(row['rows']);
    for (const [at, { column, measure, read }] of part.entries()) {
      const text = row[`a${String(at)}`] ?? undefined;
      const value = text === undefined || read === undefined ? text : read(text);
      const place = found[column];
      if (value !== undefined && place !== undefined) place[measure] = value;
    }
  }
  return { rows, columns: found.map(({ present = '0', ...rest }) => ({ present: Number(present), ...rest })) };
}
