import { join } from 'node:path';
import { findOnPath } from '../../platform/local-stack/search-path.js';
import { runCommand } from '../../platform/local-stack/run-command.js';

/** pgcopydb of this machine; null when there is none. */
export function findPgcopydb(searchPath: readonly string[]): string | null {
  return findOnPath(['pgcopydb'], searchPath);
}

export interface PgcopydbRun {
  readonly binary: string;
  readonly folder: string;
  readonly source: string;
  /** An empty database. */
  readonly target: string;
  readonly path: string;
}

const LIMIT_MS = 900_000;

/** Clones the database with two jobs for tables and two for indexes; seconds of the whole process. Throws when it fails. */
export async function runPgcopydb({ binary, folder, source, target, path }: PgcopydbRun): Promise<number> {
  const jobs = ['--table-jobs', '2', '--index-jobs', '2'];
  const started = performance.now();
  const { status, output } = await runCommand(
    binary,
    [
      'clone',
      '--source',
      source,
      '--target',
      target,
      '--dir',
      join(folder, 'pgcopydb'),
      '--restart',
      '--not-consistent',
      ...jobs,
    ],
    { cwd: folder, limitMs: LIMIT_MS, env: { PATH: path, HOME: folder } },
  );
  if (status !== 0) throw new Error(`pgcopydb failed: ${output.slice(-500)}`);
  return (performance.now() - started) / 1000;
}
