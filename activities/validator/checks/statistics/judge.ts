import { qualified } from '../../../../contracts/catalogue.js';
import type { ColumnStatistics, TableStatistics } from '../../../../contracts/statistics.js';
import { comparedMoments, differingMoments } from '../../../kora/statistics/moments.js';
import { numbersShift, textsShift, type Shift } from '../../../kora/statistics/shift.js';
import { quantityOf } from '../../../../databases/measures/measures.js';
import type { ColumnMeasures, TableMeasures } from '../../../../databases/measures/measures.js';
import type { ColumnSample } from './column-sample.js';
import type { ExpectedColumn, ExpectedTable } from './expected.js';
import type { SideSample } from './sample.js';

/** Both sides of a table, by what was reckoned and seen of them. */
export interface Seen {
  readonly expected: ExpectedTable;
  readonly measures: { readonly source: TableMeasures; readonly target: TableMeasures };
  readonly samples?: { readonly source: SideSample; readonly target: SideSample };
}

/** What is said of each column before the rate of false alarms is known, which takes all columns of the migration. */
export function judgeTable({ expected, measures, samples }: Seen): TableStatistics {
  const { table, columns, missing } = expected;
  return {
    source: qualified(table.source),
    target: qualified(table.target),
    sourceRows: measures.source.rows,
    targetRows: measures.target.rows,
    sampled: { source: samples?.source.rows ?? 0, target: samples?.target.rows ?? 0 },
    columns: columns.map((column, at) => {
      const [source, target] = [measures.source.columns[at], measures.target.columns[at]];
      const moments = { source: source ?? { present: 0 }, target: target ?? { present: 0 } };
      const sides = samples && bothOf(samples.source.columns[at], samples.target.columns[at]);
      const nulls = {
        source: measures.source.rows - moments.source.present,
        target: measures.target.rows - moments.target.present,
      };
      const base = { source: column.source.source, target: column.target.target, expected: column.expected, nulls };
      if (column.expected === 'same') return { ...base, ...exactly({ moments, sides }) };
      return { ...base, ...byTests({ column, moments, sides, nulls, missing }) };
    }),
  };
}

interface Sides {
  readonly source: ColumnSample;
  readonly target: ColumnSample;
}

function bothOf(source: ColumnSample | undefined, target: ColumnSample | undefined): Sides | undefined {
  return source === undefined || target === undefined ? undefined : { source, target };
}

interface Moments {
  readonly source: ColumnMeasures;
  readonly target: ColumnMeasures;
}

type Judged = Omit<ColumnStatistics, 'source' | 'target' | 'expected' | 'nulls'>;

/** One population: whatever does not depend on the order of the rows is the same, to the last digit. */
function exactly({ moments, sides }: { readonly moments: Moments; readonly sides: Sides | undefined }): Judged {
  const { compared, differing: ofSketch } = sides === undefined ? NOTHING : differingSketch(sides);
  const differing = [...differingMoments(moments.source, moments.target), ...ofSketch];
  return {
    verdict: differing.length === 0 ? 'equal' : 'differs',
    compared: comparedMoments(moments.source, moments.target) + compared,
    differing,
    tests: [],
  };
}

const NOTHING = { compared: 0, differing: [] } as const;

/** Of a fingerprint what its rows alone decide, in whatever order and parts they came. */
function differingSketch(sides: Sides): { readonly compared: number; readonly differing: string[] } {
  const [one, other] = [sides.source.sketch.result(), sides.target.sketch.result()];
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['distinct of the sample', one.distinct, other.distinct],
    ['nulls of the sample', one.nulls, other.nulls],
    [
      'values of the sample',
      one.numbers && [one.numbers.count, one.numbers.min, one.numbers.max],
      other.numbers && [other.numbers.count, other.numbers.min, other.numbers.max],
    ],
    ['lengths of the sample', one.lengthHistogram, other.lengthHistogram],
    ['extremes of the sample', [one.least, one.greatest], [other.least, other.greatest]],
  ];
  const differing = pairs.filter(([, left, right]) => JSON.stringify(left) !== JSON.stringify(right));
  return { compared: pairs.length, differing: differing.map(([name]) => name) };
}

/** Where values may differ the counts are still facts, and the rest is a question of chance. */
function byTests({
  column,
  moments,
  sides,
  nulls,
  missing,
}: {
  readonly column: ExpectedColumn;
  readonly moments: Moments;
  readonly sides: Sides | undefined;
  readonly nulls: ColumnStatistics['nulls'];
  readonly missing: number;
}): Judged {
  // A rule may make NULLs, and a row that is missing may have had them.
  const isCounted = column.expected === 'apart' && missing === 0;
  const differing = isCounted ? differingMean(column, moments) : [];
  if (isCounted && nulls.source !== nulls.target) differing.unshift('nulls');
  const base = {
    compared: Number(isCounted),
    differing,
    verdict: differing.length > 0 ? 'differs' : 'not compared',
  } as const;
  const shift = sides === undefined ? 'its table has no rows that can be found on both sides alike' : shiftOf(sides);
  if (typeof shift === 'string') return { ...base, tests: [], why: shift };
  const { tests, p, psi } = shift;
  return { ...base, verdict: differing.length > 0 ? 'differs' : 'no shift', tests, p, psi };
}

/** Numbers of four bytes keep seven digits: a mean that is further off was not made by another type alone. */
const MEAN_TOLERANCE = 1e-6;

/** The same rows, as numbers of two types: their means are the same but for what the types can hold. */
function differingMean({ source, target }: ExpectedColumn, moments: Moments): string[] {
  const isNumber = [source, target].every((side) => ['number', 'float'].includes(quantityOf(side) ?? ''));
  const [one, other] = [moments.source, moments.target];
  if (!isNumber || one.sum === undefined || other.sum === undefined || one.present !== other.present) return [];
  const size = Math.max(...[one, other].map(({ sizes, sum }) => Math.abs(Number(sizes ?? sum))));
  return Math.abs(Number(one.sum) - Number(other.sum)) > MEAN_TOLERANCE * size ? ['mean'] : [];
}

/** Share of values on each side that must be numbers, so that both are compared as such. */
const NUMBERS_LEAST = 0.99;

function shiftOf({ source, target }: Sides): Shift | string {
  const [one, other] = [numbersOf(source), numbersOf(target)];
  if (one !== undefined && other !== undefined) return numbersShift(one, other);
  if (source.form === target.form) return textsShift(source.texts(), target.texts());
  return 'one side holds numbers or times, and the other has no such values';
}

/** Undefined where they are no numbers. */
function numbersOf(sample: ColumnSample): Float64Array | undefined {
  if (sample.form === 'binary') return undefined;
  const all = sample.numbers();
  const numbers = all.filter((value) => Number.isFinite(value));
  return numbers.length >= NUMBERS_LEAST * all.length ? numbers : undefined;
}
