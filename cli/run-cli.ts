import { CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CaravanFailure } from '../contracts/failures.js';
import { packageFolder } from '../platform/local-stack/package-folder.js';
import { redactUrl } from '../platform/secrets/endpoint-url.js';
import type { CliContext } from './cli-context.js';
import { buildProgram } from './program.js';

/** Commands whose `--json` promises one line on standard output on every exit. */
const REPORTING: readonly string[] = ['migrate', 'plan', 'assess', 'verify', 'demo'];

/** Runs the command line; resolves with the exit code, never rejects. */
export async function runCli(
  args: readonly string[],
  streams: Pick<CliContext, 'print' | 'tell' | 'screen'>,
): Promise<number> {
  let exit = 0;
  const program = buildProgram(readVersion(), async (work) => {
    const { readConfig } = await import('../config/config.js');
    exit = await work({ ...streams, config: readConfig(), cwd: process.cwd() });
  });
  for (const command of [program, ...program.commands, ...program.commands.flatMap((each) => each.commands)]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => {
        streams.print(text.trimEnd());
      },
      writeErr: (text) => {
        streams.tell(redactUrl(text.trimEnd()));
      },
    });
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exit;
  } catch (error) {
    return await reportThrown(args, streams, error);
  }
}

async function reportThrown(
  args: readonly string[],
  { print, tell }: Pick<CliContext, 'print' | 'tell'>,
  error: unknown,
): Promise<number> {
  const isUsage = error instanceof CommanderError;
  if (isUsage && error.exitCode === 0) return 0;
  const thrown = isUsage ? usageFailure(args, error) : error;
  const { exitOf, reportOfError } = await import('./failure-of.js');
  const report = reportOfError(thrown);
  if (!isUsage) tell(report.message.includes(report.next) ? report.message : `${report.message} ${report.next}`);
  if (args.includes('--json') && REPORTING.includes(args[0] ?? '')) {
    const { outcomeOfError, reportLine } = await import('./migrate/outcome.js');
    print(reportLine(outcomeOfError('', thrown).report));
  }
  return exitOf(report);
}

function usageFailure(args: readonly string[], error: CommanderError): CaravanFailure {
  const seen = redactUrl(error.message.replace(/^error: /u, '').replace(/\.$/u, ''));
  return new CaravanFailure('USAGE', { attempted: 'read', on: `caravan ${args[0] ?? ''}`.trim(), seen });
}

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string };
  return version;
}
