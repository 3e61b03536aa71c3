import { spawnSync } from 'node:child_process';
import { CaravanFailure } from '../../contracts/failures.js';

/** A system user without rights, for servers that refuse to run as root. */
export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The user that PostgreSQL runs as: null means this process's own (it is not root). Makes one only when none exists. */
export function unprivilegedUser(): SystemUser | null {
  if (process.getuid?.() !== 0) return null;
  const found = lookUp('postgres') ?? lookUp('nobody');
  if (found !== null) return found;
  spawnSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', 'caravan']);
  const made = lookUp('caravan');
  if (made !== null) return made;
  throw new CaravanFailure('STACK_PART_MISSING', {
    attempted: 'find',
    on: 'a system user for PostgreSQL',
    seen: 'neither "postgres" nor "nobody" exists, and "useradd" failed; PostgreSQL refuses to run as root',
    next: 'Run Caravan as a plain user, or run: useradd --system postgres',
  });
}

function lookUp(name: string): SystemUser | null {
  const uid = id('-u', name);
  const gid = id('-g', name);
  return uid === null || gid === null ? null : { name, uid, gid };
}

function id(flag: '-u' | '-g', name: string): number | null {
  const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8' });
  return status === 0 ? Number(stdout.trim()) : null;
}

/** Whether the user can enter the folder: asked of the kernel, so that every rule of it counts. */
export function canEnter(folder: string, user: SystemUser): boolean {
  const options = { uid: user.uid, gid: user.gid, cwd: '/' };
  return spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], { ...options, stdio: 'ignore' }).status === 0;
}

/** Whether the user can run the program. */
export function canRun(program: string, user: SystemUser): boolean {
  const options = { uid: user.uid, gid: user.gid, cwd: '/' };
  return spawnSync(program, ['--version'], { ...options, stdio: 'ignore' }).status === 0;
}
