import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { bytesOf } from '../contracts/quantities.js';
import { parseDuration } from './duration.js';
import type { MigrateOptions } from './migrate/request.js';
import type { ThrottleOptions } from './throttle.js';
import type { Run } from './run-command.js';

/** Commands that start, steer and end migrations. */
export function addMigrationCommands(program: Command, run: Run): void {
  addMigrate(program, run);
  addPlan(program, run);
  addAssess(program, run);
  addVerify(program, run);
  addDecisions(program, run);
  program
    .command('list')
    .description('lists migrations, the newest first')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) =>
      run(async (context) => (await import('./manage.js')).runList(context, options)),
    );
  program
    .command('cancel')
    .description('cancels a migration and undoes it')
    .argument('<id>', 'of the migration')
    .action((id: string) => run(async (context) => (await import('./manage.js')).runCancel(context, id)));
  program
    .command('purge')
    .description('deletes what is kept of an ended migration: old tables, quarantine, value ledger, record')
    .argument('<id>', 'of the migration')
    .action((id: string) => run(async (context) => (await import('./manage.js')).runPurge(context, id)));
}

function addMigrate(program: Command, run: Run): void {
  const command = program
    .command('migrate')
    .description('moves a database into PostgreSQL and proves that it is equal');
  addEnds(command, { isTargetNeeded: true });
  command
    .option('--yes', 'approve the plan, answer questions with their defaults, accept exceptions')
    .option('--plan <file>', 'a plan, made by "caravan plan" and perhaps edited')
    .option('--dry-run', 'stop after the plan, and print it')
    .option('--out <file>', 'where a dry run writes the plan (default: standard output)');
  addQueries(command)
    .addOption(
      new Option('--on-source-moved <what>', 'when the source changed after its proof (default: ask)').choices([
        'ask',
        'fail',
        'refresh',
        'accept',
      ]),
    )
    .action((given: GivenOptions) =>
      run(async (context) => (await import('./migrate/run-migrate.js')).runMigrate(context, optionsOf(given))),
    );
}

function addPlan(program: Command, run: Run): void {
  const command = program.command('plan').description('makes the plan of a migration and prints it as YAML');
  addEnds(command, { isTargetNeeded: false });
  command
    .option('--out <file>', 'write the plan there (default: standard output)')
    .option('--show <id>', 'print the plan of a migration that is there, instead of making one')
    .action((given: GivenOptions & { show?: string }) => {
      const { show, ...rest } = given;
      if (show !== undefined)
        return run(async (context) => (await import('./show-plan.js')).runShowPlan(context, show));
      return run(async (context) =>
        (await import('./migrate/run-migrate.js')).runMigrate(context, { ...optionsOf(rest), dryRun: true }),
      );
    });
}

function addAssess(program: Command, run: Run): void {
  const command = program
    .command('assess')
    .description('tells what a migration of a database would meet, before anyone commits; nothing is touched');
  addEnds(command, { isTargetNeeded: false });
  command
    .option('--html <file>', 'write a page for people there, too')
    .action((given: GivenOptions & { html?: string }) => {
      const { html, ...rest } = given;
      return run(async (context) => (await import('./assess/run-assess.js')).runAssess(context, optionsOf(rest), html));
    });
}

function addVerify(program: Command, run: Run): void {
  const command = program
    .command('verify')
    .description('proves a database that any tool moved: both sides are only read, and every difference is named')
    .option('--source <url|name>', 'mysql://, mariadb://, postgres:// or sqlite: URL, or the name of a connection')
    .option('--target <url|name>', 'postgres:// URL, or the name of a connection')
    .option('--target-schema <schema>', 'schema in the target that holds the tables (default: public)');
  addNaming(command);
  addQueries(command);
  addLimits(command)
    .option('--json', 'print one line of JSON at the end; everything else goes to standard error')
    .action((given: GivenOptions) =>
      run(async (context) => (await import('./verify/run-verify.js')).runVerify(context, optionsOf(given))),
    );
}

type GivenOptions = Omit<MigrateOptions, 'deadlineSeconds' | 'source'> & {
  readonly source?: string;
  readonly deadline?: number;
};

function optionsOf({ deadline, source = '', ...rest }: GivenOptions): MigrateOptions {
  return { ...rest, source, ...(deadline === undefined ? {} : { deadlineSeconds: deadline }) };
}

/** Options that `migrate` and `plan` share. */
function addEnds(command: Command, { isTargetNeeded }: { isTargetNeeded: boolean }): void {
  command
    .option(
      '--source <url|name>',
      'mysql://, mariadb://, postgres://, sqlite: or csv: URL, or the name of a connection',
    )
    .option('--target <url|name>', `postgres:// URL, or the name of a connection${isTargetNeeded ? '' : ' (optional)'}`)
    .option('--target-schema <schema>', 'schema in the target; made when missing (default: public)')
    .addOption(
      new Option('--on-existing <what>', 'when the target has an object of the same name (default: fail)').choices([
        'fail',
        'replace',
      ]),
    );
  addNaming(command);
  command
    .addOption(
      new Option(
        '--mode <what>',
        'tables with their rows, without, or rows into tables that stand (default: schema-and-data)',
      ).choices(['schema-and-data', 'schema-only', 'data-only']),
    )
    .option('--deadline <duration>', 'limit for approval and questions (default: 24h)', durationOption);
  addLimits(command).option('--json', 'print one line of JSON at the end; everything else goes to standard error');
}

/** How names are matched, and which tables are meant. */
function addNaming(command: Command): void {
  command
    .addOption(
      new Option('--identifiers <rule>', 'how names are written in the target (default: lower)').choices([
        'lower',
        'preserve',
        'snake',
      ]),
    )
    .option('--include <glob>', 'only these tables, as "table" or "schema.table"; may be repeated', collect, [])
    .option('--exclude <glob>', 'not these tables; may be repeated', collect, [])
    .option('--mapping <file>', 'what you decide before the plan is made: names, types, rows, values')
    .option('--workflow-id <id>', 'id of the migration; one that runs is attached to');
}

/** Queries of the application, which are replayed on both sides. */
function addQueries(command: Command): Command {
  return command
    .option(
      '--queries <file|server>',
      'a log or a file of SQL, whose queries are replayed on both sides; may be repeated; "server": what the source counts',
      collect,
      [],
    )
    .option(
      '--replay-source <url|name>',
      'a throw-away replica of the source, on which recorded writes, triggers and cascades of keys are tried',
    );
}

/** What may be taken of the source. */
function addLimits(command: Command): Command {
  return command
    .option(
      '--max-source-connections <count>',
      'sessions on the source at once, 2 or more (default: no limit)',
      (text) => wholeOption(text, 2),
    )
    .option('--max-rows-per-second <count>', 'rows read of the source in a second', (text) => wholeOption(text, 1))
    .option('--max-bytes-per-second <bytes>', 'bytes read of it in a second, such as 500k or 20M', bytesOption);
}

function wholeOption(text: string, least: number): number {
  const count = Number(text);
  if (/^[0-9]{1,12}$/u.test(text) && count >= least) return count;
  throw new InvalidArgumentError(`Give a whole number from ${String(least)}.`);
}

function bytesOption(text: string): number {
  const bytes = bytesOf(text);
  if (bytes !== undefined) return bytes;
  throw new InvalidArgumentError('Write it as 500000, 500k, 20M or 16Mi.');
}

function collect(glob: string, globs: readonly string[]): string[] {
  return [...globs, glob];
}

function durationOption(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new InvalidArgumentError('Write it as 90s, 30m, 24h, 2d or 1h30m.');
  }
}

interface Said {
  readonly by?: string;
  readonly reason?: string;
}

function addDecisions(program: Command, run: Run): void {
  const decision = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .argument('<id>', 'of the migration')
      .option('--by <who>', 'who decides (default: the user of the operating system)');
  decision('approve', 'approves the plan that a migration waits with')
    .option('--reason <text>')
    .action((id: string, { by, reason }: Said) =>
      run(async (context) =>
        (await import('./decide.js')).runDecision(context, { migrationId: id, by }, { kind: 'approve', reason }),
      ),
    );
  decision('reject', 'rejects the plan; the target stays untouched')
    .requiredOption('--reason <text>')
    .action((id: string, { by, reason = '' }: Said) =>
      run(async (context) =>
        (await import('./decide.js')).runDecision(context, { migrationId: id, by }, { kind: 'reject', reason }),
      ),
    );
  addAnswers(decision, run);
  addThrottle(decision, run);
  decision('pause', 'starts nothing new until resumed')
    .option('--reason <text>')
    .action((id: string, { by, reason }: Said) =>
      run(async (context) =>
        (await import('./decide.js')).runDecision(context, { migrationId: id, by }, { kind: 'pause', reason }),
      ),
    );
  decision('resume', 'goes on after a pause').action((id: string, { by }: Said) =>
    run(async (context) =>
      (await import('./decide.js')).runDecision(context, { migrationId: id, by }, { kind: 'resume' }),
    ),
  );
}

function addThrottle(decision: (name: string, description: string) => Command, run: Run): void {
  decision('throttle', 'limits what a running migration reads of its source; limits that are not named stay')
    .option('--connections <count>', 'sessions at once, 2 or more', (text) => wholeOption(text, 2))
    .option('--rows-per-second <count>', 'rows in a second', (text) => wholeOption(text, 1))
    .option('--bytes-per-second <bytes>', 'bytes in a second, such as 500k or 20M', bytesOption)
    .option('--off', 'lift all limits')
    .action((id: string, options: ThrottleOptions & { by?: string }) =>
      run(async (context) => (await import('./throttle.js')).runThrottle(context, id, options)),
    );
}

function addAnswers(decision: (name: string, description: string) => Command, run: Run): void {
  decision('answer', 'answers a question')
    .argument('<question>', 'its id')
    .argument('<option>', 'one of its options')
    .action((...[id, questionId, option, { by }]: [string, string, string, Said]) =>
      run(async (context) =>
        (await import('./decide.js')).runDecision(
          context,
          { migrationId: id, by },
          { kind: 'answer', questionId, option },
        ),
      ),
    );
  decision('accept', 'accepts a finding as an exception')
    .argument('<finding>', 'its id')
    .requiredOption('--reason <text>')
    .action((id: string, findingId: string, { by, reason = '' }: Said) =>
      run(async (context) =>
        (await import('./decide.js')).runDecision(
          context,
          { migrationId: id, by },
          { kind: 'accept', findingId, reason },
        ),
      ),
    );
}
