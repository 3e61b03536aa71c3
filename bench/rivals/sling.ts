import { join } from 'node:path';
import { runCommand } from '../../platform/local-stack/run-command.js';

/** The newest that brings its program with it; later ones fetch it from elsewhere. */
export const SLING = 'sling-linux-amd64==1.4.11';

export interface SlingRun {
  /** Where the package put its program. */
  readonly binary: string;
  readonly folder: string;
  readonly source: string;
  readonly target: string;
  readonly table: string;
}

const LIMIT_MS = 900_000;

/** Where pip put the program; null when it is not there. */
export async function findSling(bin: string): Promise<string | null> {
  const code = 'import sling_linux_amd64; print(sling_linux_amd64.SLING_BIN)';
  const { status, output } = await runCommand(join(bin, 'python'), ['-c', code]);
  return status === 0 && output !== '' ? output : null;
}

/** Copies the table in full; seconds of the whole process. Throws when it fails. */
export async function runSling({ binary, folder, source, target, table }: SlingRun): Promise<number> {
  const database = new URL(source.replace(/^mariadb:/, 'http:')).pathname.slice(1);
  const started = performance.now();
  const { status, output } = await runCommand(
    binary,
    [
      ...['run', '--src-conn', source.replace(/^mariadb:/, 'mysql:'), '--src-stream', `${database}.${table}`],
      ...['--tgt-conn', `${target}?sslmode=disable`, '--tgt-object', `public.${table}`, '--mode', 'full-refresh'],
    ],
    {
      cwd: folder,
      limitMs: LIMIT_MS,
      env: { HOME: folder, SLING_HOME_DIR: join(folder, 'sling'), SLING_ALLOW_EMPTY: 'true' },
    },
  );
  if (status !== 0) throw new Error(`sling failed: ${output.slice(-500)}`);
  return (performance.now() - started) / 1000;
}
