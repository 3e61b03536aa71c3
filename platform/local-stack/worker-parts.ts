import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CaravanFailure } from '../../contracts/failures.js';
import { programFile } from './package-folder.js';
import type { Launch } from './launch.js';
import type { StackSettings } from './settings.js';

/** One worker process of the stack. */
export interface WorkerSpec {
  /** `control`, `copy`, `verify` or `notify`. */
  readonly role: string;
  /** Name of the part; default `worker-<role>`, the second of a role `worker-<role>-2`. */
  readonly name?: string;
  /** The program; default the one of the role. */
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

/** The HTTP API of the stack. */
export function planApi(
  settings: StackSettings,
  addresses: StackAddresses,
  keptPort: number,
): WorkerPart & { readonly address: string } {
  const { host } = settings.api;
  const port = settings.api.port === null || settings.api.port === 0 ? keptPort : settings.api.port;
  const environment = { CARAVAN_API_HOST: host, CARAVAN_API_PORT: String(port) };
  const entry = programFile('api');
  const launch = nodeLaunch({ name: 'api', entry, ready: '"api.ready"' }, settings, addresses, environment);
  return { name: 'api', role: 'api', address: `${host.includes(':') ? `[${host}]` : host}:${String(port)}`, launch };
}

function workerLaunch(spec: WorkerSpec, settings: StackSettings, addresses: StackAddresses): Launch {
  const entry = spec.entry ?? programFile(spec.role);
  const program = { name: `worker ${spec.role}`, entry, ready: READY_TEXT };
  return nodeLaunch(program, settings, addresses, spec.environment);
}

function nodeLaunch(
  { name, entry, ready }: { name: string; entry: string; ready: string },
  settings: StackSettings,
  addresses: StackAddresses,
  environment: Readonly<Record<string, string>> = {},
): Launch {
  if (!existsSync(entry)) {
    throw new CaravanFailure('STACK_PART_MISSING', {
      attempted: 'start',
      on: name,
      seen: `"${entry}" does not exist`,
      next: 'Run "npm run build".',
    });
  }
  return {
    command: process.execPath,
    args: [entry],
    cwd: settings.home,
    environment: { ...processEnvironment(settings, addresses), ...environment },
    ready: { line: ready },
    stopSignal: 'SIGTERM',
    leftovers: null,
  };
}

function processEnvironment(settings: StackSettings, addresses: StackAddresses): Record<string, string> {
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
  };
}
