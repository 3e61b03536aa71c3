import type { InMigration, TestedConnection } from '../../contracts/activities.js';
import type { Endpoint, ServerEndpoint } from '../../contracts/endpoint.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { openSession } from '../../databases/postgres/connect.js';
import { purgeOld as dropOld } from '../../databases/postgres/janitor.js';
import type { Deps } from '../deps.js';
import { recordOf, withEnd } from '../ends.js';

/** Reaches the database of a connection from a worker: what counts is whether the workers reach it. */
export async function testConnection(deps: Deps, { connection }: { connection: string }): Promise<TestedConnection> {
  const endpoint = await deps.store.connections.get(connection);
  const startedMs = performance.now();
  const version =
    endpoint.engine === 'postgres' ? await versionOfTarget(endpoint) : await versionOfSource(deps, endpoint);
  return { engine: endpoint.engine, version, milliseconds: performance.now() - startedMs };
}

/** Only reached: what a migration asks of a target beyond that, it tells itself. */
async function versionOfTarget(endpoint: ServerEndpoint): Promise<string> {
  const session = await openSession(endpoint, 'caravan/test');
  try {
    const [row] = await session.rows('SHOW server_version');
    return row?.['server_version'] ?? 'unknown';
  } finally {
    await session.close();
  }
}

function versionOfSource(deps: Deps, endpoint: Endpoint): Promise<string> {
  return withEnd(deps.openSource(endpoint), async (source) => (await source.catalogue()).serverVersion);
}

/** Drops what a promotion with `replace` put away; nothing there is fine. */
export async function purgeOld(deps: Deps, { migrationId }: InMigration): Promise<{ left: string[] }> {
  const { input, hash } = await recordOf(deps, migrationId);
  if (input.target === undefined) return { left: [] };
  const endpoint = await deps.store.connections.get(input.target);
  if (endpoint.engine === 'postgres') return dropOld(endpoint, hash);
  throw new CaravanFailure('INPUT_INVALID', {
    attempted: 'purge',
    on: migrationId,
    seen: 'its target is no PostgreSQL',
  });
}
