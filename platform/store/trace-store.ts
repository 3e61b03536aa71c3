import { sql } from 'kysely';
import type { Database } from './database.js';
import type { ArchivedChunk, ArchivedEntry, TraceStore } from './store.js';

/** A question whose asker was killed is kept for so long. */
const KEPT_SECONDS = 3600;
const ENTRIES_MAX = 1000;

/** Chunks of promoted migrations; and rows that somebody asks for, with the answers. All keys and values are sealed. */
export function traceStore(database: Database): TraceStore {
  return { ...chunkPart(database), ...lookupPart(database) };
}

function chunkPart(database: Database): Pick<TraceStore, 'putChunks' | 'chunks' | 'entries'> {
  return {
    putChunks: (run, chunks) =>
      database.run({ attempted: 'archive the chunks of', on: run.migrationId }, async (query) => {
        const column = <Name extends keyof ArchivedChunk>(name: Name) => chunks.map((chunk) => chunk[name]);
        await sql`
          INSERT INTO caravan_store.archived_chunks
            (migration_id, run_hash, source_table, chunk, bounds, epoch, rows, bytes, quarantined, changed, committed_at)
          SELECT ${run.migrationId}, ${run.hash}, given.*
          FROM unnest(
            ${column('table')}::text[], ${column('chunk')}::bigint[], ${column('bounds')}::bytea[],
            ${column('epoch')}::bigint[], ${column('rows')}::bigint[], ${column('bytes')}::bigint[],
            ${column('quarantined')}::bigint[], ${column('changed')}::bigint[], ${column('committedAt')}::timestamptz[]
          ) AS given
          ON CONFLICT DO NOTHING`.execute(query);
      }),
    chunks: (run, table) =>
      database.run({ attempted: 'read the chunks of', on: table }, async (query) => {
        const { rows } = await sql<ArchivedChunk>`
          SELECT source_table AS "table", chunk, bounds, epoch, rows, bytes, quarantined, changed,
            to_char(committed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "committedAt"
          FROM caravan_store.archived_chunks
          WHERE migration_id = ${run.migrationId} AND run_hash = ${run.hash} AND source_table = ${table}
          ORDER BY chunk`.execute(query);
        return rows;
      }),
    entries: (run, kind, { table, identities }) =>
      database.run({ attempted: `read the ${kind} of a row of`, on: table }, async (query) => {
        const { rows } = await sql<ArchivedEntry>`
          SELECT id, source_table AS "table", chunk, key_identity AS "keyIdentity", key, column_name AS "column", reason,
            bytes, to_char(sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "sealedAt"
          FROM caravan_store.archive
          WHERE migration_id = ${run.migrationId} AND run_hash = ${run.hash} AND kind = ${kind}
            AND source_table = ${table} AND key_identity = ANY (${[...identities]}::text[])
          ORDER BY id LIMIT ${ENTRIES_MAX}`.execute(query);
        return rows;
      }),
  };
}

function lookupPart(database: Database): Omit<TraceStore, 'putChunks' | 'chunks' | 'entries'> {
  return {
    ask: (migrationId, question) =>
      database.run({ attempted: 'ask for a row of', on: migrationId }, async (query) => {
        await sql`
          DELETE FROM caravan_store.lookups
          WHERE asked_at < now() - make_interval(secs => ${KEPT_SECONDS})`.execute(query);
        const asked = query.insertInto('lookups').values({ migration_id: migrationId, question });
        return (await asked.returning('lookup_id').executeTakeFirstOrThrow()).lookup_id;
      }),
    question: (lookupId) =>
      database.run({ attempted: 'read what is asked', on: lookupId }, async (query) => {
        const asked = query
          .selectFrom('lookups')
          .select('question')
          .where(sql`lookup_id::text`, '=', lookupId);
        return (await asked.executeTakeFirst())?.question;
      }),
    answer: (lookupId, answer) =>
      database.run({ attempted: 'answer', on: lookupId }, async (query) => {
        await query
          .updateTable('lookups')
          .set({ answer })
          .where(sql`lookup_id::text`, '=', lookupId)
          .execute();
      }),
    take: (lookupId) =>
      database.run({ attempted: 'take the answer of', on: lookupId }, async (query) => {
        const given = query
          .deleteFrom('lookups')
          .where(sql`lookup_id::text`, '=', lookupId)
          .returning('answer');
        return (await given.executeTakeFirst())?.answer ?? undefined;
      }),
  };
}
