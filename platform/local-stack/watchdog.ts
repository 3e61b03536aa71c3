import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { CaravanFailure } from '../../contracts/failures.js';
import { packageFolder } from './package-folder.js';
import type { StopOrder } from './processes.js';

/** Ends every watched process when this process dies, however it dies. */
export interface Watchdog {
  readonly pid: number;
  watch(order: StopOrder): void;
  /** The process ended, or was ended, in order. */
  forget(pid: number): void;
  /** Ends the watchdog; whatever is still watched is ended by it. Resolves when it is gone. */
  close(): Promise<void>;
}

export interface WatchdogOptions {
  /** Called when the watchdog itself dies before it was closed. */
  readonly onDeath?: () => void;
}

export function startWatchdog(options: WatchdogOptions = {}): Watchdog {
  const entry = join(packageFolder(), 'dist', 'platform', 'local-stack', 'watchdog-main.js');
  if (!existsSync(entry)) {
    throw new CaravanFailure('STACK_PART_MISSING', {
      attempted: 'start',
      on: 'watchdog',
      seen: 'the built entry is missing',
      next: 'Run "npm run build".',
    });
  }
  const child = spawn(process.execPath, [entry], { detached: true, cwd: '/', stdio: ['pipe', 'ignore', 'ignore'] });
  const gone = once(child, 'exit');
  let closing = false;
  child.stdin.on('error', () => undefined);
  void gone.then(() => {
    if (!closing) options.onDeath?.();
  });
  // Neither the process nor its pipe may keep a caller alive that has nothing else to do.
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  const tell = (message: object): void => void child.stdin.write(`${JSON.stringify(message)}\n`);
  return {
    pid: child.pid ?? 0,
    watch: (order) => {
      tell({ watch: order });
    },
    forget: (pid) => {
      tell({ forget: pid });
    },
    close: async () => {
      closing = true;
      child.ref();
      child.stdin.end();
      await gone;
    },
  };
}
