import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from '../../platform/local-stack/search-path.js';
import { runCommand } from '../../platform/local-stack/run-command.js';

/** pgloader of this machine; null when there is none. */
export function findPgloader(searchPath: readonly string[]): string | null {
  return findOnPath(['pgloader'], searchPath);
}

export interface PgloaderRun {
  readonly binary: string;
  readonly folder: string;
  readonly source: string;
  readonly target: string;
}

const LIMIT_MS = 900_000;

/** Loads the rows alone into the table that is there; seconds of the whole process. Throws when it fails. */
export async function runPgloader({ binary, folder, source, target }: PgloaderRun): Promise<number> {
  const path = join(folder, 'bench.load');
  const database = new URL(source.replace(/^mariadb:/, 'http:')).pathname.slice(1);
  writeFileSync(path, commandsOf({ source, target, database }), { mode: 0o600 });
  const started = performance.now();
  const { status, output } = await runCommand(binary, ['--root-dir', join(folder, 'pgloader'), path], {
    cwd: folder,
    limitMs: LIMIT_MS,
  });
  const seconds = (performance.now() - started) / 1000;
  if (status !== 0) throw new Error(`pgloader failed: ${output.slice(-500)}`);
  return seconds;
}

function commandsOf({ source, target, database }: { source: string; target: string; database: string }): string {
  return [
    `LOAD DATABASE FROM ${source.replace(/^mariadb:/, 'mysql:')}`,
    `  INTO ${target.replace(/^postgresql:/, 'pgsql:')}`,
    '  WITH data only, create no indexes, create no tables, no foreign keys, workers = 4, concurrency = 2',
    `  ALTER SCHEMA '${database}' RENAME TO 'public';`,
    '',
  ].join('\n');
}
