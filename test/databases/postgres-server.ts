import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession } from '../../databases/postgres/connect.js';
import type { Session } from '../../databases/postgres/connect.js';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import { debianPostgres } from '../../platform/local-stack/postgres-binaries.js';
import { startPostgres } from '../../platform/local-stack/postgres-server.js';

/** A throwaway PostgreSQL server for one test file. */
export interface TestServer {
  readonly endpoint: ServerEndpoint;
  /** A fresh, empty database. */
  database(more?: string): Promise<ServerEndpoint>;
  stop(): Promise<void>;
}

/** The servers that the main tests run on: embedded 18, and Debian's where it is installed. */
export function installedServers(): ('embedded' | 'debian')[] {
  return debianPostgres() !== null ? ['embedded', 'debian'] : ['embedded'];
}

export async function startTestServer(
  binaries: 'embedded' | 'debian',
  settings: Record<string, string> = {},
): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'caravan-postgres-'));
  chmodSync(folder, 0o755);
  const server = await startPostgres({
    dataFolder: join(folder, 'data'),
    binaries,
    settings: { fsync: 'off', ...settings },
  }).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  const url = new URL(server.url);
  const endpoint: ServerEndpoint = {
    engine: 'postgres',
    host: url.hostname,
    port: Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: 'postgres',
    tls: { mode: 'disable' },
    connectTimeoutSeconds: 10,
  };
  return {
    endpoint,
    async database(more = '') {
      const name = `test_${randomBytes(6).toString('hex')}`;
      await asStranger(endpoint, (session) => session.run(`CREATE DATABASE ${name} ${more}`));
      return { ...endpoint, database: name };
    },
    async stop() {
      await server.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Somebody else than the migration does something in the database. */
export async function asStranger<T>(endpoint: ServerEndpoint, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession(endpoint, 'stranger');
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}
