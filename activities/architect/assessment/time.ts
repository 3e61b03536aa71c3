import type { SourceEngine } from '../../../contracts/catalogue.js';
import type { Assessment, AssessedTable, Estimate } from '../../../contracts/assessment.js';
import type { LearningFact } from '../../../platform/store/store.js';
import { throughputShape } from '../../maba/mapping/signatures.js';

/** Of tables of which nothing is known, over one connection: whichever of both takes longer. */
const DEFAULT_ROWS_PER_SECOND = 50_000;
const DEFAULT_BYTES_PER_SECOND = 10_000_000;
/** How far off the default may be, either way. */
const DEFAULT_FACTOR = 4;
/** A single earlier migration shows no spread. */
const SINGLE_FACTOR = 2;
/** Chunks of fewer rows tell of beginnings and ends, and not of rates. */
const TELLING_ROWS = 1000;
/** Connections that read at once; how much of that comes true depends on the machines. */
const AT_ONCE = 4;
const AT_ONCE_EXPECTED = 2;
/** The proof reads both sides once more. */
const PROOF = { low: 0.5, expected: 1, high: 2 } as const;
/** Beginning and ending of any migration. */
const ALWAYS_SECONDS = 5;

export interface TableSize {
  readonly engine: SourceEngine;
  readonly columns: number;
  readonly rows: number;
  readonly bytesPerRow: number;
}

/** Seconds of copying one table over one connection. */
export function tableTime(size: TableSize, facts: readonly LearningFact[]): AssessedTable['time'] {
  const shape = throughputShape(size.engine, size.columns, size.bytesPerRow);
  const rates = facts
    .filter(({ signature, numbers }) => signature === shape && (numbers['rows'] ?? 0) >= TELLING_ROWS)
    .map(({ numbers }) => (numbers['rows'] ?? 0) / Math.max(0.001, numbers['seconds'] ?? 0));
  if (rates.length === 0) {
    const seconds = Math.max(
      size.rows / DEFAULT_ROWS_PER_SECOND,
      (size.rows * size.bytesPerRow) / DEFAULT_BYTES_PER_SECOND,
    );
    return { ...spread(seconds, DEFAULT_FACTOR), from: 'default' };
  }
  const mean = rates.reduce((sum, rate) => sum + 1 / rate, 0) / rates.length;
  if (rates.length === 1) return { ...spread(size.rows * mean, SINGLE_FACTOR), from: 'learned' };
  const low = size.rows / Math.max(...rates);
  return { ...rounded({ seconds: size.rows * mean, low, high: size.rows / Math.min(...rates) }), from: 'learned' };
}

function spread(seconds: number, factor: number): Estimate {
  return rounded({ seconds, low: seconds / factor, high: seconds * factor });
}

function rounded({ seconds, low, high }: Estimate): Estimate {
  const round = (value: number): number => Math.round(value * 100) / 100;
  return { seconds: round(seconds), low: round(low), high: round(high) };
}

/** Of all tables: some are copied at once. */
export function wholeTime(tables: readonly Pick<AssessedTable, 'rows' | 'time'>[]): Assessment['time'] {
  const sum = (bar: keyof Estimate): number => tables.reduce((all, { time }) => all + time[bar], 0);
  const copy = { seconds: sum('seconds') / AT_ONCE_EXPECTED, low: sum('low') / AT_ONCE, high: sum('high') };
  const proof = { seconds: copy.seconds * PROOF.expected, low: copy.low * PROOF.low, high: copy.high * PROOF.high };
  const total = {
    seconds: copy.seconds + proof.seconds + ALWAYS_SECONDS,
    low: copy.low + proof.low + ALWAYS_SECONDS,
    high: copy.high + proof.high + ALWAYS_SECONDS,
  };
  const rows = tables.reduce((all, table) => all + table.rows, 0);
  const learned = tables.reduce((all, table) => all + (table.time.from === 'learned' ? table.rows : 0), 0);
  const learnedShare = rows === 0 ? 0 : Math.round((learned / rows) * 100) / 100;
  return { copy: rounded(copy), proof: rounded(proof), total: rounded(total), learnedShare };
}

export const TIME_RULE: readonly string[] = [
  'A table of a shape (engine, columns, bytes a row) that earlier migrations copied takes as long a row as it took them; the bars are the fastest and the slowest of them, and twice and half after a single one.',
  `Any other table is reckoned with ${DEFAULT_ROWS_PER_SECOND.toLocaleString('en-US')} rows/s or ${String(DEFAULT_BYTES_PER_SECOND / 1e6)} MB/s over one connection, whichever takes longer; the bars are a factor of ${String(DEFAULT_FACTOR)} either way.`,
  `The copy is the sum over its tables, of which ${String(AT_ONCE_EXPECTED)} parts run at once as a rule, at best ${String(AT_ONCE)}, at worst one.`,
  'The proof reads every row of both sides again: as long as the copy, at best half, at worst twice as long.',
  `Beginning and end take ${String(ALWAYS_SECONDS)} s. Keys and indexes, people who decide, and limits that spare the source come on top.`,
];
