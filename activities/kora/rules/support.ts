import type { RowRule, SumOfLines } from '../../../contracts/rules.js';
import { ROW_RULES } from '../../../contracts/rules.js';
import type { Candidate, Supported } from './candidate.js';
import { rowTest } from './row-tests.js';
import type { Sample, SampledColumn } from './sample.js';
import { columnsOf } from './signature.js';
import { DependencyTally, SumTally, UniqueTally } from './tallies.js';
import type { Count } from './tallies.js';
import type { RuleValue } from './values.js';

/** Counter-examples that are kept, sealed. */
const EXAMPLES = 5;
/** Groups of equal rows below which a dependency says nothing. */
const GROUPS_MIN = 5;

export interface Looking {
  readonly samples: ReadonlyMap<string, Sample>;
  /** All rows of tables of lines that are too large to be looked at otherwise, with the columns that sums need. */
  readonly lines?: ReadonlyMap<string, Sample>;
  readonly now: Date;
}

/** What a sample says of a candidate; undefined where it says nothing, or does not have its columns. */
export function supportOf(candidate: Candidate, { samples, lines, now }: Looking): Supported | undefined {
  const sample = samples.get(candidate.table);
  const columns = sample === undefined ? [] : columnsOf(sample, candidate.columns);
  if (sample === undefined || columns.length !== candidate.columns.length || columns.length === 0) return undefined;
  const examples: string[][] = [];
  const keep = (row: number): void => {
    if (examples.length < EXAMPLES) examples.push(columns.map(({ values }) => values[row] ?? 'NULL'));
  };
  const counting = { candidate, sample, columns, keep, now };
  const count = isOfRow(candidate)
    ? countRows(counting)
    : countTable(counting, new Map([...samples, ...(lines ?? [])]));
  return count && { ...candidate, ...count, examples, share: sample.share };
}

interface Counting {
  readonly candidate: Candidate;
  readonly sample: Sample;
  readonly columns: readonly SampledColumn[];
  readonly keep: (row: number) => void;
  readonly now: Date;
}

function isOfRow({ kind }: Candidate): boolean {
  return (ROW_RULES as readonly string[]).includes(kind);
}

const rowOf = (columns: readonly SampledColumn[], row: number): RuleValue[] => columns.map(({ values }) => values[row]);

function countRows({ candidate, sample, columns, keep, now }: Counting): Count {
  const test = rowTest(candidate as Pick<RowRule, 'kind' | 'parameters'>, {
    now,
    classes: columns.map((column) => column.class),
  });
  let rows = 0;
  let broken = 0;
  for (let row = 0; row < sample.rows; row += 1) {
    const said = test(rowOf(columns, row));
    if (said === 'unknown') continue;
    rows += 1;
    if (said !== 'broken') continue;
    broken += 1;
    keep(row);
  }
  return { rows, broken };
}

function countTable(counting: Counting, samples: ReadonlyMap<string, Sample>): Count | undefined {
  const { candidate, sample, columns, keep } = counting;
  if (candidate.kind === 'sum_of_lines') return countSums(counting, samples);
  const tally = candidate.kind === 'unique_together' ? new UniqueTally() : new DependencyTally();
  for (let row = 0; row < sample.rows; row += 1) if (tally.add(rowOf(columns, row))) keep(row);
  if (tally instanceof DependencyTally && tally.groups < GROUPS_MIN) return undefined;
  return tally.count();
}

/** Of lines that were not all looked at no sum can be made. */
function countSums(
  { candidate, sample, columns, keep }: Counting,
  samples: ReadonlyMap<string, Sample>,
): Count | undefined {
  const { lines: name, key, lineKey, amount } = candidate.parameters as SumOfLines;
  const lines = samples.get(name);
  const [total] = columns;
  if (lines?.whole !== true || total === undefined) return undefined;
  const [keys, lineKeys, amounts] = [columnsOf(sample, key), columnsOf(lines, lineKey), columnsOf(lines, amount)];
  if (keys.length !== key.length || lineKeys.length !== lineKey.length || amounts.length !== amount.length)
    return undefined;
  const tally = new SumTally(total.mapping.limits.scale);
  for (let row = 0; row < lines.rows; row += 1) tally.addLine(rowOf(lineKeys, row), rowOf(amounts, row));
  for (let row = 0; row < sample.rows; row += 1) if (tally.addRow(rowOf(keys, row), total.values[row])) keep(row);
  return tally.count();
}
