import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findMariadb } from '../../platform/local-stack/mariadb-server.js';
import type { Config } from '../../config/config.js';
import { timeAgainst, withLimit } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { openStack } from './caravan.js';
import type { BenchStack, MigrationRun } from './caravan.js';
import { requireEqual } from './checksum.js';
import { findPgloader, runPgloader } from './pgloader.js';
import { openSource } from './source.js';
import type { BenchSource } from './source.js';
import { openTarget } from './target.js';
import type { BenchTarget } from './target.js';

/** Least ratio of pgloader's time to ours. */
const GOAL = 2;
/** Most resident memory of the copy worker, in megabytes. */
const PEAK_MAX = 400;
/** The memory of the full copy is compared with that of this share of its rows. */
const SMALL_SHARE = 10;
const PGLOADER = 'pgloader, data only';

export interface CopyBenchOptions {
  readonly config: Config;
  readonly rows: number;
  /** Ours and the rival's in turns, this many times. */
  readonly rounds: number;
  readonly tell: (text: string) => void;
  /** Tests only: spoils a result before it is checked. */
  readonly spoil?: (target: BenchTarget, url: string) => Promise<void>;
}

interface Round {
  readonly ours: MigrationRun;
  /** Null: pgloader is not there. */
  readonly rival: number | null;
}

/** Copies the same rows by the real product and by pgloader, in turns. Throws `WrongResult` rather than give a line. */
export async function benchCopy(options: CopyBenchOptions): Promise<BenchLine[]> {
  if (findMariadb() === null) throw new Error('this bench needs MariaDB. Run: apt-get install -y mariadb-server');
  const folder = mkdtempSync(join(tmpdir(), 'caravan-bench-'));
  const opened: { dispose(): Promise<void> }[] = [];
  try {
    const source = await openSource(folder);
    opened.push(source);
    const target = await openTarget(folder);
    opened.push(target);
    const stack = await openStack(join(folder, 'home'), options.config.environment);
    opened.push({ dispose: () => stack.down() });
    return await new CopyBench(options, { folder, source, target, stack }).run();
  } finally {
    for (const end of opened.reverse()) await end.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Ends {
  readonly folder: string;
  readonly source: BenchSource;
  readonly target: BenchTarget;
  readonly stack: BenchStack;
}

class CopyBench {
  readonly #options: CopyBenchOptions;
  readonly #ends: Ends;

  constructor(options: CopyBenchOptions, ends: Ends) {
    this.#options = options;
    this.#ends = ends;
  }

  async run(): Promise<BenchLine[]> {
    const { rows, rounds, tell, config } = this.#options;
    const { source, stack } = this.#ends;
    const smallRows = Math.max(1, Math.round(rows / SMALL_SHARE));
    tell(`generating ${String(smallRows)} and ${String(rows)} rows`);
    const small = await source.database(smallRows);
    const whole = await source.database(rows);
    await this.#ours(small, 'small');
    const smallPeak = stack.copyPeakMegabytes();
    const pgloader = findPgloader(config.searchPath);
    const measured: Round[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const ours = await this.#ours(whole, `ours_${String(round)}`);
      const rival =
        pgloader === null ? null : await this.#rival(whole, { binary: pgloader, name: `pgloader_${String(round)}` });
      measured.push({ ours, rival });
      tell(
        `round ${String(round)}: ours ${describe(ours)}; pgloader ${rival === null ? 'not there' : `${rival.toFixed(2)} s`}`,
      );
    }
    return [this.#wholeLine(measured), ...memoryLines({ rows, smallRows, smallPeak, peak: stack.copyPeakMegabytes() })];
  }

  async #ours(database: Database, name: string): Promise<MigrationRun> {
    const { target, stack } = this.#ends;
    const url = await target.fresh(name);
    const ran = await stack.migrate(database.url, url);
    await this.#options.spoil?.(target, url);
    requireEqual('the migrated table', database.checksum, await target.checksum(url));
    return ran;
  }

  async #rival(database: Database, { binary, name }: { binary: string; name: string }): Promise<number> {
    const { target, folder } = this.#ends;
    const url = await target.fresh(name);
    await target.bareTable(url);
    const seconds = await runPgloader({ binary, folder, source: database.url, target: url });
    requireEqual("pgloader's table", database.checksum, await target.checksum(url));
    return seconds;
  }

  #wholeLine(rounds: readonly Round[]): BenchLine {
    const { rows } = this.#options;
    const ours = rounds.map((round) => round.ours.toLastCommitSeconds);
    const rivals = rounds.flatMap(({ rival }) => (rival === null ? [] : [rival]));
    const of = (pick: (run: MigrationRun) => number): string =>
      median(rounds.map((round) => pick(round.ours))).toFixed(2);
    const note = [
      `${String(rows)} rows x 12 columns, MariaDB to PostgreSQL ${String(this.#ends.target.major)}, checks on, source warm, stack running`,
      `ours: start of the process "caravan migrate" to the last chunk's commit, discovery and planning included`,
      `rival: whole process, data only, workers 4, concurrency 2 (faster here than its default 1), into a bare table${rivals.length === 0 ? ' (pgloader is not on this machine)' : ''}`,
      spread(ours, rivals),
      `copy.seconds ${of((run) => run.report.copy.seconds)}, verification ${of((run) => run.report.phases.verification?.seconds ?? 0)} s, whole migration ${of((run) => run.wholeSeconds)} s`,
      'results equal by our proof and by an SQL checksum of both servers',
    ].join('; ');
    const seconds = rivals.length === 0 ? null : median(rivals);
    return timeAgainst(
      { bench: 'copy', case: 'copy-whole', value: median(ours), note },
      { name: PGLOADER, seconds, goal: GOAL },
    );
  }
}

interface Database {
  readonly url: string;
  readonly checksum: { readonly rows: string; readonly sum: string };
}

function memoryLines(seen: {
  rows: number;
  smallRows: number;
  smallPeak: number | null;
  peak: number | null;
}): BenchLine[] {
  const { rows, smallRows, smallPeak, peak } = seen;
  if (smallPeak === null || peak === null) return [];
  const growth = (peak / smallPeak).toFixed(2);
  const note = `VmHWM of the copy worker after ${String(rows)} rows; ${smallPeak.toFixed(0)} MB after ${String(smallRows)} rows: ${growth} times as much for ten times the rows`;
  return [withLimit({ bench: 'copy', case: 'memory', value: peak, unit: 'MB', note }, { max: PEAK_MAX })];
}

function describe({ toLastCommitSeconds, wholeSeconds, report }: MigrationRun): string {
  const phases = Object.entries(report.phases).map(([phase, { seconds }]) => `${phase} ${seconds.toFixed(2)}`);
  const figures = `${toLastCommitSeconds.toFixed(2)} s to the last commit, copy ${report.copy.seconds.toFixed(2)} s`;
  return `${figures}, whole ${wholeSeconds.toFixed(2)} s (${phases.join(', ')})`;
}

/** What the medians hide: on a machine with other work the best of both come nearest to the truth. */
function spread(ours: readonly number[], rivals: readonly number[]): string {
  const shown = (values: readonly number[]): string =>
    `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)} s`;
  const rival =
    rivals.length === 0
      ? ''
      : `, rival ${shown(rivals)}, ratio of the bests ${(Math.min(...rivals) / Math.min(...ours)).toFixed(2)}`;
  return `medians of ${String(ours.length)} rounds in turns; ours ${shown(ours)}${rival}`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}
