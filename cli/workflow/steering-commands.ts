import { Option } from 'commander';
import type { Command } from 'commander';
import { EXECUTION_STATES } from '../../contracts/execution-states.js';
import type { ExecutionStatus } from '../../contracts/execution-states.js';
import type { Run } from '../run-command.js';
import type { DecideOptions, ResolveOptions, Said } from './steer.js';

const EITHER = 'of an execution, or of a definition for its newest one';

/** Commands that look at executions, and steer them. */
export function addSteeringCommands(workflow: Command, run: Run): void {
  addLooks(workflow, run);
  const steering = (name: string, description: string): Command =>
    workflow
      .command(name)
      .description(description)
      .argument('<id>', EITHER)
      .option('--by <who>', 'who says it (default: the user of the operating system)')
      .option('--reason <text>');
  steering('pause', 'starts nothing new until resumed, and keeps a checkpoint').action((id: string, said: Said) =>
    run(async (context) => (await import('./steer.js')).runWorkflowPause(context, id, said)),
  );
  steering('resume', 'goes on after a pause, or at a checkpoint when its Temporal workflow is gone')
    .option('--checkpoint <id>', 'of an execution that was lost (default: its last)')
    .action((id: string, options: Said & { checkpoint?: string }) =>
      run(async (context) => (await import('./steer.js')).runWorkflowResume(context, id, options)),
    );
  steering('cancel', 'stops, undoes what was done, and waits for it')
    .option('--no-wait', 'do not wait for its end')
    .action((id: string, options: Said & { wait?: boolean }) =>
      run(async (context) => (await import('./steer.js')).runWorkflowCancel(context, id, options)),
    );
  addAnswers(steering, run);
}

function addAnswers(steering: (name: string, description: string) => Command, run: Run): void {
  steering('decide', 'approves or rejects a task that waits for it, or gives what a person did')
    .argument('<task>', 'its id')
    .option('--approve')
    .option('--reject')
    .option('--output <json|@file>', 'of a task that a person does')
    .action((id: string, task: string, options: DecideOptions) =>
      run(async (context) => (await import('./steer.js')).runWorkflowDecide(context, [id, task], options)),
    );
  steering('resolve', 'says what becomes of a task, or of an undo, that failed for good')
    .argument('<task>', 'its id')
    .option('--retry', 'try again')
    .option('--skip', 'go on without it')
    .option('--fail', 'let it fail')
    .action((id: string, task: string, options: ResolveOptions) =>
      run(async (context) => (await import('./steer.js')).runWorkflowResolve(context, [id, task], options)),
    );
}

function addLooks(workflow: Command, run: Run): void {
  const look = (name: string, description: string): Command =>
    workflow.command(name).description(description).option('--json', 'print JSON');
  look('status', 'how an execution is, from the store alone: no worker need run')
    .argument('<id>', EITHER)
    .action((id: string, options: { json?: boolean }) =>
      run(async (context) => (await import('./look.js')).runWorkflowStatus(context, id, options)),
    );
  look('watch', 'follows an execution to its end; exits as "run"')
    .argument('<id>', EITHER)
    .action((id: string, options: { json?: boolean }) =>
      run(async (context) => (await import('./look.js')).runWorkflowWatch(context, id, options)),
    );
  look('list', 'lists executions, the newest first')
    .addOption(new Option('--status <status>', 'only these').choices(EXECUTION_STATES))
    .action((options: { json?: boolean; status?: ExecutionStatus }) =>
      run(async (context) => (await import('./look.js')).runWorkflowList(context, options)),
    );
  look('events', 'prints what happened in an execution, a line an event')
    .argument('<id>', EITHER)
    .option('--verify', 'only walk the chain of their hashes: 0 whole, 1 broken')
    .action((id: string, options: { json?: boolean; verify?: boolean }) =>
      run(async (context) => (await import('./look.js')).runWorkflowEvents(context, id, options)),
    );
}
