import type { Session } from '../connect.js';
import { SOURCE_APPLICATION } from './sessions.js';

/**
 * Where a session's transaction stands: the server's log, and which transactions it sees. Two equal lists of
 * transactions see the same rows: none has ended in between. The log alone moves for anything.
 */
export interface Place {
  readonly lsn: string;
  readonly snapshot: string;
}

export async function placeOf(session: Session): Promise<Place> {
  const [row] = await session.rows(
    `SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS lsn,
            txid_current_snapshot() AS snapshot`,
  );
  return { lsn: row?.['lsn'] ?? '', snapshot: row?.['snapshot'] ?? '' };
}

/** As the certificate has it. */
export function positionText({ lsn, snapshot }: Place): string {
  return `lsn:${lsn} transactions ${snapshot}`;
}

/** Where the tables stand, as far as the server counts changes. */
export interface Counters {
  /** Changes to each table, which file it is in, and since when the server counts. */
  readonly text: string;
  /** Nobody else is connected to the database: everybody has told the server of all changes, at the latest at the end. */
  readonly alone: boolean;
}

export async function countersOf(
  session: Session,
  tables: readonly { readonly schema: string; readonly name: string }[],
): Promise<Counters> {
  const [row] = await session.rows(
    `WITH RECURSIVE wanted AS (
       SELECT c.oid FROM unnest($1::text[], $2::text[]) AS t(schema, name)
         JOIN pg_catalog.pg_namespace n ON n.nspname = t.schema
         JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
       UNION SELECT i.inhrelid FROM wanted w JOIN pg_catalog.pg_inherits i ON i.inhparent = w.oid)
     SELECT concat_ws(' ', pg_postmaster_start_time(), (SELECT stats_reset FROM pg_catalog.pg_stat_database WHERE datname = current_database()),
              (SELECT string_agg(concat_ws(':', c.oid, pg_relation_filenode(c.oid), s.n_tup_ins, s.n_tup_upd, s.n_tup_del), ' ' ORDER BY c.oid)
                 FROM wanted w JOIN pg_catalog.pg_class c ON c.oid = w.oid
                 LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = c.oid)) AS counters,
            current_setting('server_version_num')::int >= 150000 AND current_setting('track_counts') = 'on' AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                 AND application_name <> $3 AND backend_type IS DISTINCT FROM 'autovacuum worker')
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_prepared_xacts WHERE database = current_database()) AS alone`,
    [tables.map(({ schema }) => schema), tables.map(({ name }) => name), SOURCE_APPLICATION],
  );
  return { text: row?.['counters'] ?? '', alone: row?.['alone'] === 't' };
}

/**
 * Has a table changed since? "no" is proven by the lists of transactions. They are the whole server's: where they
 * differ, the counters tell a change, but may tell it late (before version 15 even never): only when nobody else is
 * connected, equal ones prove that nothing changed. A change from just before the snapshot that was told after it
 * counts as one, and costs a round.
 */
export function movedBetween(
  then: { readonly place: Place; readonly counters: Counters },
  now: { readonly place: Place; readonly counters: Counters },
): 'no' | 'yes' | 'unknown' {
  if (then.place.snapshot !== '' && then.place.snapshot === now.place.snapshot) return 'no';
  if (then.counters.text !== now.counters.text) return 'yes';
  return now.counters.alone ? 'no' : 'unknown';
}
