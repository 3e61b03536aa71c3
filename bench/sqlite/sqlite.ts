import { DatabaseSync } from 'node:sqlite';
import type { Config } from '../../config/config.js';
import { withEnds } from '../copy/ends.js';
import type { BenchEnds } from '../copy/ends.js';
import { TABLE } from '../copy/rows.js';
import { timeAgainst } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { findPgloader, runPgloader } from '../rivals/pgloader.js';
import { medianOrNull, median, spread } from '../statistics.js';
import { WrongResult } from '../wrong-result.js';
import { makeSqliteFile } from './file.js';

/** Least ratio of pgloader's time to ours. */
const GOAL = 3;

export interface SqliteBenchOptions {
  readonly config: Config;
  readonly rows: number;
  readonly rounds: number;
  readonly tell: (text: string) => void;
}

/** Facts that both loaders must bring over, whatever types they choose. */
const FACTS = `count(*) AS a, sum(id) AS b, sum(account) AS c, sum(reference) AS d, sum(length(email)) AS e,
               sum(length(note)) AS f, count(note) AS g, count(due_on) AS h, sum(length(city)) AS i`;

/** The rows of a SQLite file: the copy of a migration against pgloader's. */
export async function benchSqlite({ config, rows, rounds, tell }: SqliteBenchOptions): Promise<BenchLine[]> {
  return withEnds(config, async (ends) => {
    const { folder, target, stack } = ends;
    tell(`generating ${String(rows)} rows`);
    const source = `sqlite:${makeSqliteFile(folder, rows)}`;
    const expected = factsOfFile(source.slice('sqlite:'.length));
    const binary = findPgloader(config.searchPath);
    const ours: number[] = [];
    const rivals: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const own = await target.fresh(`sqlite_${String(round)}`);
      const { report } = await stack.migrate(source, own);
      ours.push(report.copy.seconds);
      await requireFacts('the migrated table', expected, { ends, url: own });
      if (binary !== null) {
        const url = await target.fresh(`sqlite_pgloader_${String(round)}`);
        rivals.push((await runPgloader({ binary, folder, source, target: url, what: 'whole' })).copySeconds);
        await requireFacts("pgloader's table", expected, { ends, url });
      }
      tell(
        `round ${String(round)}: ours ${report.copy.seconds.toFixed(2)} s, pgloader ${rivals.at(-1)?.toFixed(2) ?? 'not there'} s`,
      );
    }
    const note = [
      `${String(rows)} rows x 12 columns, SQLite to PostgreSQL ${String(target.major)}, checks on`,
      `ours: copy.seconds, ${spread(ours)}`,
      rivals.length === 0
        ? 'pgloader is not on this machine'
        : `rival: the time of its copy by its own summary, workers 4, concurrency 2, ${spread(rivals)}`,
      'ours equal by its proof; counts and sums of both equal those of the file',
    ].join('; ');
    const line = { bench: 'sqlite', case: 'sqlite', value: median(ours), note };
    return [timeAgainst(line, { name: 'pgloader', seconds: medianOrNull(rivals), goal: GOAL })];
  });
}

function factsOfFile(path: string): string {
  const database = new DatabaseSync(path, { readOnly: true, readBigInts: true });
  const row = database.prepare(`SELECT ${FACTS} FROM ${TABLE}`).get();
  database.close();
  return Object.values(row ?? {})
    .map(String)
    .join(' ');
}

async function requireFacts(
  what: string,
  expected: string,
  { ends, url }: { readonly ends: BenchEnds; readonly url: string },
): Promise<void> {
  const [row] = await ends.target.query(url, `SELECT ${FACTS} FROM public.${TABLE}`);
  const found = Object.values(row ?? {})
    .map(String)
    .join(' ');
  if (found !== expected) throw new WrongResult(`${what} is wrong: ${found}, not ${expected}. No figure is printed.`);
}
