import { takeLease } from '../../platform/local-stack/stack-lock.js';
import { readLivingStack } from '../../platform/local-stack/stack-state.js';
import { ensureStack } from './ensure-stack.js';
import { stackTable } from './status.js';
import { startSupervisor } from './supervisor-process.js';
import type { Config } from '../../config/config.js';
import type { WorkerSpec } from '../../platform/local-stack/worker-parts.js';
import type { OnProgress } from './supervisor-process.js';

export interface UpOptions {
  readonly config: Config;
  /** Return when the stack is ready; it stays until `down`. Default false: stay in front until Ctrl-C. */
  readonly detach?: boolean;
  readonly workers?: readonly WorkerSpec[];
  /** Run the HTTP API, too. Default true where no workers are named. */
  readonly api?: boolean;
  /** Writes one line for the person. */
  readonly print: (line: string) => void;
}

/** `caravan up`: resolves with the exit code. */
export async function runUp(options: UpOptions): Promise<number> {
  const { config, detach = false, print } = options;
  const workers = options.workers ?? config.workers.map((role) => ({ role }));
  const { api = options.workers === undefined } = options;
  const onProgress: OnProgress = ({ name, text }) => {
    print(name === null ? text : `${name} ${text}`);
  };
  if (readLivingStack(config.home) !== null) return await joinRunning(options);
  const supervisor = startSupervisor(config, { workers, api, detached: detach }, onProgress);
  const stopOnSignal = (): void => {
    supervisor.terminate();
  };
  // Before it is ready Ctrl-C stops a detached one too: nobody else knows of it yet.
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, stopOnSignal);
  try {
    if ((await supervisor.started) === 'taken') return await joinRunning(options);
    showStack(config, print);
    if (detach) {
      supervisor.detach();
      return 0;
    }
    print('Ctrl-C stops it');
    return await supervisor.gone;
  } finally {
    for (const name of signals) process.off(name, stopOnSignal);
  }
}

/** A second `up`: waits until the first is ready and says so. With `--detach` the stack then stays until `down`. */
async function joinRunning({ config, detach, workers, print }: UpOptions): Promise<number> {
  const stack = await ensureStack({ config, ...(workers === undefined ? {} : { workers }) });
  const state = readLivingStack(config.home);
  if (detach === true && state !== null) takeLease(config.home, state.supervisor);
  print('the stack runs already');
  showStack(config, print);
  await stack.stop();
  return 0;
}

function showStack(config: Config, print: (line: string) => void): void {
  const state = readLivingStack(config.home);
  if (state === null) return;
  for (const line of stackTable(config.home, state)) print(line);
}
