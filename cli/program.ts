import { Command, Option } from 'commander';
import { ROLES } from '../contracts/queues.js';
import type { Role } from '../contracts/queues.js';
import type { ShowOptions } from './certificate/show.js';
import { addCheckCommands } from './checks/commands.js';
import type { AddOptions } from './connection.js';
import { addMigrationCommands } from './migration-commands.js';
import type { Run } from './run-command.js';
import { addQueriesCommands } from './queries/commands.js';
import type { ReconcileOptions } from './reconcile/run-reconcile.js';
import type { TraceOptions } from './trace/run-trace.js';
import { addRulesCommands } from './rules/commands.js';
import { addValuesCommands } from './values/commands.js';
import { addWorkflowCommands } from './workflow/commands.js';

/** Every command loads its own code when it runs: none pays for what another needs. */
export function buildProgram(version: string, run: Run): Command {
  const program = new Command('caravan')
    .description('Moves a live database into PostgreSQL and proves that the new one behaves like the old one.')
    .version(version)
    .showHelpAfterError('(run with --help for the options)');
  addDemo(program, run);
  addMigrationCommands(program, run);
  addWorkflowCommands(program, run);
  addRulesCommands(program, run);
  addValuesCommands(program, run);
  addQueriesCommands(program, run);
  addTrace(program, run);
  addReconcile(program, run);
  addCheckCommands(program, run);
  addConnectionCommands(program, run);
  addCertificateCommands(program, run);
  addStackCommands(program, run);
  return program;
}

function addDemo(program: Command, run: Run): void {
  program
    .command('demo')
    .description('migrates a real shop database, kills a worker on the way, and shows that nothing was lost')
    .addOption(
      new Option('--source <engine>', 'the engine to migrate from').choices(['sqlite', 'mariadb']).default('sqlite'),
    )
    .option('--json', 'print one line of JSON at the end')
    .action((options: { source: 'sqlite' | 'mariadb'; json?: boolean }) =>
      run(async (context) => (await import('./demo/run-demo.js')).runDemo(context, options)),
    );
}

function addTrace(program: Command, run: Run): void {
  program
    .command('trace')
    .description('tells where a row came from and what became of it: chunk, transforms, changed values, both sides now')
    .argument('[id]', 'of the migration (default: the latest one)')
    .requiredOption('--table <name>', 'of the source or of the target, as "table" or "schema.table"')
    .requiredOption(
      '--key <key>',
      'of the row, with commas between several columns; or repeated, once for each column',
      (field: string, fields: readonly string[] | undefined) => [...(fields ?? []), field],
    )
    .option('--source <url|name>', 'where the source is read now, when its connection is not kept any more')
    .option('--target <url|name>', 'where the target is read now')
    .option('--reveal', 'show the values, too')
    .option('--json', 'print JSON')
    .action((id: string | undefined, options: TraceOptions) =>
      run(async (context) => (await import('./trace/run-trace.js')).runTrace(context, id, options)),
    );
}

function addReconcile(program: Command, run: Run): void {
  program
    .command('reconcile')
    .description('findings with their place, explanation and what can be done; or does it for one of them')
    .argument('<id>', 'of the migration')
    .argument('[finding]', 'its id')
    .option('--accept', 'accept it as an exception, with --reason')
    .option('--copy-again', 'copy what it is about again from the source as it is now, and prove everything again')
    .option('--fix <policy>', 'the same, with another policy: null, quarantine, remove, decode or use:VALUE')
    .option('--reason <text>')
    .option('--by <who>', 'who decides (default: the user of the operating system)')
    .option('--reveal', 'show keys, and SQL with values')
    .option('--json', 'print JSON')
    .action((...[migrationId, findingId, options]: [string, string | undefined, ReconcileOptions]) =>
      run(async (context) =>
        (await import('./reconcile/run-reconcile.js')).runReconcile(context, { migrationId, findingId }, options),
      ),
    );
}

function addConnectionCommands(program: Command, run: Run): void {
  const connection = program.command('connection').description('named databases, their secrets sealed');
  connection
    .command('add')
    .description('stores a connection')
    .argument('<name>')
    .argument('<url>', 'of the database; leave the password out and give it with one of the options')
    .option('--replace', 'replace one with the same name')
    .option('--password-env <variable>', 'take the password from this variable now')
    .option('--password-file <path>', 'take the password from this file now')
    .option('--password-stdin', 'take the password from standard input now')
    .option('--password-ref <reference>', 'env:NAME or file:/PATH, read by the workers when they connect')
    .option('--ca <file>', 'certificate of the authority (PEM)')
    .option('--cert <file>', 'client certificate (PEM)')
    .option('--key <file>', 'private key of the client certificate (PEM)')
    .action((name: string, url: string, options: AddOptions) =>
      run(async (context) => (await import('./connection.js')).runConnectionAdd(context, { name, url }, options)),
    );
  connection
    .command('list')
    .description('lists connections, without their secrets')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) =>
      run(async (context) => (await import('./connection.js')).runConnectionList(context, options)),
    );
  connection
    .command('test')
    .description('connects, from a worker')
    .argument('<name>')
    .action((name: string) =>
      run(async (context) => (await import('./connection.js')).runConnectionTest(context, name)),
    );
  connection
    .command('remove')
    .description('deletes a connection')
    .argument('<name>')
    .action((name: string) =>
      run(async (context) => (await import('./connection.js')).runConnectionRemove(context, name)),
    );
}

function addCertificateCommands(program: Command, run: Run): void {
  const certificate = program.command('certificate').description('what was proven, signed');
  certificate
    .command('verify')
    .description('checks a certificate: 0 valid, 1 not valid, 2 unreadable')
    .argument('<file>')
    .option('--key <pem>', 'file of the public key that must have signed it')
    .action((file: string, options: { key?: string }) =>
      run(async (context) => (await import('./certificate/verify.js')).runCertificateVerify(context, file, options)),
    );
  certificate
    .command('show')
    .description('shows what a certificate says, on the terminal or as a page for people; checks it first')
    .argument('<file>')
    .option('--html <file>', 'write a page that needs nothing else there')
    .option('--key <pem>', 'file of the public key that must have signed it')
    .action((file: string, options: ShowOptions) =>
      run(async (context) => (await import('./certificate/show.js')).runCertificateShow(context, file, options)),
    );
  certificate
    .command('key')
    .description('prints the public key that certificates made here are signed with')
    .action(() => run(async (context) => (await import('./certificate/verify.js')).runCertificateKey(context)));
}

function addStackCommands(program: Command, run: Run): void {
  program
    .command('up')
    .description('starts the private stack, or finds the running one')
    .option('--detach', 'return when it is ready; it stays until "caravan down"')
    .action(({ detach = false }: { detach?: boolean }) =>
      run(async ({ config, print }) => (await import('./stack/up.js')).runUp({ config, detach, print })),
    );
  program
    .command('down')
    .description('stops exactly what "up" started')
    .action(() => run(async ({ config, print }) => (await import('./stack/down.js')).runDown({ config, print })));
  program
    .command('status')
    .description('shows the parts of the stack, and what could not be told')
    .option('--json', 'print JSON')
    .action(({ json = false }: { json?: boolean }) =>
      run(async ({ config, print }) => (await import('./stack/status.js')).runStatus({ config, json, print })),
    );
  program
    .command('doctor')
    .description('looks at everything that the stack needs, and says what mends it')
    .option('--fix', 'mend what can be mended, undo what migrations left, send notifications again')
    .option('--json', 'print JSON')
    .action((options: { fix?: boolean; json?: boolean }) =>
      run(async (context) => (await import('./doctor.js')).runDoctor(context, options)),
    );
  program
    .command('notifications')
    .description('lists the notifications that could not be delivered')
    .option('--resend', 'try them again')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean; resend?: boolean }) =>
      run(async (context) => (await import('./notifications.js')).runNotifications(context, options)),
    );
  program
    .command('worker')
    .description('runs a worker in this process')
    .addOption(new Option('--role <role>').choices(ROLES).makeOptionMandatory())
    .action(({ role }: { role: Role }) => run(async () => (await import('./worker.js')).runWorker(role)));
  program
    .command('api')
    .description('runs the HTTP API in this process')
    .action(() => run(async () => (await import('./api.js')).runApi()));
}
