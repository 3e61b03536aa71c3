import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { CaravanFailure } from '../../contracts/failures.js';
import { endLeftovers, endProcesses, identityOf } from './processes.js';
import type { ChildProcess } from 'node:child_process';
import type { Launch } from './launch.js';
import type { PartLog } from './part-log.js';
import type { StopOrder } from './processes.js';
import type { Watchdog } from './watchdog.js';

export type PartState = 'starting' | 'ready' | 'restarting' | 'stopped' | 'failed' | 'external';

/** Wait before a restart, in milliseconds: the first, doubled up to the last while the part keeps dying. */
const RESTART_MS_FIRST = 100;
const RESTART_MS_LAST = 5_000;
/** A part that was ready this long starts again with the first wait. */
const STEADY_MS = 10_000;
/** Deaths before the first readiness that make a start fail. */
const EARLY_DEATHS_MAX = 3;
const READY_MS_MAX = 60_000;
const PROBE_MS = 25;

export interface SupervisedPartOptions {
  readonly name: string;
  readonly launch: Launch;
  readonly log: PartLog;
  readonly watchdog: Pick<Watchdog, 'watch' | 'forget'>;
  /** Started again when it dies; default true. */
  readonly restarted?: boolean;
  /** Called after every change of state, pid or restarts. */
  readonly onChange?: (part: SupervisedPart) => void;
}

/** One process that is kept alive: started, watched, started again on its data when it dies, and ended. */
export class SupervisedPart {
  readonly name: string;
  state: PartState = 'stopped';
  restarts = 0;
  /** The living process, with all that is needed to end it. */
  process: StopOrder | null = null;
  private readonly options: SupervisedPartOptions;
  private wanted = false;
  private everReady = false;
  private readyAt = 0;
  private waitMs = RESTART_MS_FIRST;
  private life: Promise<void> = Promise.resolve();
  private halt = new AbortController();

  constructor(options: SupervisedPartOptions) {
    this.options = options;
    this.name = options.name;
  }

  /** Starts it; resolves when it is ready, rejects when it keeps dying or does not get ready in a minute. */
  async start(): Promise<void> {
    this.wanted = true;
    this.everReady = false;
    this.halt = new AbortController();
    await new Promise<undefined>((resolve, reject) => {
      this.life = this.live(resolve, reject);
    });
  }

  /** Ends it: politely first, with SIGKILL after `graceMs`. It is not started again. */
  async stop(graceMs: number, signal = this.options.launch.stopSignal): Promise<void> {
    this.wanted = false;
    this.halt.abort();
    if (this.process !== null) await endProcesses([{ ...this.process, signal }], graceMs);
    await this.life;
    this.become('stopped');
  }

  private async live(resolve: (value: undefined) => void, reject: (error: Error) => void): Promise<void> {
    let deaths = 0;
    while (this.isWanted()) {
      this.become(this.restarts === 0 ? 'starting' : 'restarting');
      const ready = await this.liveOnce(resolve).catch((error: unknown) => String(error));
      if (!this.isWanted()) break;
      deaths += 1;
      const hopeless = !this.everReady && (deaths >= EARLY_DEATHS_MAX || ready === 'late');
      if (hopeless || this.options.restarted === false) {
        this.wanted = false;
        this.become('failed');
        break;
      }
      await this.waitForRestart();
    }
    // After readiness nobody listens any more, and this changes nothing.
    reject(this.failure());
  }

  /** One life of the process: spawn, ready, death. */
  private async liveOnce(resolve: (value: undefined) => void): Promise<'died' | 'late'> {
    const { launch, log, watchdog } = this.options;
    // Also before the first start: whoever supervised it before may have been killed together with it.
    if (launch.leftovers !== null) await endLeftovers(launch.leftovers);
    if (!this.isWanted()) return 'died';
    const child = this.spawn();
    const death = deathOf(child);
    const { pid } = child;
    const identity = pid === undefined ? null : identityOf(pid);
    if (identity !== null) {
      this.process = { ...identity, signal: launch.stopSignal, leftovers: launch.leftovers };
      watchdog.watch(this.process);
    }
    this.changed();
    const seen = await Promise.race([death, this.becomesReady(child, death)]);
    if (seen === 'late' && identity !== null && this.process !== null) await endProcesses([this.process], 1_000);
    if (seen === 'ready') {
      this.everReady = true;
      this.readyAt = Date.now();
      this.become('ready');
      resolve(undefined);
    }
    const reason = await death;
    log.write(Buffer.from(`caravan: the process ended (${reason})\n`));
    if (identity !== null) watchdog.forget(identity.pid);
    this.process = null;
    return seen === 'late' ? 'late' : 'died';
  }

  private spawn(): ChildProcess {
    const { launch, log } = this.options;
    const child = spawn(launch.command, launch.args, {
      cwd: launch.cwd,
      env: { ...launch.environment },
      // A session of its own: Ctrl-C in the terminal reaches nobody but the command in front.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(launch.uid === undefined ? {} : { uid: launch.uid, gid: launch.gid }),
    });
    child.stdout.on('data', (bytes: Buffer) => {
      log.write(bytes);
    });
    child.stderr.on('data', (bytes: Buffer) => {
      log.write(bytes);
    });
    return child;
  }

  private async becomesReady(child: ChildProcess, death: Promise<string>): Promise<'ready' | 'late' | 'died'> {
    const { ready } = this.options.launch;
    const over = new AbortController();
    void death.then(() => {
      over.abort();
    });
    const isOver = (): boolean => over.signal.aborted;
    if ('line' in ready) return await Promise.race([lineSeen(child, ready.line), late()]);
    // A server that was ready before may have much to recover: it gets all the time it needs.
    const deadline = this.everReady ? Infinity : Date.now() + READY_MS_MAX;
    while (!isOver() && Date.now() < deadline) {
      if (await ready.probe()) return isOver() ? 'died' : 'ready';
      await pause(PROBE_MS);
    }
    return isOver() ? 'died' : 'late';
  }

  private async waitForRestart(): Promise<void> {
    const steady = this.everReady && Date.now() - this.readyAt >= STEADY_MS;
    this.waitMs = steady ? RESTART_MS_FIRST : this.waitMs;
    this.restarts += 1;
    this.become('restarting');
    await pause(this.waitMs, undefined, { signal: this.halt.signal }).catch(() => undefined);
    this.waitMs = Math.min(this.waitMs * 2, RESTART_MS_LAST);
  }

  /** A function, because the answer may change during any wait. */
  private isWanted(): boolean {
    return this.wanted;
  }

  private failure(): CaravanFailure {
    const { log, name } = this.options;
    const lines = log.tail(40);
    const words = lines.find((line) => /Error|FATAL|could not/.test(line)) ?? lines.slice(-4).join(' | ');
    return new CaravanFailure('STACK_PART_MISSING', {
      attempted: 'start',
      on: name,
      seen: `it ended or did not get ready; it said: ${words.slice(0, 600)}`,
      next: `Look at "${log.path}".`,
    });
  }

  private become(state: PartState): void {
    this.state = state;
    this.changed();
  }

  private changed(): void {
    this.options.onChange?.(this);
  }
}

/** Resolves with the reason when the process ended and its output is read, or when it could not be started. */
async function deathOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('exit', (code, signal) => {
      resolve(signal ?? `exit code ${String(code)}`);
    });
  });
}

async function lineSeen(child: ChildProcess, text: string): Promise<'ready'> {
  return new Promise((resolve) => {
    let rest = '';
    const look = (bytes: Buffer): void => {
      rest = (rest + bytes.toString('utf8')).slice(-65_536);
      if (!rest.includes(text)) return;
      child.stdout?.off('data', look);
      resolve('ready');
    };
    child.stdout?.on('data', look);
  });
}

async function late(): Promise<'late'> {
  await pause(READY_MS_MAX, undefined, { ref: false });
  return 'late';
}
