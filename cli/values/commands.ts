import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { Run } from '../run-command.js';
import type { ExportOptions } from './export.js';
import type { ListOptions } from './list.js';

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 10_000;

/** Commands for the values and rows that could not be stored as they were. */
export function addValuesCommands(program: Command, run: Run): void {
  const values = program.command('values').description('values and rows that could not be stored as they were');
  values
    .command('list')
    .description('counts and lists them; the values themselves only with --reveal')
    .argument('<id>', 'of the migration')
    .addOption(kindOption())
    .option('--table <name>', 'only of this source table, as "table" or "schema.table"')
    .option('--column <name>', 'only of this column, as it is called in the target')
    .option('--rule <rule>', 'only of this rule, such as zero_date')
    .option(
      '--limit <count>',
      `entries that are listed (default: ${String(LIMIT_DEFAULT)})`,
      limitOption,
      LIMIT_DEFAULT,
    )
    .option('--reveal', 'show the values, too')
    .option('--json', 'print JSON')
    .action((id: string, options: ListOptions) =>
      run(async (context) => (await import('./list.js')).runValuesList(context, id, options)),
    );
  values
    .command('export')
    .description('writes all of them, in plain text, into a file that only you can read')
    .argument('<id>', 'of the migration')
    .requiredOption('--out <file>')
    .addOption(new Option('--format <format>').choices(['csv', 'jsonl']).default('jsonl'))
    .addOption(kindOption())
    .action((id: string, options: ExportOptions) =>
      run(async (context) => (await import('./export.js')).runValuesExport(context, id, options)),
    );
}

function kindOption(): Option {
  return new Option('--kind <what>', 'changed values, quarantined rows, or both')
    .choices(['changed', 'quarantined', 'all'])
    .default('all');
}

function limitOption(text: string): number {
  const limit = Number(text);
  if (/^[0-9]+$/u.test(text) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new InvalidArgumentError(`Give a whole number from 1 to ${String(LIMIT_MAX)}.`);
}
