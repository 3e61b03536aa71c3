import type { Config } from '../../config/config.js';
import { timeAgainst, withLimit } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { findPgloader, PgloaderFailed, runPgloader } from '../rivals/pgloader.js';
import { WrongResult } from '../wrong-result.js';
import type { MigrationRun } from './caravan.js';
import type { BenchEnds } from './ends.js';
import { LOB, LOB_BYTES, makeShape, MANY, WIDE } from './shapes.js';
import type { Shape } from './shapes.js';
import type { BenchSource } from './source.js';
import type { BenchTarget } from './target.js';

/** Most resident memory of the copy worker, in megabytes. */
const PEAK_MAX = 300;
/** A row of long values stands in memory as a whole; how often a peak of more rows may be that of fewer. */
const GROWTH_MAX = 1.25;
const MANY_GOAL = 1;
/** Events of one history at which Temporal ends a workflow. */
const HISTORY_MAX = 51_200;

/** What is made for the bench's 2,000,000 rows; fewer rows make less of it. */
const SCALES = { wide: { share: 50, least: 200 }, lob: { share: 250_000, least: 2 }, many: { share: 1000, least: 20 } };

export const SHAPE_CASES = ['wide', 'lob', 'many'] as const;
type ShapeCase = (typeof SHAPE_CASES)[number];

interface Options {
  readonly config: Config;
  readonly rows: number;
  readonly tell: (text: string) => void;
  /** Tests only: spoils a result before it is checked. */
  readonly spoil?: (target: BenchTarget, url: string) => Promise<void>;
}

type Ends = BenchEnds & { readonly source: BenchSource };

const scaleOf = (name: ShapeCase, rows: number): number =>
  Math.max(SCALES[name].least, Math.round(rows / SCALES[name].share));

/** A database of another shape: wide rows, long values, many tables. */
export async function shapeLines(options: Options, ends: Ends, name: ShapeCase): Promise<BenchLine[]> {
  if (name === 'many') return [await manyCase(options, ends)];
  return memoryCase(options, ends, { name, shape: name === 'wide' ? WIDE : LOB });
}

interface Migrated {
  readonly run: MigrationRun;
  readonly peak: number | null;
}

/** Makes the shape, moves it, and holds what arrived against what the source says of itself. */
async function migrated(
  { spoil }: Options,
  ends: Ends,
  { shape, name, scale }: { readonly shape: Shape; readonly name: string; readonly scale: number },
): Promise<Migrated> {
  const { source, target, stack } = ends;
  const url = await source.empty(name);
  const expected = await makeShape(url, shape, scale);
  const into = await target.fresh(name);
  stack.forgetPeak('copy');
  const run = await stack.migrate(url, into);
  await spoil?.(target, into);
  requireSeen(name, expected, await target.query(into, shape.checks(scale).postgres));
  return { run, peak: stack.peakMegabytes('copy') };
}

function requireSeen(name: string, expected: string, [row]: readonly Record<string, unknown>[]): void {
  const seen = String(row?.['seen']);
  if (seen !== expected)
    throw new WrongResult(
      `${name} is wrong: ${seen.slice(0, 200)}, not ${expected.slice(0, 200)}. No figure is printed.`,
    );
}

/** The worker's memory must not grow with the rows. */
async function memoryCase(
  options: Options,
  ends: Ends,
  { name, shape }: { readonly name: 'wide' | 'lob'; readonly shape: Shape },
): Promise<BenchLine[]> {
  const { rows, tell } = options;
  const scale = scaleOf(name, rows);
  const fewer = Math.max(1, Math.round(scale / 4));
  const small = await migrated(options, ends, { shape, name: `${name}_small`, scale: fewer });
  const whole = await migrated(options, ends, { shape, name, scale });
  if (whole.peak === null || small.peak === null) return [];
  const { report, wholeSeconds } = whole.run;
  tell(`${name}: ${String(scale)} rows, copy ${report.copy.seconds.toFixed(2)} s, peak ${whole.peak.toFixed(0)} MB`);
  const what =
    name === 'wide'
      ? `${String(scale)} rows of 301 columns`
      : `${String(scale)} rows, each with a binary value and a text of ${String(LOB_BYTES / 2 ** 20)} MiB`;
  const growth = whole.peak / small.peak;
  const note = [
    `VmHWM of the copy worker: ${whole.peak.toFixed(0)} MB after ${what}`,
    `${small.peak.toFixed(0)} MB after ${String(fewer)} rows: ${growth.toFixed(2)} times as much`,
    `copy ${report.copy.seconds.toFixed(2)} s, ${(report.copy.bytes / 1e6 / report.copy.seconds).toFixed(0)} MB/s, whole ${wholeSeconds.toFixed(2)} s`,
    'equal by our proof and by hashes of every value that both servers compute',
  ].join('; ');
  const measured = { bench: 'copy', case: name, note };
  return [
    name === 'wide'
      ? withLimit({ ...measured, value: whole.peak, unit: 'MB' }, { max: PEAK_MAX })
      : withLimit({ ...measured, value: growth, unit: 'times' }, { max: GROWTH_MAX }),
  ];
}

/** Many tables: what a table costs beside its rows. Once, whatever the rounds: it takes minutes. */
async function manyCase(options: Options, ends: Ends): Promise<BenchLine> {
  const { config, rows, tell } = options;
  const scale = scaleOf('many', rows);
  tell(`making ${String(scale)} tables`);
  const { run } = await migrated(options, ends, { shape: MANY, name: 'many', scale });
  const events = await ends.stack.longestHistory(run.report.migrationId);
  if (events > HISTORY_MAX) throw new WrongResult(`a history has ${String(events)} events, beyond Temporal's limit`);
  const binary = findPgloader(config.searchPath);
  let rival: number | null = null;
  let rivalNote = 'pgloader is not on this machine';
  if (binary !== null) {
    try {
      rival = await pgloaderSeconds(ends, { binary, name: 'many', scale });
      rivalNote = 'rival: whole process with keys and indexes, without verification';
    } catch (error) {
      if (!(error instanceof PgloaderFailed)) throw error;
      // It is known to run out of memory over some thousand tables.
      rivalNote = `pgloader failed: ${error.message.includes('Heap exhausted') ? 'its heap was exhausted' : 'see the log'}`;
      tell(error.message);
    }
  }
  const note = [
    `${String(scale)} tables of 10 rows with key, index and foreign key, once; ours: the whole process with proof and certificate`,
    rivalNote,
    `the longest history has ${String(events)} events, of ${String(HISTORY_MAX)} that Temporal allows`,
    'sums over all rows equal on both servers',
  ].join('; ');
  return timeAgainst(
    { bench: 'copy', case: 'many', value: run.wholeSeconds, note },
    { name: 'pgloader', seconds: rival, goal: MANY_GOAL },
  );
}

async function pgloaderSeconds(
  { source, target, folder }: Ends,
  { binary, name, scale }: { readonly binary: string; readonly name: string; readonly scale: number },
): Promise<number> {
  const url = source.urlOf(name);
  const into = await target.fresh(`pgloader_${name}`);
  const { wholeSeconds } = await runPgloader({ binary, folder, source: url, target: into, what: 'whole' });
  const [row] = await target.query(into, "SELECT count(*)::int AS tables FROM pg_tables WHERE schemaname = 'public'");
  if (row?.['tables'] !== scale)
    throw new WrongResult(
      `pgloader made ${String(row?.['tables'])} tables, not ${String(scale)}. No figure is printed.`,
    );
  return wholeSeconds;
}
