import { qualified } from '../../../../contracts/catalogue.js';
import { CaravanFailure, FAILURES } from '../../../../contracts/failures.js';
import type { TableMapping } from '../../../../contracts/mapping.js';
import type { TableReport } from '../../../../contracts/migration.js';
import { FIGURES } from '../../../../contracts/statistics.js';
import type { ColumnFigures, StatisticsReport, TableStatistics } from '../../../../contracts/statistics.js';
import { measureRows } from '../../../../databases/measures/measure-rows.js';
import type { TableMeasures } from '../../../../databases/measures/measures.js';
import type { CanonicalBatch, KeyRange, Reader } from '../../../../databases/source.js';
import { FALSE_ALARM_RATE } from '../../../kora/statistics/false-alarms.js';
import { formsOf } from '../../existing/forms.js';
import type { Check, CheckContext, CheckOutcome } from '../check.js';
import { withTarget, type CheckedSide } from '../sides.js';
import { expectedTable, sideOf, type ExpectedTable } from './expected.js';
import { figuresOf } from './figures.js';
import { judgeTable, type Seen } from './judge.js';
import { outcomeOf, withRates } from './outcome.js';
import { sampledRows, takeSample, type SampledRows, type SideSample } from './sample.js';

/**
 * The second opinion on every column: figures that the databases reckon themselves, and fingerprints of the same rows of
 * both sides. Where values may differ tests say whether their distribution does.
 */
export const statistics: Check = {
  name: 'statistics',
  applies: ({ migration }) => Promise.resolve(looked(migration.tables).length > 0),
  run,
};

function looked(tables: readonly TableMapping[]): TableMapping[] {
  return tables.filter(({ rows }) => rows !== 'none');
}

/**
 * Of a table with more rows than this the figures follow from its rows, where those were proven equal and nothing changes
 * a value: to reckon them takes as long as the proof of the rows.
 */
const RECKONED_ROWS_MAX = 500_000;

/** Tables that are looked at at once. */
const WINDOW = 2;

async function run(context: CheckContext): Promise<CheckOutcome> {
  const { deps, migration, migrationId, alive } = context;
  const reports = new Map((await deps.store.migrations.tables(migrationId)).map((table) => [table.source, table]));
  const tables = looked(migration.tables);
  const seen: Told[] = [];
  await withTarget(context, async (target) => {
    for (let from = 0; from < tables.length; from += WINDOW) {
      const told = tables.slice(from, from + WINDOW).map((table) => tell(context, { table, target, reports }));
      seen.push(...(await Promise.all(told)));
      alive.report({ tables: seen.length });
    }
  });
  const figures = seen.flatMap((told) => told.figures ?? []);
  const sealed = deps.box.seal(Buffer.from(JSON.stringify(figures)), FIGURES).toString('base64');
  const found = withRates(seen.flatMap(({ table }) => table ?? []));
  const byRows = seen.flatMap((told) => told.byRows ?? []);
  const report: StatisticsReport = { falseAlarmRate: FALSE_ALARM_RATE, tables: found, byRows, sealed };
  return outcomeOf({
    report,
    unread: seen.flatMap(({ unread }) => unread ?? []),
    unproven: new Set(seen.flatMap(({ unproven }) => unproven ?? [])),
    existing: context.existing !== undefined,
  });
}

/** What is to be said of one table. */
interface Told {
  readonly table?: TableStatistics;
  readonly figures?: readonly ColumnFigures[];
  /** Its name, where its figures follow from its rows. */
  readonly byRows?: string;
  /** Its name, where its rows were found to differ. */
  readonly unproven?: string;
  /** Its name, and why it could not be read so. */
  readonly unread?: string;
}

interface Telling {
  readonly table: TableMapping;
  readonly target: CheckedSide;
  readonly reports: ReadonlyMap<string, TableReport>;
}

async function tell(context: CheckContext, { table, target, reports }: Telling): Promise<Told> {
  const name = qualified(table.source);
  const expected = await expectedTable(table, target, reports.get(name));
  if (followsFromRows(expected, reports.get(name))) return { byRows: name };
  const proven = expected.proven ? {} : { unproven: name };
  const seen = await tryLook(context, { expected, target });
  if (typeof seen === 'string') return { ...proven, unread: `${name}: ${seen}` };
  return { ...proven, table: judgeTable(seen), figures: figuresOf(seen) };
}

function followsFromRows({ proven, columns }: ExpectedTable, report: TableReport | undefined): boolean {
  const isLarge = (report?.targetRows ?? 0) > RECKONED_ROWS_MAX;
  return isLarge && proven && columns.every(({ expected }) => expected === 'same');
}

interface Looked {
  readonly expected: ExpectedTable;
  readonly target: CheckedSide;
}

/** A table that cannot be read so is said, and does not stop the others. */
async function tryLook(context: CheckContext, looked: Looked): Promise<Seen | string> {
  try {
    return await look(context, looked);
  } catch (error) {
    context.alive.signal.throwIfAborted();
    if (!(error instanceof CaravanFailure) || FAILURES[error.code].disposition === 'retryable') throw error;
    return `${error.code}: ${error.seen}`;
  }
}

async function look({ snapshot, alive }: CheckContext, { expected, target }: Looked): Promise<Seen> {
  const [source, own] = [sideOf(expected, 'source'), sideOf(expected, 'target')];
  const { signal } = alive;
  return snapshot.lend(async (reader) => {
    const [ofSource, ofTarget] = await Promise.all([
      measured(reader, source, signal),
      target.checked.measure(own, signal),
    ]);
    const measures = { source: ofSource, target: ofTarget };
    const rows = sampledRows(expected, ofTarget);
    if (rows === undefined) return { expected, measures };
    const scan = { keys: false, signal };
    const forms = { source: formsOf(source).source, target: formsOf(own).target };
    const [one, other] = await Promise.all([
      sample(expected, 'source', rows, (range) => forms.source(reader.scan(source, range, scan))),
      sample(expected, 'target', rows, (range) => forms.target(target.scan(own, range, scan))),
    ]);
    return { expected, measures, samples: { source: one, target: other } };
  });
}

/** By the server; of a source that has none from its rows. */
async function measured(reader: Reader, table: TableMapping, signal: AbortSignal): Promise<TableMeasures> {
  if (reader.measure !== undefined) return reader.measure(table, signal);
  return measureRows(table.columns, reader.scan(table, {}, { keys: false, signal }));
}

function sample(
  expected: ExpectedTable,
  side: 'source' | 'target',
  { ranges, share }: SampledRows,
  scan: (range: KeyRange) => AsyncIterable<CanonicalBatch>,
): Promise<SideSample> {
  return takeSample(expected, side, { batches: all(ranges, scan), share });
}

async function* all(
  ranges: readonly KeyRange[],
  scan: (range: KeyRange) => AsyncIterable<CanonicalBatch>,
): AsyncGenerator<CanonicalBatch> {
  for (const range of ranges) yield* scan(range);
}
