import { compareDecimals } from '../../../databases/measures/exact-sum.js';
import { MEASURED, type ColumnMeasures, type Measured } from '../../../databases/measures/measures.js';

/** How far sums of floating point numbers may be apart, as a share of the sum of their sizes: engines add in any order. */
export const FLOAT_TOLERANCE = 1e-9;

/** What was reckoned on both sides of a column whose values must be the same, and is not: by name. */
export function differingMoments(source: ColumnMeasures, target: ColumnMeasures): (Measured | 'nulls')[] {
  const differing = MEASURED.filter((measure) => {
    const [one, other] = [source[measure], target[measure]];
    return one !== undefined && other !== undefined && !isSame([one, other], source, target);
  });
  return source.present === target.present ? differing : ['nulls', ...differing];
}

function isSame([one, other]: readonly [string, string], source: ColumnMeasures, target: ColumnMeasures): boolean {
  if (one === other) return true;
  if (source.sizes === undefined || target.sizes === undefined) return compareDecimals(one, other) === 0;
  const sizes = Math.max(Number(source.sizes), Number(target.sizes));
  return Math.abs(Number(one) - Number(other)) <= FLOAT_TOLERANCE * sizes;
}

/** How many of them were compared. */
export function comparedMoments(source: ColumnMeasures, target: ColumnMeasures): number {
  return 1 + MEASURED.filter((measure) => source[measure] !== undefined && target[measure] !== undefined).length;
}
