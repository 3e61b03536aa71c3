import { columnP } from './false-alarms.js';
import { chiSquare, evenBounds, kolmogorovSmirnov, meanShift, spread, stabilityIndex } from './tests.js';
import type { Sample } from './tests.js';

/** What one test says of a column. */
export interface ShiftTest {
  readonly test: 'kolmogorov-smirnov' | 'mean shift' | 'chi-square';
  readonly of: 'values' | 'lengths' | 'digits';
  readonly statistic: number;
  readonly p: number;
}

/** What all tests of a column say. */
export interface Shift {
  readonly tests: readonly ShiftTest[];
  /** By Bonferroni over its tests. */
  readonly p: number;
  /** Population stability index over the source's tenths, or over the most frequent values. */
  readonly psi: number;
}

const TENTHS = 10;

/** Numbers of both sides, of which neither is known to be the other's. */
export function numbersShift(source: Float64Array, target: Float64Array, of: ShiftTest['of'] = 'values'): Shift {
  const [one, other] = [source.toSorted(), target.toSorted()];
  const bounds = evenBounds(one, TENTHS);
  const [cells, others] = [spread(one, bounds), spread(other, bounds)];
  const tests: ShiftTest[] = [
    { test: 'kolmogorov-smirnov', of, ...kolmogorovSmirnov(one, other) },
    { test: 'mean shift', of, ...plain(meanShift(sampleOf(one), sampleOf(other))) },
    ...(of === 'values' ? [digitsTest(one, other)] : []),
  ];
  return { tests, p: columnP(tests.map(({ p }) => p)), psi: stabilityIndex(cells, others) };
}

/**
 * How finely numbers are written: rounding moves a mean by less than its spread hides, but leaves other digits. At most
 * seven digits are looked at, which numbers of four bytes keep.
 */
function digitsTest(source: Float64Array, target: Float64Array): ShiftTest {
  const [cells, others] = [digitCells(source), digitCells(target)];
  return { test: 'chi-square', of: 'digits', ...plain(chiSquare(cells, others)) };
}

const DIGITS = 7;
const ZEROS_MAX = 6;

/** Numbers by the place of their last digit that is not zero. */
function digitCells(values: Float64Array): number[] {
  const cells = new Array<number>(ZEROS_MAX + 2 * DIGITS).fill(0);
  for (const value of values) {
    const place = Math.min(lastDigit(value), 2 * DIGITS - 1) + ZEROS_MAX;
    cells[place] = (cells[place] ?? 0) + 1;
  }
  return cells;
}

/** 2 of 0.05 and 1.25, 0 of 7, -1 of 70. */
function lastDigit(value: number): number {
  const [digits = '', power = '0'] = Math.abs(value)
    .toExponential(DIGITS - 1)
    .split('e');
  const last = digits.replace('.', '').replace(/0+$/, '').length - 1;
  return last < 0 ? 0 : Math.max(last - Number(power), -ZEROS_MAX);
}

/** Counts of values that are told apart by what `Map` takes for one, and lengths. */
export function textsShift(source: TextSample, target: TextSample): Shift {
  const lengths = numbersShift(source.lengths, target.lengths, 'lengths');
  const values = new Set([...source.counts.keys(), ...target.counts.keys()]);
  const cells = [...values].map((value) => [source.counts.get(value) ?? 0, target.counts.get(value) ?? 0] as const);
  const frequent = cells.toSorted((one, other) => other[0] + other[1] - one[0] - one[1]).slice(0, CELLS_MAX);
  const [one, other] = [0, 1].map((side) => {
    const counts = frequent.map((cell) => cell[side] ?? 0);
    const all = (side === 0 ? source : target).lengths.length;
    return [...counts, Math.max(0, all - counts.reduce((sum, count) => sum + count, 0))];
  });
  const chi = plain(chiSquare(one ?? [], other ?? []));
  const tests: ShiftTest[] = [{ test: 'chi-square', of: 'values', ...chi }, ...lengths.tests];
  return { tests, p: columnP(tests.map(({ p }) => p)), psi: stabilityIndex(one ?? [], other ?? []) };
}

/** Values that have a cell of their own in a test of counts; the others share one. */
const CELLS_MAX = 50;

export interface TextSample {
  /** By hash of the value. */
  readonly counts: ReadonlyMap<number, number>;
  readonly lengths: Float64Array;
}

function plain({
  statistic,
  p,
}: {
  readonly statistic: number;
  readonly p: number;
}): Pick<ShiftTest, 'statistic' | 'p'> {
  return { statistic, p };
}

function sampleOf(values: Float64Array): Sample {
  let [mean, squaredDeviations, count] = [0, 0, 0];
  for (const value of values) {
    count += 1;
    const difference = value - mean;
    mean += difference / count;
    squaredDeviations += difference * (value - mean);
  }
  return { count, mean, squaredDeviations };
}
