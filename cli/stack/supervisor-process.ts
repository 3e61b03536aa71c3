import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { CaravanFailure } from '../../contracts/failures.js';
import { makeHome } from '../../platform/local-stack/home.js';
import { programFile } from '../../platform/local-stack/package-folder.js';
import type { FailureReport } from '../../contracts/failures.js';
import type { Config } from '../../config/config.js';
import type { StackEvent } from '../../platform/local-stack/supervisor.js';
import type { SuperviseArguments, SuperviseLine } from './supervise.js';

export type OnProgress = (event: StackEvent) => void;

/** A supervisor that this process started. */
export interface SupervisorProcess {
  readonly pid: number;
  /** `taken`: another supervisor has the data folder. Rejects when the stack cannot be started. */
  readonly started: Promise<'ready' | 'taken'>;
  /** Resolves with the exit code when the supervisor is gone. */
  readonly gone: Promise<number>;
  /** Lets go of the pipe: the stack stops, or stays for others. Resolves when it is decided and done. */
  release(): Promise<void>;
  terminate(): void;
  /** This process may end without ending the stack; only for a detached one. */
  detach(): void;
}

/** Starts the supervisor in a session of its own, bound to this process by a pipe unless it is detached. */
export function startSupervisor(config: Config, args: SuperviseArguments, onProgress: OnProgress): SupervisorProcess {
  const entry = programFile('supervise');
  if (!existsSync(entry)) {
    const seen = 'the built entry is missing';
    throw new CaravanFailure('STACK_PART_MISSING', {
      attempted: 'start',
      on: entry,
      seen,
      next: 'Run "npm run build".',
    });
  }
  makeHome(config.home);
  mkdirSync(join(config.home, 'logs'), { recursive: true, mode: 0o700 });
  const errors = openSync(join(config.home, 'logs', 'supervisor.log'), 'a', 0o600);
  const child = spawn(process.execPath, [entry, JSON.stringify(args)], {
    cwd: config.home,
    env: { ...config.environment, CARAVAN_HOME: config.home },
    detached: true,
    stdio: ['pipe', 'pipe', errors],
  });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw endedEarly(config.home);
  stdin.on('error', () => undefined);
  const gone = new Promise<number>((resolve) => {
    child.once('close', (code) => {
      resolve(code ?? 1);
    });
  });
  const lines = createInterface({ input: stdout });
  const started = new Promise<'ready' | 'taken'>((resolve, reject) => {
    // Told only when all of the failed stack is gone.
    let failure = endedEarly(config.home);
    void gone.then(() => {
      reject(failure);
    });
    lines.on('line', (text) => {
      const line = JSON.parse(text) as SuperviseLine;
      if (line.event === 'stack.taken') resolve('taken');
      else if (line.event === 'stack.failed') failure = failureOf(line.report);
      else if (line.event === 'stack.ready') resolve('ready');
      if ('text' in line) onProgress(line);
    });
  });
  const kept = new Promise<void>((resolve) => {
    lines.on('line', (text) => {
      if ((JSON.parse(text) as SuperviseLine).event === 'stack.kept') resolve();
    });
  });
  return {
    pid: child.pid ?? 0,
    started,
    gone,
    release: async () => {
      stdin.end();
      await Promise.race([gone, kept]);
      child.unref();
    },
    terminate: () => {
      child.kill('SIGTERM');
    },
    detach: () => {
      stdin.destroy();
      stdout.destroy();
      child.unref();
    },
  };
}

/** The supervisor's failure, as one of this process; code and advice are not said twice. */
function failureOf({ code, message, next }: FailureReport): CaravanFailure {
  const seen = message.replace(`${code}: `, '').replace(`. ${next}`, '');
  return new CaravanFailure(code, { attempted: 'start', on: 'the local stack', seen, next });
}

function endedEarly(home: string): CaravanFailure {
  return new CaravanFailure('STACK_UNREACHABLE', {
    attempted: 'start',
    on: 'the local stack',
    seen: 'the supervisor ended',
    next: `Look at "${join(home, 'logs', 'supervisor.log')}".`,
  });
}
