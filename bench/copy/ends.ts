import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import { findMariadb } from '../../platform/local-stack/mariadb-server.js';
import { openStack } from './caravan.js';
import type { BenchStack } from './caravan.js';
import { openSource } from './source.js';
import type { BenchSource } from './source.js';
import { openTarget } from './target.js';
import type { BenchTarget } from './target.js';

/** What a bench of the data plane runs on; all its own, and gone with it. */
export interface BenchEnds {
  readonly folder: string;
  readonly target: BenchTarget;
  readonly stack: BenchStack;
}

/** A PostgreSQL and a stack under a folder of its own. */
export async function withEnds<T>(
  config: Config,
  work: (ends: BenchEnds) => Promise<T>,
  binaries?: 'debian',
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'caravan-bench-'));
  const opened: { dispose(): Promise<void> }[] = [];
  try {
    const target = await openTarget(folder, binaries);
    opened.push(target);
    const stack = await openStack(join(folder, 'home'), config.environment);
    opened.push({ dispose: () => stack.down() });
    return await work({ folder, target, stack });
  } finally {
    for (const end of opened.reverse()) await end.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same with a MariaDB as the source. */
export async function withMariadb<T>(
  config: Config,
  work: (ends: BenchEnds & { readonly source: BenchSource }) => Promise<T>,
): Promise<T> {
  if (findMariadb() === null) throw new Error('this bench needs MariaDB. Run: apt-get install -y mariadb-server');
  return withEnds(config, async (ends) => {
    const source = await openSource(ends.folder);
    try {
      return await work({ ...ends, source });
    } finally {
      await source.dispose();
    }
  });
}
