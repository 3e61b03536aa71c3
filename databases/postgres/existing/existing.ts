import type { ServerEndpoint } from '../../../contracts/endpoint.js';
import type { ExistingTarget } from '../../existing.js';
import { inTransaction } from '../session-pool.js';
import { readExisting } from './catalogue.js';
import { sameChecks } from './checks.js';
import { sameValues } from './defaults.js';
import { BEGIN, checkServer, openReadOnly, readingTarget } from './sessions.js';
import { openExistingSnapshot } from './snapshot.js';

/** The target reached once, to be read only. */
export async function openPostgresExisting(endpoint: ServerEndpoint): Promise<ExistingTarget> {
  const session = await openReadOnly(endpoint, false);
  const version = await checkServer(session).catch((error: unknown) => {
    session.destroy();
    throw error;
  });
  const on = endpoint.database;
  return {
    version,
    hasSchema: (schema) =>
      readingTarget({ attempted: 'read the schemas of', on }, async () => {
        const found = await session.rows('SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1', [schema]);
        return found.length > 0;
      }),
    catalogue: (schema) =>
      readingTarget({ attempted: 'read the catalogue of', on }, async () => {
        await session.run(BEGIN);
        const tables = await readExisting(session, schema);
        await session.run('COMMIT');
        return tables;
      }),
    sameValues: (schema, pairs) =>
      readingTarget({ attempted: 'compare the defaults of', on }, () =>
        inTransaction(session, () => sameValues(session, schema, pairs)),
      ),
    sameChecks: (schema, pairs) =>
      readingTarget({ attempted: 'compare the checks of', on }, () =>
        inTransaction(session, () => sameChecks(session, schema, pairs)),
      ),
    openSnapshot: () => openExistingSnapshot(endpoint),
    close: () => session.close(),
  };
}
