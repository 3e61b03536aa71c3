import type { Command } from 'commander';
import type { Run } from '../run-command.js';

/** Commands for workflow definitions. */
export function addWorkflowCommands(program: Command, run: Run): void {
  const workflow = program.command('workflow').description('workflow definitions, as YAML or JSON');
  workflow
    .command('validate')
    .description('checks a definition and tells every problem: 0 valid, 2 not')
    .argument('<file>')
    .option('--json', 'print one line of JSON')
    .action((file: string, options: { json?: boolean }) =>
      run(async (context) => (await import('./validate.js')).runWorkflowValidate(context, file, options)),
    );
}
