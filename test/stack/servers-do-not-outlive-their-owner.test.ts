import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findMariadb, startMariadb } from '../../platform/local-stack/mariadb-server.js';
import { debianPostgres } from '../../platform/local-stack/postgres-binaries.js';
import { removeCluster } from '../../platform/local-stack/postgres-cluster.js';
import { startPostgres } from '../../platform/local-stack/postgres-server.js';
import { testHome, until } from './stack-harness.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'caravan-servers-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a PostgreSQL server beside the stack', () => {
  test('keeps what was committed through an immediate restart, on the same port', async () => {
    const server = await startPostgres({ dataFolder: join(folder, 'pg'), settings: { work_mem: '8MB' } });
    expect(server.major).toBe(18);
    await query(server.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const { pid } = server;
    await server.restart('immediate');
    expect(server.pid).not.toBe(pid);
    expect(await query(server.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    const settings = await query(
      server.url,
      `SELECT current_setting('fsync') AS fsync, current_setting('work_mem') AS work_mem,
         current_setting('listen_addresses') AS listen, current_setting('max_connections') AS connections`,
    );
    expect(settings).toEqual([{ fsync: 'on', work_mem: '8MB', listen: '127.0.0.1', connections: '200' }]);
    await server.dispose();
  }, 30_000);

  test.runIf(debianPostgres() !== null)(
    "runs Debian's version too",
    async () => {
      const server = await startPostgres({ dataFolder: join(folder, 'debian'), binaries: 'debian' });
      expect(await query(server.url, 'SHOW server_encoding')).toEqual([{ server_encoding: 'UTF8' }]);
      await server.dispose();
    },
    30_000,
  );

  test('refuses a wrong password', async () => {
    const server = await startPostgres({ dataFolder: join(folder, 'locked') });
    const wrong = server.url.replace(/:[^:@/]+@/, ':wrong@');
    await expect(query(wrong, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    await server.dispose();
  }, 30_000);
});

describe.runIf(findMariadb() !== null)('a MariaDB server beside the stack', () => {
  test('takes its user with the password only, and keeps its data', async () => {
    const server = await startMariadb({ dataFolder: join(folder, 'maria'), database: 'shop' });
    const connection = await createConnection(server.url.replace('mariadb:', 'mysql:'));
    await connection.query('CREATE TABLE kept AS SELECT 42 AS answer');
    await connection.end();
    await expect(createConnection(`mysql://caravan@127.0.0.1:${String(server.port)}/shop`)).rejects.toThrow();
    await server.restart('immediate');
    const again = await createConnection(server.rootUrl.replace('mariadb:', 'mysql:'));
    expect((await again.query('SELECT answer FROM kept'))[0]).toEqual([{ answer: 42 }]);
    await again.end();
    await server.dispose();
  }, 30_000);
});

test('the servers of a killed process are ended', async () => {
  const own = testHome();
  const caller = own.runNode(`
    import { startPostgres } from 'DIST/platform/local-stack/postgres-server.js';
    import { findMariadb, startMariadb } from 'DIST/platform/local-stack/mariadb-server.js';
    await startPostgres({ dataFolder: ${JSON.stringify(join(own.home, 'pg'))} });
    if (findMariadb() !== null) await startMariadb({ dataFolder: ${JSON.stringify(join(own.home, 'maria'))} });
    console.log('ready');
    setInterval(() => undefined, 1000);`);
  if (caller.stdout === null) throw new Error('no output');
  await once(caller.stdout, 'data');
  expect(own.processes().some((line) => line.includes('postgres'))).toBe(true);
  caller.kill('SIGKILL');
  await until('nothing is left', () => own.processes().length === 0);
  removeCluster(join(own.home, 'pg'));
  await own.dispose();
}, 30_000);

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows as unknown[];
  } finally {
    await client.end();
  }
}
