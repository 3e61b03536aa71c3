// The supervisor's process. Its one argument is a JSON object (SuperviseArguments); it tells its events as lines of
// JSON on standard output. Unless it is detached, it ends with its standard input: the pipe that its caller holds.
import { setTimeout as pause } from 'node:timers/promises';
import { CaravanFailure, reportOf } from '../../contracts/failures.js';
import { readConfig } from '../../config/config.js';
import { isLeased } from '../../platform/local-stack/stack-lock.js';
import { StackSupervisor } from '../../platform/local-stack/supervisor.js';
import { readTopology } from '../../platform/local-stack/topology.js';
import { stackSettings } from './stack-settings.js';
import type { FailureReport } from '../../contracts/failures.js';
import type { StackEvent } from '../../platform/local-stack/supervisor.js';
import type { WorkerSpec } from '../../platform/local-stack/worker-parts.js';

export interface SuperviseArguments {
  readonly workers: readonly WorkerSpec[];
  readonly api: boolean;
  readonly detached: boolean;
}

/** A line on the supervisor's standard output. */
export type SuperviseLine =
  StackEvent | { readonly event: 'stack.taken' } | { readonly event: 'stack.kept' } | SuperviseFailure;

export interface SuperviseFailure {
  readonly event: 'stack.failed';
  readonly report: FailureReport;
}

const LEASE_POLL_MS = 100;

async function main({ workers, api, detached }: SuperviseArguments): Promise<number> {
  process.stdout.on('error', () => undefined);
  for (const name of ['SIGINT', 'SIGHUP'] as const) process.on(name, () => undefined);
  const settings = stackSettings(readConfig());
  const supervisor = await StackSupervisor.take({
    settings,
    topology: readTopology(),
    workers,
    api,
    detached,
    onEvent: print,
  });
  if (supervisor === null) {
    print({ event: 'stack.taken' });
    return 0;
  }
  const terminated = new Promise<'terminated'>((resolve) =>
    process.once('SIGTERM', () => {
      resolve('terminated');
    }),
  );
  const left = detached ? new Promise<never>(() => undefined) : callerLeft();
  const failed = supervisor.start().then(async () => new Promise<never>(() => undefined), asFailure);
  for (;;) {
    const reason = await Promise.race([terminated, failed, leftForGood(supervisor, left, settings.home)]);
    if (reason instanceof CaravanFailure) print({ event: 'stack.failed', report: reportOf(reason) });
    await supervisor.stop();
    return reason instanceof CaravanFailure ? 1 : 0;
  }
}

/** The caller is gone and nobody else uses the stack. */
async function leftForGood(supervisor: StackSupervisor, left: Promise<void>, home: string): Promise<'left'> {
  await left;
  for (;;) {
    // First the word, then the look: who takes a lease later reads the word and does not rely on this stack.
    supervisor.announce('stopping');
    if (!isLeased(home)) return 'left';
    supervisor.announce('ready');
    print({ event: 'stack.kept' });
    while (isLeased(home)) await pause(LEASE_POLL_MS);
  }
}

async function callerLeft(): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['end', 'close', 'error'] as const)
      process.stdin.once(event, () => {
        resolve();
      });
    process.stdin.resume();
  });
}

function asFailure(error: unknown): CaravanFailure {
  if (error instanceof CaravanFailure) return error;
  return new CaravanFailure('INTERNAL', { attempted: 'start', on: 'the local stack', seen: String(error) }, error);
}

function print(line: SuperviseLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

process.exitCode = await main(JSON.parse(process.argv[2] ?? '{}') as SuperviseArguments);
process.exit();
