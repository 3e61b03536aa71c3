import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CaravanFailure } from '../../contracts/failures.js';
import { packageFolder } from './package-folder.js';
import type { Launch } from './launch.js';
import type { StackSettings } from './settings.js';

/** One worker process of the stack. */
export interface WorkerSpec {
  /** `control`, `copy`, `verify` or `notify`. */
  readonly role: string;
  /** Name of the part; default `worker-<role>`, the second of a role `worker-<role>-2`. */
  readonly name?: string;
  /** The program; default `dist/workers/<role>.js` of this package. */
  readonly entry?: string;
  /** Added to the worker's environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface WorkerPart {
  readonly name: string;
  readonly role: string;
  readonly launch: Launch;
}

/** Where the infrastructure is, for the environment of the workers. */
export interface StackAddresses {
  readonly temporalAddress: string;
  /** Temporal is the private one: its clients must not take settings of another from the environment. */
  readonly temporalIsOurs: boolean;
  readonly namespace: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

/** The line that a worker prints when it takes tasks contains this text. */
const READY_TEXT = '"worker.ready"';

export function planWorkers(
  specs: readonly WorkerSpec[],
  settings: StackSettings,
  addresses: StackAddresses,
): WorkerPart[] {
  const counts = new Map<string, number>();
  return specs.map((spec) => {
    const count = (counts.get(spec.role) ?? 0) + 1;
    counts.set(spec.role, count);
    const name = spec.name ?? `worker-${spec.role}${count === 1 ? '' : `-${String(count)}`}`;
    return { name, role: spec.role, launch: workerLaunch(spec, settings, addresses) };
  });
}

function workerLaunch(spec: WorkerSpec, settings: StackSettings, addresses: StackAddresses): Launch {
  const entry = spec.entry ?? join(packageFolder(), 'dist', 'workers', `${spec.role}.js`);
  if (!existsSync(entry)) {
    throw new CaravanFailure('STACK_PART_MISSING', {
      attempted: 'start',
      on: `worker ${spec.role}`,
      seen: `"${entry}" does not exist`,
      next: 'Run "npm run build".',
    });
  }
  return {
    command: process.execPath,
    args: [entry],
    cwd: settings.home,
    environment: workerEnvironment(spec, settings, addresses),
    ready: { line: READY_TEXT },
    stopSignal: 'SIGTERM',
    leftovers: null,
  };
}

function workerEnvironment(
  spec: WorkerSpec,
  settings: StackSettings,
  addresses: StackAddresses,
): Record<string, string> {
  const inherited = Object.entries(settings.environment).filter(
    ([name]) => !(addresses.temporalIsOurs && name.startsWith('TEMPORAL_')),
  );
  const temporal = { TEMPORAL_ADDRESS: addresses.temporalAddress, TEMPORAL_NAMESPACE: addresses.namespace };
  return {
    ...Object.fromEntries(inherited),
    // Another Temporal's address may come from a profile of the configuration file: then the file goes on to say all.
    ...(addresses.temporalIsOurs ? temporal : {}),
    DATABASE_URL: addresses.databaseUrl,
    REDIS_URL: addresses.redisUrl,
    CARAVAN_HOME: settings.home,
    // A killed worker is back sooner when its code need not be compiled again.
    NODE_COMPILE_CACHE: join(settings.cacheFolder, 'compiled'),
    ...spec.environment,
  };
}
