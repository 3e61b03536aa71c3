import { join } from 'node:path';
import { findOnPath } from '../../platform/local-stack/search-path.js';
import { runCommand } from '../../platform/local-stack/run-command.js';
import type { BenchTarget } from './target.js';
import { TABLE } from './rows.js';

export interface Floors {
  /** The client `mariadb`, one connection, rows to a file. */
  readonly readSeconds: number;
  /** `psql \copy` of that file into a bare table, one connection. */
  readonly copySeconds: number;
}

export interface FloorRun {
  readonly folder: string;
  readonly source: string;
  readonly target: string;
  readonly server: BenchTarget;
  readonly searchPath: readonly string[];
}

/** Reading alone and writing alone: neither does the other's work, nor any check. Null: a client is not there. */
export async function measureFloors({ folder, source, target, server, searchPath }: FloorRun): Promise<Floors | null> {
  const [mariadb, psql, sh] = ['mariadb', 'psql', 'sh'].map((name) => findOnPath([name], searchPath));
  if (!mariadb || !psql || !sh) return null;
  const file = join(folder, 'floor.tsv');
  const { hostname, port, username, password, pathname } = new URL(source.replace(/^mariadb:/, 'http:'));
  const read = [
    ...[mariadb, '--quick', '--batch', '--skip-column-names', '--default-character-set=utf8mb4'],
    ...[
      `--host=${hostname}`,
      `--port=${port}`,
      `--user=${username}`,
      `--execute=SELECT * FROM ${TABLE}`,
      pathname.slice(1),
    ],
  ];
  const readSeconds = await timed(sh, ['-c', '"$@" > "$OUT"', 'sh', ...read], { OUT: file, MYSQL_PWD: password });
  await server.bareTable(target);
  // The client writes NULL as a word, which no value of these rows is.
  const copy = `\\copy ${TABLE} FROM '${file}' WITH (FORMAT text, NULL 'NULL')`;
  const copySeconds = await timed(
    psql,
    ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', `--command=${copy}`, target],
    {},
  );
  return { readSeconds, copySeconds };
}

async function timed(command: string, args: readonly string[], env: Record<string, string>): Promise<number> {
  const started = performance.now();
  const { status, output } = await runCommand(command, args, { env: { PATH: '/usr/bin:/bin', ...env } });
  if (status !== 0) throw new Error(`${command} failed: ${output.slice(-300)}`);
  return (performance.now() - started) / 1000;
}
