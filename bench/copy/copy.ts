import type { Config } from '../../config/config.js';
import { timeAgainst, withLimit } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { findPgloader, runPgloader } from '../rivals/pgloader.js';
import type { PgloaderTimes } from '../rivals/pgloader.js';
import { installPythonTools } from '../rivals/python-tools.js';
import { findSling, runSling, SLING } from '../rivals/sling.js';
import { medianOrNull, median, spread } from '../statistics.js';
import type { MigrationRun } from './caravan.js';
import { requireEqual } from './checksum.js';
import { withMariadb } from './ends.js';
import type { BenchEnds } from './ends.js';
import { measureFloors } from './floors.js';
import type { Floors } from './floors.js';
import { TABLE } from './rows.js';
import { SHAPE_CASES, shapeLines } from './shape-cases.js';
import type { BenchSource } from './source.js';
import type { BenchTarget } from './target.js';

/** Least ratio of each rival's time to ours. */
const GOALS = { copy: 4, limit: 0.75, whole: 2, full: 1 };
/** Most resident memory of the copy worker, in megabytes. */
const PEAK_MAX = 300;
/** The memory of the full copy is compared with that of this share of its rows. */
const SMALL_SHARE = 10;

export interface CopyBenchOptions {
  readonly config: Config;
  readonly rows: number;
  /** Ours and the rivals in turns, this many times. */
  readonly rounds: number;
  readonly tell: (text: string) => void;
  /** Only this case; absent: all of the bench's table. */
  readonly only?: string | undefined;
  /** Tests only: spoils a result before it is checked. */
  readonly spoil?: (target: BenchTarget, url: string) => Promise<void>;
}

interface Round {
  readonly ours: MigrationRun;
  /** Null: not there, or not wanted. */
  readonly data: PgloaderTimes | null;
  readonly whole: PgloaderTimes | null;
  readonly sling: number | null;
  readonly floors: Floors | null;
}

/** Copies the same rows by the real product and by its rivals, in turns. Throws `WrongResult` rather than give a line. */
export async function benchCopy(options: CopyBenchOptions): Promise<BenchLine[]> {
  return withMariadb(options.config, (ends) => benchCopyOn(ends, options));
}

/** The same on servers that run. */
export async function benchCopyOn(
  ends: BenchEnds & { readonly source: BenchSource },
  options: CopyBenchOptions,
): Promise<BenchLine[]> {
  return new CopyBench(options, ends).run();
}

class CopyBench {
  readonly #options: CopyBenchOptions;
  readonly #ends: BenchEnds & { readonly source: BenchSource };
  #slingBinary: string | null = null;
  #slingWhy = '';

  constructor(options: CopyBenchOptions, ends: BenchEnds & { readonly source: BenchSource }) {
    this.#options = options;
    this.#ends = ends;
  }

  async run(): Promise<BenchLine[]> {
    const { rows, rounds, only, tell } = this.#options;
    const { source, stack } = this.#ends;
    const shape = SHAPE_CASES.find((name) => name === only);
    if (shape !== undefined) return shapeLines(this.#options, this.#ends, shape);
    const smallRows = Math.max(1, Math.round(rows / SMALL_SHARE));
    tell(`generating ${String(smallRows)} and ${String(rows)} rows`);
    const small = await source.database(smallRows);
    const whole = await source.database(rows);
    if (this.#wants('copy')) await this.#findSling();
    await this.#ours(small, 'small');
    const smallPeak = stack.peakMegabytes('copy');
    const measured: Round[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      measured.push(await this.#round(whole, String(round)));
      tell(`round ${String(round)}: ${describe(measured.at(-1))}`);
    }
    const lines = [...this.#copyLines(measured), this.#wholeLine(measured), this.#fullLine(measured)];
    const memory = memoryLines({ rows, smallRows, smallPeak, peak: stack.peakMegabytes('copy') });
    return [...lines, ...memory].filter((line) => this.#wants(line.case));
  }

  #wants(name: string): boolean {
    return this.#options.only === undefined || this.#options.only === name;
  }

  async #findSling(): Promise<void> {
    const { config, tell } = this.#options;
    const tools = await installPythonTools(this.#ends.folder, [SLING], config.searchPath);
    if (tools.found) this.#slingBinary = await findSling(tools.folder);
    else this.#slingWhy = tools.why;
    if (this.#slingBinary === null) tell(`sling is not there${this.#slingWhy === '' ? '' : `: ${this.#slingWhy}`}`);
  }

  async #round(database: Database, name: string): Promise<Round> {
    const ours = await this.#ours(database, `ours_${name}`);
    const data = this.#wants('copy') || this.#wants('copy-whole') ? await this.#pgloader(database, name, 'data') : null;
    const whole = this.#wants('full') ? await this.#pgloader(database, name, 'whole') : null;
    const sling = this.#wants('copy') ? await this.#sling(database, name) : null;
    const floors = this.#wants('copy') ? await this.#floors(database, name) : null;
    return { ours, data, whole, sling, floors };
  }

  async #ours(database: Database, name: string): Promise<MigrationRun> {
    const { target, stack } = this.#ends;
    const url = await target.fresh(name);
    const ran = await stack.migrate(database.url, url);
    await this.#options.spoil?.(target, url);
    requireEqual('the migrated table', database.checksum, await target.checksum(url));
    return ran;
  }

  async #pgloader(database: Database, name: string, what: 'data' | 'whole'): Promise<PgloaderTimes | null> {
    const { target, folder } = this.#ends;
    const binary = findPgloader(this.#options.config.searchPath);
    if (binary === null) return null;
    const url = await target.fresh(`pgloader_${what}_${name}`);
    if (what === 'data') await target.bareTable(url);
    const times = await runPgloader({ binary, folder, source: database.url, target: url, what });
    requireEqual("pgloader's table", database.checksum, await target.checksum(url));
    return times;
  }

  /** Its types are its own, so only its rows are counted. */
  async #sling(database: Database, name: string): Promise<number | null> {
    const { target, folder } = this.#ends;
    if (this.#slingBinary === null) return null;
    const url = await target.fresh(`sling_${name}`);
    const run = { binary: this.#slingBinary, folder, source: database.url, target: url, table: TABLE };
    const seconds = await runSling(run);
    const [row] = await target.query(url, `SELECT count(*)::text AS rows FROM public.${TABLE}`);
    const { rows } = database.checksum;
    requireEqual("sling's table", { rows, sum: '' }, { rows: String(row?.['rows']), sum: '' });
    return seconds;
  }

  async #floors(database: Database, name: string): Promise<Floors | null> {
    const { target, folder } = this.#ends;
    const url = await target.fresh(`floor_${name}`);
    const { searchPath } = this.#options.config;
    const floors = await measureFloors({ folder, source: database.url, target: url, server: target, searchPath });
    if (floors !== null) requireEqual('the table of the floor', database.checksum, await target.checksum(url));
    return floors;
  }

  #about(): string {
    return `${String(this.#options.rows)} rows x 12 columns, MariaDB to PostgreSQL ${String(this.#ends.target.major)}, checks on, source warm, stack running`;
  }

  #copyLines(rounds: readonly Round[]): BenchLine[] {
    const ours = rounds.map((round) => round.ours.report.copy.seconds);
    const rivals = rounds.flatMap(({ data }) => (data === null ? [] : [data.copySeconds]));
    const slings = rounds.flatMap(({ sling }) => (sling === null ? [] : [sling]));
    const floors = rounds.flatMap(({ floors: both }) =>
      both === null ? [] : [Math.max(both.readSeconds, both.copySeconds)],
    );
    const note = (rival: string): string =>
      [this.#about(), `ours: copy.seconds, ${spread(ours)}`, rival, checked].join('; ');
    const line = (name: string, values: readonly number[], goal: number, about: string): BenchLine =>
      timeAgainst(
        {
          bench: 'copy',
          case: 'copy',
          value: median(ours),
          note: note(values.length === 0 ? `${name} is not on this machine` : `${about}, ${spread(values)}`),
        },
        { name, seconds: medianOrNull(values), goal },
      );
    return [
      line(
        'pgloader',
        rivals,
        GOALS.copy,
        'rival: the time of its copy by its own summary, workers 4, concurrency 2, into a bare table',
      ),
      line('sling', slings, GOALS.copy, `rival: ${SLING}, whole process, its own types; its rows are counted`),
      line(
        'limit',
        floors,
        GOALS.limit,
        'limit: the slower of the client mariadb reading to a file and psql copying that file into a bare table',
      ),
    ];
  }

  #wholeLine(rounds: readonly Round[]): BenchLine {
    const ours = rounds.map((round) => round.ours.toLastCommitSeconds);
    const rivals = rounds.flatMap(({ data }) => (data === null ? [] : [data.wholeSeconds]));
    const of = (pick: (run: MigrationRun) => number): string =>
      median(rounds.map((round) => pick(round.ours))).toFixed(2);
    const note = [
      this.#about(),
      `ours: start of the process "caravan migrate" to the last chunk's commit, discovery and planning included, ${spread(ours)}`,
      rivals.length === 0
        ? 'pgloader is not on this machine'
        : `rival: whole process, data only, workers 4, concurrency 2 (faster here than its default 1), into a bare table, ${spread(rivals)}`,
      `copy.seconds ${of((run) => run.report.copy.seconds)}, verification ${of((run) => run.report.phases.verification?.seconds ?? 0)} s, whole migration ${of((run) => run.wholeSeconds)} s`,
      checked,
    ].join('; ');
    return timeAgainst(
      { bench: 'copy', case: 'copy-whole', value: median(ours), note },
      { name: 'pgloader, data only', seconds: medianOrNull(rivals), goal: GOALS.whole },
    );
  }

  #fullLine(rounds: readonly Round[]): BenchLine {
    const ours = rounds.map((round) => round.ours.wholeSeconds);
    const rivals = rounds.flatMap(({ whole }) => (whole === null ? [] : [whole.wholeSeconds]));
    const note = [
      this.#about(),
      `ours: the whole process, with keys, three indexes, proof and certificate, ${spread(ours)}`,
      rivals.length === 0
        ? 'pgloader is not on this machine'
        : `rival: whole process with tables, keys and indexes, and without any verification, ${spread(rivals)}`,
      checked,
    ].join('; ');
    return timeAgainst(
      { bench: 'copy', case: 'full', value: median(ours), note },
      { name: 'pgloader, with indexes', seconds: medianOrNull(rivals), goal: GOALS.full },
    );
  }
}

const checked = 'medians of the rounds, in turns; results equal by our proof and by an SQL checksum of both servers';

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

function describe(round: Round | undefined): string {
  if (round === undefined) return '';
  const { ours, data, whole, sling, floors } = round;
  const phases = Object.entries(ours.report.phases).map(([phase, { seconds }]) => `${phase} ${seconds.toFixed(2)}`);
  const seconds = (value: number | undefined): string => (value === undefined ? 'not there' : `${value.toFixed(2)} s`);
  return [
    `ours ${ours.toLastCommitSeconds.toFixed(2)} s to the last commit, copy ${ours.report.copy.seconds.toFixed(2)} s, whole ${ours.wholeSeconds.toFixed(2)} s (${phases.join(', ')})`,
    `pgloader copy ${seconds(data?.copySeconds)}, process ${seconds(data?.wholeSeconds)}, with indexes ${seconds(whole?.wholeSeconds)}`,
    `sling ${seconds(sling ?? undefined)}`,
    `read alone ${seconds(floors?.readSeconds)}, COPY alone ${seconds(floors?.copySeconds)}`,
  ].join('; ');
}
