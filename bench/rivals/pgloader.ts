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
  /** `mariadb://…` or `sqlite:PATH`. */
  readonly source: string;
  readonly target: string;
  /** `data`: the rows alone, into the table that is there. `whole`: tables, rows, indexes, keys. */
  readonly what: 'data' | 'whole';
}

export interface PgloaderTimes {
  /** The whole process. */
  readonly wholeSeconds: number;
  /** By its own summary: the rows alone. */
  readonly copySeconds: number;
}

/** It ended by itself, without success. */
export class PgloaderFailed extends Error {}

const LIMIT_MS = 900_000;

/** Loads the rows. Throws when it fails, or says that a row was left out. */
export async function runPgloader({ binary, folder, source, target, what }: PgloaderRun): Promise<PgloaderTimes> {
  const path = join(folder, 'bench.load');
  writeFileSync(path, commandsOf({ source, target, what }), { mode: 0o600 });
  const started = performance.now();
  const { status, output } = await runCommand(binary, ['--root-dir', join(folder, 'pgloader'), path], {
    cwd: folder,
    limitMs: LIMIT_MS,
  });
  const wholeSeconds = (performance.now() - started) / 1000;
  if (status !== 0) throw new PgloaderFailed(`pgloader failed: ${output.slice(-500)}`);
  const copySeconds = /COPY Threads Completion\s+(\d+)\s+\d+\s+(?:[\d.]+\s*[kMG]?B\s+)?([\d.]+)s/.exec(output);
  if (copySeconds === null) throw new Error(`pgloader told no time of its copy: ${output.slice(-500)}`);
  return { wholeSeconds, copySeconds: Number(copySeconds[2]) };
}

function commandsOf({ source, target, what }: Pick<PgloaderRun, 'source' | 'target' | 'what'>): string {
  const into = `  INTO ${target.replace(/^postgresql:/, 'pgsql:')}`;
  const threads = 'workers = 4, concurrency = 2';
  if (source.startsWith('sqlite:')) {
    return ['LOAD DATABASE', `  FROM sqlite://${source.slice('sqlite:'.length)}`, into, `  WITH ${threads};`, ''].join(
      '\n',
    );
  }
  const database = new URL(source.replace(/^mariadb:/, 'http:')).pathname.slice(1);
  const data = 'data only, create no indexes, create no tables, no foreign keys';
  return [
    `LOAD DATABASE FROM ${source.replace(/^mariadb:/, 'mysql:')}`,
    into,
    `  WITH ${what === 'data' ? `${data}, ${threads}` : threads}`,
    `  ALTER SCHEMA '${database}' RENAME TO 'public';`,
    '',
  ].join('\n');
}
