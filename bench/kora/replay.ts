import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { packageFolder } from '../../platform/local-stack/package-folder.js';
import { runCommand } from '../../platform/local-stack/run-command.js';
import { findOnPath } from '../../platform/local-stack/search-path.js';
import { withMariadb } from '../copy/ends.js';
import type { BenchEnds } from '../copy/ends.js';
import { withLimit } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { WrongResult } from '../wrong-result.js';
import type { KoraBenchOptions } from './options.js';
import { sakilaQueries } from './sakila-queries.js';

/** Least queries replayed in a second. */
const PER_SECOND_MIN = 500;
/** Of the bench's 2,000,000 rows; fewer rows replay fewer queries. */
const ROWS_PER_QUERY = 200;
const QUERIES_MIN = 200;

/** Queries of an application of Sakila, run on both sides of a database that was moved, and compared. */
export async function replayLine(options: KoraBenchOptions): Promise<BenchLine> {
  const { config, rows, tell } = options;
  const client = findOnPath(['mariadb'], config.searchPath);
  const corpus = config.environment['CARAVAN_CORPUS'] ?? resolve(packageFolder(), '../shared/data');
  if (!existsSync(join(corpus, 'sakila'))) return notThere(`Sakila is not in ${corpus} (CARAVAN_CORPUS)`);
  if (client === null) return notThere("MariaDB's client is not on this machine");
  return withMariadb(config, async (ends) => {
    const { folder, source, target, stack } = ends;
    const from = await source.empty('sakila');
    for (const file of ['sakila-schema.sql', 'sakila-data.sql']) await load(client, from, join(corpus, 'sakila', file));
    const to = await target.fresh('sakila');
    await stack.migrate(from, to);

    const queries = sakilaQueries(Math.max(QUERIES_MIN, Math.round(rows / ROWS_PER_QUERY)), options.seed);
    const file = join(folder, 'queries.sql');
    writeFileSync(file, queries.map((query) => `${query};\n`).join(''));
    const without = await verified(ends, ['--source', from, '--target', to]);
    const replayed = await verified(ends, ['--source', from, '--target', to, '--queries', file]);
    if (typeof replayed === 'string') return notThere(replayed);
    if (typeof without === 'string') throw new WrongResult(without);
    const counts = await countsOf(ends, replayed.id);
    tell(`replayed: ${JSON.stringify(counts)}`);
    const { equal = 0, different = 0 } = counts;
    if (equal + different < queries.length) throw new WrongResult(`only ${String(equal + different)} were replayed`);
    if (different > 0) throw new WrongResult(`${String(different)} queries differ on two sides that were proven equal`);
    const seconds = replayed.seconds - without.seconds;
    const note = [
      `${String(queries.length)} different queries of Sakila, MariaDB against PostgreSQL ${String(target.major)}, all equal`,
      `the phase verification with them, ${replayed.seconds.toFixed(2)} s, less the same without, ${without.seconds.toFixed(2)} s`,
    ].join('; ');
    const line = { bench: 'kora', case: 'replay', value: queries.length / seconds, unit: 'queries/s', note };
    return withLimit(line, { min: PER_SECOND_MIN });
  });
}

function notThere(note: string): BenchLine {
  const line = { bench: 'kora', case: 'replay', value: 0, unit: 'queries/s', note };
  return { ...withLimit(line, { min: PER_SECOND_MIN }), ok: null };
}

async function load(client: string, url: string, file: string): Promise<void> {
  const { hostname, port, username, password, pathname } = new URL(url.replace(/^mariadb:/, 'http:'));
  const login = [`--host=${hostname}`, `--port=${port}`, `--user=${username}`, `--password=${password}`];
  const args = ['--no-defaults', ...login, `--database=${pathname.slice(1)}`, '-e', `source ${file}`];
  const { status, output } = await runCommand(client, args, { limitMs: 120_000 });
  if (status !== 0) throw new Error(`Sakila could not be loaded: ${output.slice(-300)}`);
}

/** Seconds of the phase, and the id; or why the command refused what it was given. */
async function verified(
  { stack }: BenchEnds,
  args: readonly string[],
): Promise<{ readonly id: string; readonly seconds: number } | string> {
  const { exit, stdout, stderr } = await stack.run(['verify', ...args, '--json']);
  if (exit === 2) return `"caravan verify" refused: ${stderr.slice(-300)}`;
  const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Report;
  const seconds = report.phases?.verification?.seconds;
  if (report.migrationId === undefined || seconds === undefined)
    throw new WrongResult(`no report: ${stderr.slice(-300)}`);
  return { id: report.migrationId, seconds };
}

interface Report {
  readonly migrationId?: string;
  readonly phases?: { readonly verification?: { readonly seconds: number } };
}

/** "equal", "different", … of the replay's report. */
async function countsOf({ stack }: BenchEnds, id: string): Promise<Readonly<Record<string, number>>> {
  const { stdout, stderr } = await stack.run(['queries', 'report', id, '--json']);
  const line = stdout.trim().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) throw new WrongResult(`no report of the queries: ${stderr.slice(-300)}`);
  return (JSON.parse(line) as { counts: Record<string, number> }).counts;
}
