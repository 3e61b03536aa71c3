import type { Client } from '@temporalio/client';
import type { Config } from '../config/config.js';
import { CaravanFailure } from '../contracts/failures.js';
import { openSecretBox } from '../platform/secrets/secret-box.js';
import { secretKeyFile } from '../platform/secrets/key-files.js';
import type { Store } from '../platform/store/store.js';
import type { CliContext } from './cli-context.js';
import { ensureStack } from './stack/ensure-stack.js';
import type { Stack } from './stack/ensure-stack.js';
import type { WorkerSpec } from '../platform/local-stack/worker-parts.js';
import { patient } from './patience.js';

/** A running stack, with its store and a client of its Temporal. */
export interface Session {
  readonly stack: Stack;
  readonly store: Store;
  readonly client: Client;
}

export interface SessionOptions {
  /** Worker processes of a stack that is started for this. Default those of the configuration. */
  readonly workers?: readonly WorkerSpec[];
  /** Tell how a stack starts; default true. */
  readonly loud?: boolean;
  /** Gives up waiting for the stack. Once the work has begun, the work itself decides. */
  readonly interrupted?: Promise<unknown>;
}

/** Finds or starts the stack, does the work, and lets go of everything again, whatever happens. */
export async function withSession<Result>(
  context: CliContext,
  work: (session: Session) => Promise<Result>,
  options: SessionOptions = {},
): Promise<Result> {
  const { config, tell } = context;
  const starting = ensureStack({
    config,
    ...(options.workers === undefined ? {} : { workers: options.workers }),
    onProgress: ({ name, text }) => {
      if (options.loud !== false) tell(name === null ? `stack ${text}` : `${name} ${text}`);
    },
  });
  const stack = await Promise.race([starting, giveUp(options.interrupted)]);
  const closers: (() => Promise<void>)[] = [() => stack.stop()];
  try {
    const opening = patient(() => openStoreAt(config, stack.databaseUrl));
    opening.catch(() => undefined);
    closers.push(async () => (await opening).close());
    // Most of a short command's time is loading: Temporal's client is loaded while the store is connected.
    const { connectTemporal } = await import('./temporal-client.js');
    const client = connectTemporal(config, stack);
    closers.push(() => client.connection.close());
    const store = await opening;
    return await work({ stack, store, client });
  } finally {
    for (const close of closers.reverse()) await close().catch(() => undefined);
  }
}

/** This process then ends, and with it a stack that it was just starting. */
async function giveUp(interrupted = new Promise<unknown>(() => undefined)): Promise<never> {
  await interrupted;
  throw new CaravanFailure('CANCELLED', { attempted: 'start', on: 'the stack', seen: 'it was interrupted' });
}

export async function openStoreAt(config: Config, databaseUrl: string): Promise<Store> {
  const { openStore } = await import('../platform/store/open-store.js');
  const secretBox = openSecretBox({ key: config.secretKey, keyFile: secretKeyFile(config.home) });
  return openStore({ databaseUrl, secretBox, environment: config.environment });
}
