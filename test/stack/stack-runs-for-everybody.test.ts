import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ensureStack } from '../../cli/stack/ensure-stack.js';
import { readStackState } from '../../platform/local-stack/stack-state.js';
import { embeddedPostgres, makeRunnable } from '../../platform/local-stack/postgres-binaries.js';
import { removeCluster } from '../../platform/local-stack/postgres-cluster.js';
import { packageFolder } from '../../platform/local-stack/package-folder.js';
import { canRun, unprivilegedUser } from '../../platform/local-stack/unprivileged-user.js';
import { testHome } from './stack-harness.js';

const isRoot = process.getuid?.() === 0;
const folders: string[] = [];

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'caravan-user-'));
  folders.push(folder);
  return folder;
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe.runIf(isRoot)('as root', () => {
  test('PostgreSQL never runs as root, and its data lie where its user can reach them', async () => {
    // Like /root: nobody else may enter, so the data folder cannot hold PostgreSQL's data.
    const closed = join(temporaryFolder(), 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const own = testHome(join(closed, 'home'));
    const stack = await ensureStack({ config: own.config, workers: [] });
    const pid = own.part('postgres').pid ?? 0;
    expect(statSync(`/proc/${String(pid)}`).uid).toBe(unprivilegedUser()?.uid);
    expect(readStackState(own.home)?.postgresFolder).toMatch(/^\/var\/lib\/caravan\/[0-9a-f]{12}(-\d+)?\/postgres$/);
    await stack.stop();
    const again = await ensureStack({ config: own.config, workers: [] });
    expect(again.databaseUrl).toBe(stack.databaseUrl);
    await again.stop();
    removeCluster(join(own.home, 'postgres'));
    await own.dispose();
  }, 30_000);

  test('binaries under a closed folder are copied to where they can be run', () => {
    const embedded = embeddedPostgres();
    if (embedded === null) throw new Error('no embedded PostgreSQL');
    const closed = temporaryFolder();
    cpSync(join(embedded.bin, '..', '..'), join(closed, 'package'), { recursive: true, verbatimSymlinks: true });
    // npm without install scripts makes no links: then they are made here.
    rmSync(join(closed, 'package', 'native', 'lib', 'libicuuc.so.60'));
    chmodSync(closed, 0o700);
    const user = unprivilegedUser();
    if (user === null) throw new Error('not root');
    const bin = join(closed, 'package', 'native', 'bin');
    expect(canRun(join(bin, 'postgres'), user)).toBe(false);
    const runnable = makeRunnable({ ...embedded, bin }, user);
    expect(canRun(join(runnable.bin, 'postgres'), user)).toBe(true);
    expect(makeRunnable({ ...embedded, bin }, user)).toEqual(runnable);
  });

  test.runIf(existsSync('/usr/bin/setpriv'))(
    'a plain user needs nothing of root',
    () => {
      const home = temporaryFolder();
      const user = unprivilegedUser();
      if (user === null) throw new Error('not root');
      chownSync(home, user.uid, user.gid);
      const script = `
      import { ensureStack } from '${packageFolder()}/dist/cli/stack/ensure-stack.js';
      import { readConfig } from '${packageFolder()}/dist/config/config.js';
      const stack = await ensureStack({ config: readConfig(), workers: [] });
      console.log(stack.started);
      await stack.stop();`;
      const ids = [`--reuid=${String(user.uid)}`, `--regid=${String(user.gid)}`, '--clear-groups'];
      const { PATH, HOME } = process.env;
      // The binaries that root has cached already may lie under root's closed home: then this installs its own.
      const env = { PATH, HOME: HOME === '/root' ? home : HOME, CARAVAN_HOME: join(home, 'data') };
      const args = [...ids, process.execPath, '--input-type=module', '-e', script];
      const result = spawnSync('setpriv', args, { env, cwd: '/', encoding: 'utf8' });
      expect(result).toMatchObject({ status: 0, stdout: 'true\n' });
      expect(statSync(join(home, 'data', 'postgres')).uid).toBe(user.uid);
    },
    60_000,
  );
});
