import type { Command } from 'commander';
import type { Run } from '../run-command.js';
import type { ReportOptions } from './report.js';

export function addReportCommand(queries: Command, run: Run): void {
  queries
    .command('report')
    .description('what became of each: original, translation, verdict, times; it shows values that queries name')
    .argument('<id>', 'of the migration or verification')
    .option('--different', 'only those that differ, or got slower')
    .option('--json', 'print one line of JSON')
    .action((id: string, options: ReportOptions) =>
      run(async (context) => (await import('./report.js')).runQueriesReport(context, id, options)),
    );
}
