import pg from 'pg';
import { parseEndpointUrl } from '../secrets/endpoint-url.js';
import { connectDatabase } from './database.js';

/**
 * Makes an empty database on the store's server and gives its URL. Earlier ones with the same prefix that nobody uses
 * any more are dropped. For the demo.
 */
export async function makeScratchDatabase(databaseUrl: string, prefix: string, name: string): Promise<string> {
  const { database, pool } = connectDatabase(databaseUrl);
  try {
    const { rows } = await pool.query<{ name: string }>(
      `SELECT datname AS name FROM pg_database AS old WHERE starts_with(datname, $1)
         AND NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = old.datname)`,
      [prefix],
    );
    for (const old of rows) await pool.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(old.name)}`);
    await pool.query(`CREATE DATABASE ${pg.escapeIdentifier(prefix + name)} ENCODING 'UTF8' TEMPLATE template0`);
  } finally {
    await database.close();
  }
  return withDatabase(databaseUrl, prefix + name);
}

function withDatabase(databaseUrl: string, database: string): string {
  const endpoint = parseEndpointUrl(databaseUrl);
  if ('path' in endpoint) throw new Error('the store is no server');
  const [head = '', query] = databaseUrl.split('?');
  const path = head.slice(0, head.lastIndexOf('/'));
  return `${path}/${encodeURIComponent(database)}${query === undefined ? '' : `?${query}`}`;
}
