import { endStaleParts } from '../../platform/local-stack/supervisor.js';
import { identityOf, isAlive, signal, waitUntilGone } from '../../platform/local-stack/processes.js';
import { livingParts, readStackState } from '../../platform/local-stack/stack-state.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { Config } from '../../config/config.js';
import type { ProcessIdentity } from '../../platform/local-stack/processes.js';

/** Time that the supervisor has to stop all its parts, in milliseconds. */
const STOP_MS_MAX = 30_000;

export interface DownOptions {
  readonly config: Config;
  readonly print: (line: string) => void;
}

/** `caravan down`: ends exactly what `up` started and waits until all is gone. Resolves with the exit code. */
export async function runDown({ config, print }: DownOptions): Promise<number> {
  const state = readStackState(config.home);
  if (state === null) {
    print('nothing runs');
    return 0;
  }
  const ran = isAlive(state.supervisor) || livingParts(state).length > 0;
  if (isAlive(state.supervisor)) {
    signal(state.supervisor.pid, 'SIGTERM');
    const stubborn = await waitUntilGone([state.supervisor], STOP_MS_MAX);
    for (const { pid } of stubborn) signal(pid, 'SIGKILL');
  }
  // The last word may name parts that the first did not; after a kill the watchdog is at work on the same.
  const last = readStackState(config.home) ?? state;
  await endStaleParts(last);
  const helpers = [last.supervisor, last.watchdog].filter((each): each is ProcessIdentity => each !== null);
  const left = await waitUntilGone(helpers, STOP_MS_MAX);
  if (left.length > 0) {
    const seen = `still alive: ${left.map(({ pid }) => String(identityOf(pid)?.pid)).join(', ')}`;
    throw new CaravanFailure('STACK_UNREACHABLE', { attempted: 'stop', on: config.home, seen, next: 'Try again.' });
  }
  print(ran ? 'stopped' : 'nothing runs');
  return 0;
}
