import { join } from 'node:path';
import pg from 'pg';
import { startPostgres } from '../../platform/local-stack/postgres-server.js';
import { checksumSqlPostgres } from './checksum.js';
import type { Checksum } from './checksum.js';
import { TABLE } from './rows.js';

export interface BenchTarget {
  readonly major: number;
  readonly pid: number;
  /** URL of the server's own database. */
  readonly url: string;
  /** URL of a fresh database; earlier ones are gone, and the server's dirty pages are on disk. */
  fresh(name: string): Promise<string>;
  /** The bench's table without keys or indexes, as a loader of data alone finds it. */
  bareTable(url: string): Promise<void>;
  checksum(url: string): Promise<Checksum>;
  query(url: string, sql: string): Promise<Record<string, unknown>[]>;
  dispose(): Promise<void>;
}

/** The types that a migration of the bench's table makes; only the flag is a boolean, as pgloader wants it. */
export const BARE = `
  CREATE TYPE ${TABLE}_status AS ENUM ('new', 'paid', 'packed', 'sent', 'returned');
  CREATE TABLE public.${TABLE} (
    id bigint NOT NULL, account integer NOT NULL, status ${TABLE}_status NOT NULL, amount numeric(12,2) NOT NULL,
    weight double precision NOT NULL, active boolean NOT NULL, ordered_at timestamp NOT NULL, due_on date,
    email varchar(120) NOT NULL, city varchar(60) NOT NULL, note text, reference bigint NOT NULL)`;

/** A PostgreSQL of its own under `folder`, apart from that of the stack. */
export async function openTarget(folder: string, binaries?: 'debian'): Promise<BenchTarget> {
  const server = await startPostgres({ dataFolder: join(folder, 'postgres'), ...(binaries && { binaries }) });
  let last: string | undefined;
  return {
    major: server.major,
    pid: server.pid ?? 0,
    url: server.url,
    fresh: async (name) => {
      if (last !== undefined) await query(server.url, `DROP DATABASE ${last} WITH (FORCE)`);
      last = name;
      await query(server.url, `CREATE DATABASE ${name} ENCODING 'UTF8' TEMPLATE template0`);
      await query(server.url, 'CHECKPOINT');
      return Object.assign(new URL(server.url), { pathname: `/${name}` }).toString();
    },
    bareTable: async (url) => {
      await query(url, BARE);
    },
    checksum: async (url) => {
      const [row] = await query(url, checksumSqlPostgres(`public.${TABLE}`));
      return { rows: String(row?.['rows']), sum: String(row?.['sum']) };
    },
    query,
    dispose: () => server.dispose(),
  };
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = (await client.query(sql)) as { rows: Record<string, unknown>[] };
    return rows;
  } finally {
    await client.end();
  }
}
