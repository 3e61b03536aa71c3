import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { Database, StoreQuery } from './database.js';
import type { ArchivedCount, ArchivedEntry, ArchivedRun, ArchiveFilter, ArchiveStore, LedgerKind } from './store.js';

/** Bytes of one page; the first entry comes whatever its size. */
const PAGE_BYTES = 8 * 1024 * 1024;
const PAGE_ENTRIES = 500;

/** Reads what is archived, for people: counts, and entries page by page, so that memory stays flat. */
export function archiveReading(database: Database): Pick<ArchiveStore, 'counts' | 'page'> {
  return {
    counts: (run, kind, filter = {}) =>
      database.run({ attempted: `count the ${kind} of`, on: run.migrationId }, async (query) => {
        const { rows } = await sql<ArchivedCount>`
          SELECT source_table AS "table", column_name AS "column", reason, count(*) AS count
          FROM caravan_store.archive WHERE ${fits(run, kind, filter)}
          GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`.execute(query);
        return rows;
      }),
    page: (run, kind, { after, limit, filter = {}, bytes }) =>
      database.run({ attempted: `read the ${kind} of`, on: run.migrationId }, (query) =>
        readPage(query, { which: sql`${fits(run, kind, filter)} AND id > ${after}`, limit, bytes }),
      ),
  };
}

async function readPage(
  query: StoreQuery,
  { which, limit, bytes }: { which: RawBuilder<unknown>; limit: number; bytes: boolean },
): Promise<ArchivedEntry[]> {
  const size = bytes ? sql`octet_length(bytes)` : sql`0`;
  const { rows } = await sql<ArchivedEntry>`
    WITH page AS (
      SELECT id, ${size} AS size FROM caravan_store.archive WHERE ${which} ORDER BY id LIMIT ${Math.min(limit, PAGE_ENTRIES)}),
    sized AS (SELECT id, sum(size) OVER (ORDER BY id) - size AS before FROM page)
    SELECT id, source_table AS "table", chunk, key_identity AS "keyIdentity", key, column_name AS "column", reason,
      ${bytes ? sql`bytes` : sql`''::bytea AS bytes`},
      to_char(sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "sealedAt"
    FROM caravan_store.archive JOIN sized USING (id)
    WHERE ${which} AND before < ${PAGE_BYTES} ORDER BY id`.execute(query);
  return rows;
}

function fits(run: ArchivedRun, kind: LedgerKind, { table, column, reason }: ArchiveFilter): RawBuilder<unknown> {
  const dotted = `.${table ?? ''}`;
  const conditions = [
    sql`migration_id = ${run.migrationId} AND run_hash = ${run.hash} AND kind = ${kind}`,
    ...(table === undefined
      ? []
      : [sql`(source_table = ${table} OR right(source_table, length(${dotted}::text)) = ${dotted})`]),
    ...(column === undefined ? [] : [sql`column_name = ${column}`]),
    ...(reason === undefined ? [] : [sql`reason = ${reason}`]),
  ];
  return sql.join(conditions, sql` AND `);
}
