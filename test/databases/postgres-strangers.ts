import type { ServerEndpoint } from '../../contracts/endpoint.js';
import { asStranger } from './postgres-server.js';

/** Everything of ours that stands in the database, whatever kind it is. */
export async function ours(endpoint: ServerEndpoint): Promise<string[]> {
  const rows = await asStranger(endpoint, (session) =>
    session.rows(`SELECT nspname AS name FROM pg_catalog.pg_namespace WHERE nspname LIKE 'caravan%' ORDER BY 1`),
  );
  return rows.map((row) => row['name'] ?? '');
}

export async function value(endpoint: ServerEndpoint, sql: string): Promise<string | null | undefined> {
  const [row] = await asStranger(endpoint, (session) => session.rows(sql));
  return row === undefined ? undefined : Object.values(row)[0];
}
