import { qualified } from '../../../../contracts/catalogue.js';
import type { ColumnFigures, SideFigures } from '../../../../contracts/statistics.js';
import { quantileOf } from '../../../../databases/fingerprint/distribution.js';
import { HyperLogLog } from '../../../../databases/fingerprint/hyperloglog.js';
import type { ColumnMeasures } from '../../../../databases/measures/measures.js';
import type { ColumnSample } from './column-sample.js';
import type { Seen } from './judge.js';

const SHARES = [0.05, 0.25, 0.5, 0.75, 0.95] as const;
const TOP_SHOWN = 3;

/** What a person may look at side by side; only sealed does it leave the process. */
export function figuresOf({ expected, measures, samples }: Seen): ColumnFigures[] {
  return expected.columns.map((column, at) => ({
    table: qualified(expected.table.source),
    column: column.source.source,
    source: sideFigures(measures.source.columns[at], samples?.source.columns[at]),
    target: sideFigures(measures.target.columns[at], samples?.target.columns[at]),
  }));
}

function sideFigures(measures: ColumnMeasures | undefined, sample: ColumnSample | undefined): SideFigures {
  const { sum, min, max } = measures ?? {};
  return {
    ...(sum !== undefined && { sum }),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(sample && sampleFigures(sample)),
  };
}

function sampleFigures(sample: ColumnSample): SideFigures {
  const { distinct, numbers, lengths, top } = sample.sketch.result();
  return {
    distinct: HyperLogLog.fromText(distinct).count(),
    ...(numbers && {
      mean: numbers.mean,
      deviation: Math.sqrt(numbers.squaredDeviations / numbers.count),
      quantiles: SHARES.map((share) => quantileOf(numbers, share)),
    }),
    ...(lengths && { lengths: { mean: lengths.mean, min: lengths.min, max: lengths.max } }),
    top: top.values.slice(0, TOP_SHOWN).map(({ value, count }) => ({ value, count })),
  };
}
