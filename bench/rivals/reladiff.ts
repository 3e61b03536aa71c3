import { join } from 'node:path';
import { runCommand } from '../../platform/local-stack/run-command.js';

export const RELADIFF = 'reladiff[mysql,postgresql]==0.6.0';

export interface ReladiffRun {
  /** Where its command is. */
  readonly bin: string;
  readonly source: string;
  readonly target: string;
  readonly table: string;
  readonly key: string;
  readonly columns: readonly string[];
}

export interface Compared {
  readonly seconds: number;
  /** Lines of differences that it prints. */
  readonly differences: number;
}

const LIMIT_MS = 900_000;

/** Compares a table on both sides, in four threads. Throws when it fails. */
export async function runReladiff({ bin, source, target, table, key, columns }: ReladiffRun): Promise<Compared> {
  const started = performance.now();
  const { status, output } = await runCommand(
    join(bin, 'reladiff'),
    [
      ...[source.replace(/^mariadb:/, 'mysql:'), table, target, table, '-k', key],
      ...columns.filter((column) => column !== key).flatMap((column) => ['-c', column]),
      ...['--threads', '4'],
    ],
    { limitMs: LIMIT_MS },
  );
  const seconds = (performance.now() - started) / 1000;
  if (status !== 0) throw new Error(`reladiff failed: ${output.slice(-500)}`);
  return { seconds, differences: output.split('\n').filter((line) => /^[+-] /.test(line)).length };
}
