import type { Command } from 'commander';
import type { Run } from '../run-command.js';
import type { ShowOptions } from './show-statistics.js';

/** Commands that show what the checks of both sides as a whole found. */
export function addCheckCommands(program: Command, run: Run): void {
  program
    .command('statistics')
    .description('shows every column of both sides as a whole: what was compared, and how its values are spread')
    .argument('<id>', 'of the migration')
    .option('--reveal', 'show sums, means, quantiles and frequent values, too')
    .option('--json', 'print JSON')
    .action((id: string, options: ShowOptions) =>
      run(async (context) => (await import('./show-statistics.js')).runStatistics(context, id, options)),
    );
  program
    .command('references')
    .description('shows what refers to what: declared keys, keys that nobody declared, and constraints for these')
    .argument('<id>', 'of the migration')
    .option('--json', 'print JSON')
    .action((id: string, options: { json?: boolean }) =>
      run(async (context) => (await import('./show-references.js')).runReferences(context, id, options)),
    );
}
