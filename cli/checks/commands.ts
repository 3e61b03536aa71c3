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
}
