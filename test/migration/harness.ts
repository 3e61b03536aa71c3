import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { inject } from 'vitest';
import type { MigrationReport } from '../../contracts/migration.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** A folder of the corpus of real databases, from CARAVAN_CORPUS or beside the project; undefined when there is none. */
export function corpus(name: string): string | undefined {
  return [process.env['CARAVAN_CORPUS'], resolve(root, '../shared/data')]
    .filter((folder) => folder !== undefined)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/** What an earlier try left: a test that is run again makes its SQLite file anew. */
export function removeSqlite(file: string): void {
  for (const path of [file, `${file}-wal`, `${file}-shm`]) rmSync(path, { force: true });
}

export interface Ran {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The last line of stdout, parsed. */
  readonly json: MigrationReport;
}

export interface Running {
  readonly process: ChildProcess;
  readonly stderr: () => string;
  readonly ended: Promise<Ran>;
}

/** Starts the real command, in the data folder `home` (default the shared stack's). */
export function startCaravan(
  args: readonly string[],
  options: { home?: string; env?: Record<string, string> } = {},
): Running {
  const { PATH = '', HOME = '' } = process.env;
  const home = options.home ?? inject('sharedHome');
  const child = spawn(process.execPath, [join(root, 'bin', 'caravan.js'), ...args], {
    env: { PATH, HOME, CARAVAN_HOME: home, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ran>((done) => {
    child.once('close', (exit) => {
      done({
        exit,
        stdout,
        stderr,
        get json() {
          return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as MigrationReport;
        },
      });
    });
  });
  return { process: child, stderr: () => stderr, ended };
}

export async function caravan(
  args: readonly string[],
  options: { home?: string; env?: Record<string, string> } = {},
): Promise<Ran> {
  return startCaravan(args, options).ended;
}

export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  /** Rows of one statement, as text or null. */
  query(sql: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  drop(): Promise<void>;
}

/** A fresh database, by default in the shared PostgreSQL 18; empty, or a copy of one that nobody uses. */
export async function freshDatabase(
  serverUrl: string = inject('sharedDatabaseUrl'),
  template = 'template0',
): Promise<TestDatabase> {
  const name = `t_${randomBytes(6).toString('hex')}`;
  await once(serverUrl, `CREATE DATABASE ${name} ENCODING 'UTF8' TEMPLATE ${template}`);
  const url = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).toString();
  const kept = keepConnections(url);
  return {
    url,
    name,
    query: (sql, values) => kept.query(sql, values),
    drop: async () => {
      const closed = kept.close();
      await once(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await closed;
    },
  };
}

/** Waits ask often, and what costs is a new connection: one is kept for half a second, unless a query failed on it. */
function keepConnections(url: string): Pick<TestDatabase, 'query'> & { close(): Promise<void> } {
  const pool = new pg.Pool({ connectionString: url, idleTimeoutMillis: 500, allowExitOnIdle: true });
  // Servers are killed under it.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  return {
    query: async (sql, values = []) => {
      const client = await pool.connect();
      try {
        const rows = lastRows(await client.query(sql, [...values]));
        client.release();
        return rows;
      } catch (error) {
        client.release(true);
        throw error;
      }
    },
    close: async () => {
      if (!pool.ending) await pool.end();
    },
  };
}

async function once(url: string, sql: string, values: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return lastRows(await client.query(sql, [...values]));
  } finally {
    await client.end();
  }
}

function lastRows(result: unknown): Record<string, unknown>[] {
  const last = (Array.isArray(result) ? result.at(-1) : result) as { rows: Record<string, unknown>[] };
  return last.rows;
}

/** What a migration must never leave behind: shadows, sidecars, leases, backends. */
export async function leftovers(database: TestDatabase): Promise<string[]> {
  const rows = await database.query(`
    SELECT nspname AS name FROM pg_namespace WHERE nspname LIKE 'caravan\\_%'
    UNION ALL
    SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'caravan/%'`);
  return rows.map(({ name }) => String(name));
}

/**
 * Waits until a condition holds; every wait says what it waits for, and its limit. A state that does not pass by itself
 * may be looked at less often, where each look costs a worker something.
 */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs = 30_000,
  everyMs = 50,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (Date.now() < deadline) {
    if (await holds()) return;
    await pause(everyMs);
  }
  throw new Error(`waited ${String(limitMs)} ms in vain until ${what}`);
}
