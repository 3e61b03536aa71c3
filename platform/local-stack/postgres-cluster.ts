import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { CaravanFailure } from '../../contracts/failures.js';
import { orElse, writeFileAtomically } from './files.js';
import { SHARED_FOLDER, makeRunnable } from './postgres-binaries.js';
import { runCommand } from './run-command.js';
import { canEnter, unprivilegedUser } from './unprivileged-user.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import type { SystemUser } from './unprivileged-user.js';

/** A made data folder of PostgreSQL, ready to be served. */
export interface PostgresCluster {
  readonly binaries: PostgresBinaries;
  /** The data folder; not under the wanted one when the server's user cannot reach that. */
  readonly data: string;
  readonly password: string;
  /** The user to run the server as; null: this process's own. */
  readonly user: SystemUser | null;
}

/** Name of the superuser and owner. */
export const POSTGRES_USER = 'caravan';

/**
 * Finds or makes the cluster that belongs to `folder`. Data lie in `<folder>`, except for root under a folder that an
 * unprivileged user cannot reach (such as /root): then in `/var/lib/caravan/<12 hex of the folder's path>`; the file
 * `<folder>.place` says where. The password is in `<folder>.password` (0600).
 */
export async function prepareCluster(wanted: PostgresBinaries, folder: string): Promise<PostgresCluster> {
  const user = unprivilegedUser();
  const binaries = makeRunnable(wanted, user);
  const data = placeOf(folder, user);
  const password = readPassword(`${folder}.password`);
  if (!existsSync(join(data, 'PG_VERSION'))) await makeCluster({ binaries, data, password, user });
  checkVersion(data, binaries);
  return { binaries, data, password, user };
}

/** Removes the cluster of the folder, wherever it lies. Its server must be down. */
export function removeCluster(folder: string): void {
  const place = orElse(() => readFileSync(`${folder}.place`, 'utf8'), null);
  for (const path of [folder, `${folder}.place`, `${folder}.password`]) rmSync(path, { recursive: true, force: true });
  if (place !== null && place !== folder) rmSync(dirname(place), { recursive: true, force: true });
}

function placeOf(folder: string, user: SystemUser | null): string {
  const record = `${folder}.place`;
  const recorded = orElse(() => readFileSync(record, 'utf8'), null);
  if (recorded !== null && existsSync(dirname(recorded))) return recorded;
  const place = user === null || canEnter(dirname(folder), user) ? folder : makeSharedPlace(folder);
  writeFileAtomically(record, place);
  return place;
}

/** A folder that the user can reach; one left by a data folder that is gone is not taken over. */
function makeSharedPlace(folder: string): string {
  mkdirSync(SHARED_FOLDER, { recursive: true, mode: 0o755 });
  chmodSync(SHARED_FOLDER, 0o755);
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 12);
  for (let attempt = 1; ; attempt += 1) {
    const shared = join(SHARED_FOLDER, attempt === 1 ? name : `${name}-${String(attempt)}`);
    if (existsSync(shared)) continue;
    mkdirSync(shared, { mode: 0o755 });
    writeFileSync(join(shared, 'belongs-to'), `${folder}\n`);
    return join(shared, basename(folder));
  }
}

function readPassword(path: string): string {
  const kept = orElse(() => readFileSync(path, 'utf8'), null);
  if (kept !== null) return kept;
  const made = randomBytes(24).toString('base64url');
  writeFileAtomically(path, made);
  return made;
}

async function makeCluster({ binaries, data, password, user }: PostgresCluster): Promise<void> {
  // In a draft first: a folder with PG_VERSION is then always complete.
  const draft = `${data}.new`;
  const passwordFile = `${data}.password.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user !== null) for (const path of [draft, passwordFile]) chownSync(path, user.uid, user.gid);
  const identity = user === null ? {} : { uid: user.uid, gid: user.gid };
  const args = [`--pgdata=${draft}`, `--username=${POSTGRES_USER}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  const env = { PATH: process.platform === 'win32' ? '' : '/usr/bin:/bin', TZ: 'UTC', LC_ALL: 'C' };
  const locale = localeOptions(binaries.major);
  const { status, output } = await runCommand(join(binaries.bin, 'initdb'), [...args, '--encoding=UTF8', ...locale], {
    cwd: '/',
    env,
    ...identity,
  });
  rmSync(passwordFile, { force: true });
  if (status !== 0) throw failure('make the data folder of', `initdb said: ${output.slice(-400)}`);
  // What initdb left of a break before; an empty folder, as tests make them, is no obstacle either.
  rmSync(data, { recursive: true, force: true });
  renameSync(draft, data);
}

/** Code-point order everywhere; from 17 on the server knows UTF-8's letters without the system's locales. */
function localeOptions(major: number): string[] {
  return major >= 17 ? ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : ['--locale=C'];
}

function checkVersion(data: string, binaries: PostgresBinaries): void {
  const made = Number(readFileSync(join(data, 'PG_VERSION'), 'utf8').trim());
  if (made === binaries.major) return;
  throw failure('serve', `"${data}" was made by version ${String(made)}, the binaries are ${String(binaries.major)}`);
}

function failure(attempted: string, seen: string): CaravanFailure {
  return new CaravanFailure('STACK_PART_MISSING', { attempted, on: 'PostgreSQL', seen });
}
