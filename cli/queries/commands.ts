import type { Command } from 'commander';
import type { Run } from '../run-command.js';
import { addReadCommand } from './read-command.js';
import { addReportCommand } from './report-command.js';

/** Commands for recorded queries of the application. */
export function addQueriesCommands(program: Command, run: Run): void {
  const queries = program.command('queries').description('recorded queries of the application');
  addReadCommand(queries, run);
  addReportCommand(queries, run);
}
