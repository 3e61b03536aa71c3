import type { CharacterClass, ColumnFingerprint } from '../../contracts/profile.js';
import { DistributionSketch } from './distribution.js';
import { HyperLogLog } from './hyperloglog.js';
import { mergeTopValues } from './top-values.js';

/**
 * The fingerprint of the rows of both. In any order and grouping of parts counts, the length histogram, extremes,
 * character classes and the sketch of distinct values come out the same; moments to the rounding of a double,
 * quantiles and top values within the errors that they state.
 */
export function mergeFingerprints(left: ColumnFingerprint, right: ColumnFingerprint): ColumnFingerprint {
  const distinct = HyperLogLog.fromText(left.distinct);
  distinct.merge(HyperLogLog.fromText(right.distinct));
  const numbers = DistributionSketch.of(left.numbers);
  numbers.merge(DistributionSketch.of(right.numbers));
  const lengths = DistributionSketch.of(left.lengths);
  lengths.merge(DistributionSketch.of(right.lengths));
  const least = extreme([left.least, right.least], -1);
  const greatest = extreme([left.greatest, right.greatest], 1);
  const [allNumbers, allLengths] = [numbers.result(), lengths.result()];
  const lengthHistogram = added(left.lengthHistogram ?? [], right.lengthHistogram ?? []);
  return {
    rows: left.rows + right.rows,
    nulls: left.nulls + right.nulls,
    distinct: distinct.toText(),
    ...(allNumbers && { numbers: allNumbers }),
    ...(allLengths && { lengths: allLengths, lengthHistogram }),
    ...(least !== undefined && { least }),
    ...(greatest !== undefined && { greatest }),
    top: mergeTopValues(left.top, right.top),
    ...((left.characters ?? right.characters) && { characters: addedClasses(left.characters, right.characters) }),
  };
}

function added(left: readonly number[], right: readonly number[]): number[] {
  return Array.from(
    { length: Math.max(left.length, right.length) },
    (_, bucket) => (left[bucket] ?? 0) + (right[bucket] ?? 0),
  );
}

function addedClasses(...parts: ColumnFingerprint['characters'][]): Partial<Record<CharacterClass, number>> {
  const sum: Partial<Record<CharacterClass, number>> = {};
  for (const part of parts) {
    for (const [name, count] of Object.entries(part ?? {}) as [CharacterClass, number][]) {
      sum[name] = (sum[name] ?? 0) + count;
    }
  }
  return sum;
}

/** By UTF-8 bytes, as the parts themselves were compared. */
function extreme(texts: readonly (string | undefined)[], sign: number): string | undefined {
  const [first, ...others] = texts.filter((text) => text !== undefined);
  return others.reduce(
    (found, text) => (Buffer.from(text).compare(Buffer.from(found ?? text)) * sign > 0 ? text : found),
    first,
  );
}
