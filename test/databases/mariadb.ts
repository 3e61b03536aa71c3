import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createConnection, type Connection } from 'mysql2/promise';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import { findMariadb, startMariadb } from '../../platform/local-stack/mariadb-server.js';
import { copyMariadb } from '../setup/data-folders.js';

const PLACES = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];

function found(name: string): string | undefined {
  return PLACES.map((place) => join(place, name)).find((path) => existsSync(path));
}

/** False where this machine has no MariaDB server: the tests that need one are skipped. */
export const hasMariadb = findMariadb() !== null && found('mariadb') !== undefined;

/** The folder with Sakila, from CARAVAN_CORPUS or beside the project; undefined when there is none. */
export const sakilaFolder = [
  process.env.CARAVAN_CORPUS,
  resolve(dirname(fileURLToPath(import.meta.url)), '../../../shared/data'),
]
  .filter((root) => root !== undefined)
  .map((root) => join(root, 'sakila'))
  .find((folder) => existsSync(folder));

export interface PrivateMariadb {
  /** For the login that may do everything, unless another is named. All passwords are "secret". */
  endpoint(database: string, user?: string): ServerEndpoint;
  /** Runs a script with the client, DELIMITER and all. */
  script(text: string, database?: string): Promise<void>;
  /** A connection of its own, for writers. */
  connect(database: string): Promise<Connection>;
  stop(): Promise<void>;
}

function runClient(server: URL, text: string, database: string | undefined): Promise<void> {
  const options = ['--no-defaults', `--host=${server.hostname}`, `--port=${server.port}`, `--user=${server.username}`];
  const client = spawn(found('mariadb') ?? 'mariadb', [...options, ...(database === undefined ? [] : [database])], {
    env: { MYSQL_PWD: server.password, LC_ALL: 'C.UTF-8' },
  });
  let seen = '';
  client.stderr.on('data', (chunk: Buffer) => (seen += chunk.toString()));
  client.stdin.end(`SET NAMES utf8mb4; ${text}`);
  return new Promise((done, fail) => {
    client.once('exit', (code) => {
      if (code === 0) done();
      else fail(new Error(seen.slice(-2000)));
    });
  });
}

/** A private server in a temporary folder on its own port. `settings` are server options: `{ 'log-bin': 'bin' }`. */
export async function startPrivateMariadb(settings: Readonly<Record<string, string>> = {}): Promise<PrivateMariadb> {
  const folder = await mkdtemp(join(tmpdir(), 'caravan-mariadb-'));
  await copyMariadb(join(folder, 'data'));
  const server = await startMariadb({
    dataFolder: join(folder, 'data'),
    settings: { 'innodb-flush-log-at-trx-commit': '0', 'max-allowed-packet': '64M', ...settings },
  });
  const root = new URL(server.rootUrl);
  return serve(root, 'mariadb', async () => {
    await server.dispose();
    await rm(folder, { recursive: true, force: true });
  });
}

/** What tests do with a server that runs, and with the login that may do everything. */
export async function serve(
  root: URL,
  engine: 'mariadb' | 'mysql',
  stop: () => Promise<void>,
): Promise<PrivateMariadb> {
  const script = (text: string, database?: string): Promise<void> => runClient(root, text, database);
  await script("CREATE USER full@'%' IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO full@'%'");
  const [host, port] = [root.hostname, Number(root.port)];
  return {
    script,
    endpoint: (database, login = 'full') => ({
      engine,
      host,
      port,
      user: login,
      password: 'secret',
      database,
      tls: { mode: 'disable' },
      connectTimeoutSeconds: 10,
    }),
    connect: (database) => createConnection({ host, port, user: 'full', password: 'secret', database }),
    stop,
  };
}
