import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { FILE_FORMATS } from '../../language/workload/detect.js';
import type { Run } from '../run-command.js';
import type { ReadOptions } from './run-read.js';

const SHOWN_DEFAULT = 20;
const SHOWN_MAX = 100_000;

/** `caravan queries read`: what a log holds. */
export function addReadCommand(queries: Command, run: Run): void {
  queries
    .command('read')
    .description('tells what a log of queries holds: what could be replayed, what not and why, and the translations')
    .argument('<file...>', 'general or slow log of MySQL or MariaDB, csvlog of PostgreSQL, statistics as CSV, or SQL')
    .option('--source <url|name>', 'the database that the queries are of: without it nothing is translated')
    .addOption(new Option('--format <format>', 'what the files are (default: as they look)').choices([...FILE_FORMATS]))
    .addOption(
      new Option('--dialect <dialect>', 'whose SQL a file of SQL is (default: of the source, else mysql)').choices([
        'mysql',
        'sqlite',
        'postgres',
      ]),
    )
    .option('--limit <count>', `queries that are shown (default: ${String(SHOWN_DEFAULT)})`, limitOption, SHOWN_DEFAULT)
    .option('--json', 'print one line of JSON; everything else goes to standard error')
    .action((files: string[], options: ReadOptions) =>
      run(async (context) => (await import('./run-read.js')).runQueriesRead(context, files, options)),
    );
}

function limitOption(text: string): number {
  const limit = Number(text);
  if (/^[0-9]+$/u.test(text) && limit <= SHOWN_MAX) return limit;
  throw new InvalidArgumentError(`Give a whole number up to ${String(SHOWN_MAX)}.`);
}
