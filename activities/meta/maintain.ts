import type { InMigration, TestedConnection } from '../../contracts/activities.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { purgeOld as dropOld } from '../../databases/postgres/janitor.js';
import type { Deps } from '../deps.js';
import { recordOf, withEnd } from '../ends.js';

/** Reaches the database of a connection from a worker: what counts is whether the workers reach it. */
export async function testConnection(deps: Deps, { connection }: { connection: string }): Promise<TestedConnection> {
  const endpoint = await deps.store.connections.get(connection);
  const startedMs = performance.now();
  const version = await (endpoint.engine === 'postgres'
    ? withEnd(deps.openTarget(endpoint, NOBODY), async (target) =>
        String((await target.preflight({ targetSchema: 'public', objects: 0 })).version),
      )
    : withEnd(deps.openSource(endpoint), async (source) => (await source.catalogue()).serverVersion));
  return { engine: endpoint.engine, version, milliseconds: performance.now() - startedMs };
}

/** Names of a target that nothing is made in. */
const NOBODY = { hash: '000000000000', namespace: '', workflowId: '', runId: '' };

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
