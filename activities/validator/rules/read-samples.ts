import { qualified } from '../../../contracts/catalogue.js';
import type { TableMapping } from '../../../contracts/mapping.js';
import type { SourceLimits } from '../../../contracts/migration.schema.js';
import type { KeyRange, Reader, Source } from '../../../databases/source.js';
import { sampledTable, Sampler } from '../../kora/rules/sample.js';
import type { Sample } from '../../kora/rules/sample.js';

/** Rows of a table that are looked at. */
const ROWS_MAX = 10_000;
/** Places of a larger table's key from which they are taken. */
const PLACES = 16;
/** Above this a walk over the key costs too much: the first rows are taken. */
const WALKED_MAX = 20_000_000;
/** Values that are held at once. */
const VALUES_MAX = 4_000_000;
/** Bytes of a row, where only bytes are limited. */
const ROW_BYTES = 200;

export interface Sampling {
  readonly source: Source;
  readonly tables: readonly TableMapping[];
  readonly limits: SourceLimits;
  /** Aborts when the time for it is over. */
  readonly signal: AbortSignal;
  /** Aborts when the whole is cancelled. */
  readonly cancelled: AbortSignal;
}

/**
 * Rows of each table: all of a small one, else some from places all over its key. Ends early, with what it has, when the
 * signal aborts or when memory has no room for more.
 */
export async function readSamples({
  source,
  tables,
  limits,
  signal,
  cancelled,
}: Sampling): Promise<Map<string, Sample>> {
  const samples = new Map<string, Sample>();
  const reader = await source.openReader();
  const most = rowsOf(limits, tables.length);
  let values = 0;
  // Where time is short, the small ones are left out.
  for (const table of tables.toSorted((one, other) => other.estimatedRows - one.estimatedRows)) {
    const narrow = sampledTable(table);
    if (narrow.columns.length === 0 || table.rows === 'none') continue;
    if (values >= VALUES_MAX || signal.aborted) break;
    const spared = isSpared(limits);
    const cut = spared ? cancelled : signal;
    const sample = await readSample({ source, reader, signal: cut, most, spared }, narrow);
    if (sample === undefined) continue;
    values += sample.rows * sample.columns.length;
    samples.set(sample.name, sample);
  }
  return samples;
}

/** Rows of a table of lines that are read for sums. */
const LINES_MAX = 200_000;

/** All rows of tables of lines that were looked at in part, as far as they are not too large; with few columns. */
export async function readLines(
  { source, tables, limits, signal }: Sampling,
  missing: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<Map<string, Sample>> {
  const lines = new Map<string, Sample>();
  if (missing.size === 0 || isSpared(limits)) return lines;
  const reader = await source.openReader();
  for (const table of tables) {
    const columns = missing.get(qualified(table.source));
    if (columns === undefined || table.estimatedRows > LINES_MAX || signal.aborted) continue;
    const narrow = { ...table, columns: table.columns.filter((column) => columns.has(column.source)) };
    const sample = await readSample({ source, reader, signal, most: LINES_MAX, spared: false }, narrow);
    if (sample?.whole === true) lines.set(sample.name, sample);
  }
  return lines;
}

const isSpared = (limits: SourceLimits): boolean => Object.keys(limits).length > 0;

/** A source that is spared gives about a second of what it may. */
function rowsOf({ rowsPerSecond = Infinity, bytesPerSecond = Infinity }: SourceLimits, tables: number): number {
  const perTable = Math.min(rowsPerSecond, bytesPerSecond / ROW_BYTES) / Math.max(1, tables);
  return Math.max(1, Math.min(ROWS_MAX, Math.floor(perTable)));
}

interface Reading {
  readonly source: Source;
  readonly reader: Reader;
  readonly signal: AbortSignal;
  readonly most: number;
  /** The source has limits: no statement is cut in its middle, for that takes a session more. */
  readonly spared: boolean;
}

/** Undefined: its time was over before it was read, or it cannot be read in part. */
async function readSample(reading: Reading, table: TableMapping): Promise<Sample | undefined> {
  const { signal, most } = reading;
  const sampler = new Sampler(table);
  const { sample } = sampler;
  const isSmall = table.estimatedRows <= most;
  try {
    const ranges = isSmall ? [{}] : await placesOf(reading, table);
    if (ranges.length === 0) return undefined;
    const each = Math.ceil(most / ranges.length);
    let whole = isSmall;
    for (const range of ranges) whole = (await readRange(reading, { sampler, table, range, most: each })) && whole;
    sample.whole = whole;
  } catch (error) {
    if (!signal.aborted) throw error;
    return undefined;
  }
  sample.share = sample.whole ? 1 : Math.min(1, sample.rows / Math.max(table.estimatedRows, sample.rows, 1));
  return sample;
}

/** Places all over a key of numbers, each of about as many rows as are wanted of it; else the table from its beginning. */
async function placesOf({ source, most, spared }: Reading, table: TableMapping): Promise<KeyRange[]> {
  const { estimatedRows, chunkKey } = table;
  const beginning = spared ? [] : [{}];
  if (chunkKey?.kind !== 'integer' || estimatedRows > WALKED_MAX) return beginning;
  const bounds = await source.chunkBounds({ ...table, chunkRows: Math.ceil(estimatedRows / PLACES) });
  const keys = bounds.map(BigInt);
  const places = keys.slice(0, -1).map((lower, at): KeyRange => {
    const span = (keys[at + 1] ?? lower) - lower;
    const wanted = (span * BigInt(most)) / BigInt(Math.ceil(estimatedRows));
    return { lower: String(lower), upper: String(lower + (wanted > 0n ? wanted : 1n)) };
  });
  return places.length === 0 ? beginning : places;
}

/** Of a place where the keys lie closer than elsewhere, so many times what was wanted is read. */
const CLOSER = 4;

/** True: it came to its end. */
async function readRange(
  { reader, signal }: Reading,
  { sampler, table, range, most }: { sampler: Sampler; table: TableMapping; range: KeyRange; most: number },
): Promise<boolean> {
  let left = CLOSER * most;
  for await (const batch of reader.scan(table, range, { keys: false, signal })) {
    for (let row = 0; row < batch.rows; row += 1) {
      if (left === 0 || sampler.isFull) return false;
      sampler.add(batch.bytes, row === 0 ? 0 : (batch.end[row - 1] ?? 0));
      left -= 1;
    }
  }
  return true;
}
