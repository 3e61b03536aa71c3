import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { packageFolder } from '../../platform/local-stack/package-folder.js';
import type { MigrationReport } from '../../contracts/migration.js';

export interface Ran {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ran>;
  /** Resolves when the text stands on standard error. */
  told(text: string): Promise<void>;
}

/** A data folder of one test file, and the command in it. */
export interface CliHome {
  readonly folder: string;
  /** `node`: the program that runs the command; default this one. */
  start(args: readonly string[], node?: string): Running;
  run(...args: string[]): Promise<Ran>;
  dispose(): Promise<void>;
}

export function cliHome(): CliHome {
  const folder = mkdtempSync(join(tmpdir(), 'caravan-cli-'));
  const { PATH, HOME, XDG_CACHE_HOME } = process.env;
  const env = {
    PATH,
    HOME,
    ...(XDG_CACHE_HOME === undefined ? {} : { XDG_CACHE_HOME }),
    CARAVAN_HOME: join(folder, 'home'),
  };
  const start = (args: readonly string[], node = process.execPath): Running =>
    startCommand([node, join(packageFolder(), 'bin', 'caravan.js'), ...args], { cwd: folder, env });
  return {
    folder,
    start,
    run: (...args) => start(args).ended,
    dispose: async () => {
      await start(['down']).ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startCommand(args: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }): Running {
  const [command = '', ...rest] = args;
  const child = spawn(command, rest, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const watcher of watchers) watcher();
  });
  const ended = new Promise<Ran>((resolve) => {
    child.once('close', (exit) => {
      resolve({ exit, stdout, stderr });
    });
  });
  return {
    process: child,
    ended,
    told: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stderr.includes(text)) resolve();
        };
        watchers.add(look);
        look();
        void ended.then(() => {
          reject(new Error(`the command ended without saying "${text}": ${stderr}${stdout}`));
        });
      }),
  };
}

/** A Node on PATH that is too old for the command itself; undefined when there is none. */
export function findOlderNode(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return folders
    .map((folder) => join(folder, 'node'))
    .filter((path) => existsSync(path))
    .find((path) => Number(/^v([0-9]+)/u.exec(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout)?.[1]) < 22);
}

/** The one line that `--json` promises as the last on standard output. */
export function reportOf({ stdout }: Ran): MigrationReport {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as MigrationReport;
}

/** A small SQLite database: 3 customers, 2 orders. */
export function makeShop(path: string): string {
  const database = new DatabaseSync(path);
  database.exec(`
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), total NUMERIC(10,2));
    INSERT INTO customers VALUES (1, 'Ada'), (2, 'Grace'), (3, 'Zoë');
    INSERT INTO orders VALUES (1, 1, 10.5), (2, 3, 7);
    CREATE VIEW totals AS SELECT customer_id, sum(total) FROM orders GROUP BY 1;
  `);
  database.close();
  return `sqlite:${path}`;
}
