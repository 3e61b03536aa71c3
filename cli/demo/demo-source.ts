import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { startMariadb } from '../../platform/local-stack/mariadb-server.js';
import { parseEndpointUrl } from '../../platform/secrets/endpoint-url.js';
import type { CliContext } from '../cli-context.js';
import { stackSettings } from '../stack/stack-settings.js';
import { loadLegacyShopIntoMariadb } from './legacy-shop-mariadb.js';
import { buildLegacyShop } from './legacy-shop.js';
import type { ShopSummary } from './legacy-shop-tables.js';

/** The database that the demo migrates, made anew. */
export interface DemoSource {
  readonly url: string;
  readonly summary: ShopSummary;
  /** Ends what was started for it; the data stay. */
  stop(): Promise<void>;
}

export async function makeDemoSource(context: CliContext, engine: 'sqlite' | 'mariadb'): Promise<DemoSource> {
  const folder = join(context.config.home, 'demo');
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  return engine === 'sqlite' ? makeSqlite(folder) : makeMariadb(context, folder);
}

async function makeSqlite(folder: string): Promise<DemoSource> {
  const path = join(folder, 'legacy-shop.db');
  const summary = await buildLegacyShop({ path });
  return { url: `sqlite:${path}`, summary, stop: () => Promise.resolve() };
}

async function makeMariadb({ config, tell }: CliContext, folder: string): Promise<DemoSource> {
  const find = stackSettings(config);
  const server = await startMariadb({ dataFolder: join(folder, 'mariadb'), database: 'legacy_shop', find, tell });
  try {
    const endpoint = parseEndpointUrl(server.url);
    if ('path' in endpoint) throw new Error('the server gave no URL of a server');
    const { host, port, user, password, database } = endpoint;
    const session = await mysql.createConnection({ host, port, user, password, charset: 'utf8mb4' });
    await session.query(`DROP DATABASE IF EXISTS ${database}`);
    await session.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
    await session.query(`USE ${database}`);
    const summary = await loadLegacyShopIntoMariadb(session);
    await session.end();
    return { url: server.url, summary, stop: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
