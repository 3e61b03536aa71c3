import { sql } from 'kysely';
import type { Database, StoreQuery } from './database.js';
import { archiveReading } from './archive-reading.js';
import type { ArchivedEntry, ArchiveStore } from './store.js';

/** Entries and bytes that one statement writes. */
const ENTRIES_AT_ONCE = 2000;
const BYTES_AT_ONCE = 8 * 1024 * 1024;

/** See `stageName`. */
const STAGE_NAME = '^stage:[0-9]{1,15}:[0-9a-f]+$';

/** What a copy of the ledgers is called that somebody looks at before promotion; it tells its age. */
export function stageName(nowMs: number, random: string): string {
  return `stage:${String(Math.floor(nowMs))}:${random}`;
}

/** Keys and bytes arrive as the sidecar holds them: sealed. They are kept as they are. */
export function archiveStore(database: Database): ArchiveStore {
  return {
    put: async (run, kind, entries) => {
      for (const some of batches(entries)) {
        await database.run({ attempted: `archive the ${kind} of`, on: run.migrationId }, (query) =>
          putEntries(query, { ...run, kind }, some),
        );
      }
    },
    ...archiveReading(database),
    drop: ({ migrationId, hash }) =>
      database.run({ attempted: 'drop the copy of the ledgers of', on: migrationId }, async (query) => {
        await query
          .deleteFrom('archive')
          .where('migration_id', '=', migrationId)
          .where('run_hash', '=', hash)
          .execute();
      }),
    dropStages: (migrationId, beforeMs) =>
      database.run({ attempted: 'drop old copies of the ledgers of', on: migrationId }, async (query) => {
        await sql`
          DELETE FROM caravan_store.archive
          WHERE migration_id = ${migrationId}
            AND CASE WHEN run_hash ~ ${STAGE_NAME} THEN split_part(run_hash, ':', 2)::bigint < ${Math.floor(beforeMs)} END`.execute(
          query,
        );
      }),
    count: (migrationId, kind) =>
      database.run({ attempted: `count the ${kind} of`, on: migrationId }, async (query) => {
        const { rows } = await sql<{ count: number }>`
          SELECT count(*) AS count FROM caravan_store.archive
          WHERE migration_id = ${migrationId} AND kind = ${kind} AND run_hash = ${latestHash(migrationId)}`.execute(
          query,
        );
        return rows[0]?.count ?? 0;
      }),
  };
}

/** Ids count from one in every run, so the run is part of an entry's key. */
function latestHash(migrationId: string) {
  return sql<string>`coalesce((
    SELECT hash FROM caravan_store.migrations WHERE migration_id = ${migrationId} ORDER BY ordinal DESC LIMIT 1
  ), '')`;
}

async function putEntries(
  query: StoreQuery,
  place: { migrationId: string; hash: string; kind: string },
  entries: readonly ArchivedEntry[],
): Promise<void> {
  const column = <Name extends keyof ArchivedEntry>(name: Name) => entries.map((entry) => entry[name]);
  await sql`
    INSERT INTO caravan_store.archive
      (migration_id, run_hash, kind, id, source_table, chunk, key_identity, key, column_name, reason, bytes,
       sealed_at)
    SELECT ${place.migrationId}, ${place.hash}, ${place.kind}, given.*
    FROM unnest(
      ${column('id')}::bigint[], ${column('table')}::text[], ${column('chunk')}::bigint[],
      ${column('keyIdentity')}::text[], ${column('key')}::bytea[], ${column('column')}::text[],
      ${column('reason')}::text[], ${column('bytes')}::bytea[], ${column('sealedAt')}::timestamptz[]
    ) AS given
    ON CONFLICT DO NOTHING`.execute(query);
}

function* batches(entries: readonly ArchivedEntry[]): Generator<ArchivedEntry[]> {
  let batch: ArchivedEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    batch.push(entry);
    bytes += entry.bytes.length + entry.key.length;
    if (batch.length < ENTRIES_AT_ONCE && bytes < BYTES_AT_ONCE) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}
