import type { Config } from '../../config/config.js';
import { debianPostgres } from '../../platform/local-stack/postgres-binaries.js';
import { findOnPath } from '../../platform/local-stack/search-path.js';
import { runCommand } from '../../platform/local-stack/run-command.js';
import { requireEqual } from '../copy/checksum.js';
import { withEnds } from '../copy/ends.js';
import type { BenchEnds } from '../copy/ends.js';
import { TABLE } from '../copy/rows.js';
import { timeAgainst } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { findPgcopydb, runPgcopydb } from '../rivals/pgcopydb.js';
import { medianOrNull, median, spread } from '../statistics.js';
import { openPgSource } from './source.js';
import type { PgSource } from './source.js';

/** Least ratio of each rival's time to ours. */
const GOALS = { psql: 0.9, pgcopydb: 1 };
const LIMIT_MS = 900_000;

export interface PgBenchOptions {
  readonly config: Config;
  readonly rows: number;
  readonly rounds: number;
  readonly tell: (text: string) => void;
}

interface Round {
  readonly copy: number;
  readonly whole: number;
  readonly psql: number | null;
  readonly pgcopydb: number | null;
}

/** PostgreSQL to PostgreSQL, both of Debian's packages, so that its own tools fit. */
export async function benchPg(options: PgBenchOptions): Promise<BenchLine[]> {
  if (debianPostgres() === null)
    throw new Error("this bench needs Debian's server. Run: apt-get install -y postgresql");
  return withEnds(options.config, (ends) => withSource(options, ends), 'debian');
}

async function withSource(options: PgBenchOptions, ends: BenchEnds): Promise<BenchLine[]> {
  const { rows, rounds, tell } = options;
  tell(`generating ${String(rows)} rows`);
  const source = await openPgSource(ends.folder, rows);
  try {
    const measured: Round[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const one = await measure(options, { ends, source, round });
      measured.push(one);
      const shown = (seconds: number | null): string => (seconds === null ? 'not there' : `${seconds.toFixed(2)} s`);
      tell(
        `round ${String(round)}: ours copy ${shown(one.copy)}, whole ${shown(one.whole)}; psql ${shown(one.psql)}, pgcopydb ${shown(one.pgcopydb)}`,
      );
    }
    return linesOf(
      measured,
      `${String(rows)} rows x 12 columns, PostgreSQL ${String(source.major)} to ${String(ends.target.major)}, checks on`,
    );
  } finally {
    await source.dispose();
  }
}

interface Measuring {
  readonly ends: BenchEnds;
  readonly source: PgSource;
  readonly round: number;
}

async function measure({ config }: PgBenchOptions, { ends, source, round }: Measuring): Promise<Round> {
  const { target, stack, folder } = ends;
  const own = await target.fresh(`ours_${String(round)}`);
  const { report, wholeSeconds } = await stack.migrate(source.url, own);
  requireEqual('the migrated table', source.checksum, await target.checksum(own));
  const psql = await pipePsql(config, { ends, source, round });
  const binary = findPgcopydb(config.searchPath);
  if (binary === null) return { copy: report.copy.seconds, whole: wholeSeconds, psql, pgcopydb: null };
  const url = await target.fresh(`pgcopydb_${String(round)}`);
  const path = config.searchPath.join(':');
  const pgcopydb = await runPgcopydb({ binary, folder, source: source.url, target: url, path });
  requireEqual("pgcopydb's table", source.checksum, await target.checksum(url));
  return { copy: report.copy.seconds, whole: wholeSeconds, psql, pgcopydb };
}

/** `\copy` out of one server into `\copy` into the other, through a pipe, into a bare table. */
async function pipePsql(config: Config, { ends, source, round }: Measuring): Promise<number | null> {
  const [psql, sh] = ['psql', 'sh'].map((name) => findOnPath([name], config.searchPath));
  if (!psql || !sh) return null;
  const { target } = ends;
  const url = await target.fresh(`psql_${String(round)}`);
  await target.bareTable(url);
  const side = (direction: string, end: string): string =>
    `"${psql}" -X -q -v ON_ERROR_STOP=1 -c "\\copy ${TABLE} ${direction}" "${end}"`;
  const script = `${side('TO STDOUT', '$FROM')} | ${side('FROM STDIN', '$INTO')}`;
  const started = performance.now();
  const { status, output } = await runCommand(sh, ['-c', script], {
    limitMs: LIMIT_MS,
    env: { PATH: config.searchPath.join(':'), FROM: source.url, INTO: url },
  });
  const seconds = (performance.now() - started) / 1000;
  if (status !== 0) throw new Error(`psql failed: ${output.slice(-300)}`);
  requireEqual("psql's table", source.checksum, await target.checksum(url));
  return seconds;
}

function linesOf(rounds: readonly Round[], about: string): BenchLine[] {
  const copies = rounds.map(({ copy }) => copy);
  const wholes = rounds.map(({ whole }) => whole);
  const psql = rounds.flatMap((round) => (round.psql === null ? [] : [round.psql]));
  const pgcopydb = rounds.flatMap((round) => (round.pgcopydb === null ? [] : [round.pgcopydb]));
  const checked = 'medians of the rounds, in turns; results equal by our proof and by an SQL checksum of both servers';
  const rival = (values: readonly number[], name: string, what: string): string =>
    values.length === 0 ? `${name} is not on this machine` : `rival: ${what}, ${spread(values)}`;
  return [
    timeAgainst(
      {
        bench: 'pg',
        case: 'pg',
        value: median(copies),
        note: `${about}; ours: copy.seconds, ${spread(copies)}; ${rival(psql, 'psql', 'psql \\copy out piped into psql \\copy in, bare table')}; ${checked}`,
      },
      { name: 'psql \\copy', seconds: medianOrNull(psql), goal: GOALS.psql },
    ),
    timeAgainst(
      {
        bench: 'pg',
        case: 'pg',
        value: median(wholes),
        note: `${about}; ours: the whole process, with key, proof and certificate, ${spread(wholes)}; ${rival(pgcopydb, 'pgcopydb', 'pgcopydb clone, 2 jobs for tables and 2 for indexes, whole process, without any verification')}; ${checked}`,
      },
      { name: 'pgcopydb', seconds: medianOrNull(pgcopydb), goal: GOALS.pgcopydb },
    ),
  ];
}
