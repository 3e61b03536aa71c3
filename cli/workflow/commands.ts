import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { parseDuration } from '../duration.js';
import type { Run } from '../run-command.js';
import { addSteeringCommands } from './steering-commands.js';
import type { GraphFormat } from './plan.js';
import type { RunOptions } from './run.js';

/** Commands for workflow definitions and their executions. */
export function addWorkflowCommands(program: Command, run: Run): void {
  const workflow = program
    .command('workflow')
    .description('workflow definitions, as YAML or JSON, and their executions');
  addDefinitionCommands(workflow, run);
  workflow
    .command('run')
    .description('runs a definition and follows it: 0 completed, 1 not, 2 bad input')
    .argument('[file]', 'stored as a new definition; with --workflow as a new version of that one')
    .option('--input <json|@file>', 'what the definition is given')
    .option('--timeout <seconds>', 'limit, without pauses and waiting for people', secondsOption)
    .option('--no-wait', 'only start it, and print its id')
    .option('--workflow <id>', 'a definition that is stored already')
    .option('--json', 'print one line of JSON at the end')
    .action((file: string | undefined, options: RunOptions) =>
      run(async (context) => (await import('./run.js')).runWorkflowRun(context, file, options)),
    );
  addSteeringCommands(workflow, run);
  addPatternCommands(workflow, run);
}

function addPatternCommands(workflow: Command, run: Run): void {
  const pattern = workflow.command('pattern').description('registered patterns: graphs with options, used by name');
  const json = ['--json', 'print one line of JSON'] as const;
  pattern
    .command('list')
    .description('those that are built in, and those that are registered')
    .option(...json)
    .action((options: { json?: boolean }) =>
      run(async (context) => (await import('./patterns.js')).runPatternList(context, options)),
    );
  pattern
    .command('add')
    .description('registers a pattern after it was tried on its sample: 0 done, 2 bad input')
    .argument('<file>', 'YAML or JSON')
    .option(...json)
    .action((file: string, options: { json?: boolean }) =>
      run(async (context) => (await import('./patterns.js')).runPatternAdd(context, file, options)),
    );
  pattern
    .command('remove')
    .description('definitions that were made of it stay as they are')
    .argument('<name>')
    .action((name: string) => run(async (context) => (await import('./patterns.js')).runPatternRemove(context, name)));
}

function addDefinitionCommands(workflow: Command, run: Run): void {
  workflow
    .command('validate')
    .description('checks a definition and tells every problem: 0 valid, 2 not')
    .argument('<file>')
    .option('--json', 'print one line of JSON')
    .action((file: string, options: { json?: boolean }) =>
      run(async (context) => (await import('./validate.js')).runWorkflowValidate(context, file, options)),
    );
  workflow
    .command('plan')
    .description('shows order, critical path, duration, and who would run what')
    .argument('<file>')
    .option('--json', 'print one line of JSON')
    .action((file: string, options: { json?: boolean }) =>
      run(async (context) => (await import('./plan.js')).runWorkflowPlan(context, file, options)),
    );
  workflow
    .command('graph')
    .description('draws the tasks and what they wait for')
    .argument('<file>')
    .addOption(new Option('--format <format>', 'default: text').choices(['text', 'mermaid', 'svg']))
    .option('--out <file>', 'write it there (default: standard output)')
    .action((file: string, options: { format?: GraphFormat; out?: string }) =>
      run(async (context) => (await import('./plan.js')).runWorkflowGraph(context, file, options)),
    );
}

/** Seconds, or a duration such as 30m. */
function secondsOption(text: string): number {
  try {
    return parseDuration(/^\d+$/u.test(text) ? `${text}s` : text);
  } catch {
    throw new InvalidArgumentError('Write it as 90, 90s, 30m or 2h.');
  }
}
