import { setTimeout as pause } from 'node:timers/promises';
import { CaravanFailure } from '../../contracts/failures.js';
import { takeLease } from '../../platform/local-stack/stack-lock.js';
import { readLivingStack } from '../../platform/local-stack/stack-state.js';
import { stackSettings } from './stack-settings.js';
import { startSupervisor } from './supervisor-process.js';
import type { Config } from '../../config/config.js';
import type { StackState } from '../../platform/local-stack/stack-state.js';
import type { WorkerSpec } from '../../platform/local-stack/worker-parts.js';
import type { OnProgress, SupervisorProcess } from './supervisor-process.js';

export interface EnsureStackOptions {
  readonly config: Config;
  /** Worker processes of a stack that is started here. Default those of the configuration; `[]`: infrastructure only. */
  readonly workers?: readonly WorkerSpec[];
  /** A stack that is started here runs the HTTP API, too; default false. */
  readonly api?: boolean;
  readonly onProgress?: OnProgress;
}

/** A stack that this process may use until it calls `stop`. */
export interface Stack {
  readonly temporalAddress: string;
  readonly namespace: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Null: Temporal is not ours. */
  readonly webUiUrl: string | null;
  /** This call started it: it ends with `stop`, or with this process, however that ends. */
  readonly started: boolean;
  /** Ends the use; a stack that was started here stops, unless others still use it. */
  stop(): Promise<void>;
}

/** How long another's start or stop may take, in milliseconds. */
const TURN_MS_MAX = 120_000;
const POLL_MS = 50;

/** Finds the running stack of the data folder, or takes the one of the environment, or starts a private one. */
export async function ensureStack(options: EnsureStackOptions): Promise<Stack> {
  const { config, api = false, onProgress = () => undefined } = options;
  const deadline = Date.now() + TURN_MS_MAX;
  while (Date.now() < deadline) {
    const found = await attach(config);
    if (found !== null) return found;
    const given = fromEnvironment(config);
    if (given !== null) return given;
    const workers = options.workers ?? config.workers.map((role) => ({ role }));
    const supervisor = startSupervisor(config, { workers, api, detached: false }, onProgress);
    // Taken before the stack is ready: from here on it stays until this process lets go.
    if ((await supervisor.started) === 'ready') return startedStack(config, supervisor);
  }
  throw new CaravanFailure('STACK_UNREACHABLE', {
    attempted: 'start',
    on: config.home,
    seen: 'another process holds the data folder and its stack does not get ready',
    next: 'Run "caravan down", then try again.',
  });
}

/** Uses the stack that runs already; null when none does, or it is about to go. Waits while one starts or stops. */
async function attach(config: Config): Promise<Stack | null> {
  const deadline = Date.now() + TURN_MS_MAX;
  while (Date.now() < deadline) {
    if (readLivingStack(config.home) === null) return null;
    const release = takeLease(config.home);
    // The lease first, then the look: a supervisor that is about to stop has said so before it looked for leases.
    const state = readLivingStack(config.home);
    if (state?.phase === 'ready') {
      return stackOf(state, false, () => {
        release();
        return Promise.resolve();
      });
    }
    release();
    await pause(POLL_MS);
  }
  return null;
}

function startedStack(config: Config, supervisor: SupervisorProcess): Stack {
  const state = readLivingStack(config.home);
  if (state === null) {
    throw new CaravanFailure('STACK_UNREACHABLE', {
      attempted: 'read',
      on: config.home,
      seen: 'the stack ended right after its start',
    });
  }
  return stackOf(state, true, async () => {
    await supervisor.release();
  });
}

/** Everything is given by the environment: nothing is started, and workers run elsewhere. */
function fromEnvironment(config: Config): Stack | null {
  const { temporal, databaseUrl, redisUrl } = stackSettings(config);
  if (temporal.address === null || databaseUrl === null || redisUrl === null) return null;
  return {
    temporalAddress: temporal.address,
    namespace: temporal.namespace ?? 'default',
    databaseUrl,
    redisUrl,
    webUiUrl: null,
    started: false,
    stop: () => Promise.resolve(),
  };
}

function stackOf(state: StackState, started: boolean, stop: () => Promise<void>): Stack {
  const { temporalAddress, namespace, databaseUrl, redisUrl, webUiUrl } = state;
  return { temporalAddress, namespace, databaseUrl, redisUrl, webUiUrl, started, stop };
}
