import type { Proven } from '../../../../contracts/checks.js';
import type { Finding } from '../../../../contracts/migration.js';
import type { ColumnStatistics, StatisticsReport, TableStatistics } from '../../../../contracts/statistics.js';
import { FALSE_ALARM_RATE, falseAlarmRates } from '../../../kora/statistics/false-alarms.js';
import { FLOAT_TOLERANCE } from '../../../kora/statistics/moments.js';
import type { CheckOutcome } from '../check.js';

/** Gives every column that was tested its rate of false alarms, over all of them, and says which are alarms. */
export function withRates(tables: readonly TableStatistics[]): TableStatistics[] {
  const tested = tables.flatMap(({ columns }) => columns.flatMap(({ p }) => p ?? []));
  const rates = falseAlarmRates(tested).values();
  return tables.map((table) => ({
    ...table,
    columns: table.columns.map((column): ColumnStatistics => {
      if (column.p === undefined) return column;
      const q = rates.next().value ?? 1;
      const isAlarm = column.verdict === 'no shift' && q <= FALSE_ALARM_RATE;
      return { ...column, q, ...(isAlarm && { verdict: 'shifted' }) };
    }),
  }));
}

interface Judged {
  readonly report: StatisticsReport;
  /** Tables that could not be read so, each with why. */
  readonly unread: readonly string[];
  /** Tables whose rows were found to differ: their columns' figures differ for a reason that is known. */
  readonly unproven: ReadonlySet<string>;
  readonly existing: boolean;
}

export function outcomeOf({ report, unread, unproven, existing }: Judged): CheckOutcome {
  const columns = report.tables.flatMap((table) => table.columns.map((column) => ({ table, column })));
  const findings = columns.flatMap(({ table, column }) => {
    if (column.expected === 'same' && unproven.has(table.source)) return [];
    return findingOf(table, column, existing) ?? [];
  });
  const counts = countsOf(
    report,
    columns.map(({ column }) => column),
  );
  const untested = columns.filter(({ column }) => column.verdict === 'not compared');
  return {
    findings,
    counts: { ...counts, tablesNotRead: unread.length },
    proven: provenOf(counts),
    notProven: [
      ...unread.map((why) => `Figures of the table ${why}; it has none.`),
      ...listed(untested.map(({ table, column }) => `${table.source}.${column.source} (${column.why ?? ''})`)),
    ],
    report,
  };
}

const LISTED_MAX = 20;

function listed(columns: readonly string[]): string[] {
  if (columns.length === 0) return [];
  const more = columns.length > LISTED_MAX ? `, and ${String(columns.length - LISTED_MAX)} more` : '';
  return [`The distribution of these columns was not compared: ${columns.slice(0, LISTED_MAX).join(', ')}${more}.`];
}

interface Counts extends Record<string, number> {
  readonly tables: number;
  readonly tablesByRows: number;
  readonly columns: number;
  readonly exact: number;
  readonly figures: number;
  readonly tested: number;
  readonly differing: number;
  readonly shifted: number;
  readonly notCompared: number;
  readonly sampledRows: number;
}

function countsOf({ tables, byRows }: StatisticsReport, columns: readonly ColumnStatistics[]): Counts {
  const having = (verdict: ColumnStatistics['verdict']): number =>
    columns.filter((column) => column.verdict === verdict).length;
  return {
    tables: tables.length,
    tablesByRows: byRows.length,
    columns: columns.length,
    exact: columns.filter(({ expected }) => expected === 'same').length,
    figures: columns.reduce((sum, { compared }) => sum + compared, 0),
    tested: columns.filter(({ p }) => p !== undefined).length,
    differing: having('differs'),
    shifted: having('shifted'),
    notCompared: having('not compared'),
    sampledRows: tables.reduce((sum, { sampled }) => sum + sampled.target, 0),
  };
}

function provenOf({ exact, figures, differing, tested, shifted, sampledRows, tablesByRows }: Counts): Proven[] {
  const statements: Proven[] = [];
  if (exact > 0) {
    const apart = differing === 0 ? 'are equal' : `are equal but for ${String(differing)} columns`;
    statements.push({
      what: `${String(figures)} figures of ${String(exact)} columns ${apart}: counts, NULLs, sums, squares, extremes, lengths, distinct values.`,
      how: `Each database reckoned its own over all rows, apart from the proof of rows, and they were compared exactly (sums of floating point numbers to ${String(FLOAT_TOLERANCE)} of their sizes); distinct values by fingerprints of ${String(sampledRows)} rows.`,
    });
  }
  if (tablesByRows > 0) {
    statements.push({
      what: `The columns of ${String(tablesByRows)} large tables hold the same as a whole, since each of their rows does.`,
      how: 'Their rows were compared one by one and nothing in the plan changes a value; their figures were not reckoned again.',
    });
  }
  if (tested > 0) {
    statements.push({
      what: `Of ${String(tested)} columns whose values may differ ${String(shifted)} have another distribution.`,
      how: `Kolmogorov and Smirnov, Welch's mean shift, and chi-square, at a rate of false alarms of ${String(FALSE_ALARM_RATE)} over all columns (Benjamini and Hochberg). No alarm is no proof that they are equal.`,
    });
  }
  return statements;
}

function findingOf(table: TableStatistics, column: ColumnStatistics, existing: boolean): Finding | undefined {
  const object = `${table.source}.${column.source}`;
  const disposition = existing ? 'listed' : 'open';
  const base = { kind: 'statistical', object, count: 1, disposition } as const;
  if (column.verdict === 'differs') {
    const what = column.differing.join(', ');
    const detail = `${object}: ${what} not the same on both sides.`;
    return { id: `moments_differ:${object}`, code: 'moments_differ', ...base, detail };
  }
  if (column.verdict !== 'shifted') return undefined;
  return {
    id: `distribution_shifted:${object}`,
    code: 'distribution_shifted',
    ...base,
    detail: shiftText(object, column),
  };
}

function shiftText(object: string, { tests, q = 1 }: ColumnStatistics): string {
  const [first] = tests.toSorted((one, other) => one.p - other.p);
  const { test = '', of = '', statistic = 0, p = 1 } = first ?? {};
  const figures = `${test} of its ${of} ${statistic.toPrecision(4)}, p ${p.toExponential(1)}, q ${q.toExponential(1)}`;
  return `${object}: its values are spread in another way than in the source (${figures}).`;
}
