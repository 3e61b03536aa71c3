import { kolmogorov, lowerBetaHalf, upperGamma } from './special.js';

/** What a test of two samples says: how far they are apart, and how seldom so far where both are of one distribution. */
export interface Tested {
  readonly statistic: number;
  readonly p: number;
}

/** Kolmogorov and Smirnov: the greatest distance of both distribution functions. Both samples sorted. */
export function kolmogorovSmirnov(source: Float64Array, target: Float64Array): Tested {
  const [n, m] = [source.length, target.length];
  if (n === 0 || m === 0) return { statistic: 0, p: 1 };
  let [at, other, distance] = [0, 0, 0];
  while (at < n && other < m) {
    const value = Math.min(source[at] ?? 0, target[other] ?? 0);
    while (at < n && source[at] === value) at += 1;
    while (other < m && target[other] === value) other += 1;
    distance = Math.max(distance, Math.abs(at / n - other / m));
  }
  return { statistic: distance, p: kolmogorov(distance * Math.sqrt((n / (n + m)) * m)) };
}

export interface Sample {
  readonly count: number;
  readonly mean: number;
  /** Sum of the squared differences from the mean. */
  readonly squaredDeviations: number;
}

/** Welch's t test of two means, whose variances may differ; two-sided. */
export function meanShift(source: Sample, target: Sample): Tested & { readonly freedom: number } {
  if (source.count < 2 || target.count < 2) return { statistic: 0, p: 1, freedom: 0 };
  const [one, other] = [errorOf(source), errorOf(target)];
  const difference = target.mean - source.mean;
  if (one + other === 0) return { statistic: difference === 0 ? 0 : Infinity, p: difference === 0 ? 1 : 0, freedom: 0 };
  const statistic = difference / Math.sqrt(one + other);
  const freedom = (one + other) ** 2 / (one ** 2 / (source.count - 1) + other ** 2 / (target.count - 1));
  const square = statistic ** 2;
  const p = lowerBetaHalf(freedom / 2, freedom / (freedom + square), square / (freedom + square));
  return { statistic, p, freedom };
}

/** The squared standard error of the mean. */
function errorOf({ count, squaredDeviations }: Sample): number {
  return squaredDeviations / (count - 1) / count;
}

/** Least number that is expected in a cell; cells with fewer are put together. */
const CELL_MIN = 5;

/** Pearson's chi-square test that both sides spread over the same cells alike. */
export function chiSquare(source: readonly number[], target: readonly number[]): Tested & { readonly freedom: number } {
  const { one, other } = joinedCells(source, target);
  const [n, m] = [total(one), total(other)];
  if (one.length < 2 || n === 0 || m === 0) return { statistic: 0, p: 1, freedom: 0 };
  let statistic = 0;
  for (const [at, count] of one.entries()) {
    const both = count + (other[at] ?? 0);
    const expected = [(both * n) / (n + m), (both * m) / (n + m)] as const;
    statistic += (count - expected[0]) ** 2 / expected[0] + ((other[at] ?? 0) - expected[1]) ** 2 / expected[1];
  }
  const freedom = one.length - 1;
  return { statistic, p: upperGamma(freedom / 2, statistic / 2), freedom };
}

/** Cells in which too few are expected become one; where it is still too small it goes to the smallest of the others. */
function joinedCells(source: readonly number[], target: readonly number[]): { one: number[]; other: number[] } {
  const [n, m] = [total(source), total(target)];
  const share = Math.min(n, m) / Math.max(n + m, 1);
  const cells = source
    .map((count, at) => ({ count, with: target[at] ?? 0 }))
    .filter((cell) => cell.count + cell.with > 0)
    .toSorted((left, right) => right.count + right.with - left.count - left.with);
  const isSmall = (cell: (typeof cells)[number]): boolean => (cell.count + cell.with) * share < CELL_MIN;
  const large = cells.filter((cell) => !isSmall(cell));
  const rest = cells
    .filter(isSmall)
    .reduce((sum, cell) => ({ count: sum.count + cell.count, with: sum.with + cell.with }), {
      count: 0,
      with: 0,
    });
  if (rest.count + rest.with > 0) {
    const last = large.at(-1);
    if (!isSmall(rest) || last === undefined) large.push(rest);
    else large[large.length - 1] = { count: last.count + rest.count, with: last.with + rest.with };
  }
  return { one: large.map(({ count }) => count), other: large.map((cell) => cell.with) };
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Shares below this count as this, so that an empty cell has a logarithm. */
const SHARE_MIN = 1e-4;

/**
 * The population stability index over cells: a measure of how much changed, not of how sure that is. By custom below 0.1
 * it is little, above 0.25 much.
 */
export function stabilityIndex(source: readonly number[], target: readonly number[]): number {
  const [n, m] = [Math.max(total(source), 1), Math.max(total(target), 1)];
  return source.reduce((sum, count, at) => {
    const [one, other] = [Math.max(count / n, SHARE_MIN), Math.max((target[at] ?? 0) / m, SHARE_MIN)];
    return sum + (other - one) * Math.log(other / one);
  }, 0);
}

/** How many of the sorted values lie in each cell; `bounds` ascending, a value on one belongs to the cell above it. */
export function spread(sorted: Float64Array, bounds: readonly number[]): number[] {
  let [at, before] = [0, 0];
  const cells = bounds.map((bound) => {
    while (at < sorted.length && (sorted[at] ?? 0) < bound) at += 1;
    const count = at - before;
    before = at;
    return count;
  });
  return [...cells, sorted.length - before];
}

/** Bounds of so many cells that hold about as many of the sorted values each; equal ones once. */
export function evenBounds(sorted: Float64Array, cells: number): number[] {
  const bounds = Array.from(
    { length: cells - 1 },
    (_, at) => sorted[Math.floor(((at + 1) * sorted.length) / cells)] ?? 0,
  );
  return [...new Set(bounds)].filter((bound) => bound > (sorted[0] ?? 0));
}
