import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { startMariadb } from '../../platform/local-stack/mariadb-server.js';
import { debianPostgres, embeddedPostgres } from '../../platform/local-stack/postgres-binaries.js';
import { prepareCluster } from '../../platform/local-stack/postgres-cluster.js';

/*
 * To make a server's data folder takes seconds, to copy one a tenth of that: the first test that needs one makes it, in
 * the data folder of the shared stack, and all others start on copies. A server finds its folder made, and makes none.
 */

/** Puts a made data folder of PostgreSQL to `folder`, with its password beside it. */
export async function copyPostgres(folder: string, binaries: 'embedded' | 'debian' = 'embedded'): Promise<void> {
  const found = binaries === 'embedded' ? embeddedPostgres() : debianPostgres();
  if (found === null) return;
  const made = await template(`postgres-${binaries}`, (path) => prepareCluster(found, path));
  // Its user may not be able to enter here: then every server makes its own, elsewhere.
  if (existsSync(made)) await copy(made, folder);
}

/** Puts a made data folder of MariaDB to `folder`, with its password beside it. */
export async function copyMariadb(folder: string): Promise<void> {
  const made = await template('mariadb', async (path) => (await startMariadb({ dataFolder: path })).stop());
  await copy(made, folder);
}

/** Puts a data folder to `folder` that `make` once made; `name` says which. */
export async function copyMade(name: string, folder: string, make: (path: string) => Promise<void>): Promise<void> {
  await copy(await template(name, make), folder);
}

/** Tests of one file may ask at once. */
const templates = new Map<string, Promise<string>>();

function template(name: string, make: (path: string) => Promise<unknown>): Promise<string> {
  const known = templates.get(name) ?? makeTemplate(name, make);
  templates.set(name, known);
  return known;
}

async function makeTemplate(name: string, make: (path: string) => Promise<unknown>): Promise<string> {
  const kept = join(inject('sharedHome'), 'templates', name);
  if (existsSync(kept)) return join(kept, 'data');
  const draft = `${kept}.${String(process.pid)}`;
  mkdirSync(draft, { recursive: true });
  for (const path of [join(kept, '..'), draft]) chmodSync(path, 0o755);
  await make(join(draft, 'data'));
  try {
    renameSync(draft, kept);
  } catch {
    // Another process was first.
    rmSync(draft, { recursive: true, force: true });
  }
  return join(kept, 'data');
}

const run = promisify(execFile);

async function copy(from: string, to: string): Promise<void> {
  mkdirSync(join(to, '..'), { recursive: true });
  // Most of MariaDB's log is empty.
  const options = process.platform === 'linux' ? ['-a', '--sparse=always'] : ['-a'];
  await run('cp', [...options, from, to]);
  const password = `${from}.password`;
  if (existsSync(password)) await run('cp', ['-a', password, `${to}.password`]);
}
