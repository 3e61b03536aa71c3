import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CaravanFailure } from '../../contracts/failures.js';
import { MARIADB, findBinary, obtainBinary } from './binaries.js';
import { orElse, writeFileAtomically } from './files.js';
import { freePort } from './ports.js';
import { mariadbAnswers } from './probes.js';
import { runCommand } from './run-command.js';
import { findOnPath } from './search-path.js';
import { startServer } from './standalone-server.js';
import type { FoundBinary } from './binaries.js';
import type { BinarySettings, Tell } from './settings.js';
import type { StandaloneServer } from './standalone-server.js';

export interface StartMariadbOptions {
  /** Made when missing. */
  readonly dataFolder: string;
  /** Default a free one. */
  readonly port?: number;
  /** Made when missing. Default `source`. */
  readonly database?: string;
  /** Options of the server beside, or instead of, the usual ones: `{ 'innodb-buffer-pool-size': '256M' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Where the server is looked for, and whether it may be installed. Default: the usual folders, not installed. */
  readonly find?: BinarySettings;
  readonly tell?: Tell;
  /** Started again on its data when it dies. Default false. */
  readonly restarted?: boolean;
}

export interface MariadbServer extends StandaloneServer {
  /** URL of the user `root`; `url` is that of the user `caravan`, who may do everything too. */
  readonly rootUrl: string;
}

const USUAL_FOLDERS: BinarySettings = { home: '/', cacheFolder: '/', install: 'never', searchPath: [] };

/** The MariaDB server of this machine; null when there is none. Installs nothing. */
export function findMariadb(settings: BinarySettings = USUAL_FOLDERS): FoundBinary | null {
  return findBinary(MARIADB, settings);
}

/** Starts a MariaDB server of its own on the loopback address, with a user `caravan` and a password. */
export async function startMariadb(options: StartMariadbOptions): Promise<MariadbServer> {
  const { dataFolder, database = 'source', find = USUAL_FOLDERS, tell = () => undefined } = options;
  const binary = await obtainBinary(MARIADB, find, tell);
  if (!existsSync(join(dataFolder, 'mysql'))) await makeDataFolder(dataFolder, find);
  const password = readPassword(`${dataFolder}.password`);
  const port = options.port ?? (await freePort());
  const initFile = writeInitFile(dataFolder, { password, database });
  const host = `127.0.0.1:${String(port)}`;
  const server = await startServer({
    name: 'mariadb',
    dataFolder,
    port,
    url: `mariadb://caravan:${password}@${host}/${database}`,
    launch: {
      command: binary.path,
      args: serverArguments(options, { port, initFile }),
      cwd: '/',
      environment: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      ready: { probe: () => mariadbAnswers(port) },
      stopSignal: 'SIGTERM',
      leftovers: null,
    },
    immediateSignal: 'SIGKILL',
    restarted: options.restarted ?? false,
    remove: () => {
      for (const path of [dataFolder, scratchFolder(dataFolder), `${dataFolder}.password`, socketOf(port)])
        rmSync(path, { recursive: true, force: true });
    },
  });
  const rootUrl = `mariadb://root:${password}@${host}/${database}`;
  return Object.defineProperty(server, 'rootUrl', { value: rootUrl, enumerable: true }) as MariadbServer;
}

function serverArguments(
  options: StartMariadbOptions,
  { port, initFile }: { port: number; initFile: string },
): string[] {
  const settings: Record<string, string> = {
    port: String(port),
    'bind-address': '127.0.0.1',
    socket: socketOf(port),
    'pid-file': join(options.dataFolder, 'mariadbd.pid'),
    'init-file': initFile,
    'character-set-server': 'utf8mb4',
    'collation-server': 'utf8mb4_unicode_ci',
    'innodb-buffer-pool-size': '256M',
    // Only root may say as whom to run, and the data folder is root's then.
    ...(process.getuid?.() === 0 ? { user: 'root' } : {}),
    ...options.settings,
  };
  const given = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  const folders = [`--datadir=${options.dataFolder}`, `--tmpdir=${scratchFolder(options.dataFolder)}`];
  return ['--no-defaults', ...folders, '--skip-name-resolve', ...given];
}

/** A socket's path may have 107 bytes at most: a data folder is often deeper. */
function socketOf(port: number): string {
  return join(tmpdir(), `caravan-mariadb-${String(port)}.sock`);
}

/**
 * For temporary tables, of one server alone: one that starts deletes what it finds there, and a query of another server
 * would fail in its middle.
 */
function scratchFolder(dataFolder: string): string {
  const folder = `${dataFolder}.scratch`;
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function makeDataFolder(dataFolder: string, find: BinarySettings): Promise<void> {
  const installer = findOnPath(['mariadb-install-db', 'mysql_install_db'], find.searchPath);
  if (installer === null) throw failure('find', 'mariadb-install-db', 'it is not on PATH');
  // In a draft first: a folder with the system tables is then always complete.
  const draft = `${dataFolder}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(dirname(dataFolder), { recursive: true });
  const folders = [`--datadir=${draft}`, `--tmpdir=${scratchFolder(dataFolder)}`];
  const args = ['--no-defaults', ...folders, '--skip-test-db', '--auth-root-authentication-method=normal'];
  if (process.getuid?.() === 0) args.push('--user=root');
  const { status, output } = await runCommand(installer, args, { cwd: '/' });
  if (status !== 0) throw failure('make the data folder of', 'MariaDB', `it said: ${output.slice(-400)}`);
  rmSync(dataFolder, { recursive: true, force: true });
  renameSync(draft, dataFolder);
}

/** Executed at every start before the first connection is taken; changes nothing the second time. */
function writeInitFile(dataFolder: string, { password, database }: { password: string; database: string }): string {
  const path = join(dataFolder, 'caravan-init.sql');
  const lines = ["'root'@'127.0.0.1'", "'root'@'localhost'", "'caravan'@'127.0.0.1'"].flatMap((user) => [
    `CREATE USER IF NOT EXISTS ${user};`,
    `ALTER USER ${user} IDENTIFIED BY '${password}';`,
    `GRANT ALL PRIVILEGES ON *.* TO ${user} WITH GRANT OPTION;`,
  ]);
  lines.push(`CREATE DATABASE IF NOT EXISTS \`${database.replaceAll('`', '``')}\`;`);
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 });
  return path;
}

function readPassword(path: string): string {
  const kept = orElse(() => readFileSync(path, 'utf8'), null);
  if (kept !== null) return kept;
  const made = randomBytes(18).toString('base64url');
  writeFileAtomically(path, made);
  return made;
}

function failure(attempted: string, on: string, seen: string): CaravanFailure {
  return new CaravanFailure('STACK_PART_MISSING', {
    attempted,
    on,
    seen,
    next: 'Run: apt-get install -y mariadb-server',
  });
}
