import { z } from 'zod';
import type { Endpoint } from '../../contracts/endpoint.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { placeOf } from '../secrets/endpoint-url.js';
import { resolvePassword } from '../secrets/password-reference.js';
import type { SecretEnvironment } from '../secrets/password-reference.js';
import type { SecretBox } from '../secrets/secret-box.js';
import type { Database } from './database.js';
import type { ConnectionStore } from './store.js';

/** Form of what is sealed. Fields are only ever added. */
const sealedEndpoint = z.discriminatedUnion('engine', [
  z.object({ engine: z.literal('sqlite'), path: z.string() }),
  z.object({ engine: z.literal('csv'), path: z.string() }),
  z.object({
    engine: z.enum(['mysql', 'mariadb', 'postgres']),
    host: z.string(),
    port: z.int(),
    user: z.string(),
    password: z.string(),
    database: z.string(),
    tls: z.object({
      mode: z.enum(['disable', 'require', 'verify-full']),
      ca: z.string().optional(),
      cert: z.string().optional(),
      key: z.string().optional(),
    }),
    connectTimeoutSeconds: z.number(),
  }),
]);

export function connectionStore(
  database: Database,
  secretBox: SecretBox,
  environment: SecretEnvironment,
): ConnectionStore {
  return {
    put: (name, endpoint, options = {}) =>
      putConnection(database, rowOf(secretBox, name, { endpoint, migrationId: options.migrationId }), options.replace),
    get: async (name) => resolveEndpoint(unseal(secretBox, name, await readSealed(database, name)), environment),
    list: () =>
      database.run({ attempted: 'list', on: 'connections' }, (query) =>
        query
          .selectFrom('connections')
          .select(['name', 'engine', 'place', 'username as user', 'migration_id as migrationId'])
          .orderBy('name')
          .execute(),
      ),
    remove: (name) =>
      database.run({ attempted: 'remove the connection', on: name }, async (query) => {
        const removed = await query.deleteFrom('connections').where('name', '=', name).executeTakeFirst();
        return removed.numDeletedRows > 0n;
      }),
    release: (migrationId) =>
      database.run({ attempted: 'remove the connections of', on: migrationId }, async (query) => {
        await query.deleteFrom('connections').where('migration_id', '=', migrationId).execute();
      }),
  };
}

interface ConnectionRow {
  readonly name: string;
  readonly sealed: Buffer;
  readonly engine: string;
  readonly place: string;
  readonly username: string | null;
  readonly migration_id: string | null;
}

function rowOf(
  secretBox: SecretBox,
  name: string,
  connection: { endpoint: Endpoint; migrationId: string | undefined },
): ConnectionRow {
  const { endpoint, migrationId } = connection;
  return {
    name,
    sealed: secretBox.seal(Buffer.from(JSON.stringify(endpoint)), contextOf(name)),
    engine: endpoint.engine,
    place: 'path' in endpoint ? endpoint.path : `${placeOf(endpoint)}/${endpoint.database}`,
    username: 'path' in endpoint ? null : endpoint.user,
    migration_id: migrationId ?? null,
  };
}

/** An equal name is replaced when that was asked for, or when the same migration made it before. */
async function putConnection(database: Database, row: ConnectionRow, replace = false): Promise<void> {
  const what = { attempted: 'add the connection', on: row.name };
  const put = await database.run(what, (query) =>
    query
      .insertInto('connections')
      .values(row)
      .onConflict((conflict) => {
        const update = conflict.column('name').doUpdateSet(row);
        return replace ? update : update.where('connections.migration_id', '=', row.migration_id);
      })
      .executeTakeFirst(),
  );
  if ((put.numInsertedOrUpdatedRows ?? 0n) === 0n) {
    throw new CaravanFailure('INPUT_INVALID', {
      ...what,
      seen: 'a connection with this name is there',
      next: 'Choose another name, or say --replace.',
    });
  }
}

async function readSealed(database: Database, name: string): Promise<Buffer> {
  const what = { attempted: 'find the connection', on: name };
  const row = await database.run(what, (query) =>
    query.selectFrom('connections').select('sealed').where('name', '=', name).executeTakeFirst(),
  );
  if (row === undefined) throw new CaravanFailure('CONNECTION_UNKNOWN', { ...what, seen: 'there is none' });
  return row.sealed;
}

function unseal(secretBox: SecretBox, name: string, sealed: Buffer): Endpoint {
  const parsed = sealedEndpoint.safeParse(JSON.parse(secretBox.open(sealed, contextOf(name)).toString('utf8')));
  if (parsed.success) return parsed.data;
  throw new CaravanFailure('INTERNAL', { attempted: 'read the connection', on: name, seen: 'it has an unknown form' });
}

async function resolveEndpoint(endpoint: Endpoint, environment: SecretEnvironment): Promise<Endpoint> {
  if ('path' in endpoint) return endpoint;
  return { ...endpoint, password: await resolvePassword(endpoint.password, environment) };
}

function contextOf(name: string): string {
  return `connection:${name}`;
}
