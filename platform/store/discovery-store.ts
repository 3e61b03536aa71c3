import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Catalogue, CatalogueTable } from '../../contracts/catalogue.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { ColumnFingerprint, Meaning, TableProfile } from '../../contracts/profile.js';
import type { SecretBox } from '../secrets/secret-box.js';
import type { Database, StoreQuery, StoreTransaction } from './database.js';
import { encodeJson } from './json-document.js';
import { recentValues } from './recent-values.js';
import type { DiscoveryStore } from './store.js';

/** Tables of a catalogue that one statement writes. */
const TABLES_AT_ONCE = 500;
/** Catalogues kept in memory: they never change, and a large one takes a second to read. */
const RECENT_CATALOGUES = 2;

interface Sealing {
  readonly query: StoreQuery;
  readonly box: SecretBox;
}

export function discoveryStore(database: Database, box: SecretBox): DiscoveryStore {
  const recent = recentValues<Catalogue>(RECENT_CATALOGUES);
  return {
    putCatalogue: (migrationId, catalogue) =>
      database.transact({ attempted: 'store the catalogue of', on: migrationId }, (query) =>
        putCatalogue(query, migrationId, catalogue),
      ),
    catalogue: (catalogueId) =>
      recent(catalogueId, () =>
        database.run({ attempted: 'read the catalogue', on: catalogueId }, (query) =>
          readCatalogue(query, catalogueId),
        ),
      ),
    latestCatalogue: (migrationId) =>
      database.run({ attempted: 'read the catalogue of', on: migrationId }, async (query) => {
        const row = await query
          .selectFrom('catalogues')
          .select('catalogue_id')
          .where('migration_id', '=', migrationId)
          .orderBy('ordinal', 'desc')
          .limit(1)
          .executeTakeFirst();
        return row && readCatalogue(query, row.catalogue_id);
      }),
    putProfile: (catalogueId, profile, meanings) =>
      database.run({ attempted: 'store the profile of', on: profile.table }, (query) =>
        putProfile({ query, box }, catalogueId, { profile, meanings }),
      ),
    profiles: (catalogueId) =>
      database.run({ attempted: 'read the profiles of', on: catalogueId }, (query) =>
        readProfiles({ query, box }, catalogueId),
      ),
    tableOf: (migrationId, { schema, name }) =>
      database.run({ attempted: 'read of the catalogue', on: `${schema}.${name}` }, async (query) => {
        const { rows } = await sql<{ body: CatalogueTable }>`
          SELECT listed.body FROM caravan_store.catalogue_tables AS listed
          JOIN caravan_store.catalogues USING (catalogue_id)
          WHERE migration_id = ${migrationId} AND listed.body ->> 'schema' = ${schema} AND listed.body ->> 'name' = ${name}
          ORDER BY catalogues.ordinal DESC LIMIT 1`.execute(query);
        return rows[0]?.body;
      }),
    fingerprints: (catalogueId, table) =>
      database.run({ attempted: 'read the fingerprints of', on: table.name }, (query) =>
        readFingerprints({ query, box }, catalogueId, table),
      ),
  };
}

/** The same catalogue of the same migration is stored once, so that a retry gives the same id. */
async function putCatalogue(query: StoreTransaction, migrationId: string, catalogue: Catalogue): Promise<string> {
  const { tables, ...rest } = catalogue;
  const bodies = tables.map(encodeJson);
  const body = encodeJson(rest);
  const hash = createHash('sha256').update(body);
  for (const table of bodies) hash.update('\n').update(table);
  const digest = hash.digest('hex');
  const made = await query
    .insertInto('catalogues')
    .values({ migration_id: migrationId, digest, body })
    .onConflict((conflict) => conflict.columns(['migration_id', 'digest']).doNothing())
    .returning('catalogue_id')
    .executeTakeFirst();
  if (made === undefined) return findCatalogue(query, migrationId, digest);
  for (let at = 0; at < bodies.length; at += TABLES_AT_ONCE) {
    const some = bodies.slice(at, at + TABLES_AT_ONCE);
    await sql`
      INSERT INTO caravan_store.catalogue_tables (catalogue_id, ordinal, body)
      SELECT ${made.catalogue_id}, ${at} + ordinality, body
      FROM unnest(${some}::text[]::jsonb[]) WITH ORDINALITY AS given (body, ordinality)`.execute(query);
  }
  return made.catalogue_id;
}

async function findCatalogue(query: StoreTransaction, migrationId: string, digest: string): Promise<string> {
  const row = await query
    .selectFrom('catalogues')
    .select('catalogue_id')
    .where('migration_id', '=', migrationId)
    .where('digest', '=', digest)
    .executeTakeFirstOrThrow();
  return row.catalogue_id;
}

async function readCatalogue(query: StoreQuery, catalogueId: string): Promise<Catalogue> {
  const header = await query
    .selectFrom('catalogues')
    .select('body')
    .where(sql`catalogue_id::text`, '=', catalogueId)
    .executeTakeFirst();
  if (header === undefined) {
    throw new CaravanFailure('INTERNAL', { attempted: 'read the catalogue', on: catalogueId, seen: 'there is none' });
  }
  const rows = await query
    .selectFrom('catalogue_tables')
    .select('body')
    .where('catalogue_id', '=', catalogueId)
    .orderBy('ordinal')
    .execute();
  return {
    ...(header.body as Omit<Catalogue, 'tables'>),
    tables: rows.map((row) => row.body as CatalogueTable),
  };
}

function contextOf(catalogueId: string, schema: string, table: string): string {
  return `profile:${catalogueId}:${JSON.stringify([schema, table])}`;
}

async function putProfile(
  { query, box }: Sealing,
  catalogueId: string,
  found: { profile: TableProfile; meanings: readonly Meaning[] },
): Promise<void> {
  const { schema, table } = found.profile;
  const { plain, values, fingerprints } = takenApart(found.profile);
  const seal = (content: unknown): Buffer =>
    box.seal(Buffer.from(JSON.stringify(content)), contextOf(catalogueId, schema, table));
  const content = {
    profile: encodeJson(plain),
    meanings: encodeJson(found.meanings),
    sealed_values: seal(values),
    sealed_fingerprints: seal(fingerprints),
  };
  await query
    .insertInto('profiles')
    .values({ catalogue_id: catalogueId, table_schema: schema, table_name: table, ...content })
    .onConflict((conflict) => conflict.columns(['catalogue_id', 'table_schema', 'table_name']).doUpdateSet(content))
    .execute();
}

async function readProfiles(
  { query, box }: Sealing,
  catalogueId: string,
): Promise<{ profile: TableProfile; meanings: readonly Meaning[] }[]> {
  const rows = await query
    .selectFrom('profiles')
    .select(['table_schema', 'table_name', 'profile', 'meanings', 'sealed_values'])
    .where('catalogue_id', '=', catalogueId)
    .orderBy('table_schema')
    .orderBy('table_name')
    .execute();
  return rows.map((row) => {
    const opened = box.open(row.sealed_values, contextOf(catalogueId, row.table_schema, row.table_name));
    const values = JSON.parse(opened.toString()) as readonly object[];
    const plain = row.profile as TableProfile;
    const columns = plain.columns.map((column, index) => ({ ...column, ...values[index] }));
    return { profile: { ...plain, columns }, meanings: row.meanings as Meaning[] };
  });
}

async function readFingerprints(
  { query, box }: Sealing,
  catalogueId: string,
  { schema, name }: { readonly schema: string; readonly name: string },
): Promise<ReadonlyMap<string, ColumnFingerprint>> {
  const row = await query
    .selectFrom('profiles')
    .select('sealed_fingerprints')
    .where('catalogue_id', '=', catalogueId)
    .where('table_schema', '=', schema)
    .where('table_name', '=', name)
    .executeTakeFirst();
  if (row === undefined) return new Map();
  const opened = box.open(row.sealed_fingerprints, contextOf(catalogueId, schema, name));
  return new Map(JSON.parse(opened.toString()) as [string, ColumnFingerprint][]);
}

/** What may stand in plain text, and apart from it what gives values away: of one row even a mean does. */
function takenApart(profile: TableProfile): {
  plain: TableProfile;
  values: readonly object[];
  fingerprints: readonly (readonly [string, ColumnFingerprint])[];
} {
  const parts = profile.columns.map(({ min, max, mean, variance, fingerprint, ...plain }) => ({
    plain,
    values: { min, max, mean, variance },
    fingerprints: fingerprint === undefined ? [] : [[plain.column, fingerprint] as const],
  }));
  return {
    plain: { ...profile, columns: parts.map((part) => part.plain) },
    values: parts.map((part) => part.values),
    fingerprints: parts.flatMap((part) => part.fingerprints),
  };
}
