import type { Config } from '../../config/config.js';
import { requireEqual } from '../copy/checksum.js';
import { withMariadb } from '../copy/ends.js';
import type { BenchEnds } from '../copy/ends.js';
import { COLUMNS, TABLE } from '../copy/rows.js';
import type { BenchSource } from '../copy/source.js';
import { timeAgainst } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { installPythonTools } from '../rivals/python-tools.js';
import { RELADIFF, runReladiff } from '../rivals/reladiff.js';
import { medianOrNull, median, spread } from '../statistics.js';
import { WrongResult } from '../wrong-result.js';

/** Least ratio of reladiff's time to ours. */
const GOAL = 1.5;

export interface VerifyBenchOptions {
  readonly config: Config;
  readonly rows: number;
  readonly rounds: number;
  readonly tell: (text: string) => void;
}

/** Seconds, by round. */
export interface Verified {
  /** The phase `verification`. */
  readonly ours: readonly number[];
  /** `copy.seconds` of the same migrations. */
  readonly copies: readonly number[];
  /** Empty: reladiff is not there. */
  readonly rivals: readonly number[];
}

/** Both sides equal, all columns: the phase `verification` of a migration against reladiff on the same two tables. */
export async function benchVerify(options: VerifyBenchOptions): Promise<BenchLine[]> {
  return withMariadb(options.config, async (ends) => {
    const verified = await measureVerification(options, ends);
    return [reladiffLine({ bench: 'verify', case: 'verify' }, verified, aboutRows(options, ends))];
  });
}

/** Moves the table and proves it, and has reladiff compare the same two tables, in turns. */
export async function measureVerification(
  { config, rows, rounds, tell }: VerifyBenchOptions,
  { folder, source, target, stack }: BenchEnds & { readonly source: BenchSource },
): Promise<Verified> {
  tell(`generating ${String(rows)} rows`);
  const database = await source.database(rows);
  const tools = await installPythonTools(folder, [RELADIFF], config.searchPath);
  if (!tools.found) tell(`reladiff is not there: ${tools.why}`);
  const ours: number[] = [];
  const copies: number[] = [];
  const rivals: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const url = await target.fresh(`verified_${String(round)}`);
    const { report } = await stack.migrate(database.url, url);
    requireEqual('the migrated table', database.checksum, await target.checksum(url));
    const own = report.phases.verification?.seconds;
    if (own === undefined) throw new WrongResult('the migration tells no time of its verification');
    ours.push(own);
    copies.push(report.copy.seconds);
    if (tools.found) {
      const both = { source: database.url, target: url, table: TABLE, key: 'id', columns: comparable };
      const { seconds, differences } = await runReladiff({ bin: tools.folder, ...both });
      if (differences > 0) throw new WrongResult(`reladiff sees ${String(differences)} differences`);
      rivals.push(seconds);
    }
    tell(`round ${String(round)}: ours ${own.toFixed(2)} s, reladiff ${rivals.at(-1)?.toFixed(2) ?? 'not there'} s`);
  }
  return { ours, copies, rivals };
}

export function aboutRows({ rows }: { readonly rows: number }, { target }: BenchEnds): string {
  return `${String(rows)} rows x 12 columns, MariaDB against PostgreSQL ${String(target.major)}, equal`;
}

export function reladiffLine(
  named: { readonly bench: string; readonly case: string },
  { ours, rivals }: Verified,
  about: string,
): BenchLine {
  const note = [
    about,
    `ours: the phase verification, with its own snapshot and the comparison of the structure, all 12 columns, ${spread(ours)}`,
    rivals.length === 0
      ? 'reladiff is not on this machine'
      : `rival: ${RELADIFF}, whole process, 4 threads, ${String(comparable.length)} columns (not the flag, whose types it cannot compare, nor the long text, whose emoji it cannot read), ${spread(rivals)}`,
    'both say equal, as does an SQL checksum of both servers',
  ].join('; ');
  const line = { ...named, value: median(ours), note };
  return timeAgainst(line, { name: 'reladiff', seconds: medianOrNull(rivals), goal: GOAL });
}

/** To it a flag has different texts on the two sides, and it reads no character beyond the basic plane from MySQL. */
const comparable = COLUMNS.filter((column) => column !== 'active' && column !== 'note');
