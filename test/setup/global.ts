import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { ensureStack } from '../../cli/stack/ensure-stack.js';
import { readConfig } from '../../config/config.js';
import { spareTheDisk } from './spare-the-disk.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Data folder of the stack that all tests share; tests that kill parts start their own. */
    sharedHome: string;
    sharedDatabaseUrl: string;
  }
}

/** One real stack for the whole run: Temporal, PostgreSQL 18, Redis, and the workers, two of them for copies. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = mkdtempSync(join(tmpdir(), 'caravan-shared-'));
  const { PATH, HOME, XDG_CACHE_HOME } = process.env;
  const config = readConfig({ PATH, HOME, XDG_CACHE_HOME, CARAVAN_HOME: home });
  const roles = ['control', 'copy', 'copy', 'verify', 'notify'];
  const stack = await ensureStack({ config, workers: roles.map((role) => ({ role })) });
  await spareTheDisk(stack.databaseUrl);
  project.provide('sharedHome', home);
  project.provide('sharedDatabaseUrl', stack.databaseUrl);
  return async () => {
    await stack.stop();
    rmSync(home, { recursive: true, force: true });
  };
}
