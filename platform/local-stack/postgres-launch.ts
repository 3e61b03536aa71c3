import { join } from 'node:path';
import pg from 'pg';
import { POSTGRES_USER } from './postgres-cluster.js';
import type { Launch } from './launch.js';
import type { PostgresCluster } from './postgres-cluster.js';

/** Settings of every server that Caravan starts; durability (fsync) stays at the server's default, on. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  // Promotion locks every table, index and sequence of a migration in one transaction.
  max_locks_per_transaction: '256',
  shared_buffers: '256MB',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  timezone: 'UTC',
  log_timezone: 'UTC',
  logging_collector: 'off',
  log_line_prefix: '%m [%p] ',
  // DETAIL and statements carry row values: they do not belong in a log file.
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
} as const;

export interface PostgresLaunchOptions {
  readonly port: number;
  /** Made when missing; owned by the superuser. */
  readonly database: string;
  /** Server settings beside, or instead of, the usual ones. */
  readonly settings?: Readonly<Record<string, string>>;
}

export function postgresLaunch(cluster: PostgresCluster, options: PostgresLaunchOptions): Launch {
  const settings = { ...SETTINGS, ...options.settings, port: String(options.port) };
  const { user } = cluster;
  return {
    command: join(cluster.binaries.bin, 'postgres'),
    args: ['-D', cluster.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    cwd: '/',
    environment: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
    ready: { probe: () => serves(cluster, options) },
    // Fast shutdown: ends the sessions, writes a checkpoint.
    stopSignal: 'SIGINT',
    leftovers: { folder: cluster.data, command: 'postgres', lockFile: join(cluster.data, 'postmaster.pid') },
  };
}

/** The superuser's URL of a database of the server. */
export function postgresUrl(cluster: PostgresCluster, port: number, database: string): string {
  return `postgresql://${POSTGRES_USER}:${cluster.password}@127.0.0.1:${String(port)}/${database}`;
}

async function serves(cluster: PostgresCluster, { port, database }: PostgresLaunchOptions): Promise<boolean> {
  const client = new pg.Client({
    connectionString: postgresUrl(cluster, port, 'postgres'),
    connectionTimeoutMillis: 2_000,
    application_name: 'caravan-supervisor',
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [database]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(database)}`);
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
