import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CaravanFailure } from '../../contracts/failures.js';
import { REDIS, TEMPORAL, obtainBinary } from './binaries.js';
import { findPostgres } from './postgres-binaries.js';
import { prepareCluster } from './postgres-cluster.js';
import { postgresLaunch, postgresUrl } from './postgres-launch.js';
import { redisAnswers, temporalServes } from './probes.js';
import type { Launch } from './launch.js';
import type { PartSource, StackSettings, Tell } from './settings.js';
import type { PortName, Topology } from './topology.js';

/** One part of the infrastructure: where it is, and how it is started when it is ours. */
export interface InfrastructurePart {
  readonly name: 'temporal' | 'postgres' | 'redis';
  readonly source: PartSource;
  /** `host:port`, without user or password. */
  readonly address: string;
  /** What clients connect to. */
  readonly url: string;
  /** null: it is not ours, and is not started. */
  readonly launch: Launch | null;
  /** Where its data lie; null: not ours. */
  readonly folder: string | null;
}

export interface PartContext {
  readonly settings: StackSettings;
  readonly topology: Topology;
  readonly ports: Readonly<Record<PortName, number>>;
  readonly tell: Tell;
}

/** A quarter of the server's work is to collect garbage; with some 200 MB more it is a tenth. */
const TEMPORAL_MEMORY = { GOGC: '400', GOMEMLIMIT: '1GiB' };
const LOOPBACK = '127.0.0.1';
const DATABASE = 'caravan';

export async function planTemporal({ settings, topology, ports, tell }: PartContext): Promise<InfrastructurePart> {
  const { address: given } = settings.temporal;
  if (given !== null) return external('temporal', given, given);
  const binary = await obtainBinary(TEMPORAL, settings, tell);
  const folder = makeFolder(settings.home, 'temporal');
  const address = `${LOOPBACK}:${String(ports.temporal)}`;
  const args = ['server', 'start-dev', '--ip', LOOPBACK, '--port', String(ports.temporal)];
  args.push('--ui-port', String(ports.webUi), '--ui-disable-news-fetch', '--log-level', 'warn');
  args.push('--db-filename', join(folder, 'temporal.db'), '--namespace', topology.namespace);
  args.push(...pairs('--search-attribute', topology.searchAttributes));
  args.push(...pairs('--sqlite-pragma', topology.sqlitePragmas));
  const dynamic = Object.entries(topology.dynamicConfig).map(([key, value]) => [key, JSON.stringify(value)] as const);
  args.push(...pairs('--dynamic-config-value', Object.fromEntries(dynamic)));
  const ready = { probe: () => temporalServes(address, topology.namespace) };
  const launch = plainLaunch({ command: binary.path, args, cwd: folder, ready, more: TEMPORAL_MEMORY });
  return { name: 'temporal', source: binary.source, address, url: address, launch, folder };
}

export async function planPostgres({ settings, ports }: PartContext): Promise<InfrastructurePart> {
  if (settings.databaseUrl !== null) {
    return external('postgres', hostAndPort(settings.databaseUrl, 5432), settings.databaseUrl);
  }
  const binaries = findPostgres();
  if (binaries === null) {
    throw new CaravanFailure('STACK_PART_MISSING', {
      attempted: 'find',
      on: 'PostgreSQL',
      seen: `npm installed no embedded PostgreSQL for ${process.platform}-${process.arch}, and Debian's is not there`,
      next: 'Run "npm ci" with optional dependencies, or set DATABASE_URL.',
    });
  }
  const cluster = await prepareCluster(binaries, join(settings.home, 'postgres'));
  const port = ports.postgres;
  const launch = postgresLaunch(cluster, { port, database: DATABASE });
  const url = postgresUrl(cluster, port, DATABASE);
  const address = `${LOOPBACK}:${String(port)}`;
  return { name: 'postgres', source: binaries.source, address, url, launch, folder: cluster.data };
}

export async function planRedis({ settings, ports, tell }: PartContext): Promise<InfrastructurePart> {
  if (settings.redisUrl !== null) return external('redis', hostAndPort(settings.redisUrl, 6379), settings.redisUrl);
  const binary = await obtainBinary(REDIS, settings, tell);
  const folder = makeFolder(settings.home, 'redis');
  const address = `${LOOPBACK}:${String(ports.redis)}`;
  const args = ['--port', String(ports.redis), '--bind', LOOPBACK, '--daemonize', 'no', '--dir', folder];
  args.push('--appendonly', 'yes', '--save', '', '--pidfile', join(folder, 'redis.pid'));
  const ready = { probe: () => redisAnswers(ports.redis) };
  const launch = plainLaunch({ command: binary.path, args, cwd: folder, ready });
  return { name: 'redis', source: binary.source, address, url: `redis://${address}`, launch, folder };
}

function external(name: InfrastructurePart['name'], address: string, url: string): InfrastructurePart {
  return { name, source: 'environment', address, url, launch: null, folder: null };
}

type PlainLaunch = Pick<Launch, 'command' | 'args' | 'cwd' | 'ready'> & {
  /** Variables beside the usual ones. */
  readonly more?: Readonly<Record<string, string>>;
};

function plainLaunch({ more, ...parts }: PlainLaunch): Launch {
  const environment = { PATH: '/usr/bin:/bin', HOME: parts.cwd, LC_ALL: 'C', TZ: 'UTC', ...more };
  return { ...parts, environment, stopSignal: 'SIGTERM', leftovers: null };
}

function makeFolder(home: string, name: string): string {
  const folder = join(home, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

function pairs(flag: string, values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([key, value]) => [flag, `${key}=${value}`]);
}

/** The part of a URL that may be shown. */
function hostAndPort(url: string, defaultPort: number): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null) return 'unknown';
  return `${parsed.hostname}:${parsed.port === '' ? String(defaultPort) : parsed.port}`;
}
