import { sql } from 'kysely';
import type { SourceLimits } from '../../contracts/migration.schema.js';
import type { Database, StoreTransaction } from './database.js';
import { encodeJson } from './json-document.js';
import type { SourceLease, ThrottleRow, ThrottleStore } from './store.js';

/**
 * The limits of a migration, shared by all of its workers. Whoever has read moves the moment at which everything is paid
 * for, and waits for the moment that was its own: over any time the sum keeps to the limit.
 */
export function throttleStore(database: Database): ThrottleStore {
  const on = (migrationId: string, attempted: string) => ({ attempted, on: migrationId });
  return {
    open: (migrationId, limits) => put(database, { migrationId, limits, isNew: true }),
    set: (migrationId, limits) => put(database, { migrationId, limits, isNew: false }),
    get: (migrationId) =>
      database.run(on(migrationId, 'read the limits of'), async (query) => {
        const row = await query
          .selectFrom('throttles')
          .select(['limits', 'version', 'share', 'spared'])
          .where('migration_id', '=', migrationId)
          .executeTakeFirst();
        return row && { ...row, limits: row.limits as ThrottleRow['limits'] };
      }),
    ...paying(database),
    claimLook: (migrationId, intervalMs) =>
      database.run(on(migrationId, 'look after the source of'), async (query) => {
        const claimed = await query
          .updateTable('throttles')
          .set({ looked_at: sql<Date>`clock_timestamp()` })
          .where('migration_id', '=', migrationId)
          .where('looked_at', '<', sql<Date>`clock_timestamp() - ${intervalMs} * interval '1 millisecond'`)
          .executeTakeFirst();
        return claimed.numUpdatedRows > 0n;
      }),
    setShare: (migrationId, share) =>
      database.run(on(migrationId, 'slow down'), async (query) => {
        const change = { share, ...(share < 1 && { spared: true }) };
        await query.updateTable('throttles').set(change).where('migration_id', '=', migrationId).execute();
      }),
    ...leasing(database),
  };
}

function put(
  database: Database,
  { migrationId, limits, isNew }: { migrationId: string; limits: SourceLimits; isNew: boolean },
): Promise<void> {
  const isLimited = Object.keys(limits).length > 0;
  return database.run({ attempted: 'set the limits of', on: migrationId }, async (query) => {
    await sql`
      INSERT INTO caravan_store.throttles AS t (migration_id, limits, spared)
      VALUES (${migrationId}, ${encodeJson(limits)}, ${isLimited})
      ON CONFLICT (migration_id) DO UPDATE SET limits = excluded.limits, version = t.version + 1,
        rows_paid_at = now(), bytes_paid_at = now(),
        share = CASE WHEN ${isNew} THEN 1 ELSE t.share END,
        spared = excluded.spared OR (t.spared AND NOT ${isNew})`.execute(query);
  });
}

function paying(database: Database): Pick<ThrottleStore, 'charge' | 'debt'> {
  // Without a limit there is no debt; a source that suffers leaves a share of the limit.
  const paid = (column: 'rows' | 'bytes', count: number) => {
    const limit = sql`nullif(limits ->> ${`${column}PerSecond`}, '')::double precision`;
    const at = sql.ref(`${column}_paid_at`);
    return sql`greatest(${at}, clock_timestamp()) + coalesce(${count}::double precision / (${limit} * share), 0) * interval '1 second'`;
  };
  const left = sql<number>`
    extract(epoch FROM greatest(rows_paid_at, bytes_paid_at) - clock_timestamp())::double precision * 1000`;
  return {
    charge: (migrationId, { rows, bytes }) =>
      database.run({ attempted: 'count what was read for', on: migrationId }, async (query) => {
        const { rows: found } = await sql<{ left: number }>`
          UPDATE caravan_store.throttles SET rows_paid_at = ${paid('rows', rows)}, bytes_paid_at = ${paid('bytes', bytes)}
          WHERE migration_id = ${migrationId} RETURNING ${left} AS left`.execute(query);
        return Math.max(0, found[0]?.left ?? 0);
      }),
    debt: (migrationId) =>
      database.run({ attempted: 'read what was read for', on: migrationId }, async (query) => {
        const row = await query
          .selectFrom('throttles')
          .select(left.as('left'))
          .where('migration_id', '=', migrationId)
          .executeTakeFirst();
        return Math.max(0, row?.left ?? 0);
      }),
  };
}

function leasing(database: Database): Pick<ThrottleStore, 'lease' | 'renew' | 'release'> {
  return {
    lease: (lease, ttlMs) =>
      database.transact({ attempted: 'take sessions on the source of', on: lease.migrationId }, (query) =>
        takeLease(query, lease, ttlMs),
      ),
    renew: (leases, ttlMs) =>
      database.run({ attempted: 'keep', on: 'sessions on a source' }, async (query) => {
        await query
          .updateTable('source_leases')
          .set({ expires_at: until(ttlMs) })
          .where('lease', 'in', [...leases])
          .execute();
      }),
    release: (lease) =>
      database.run({ attempted: 'give back', on: 'sessions on a source' }, async (query) => {
        await query.deleteFrom('source_leases').where('lease', '=', lease).execute();
      }),
  };
}

/** The row of the limits is the lock: takers of one migration come one after another. */
async function takeLease(query: StoreTransaction, wanted: SourceLease, ttlMs: number): Promise<boolean> {
  const { migrationId, lease, sessions, force = false } = wanted;
  const row = await query
    .selectFrom('throttles')
    .select('limits')
    .where('migration_id', '=', migrationId)
    .forUpdate()
    .executeTakeFirst();
  const { connections = Infinity } = (row?.limits ?? {}) as ThrottleRow['limits'];
  await query
    .deleteFrom('source_leases')
    .where('migration_id', '=', migrationId)
    .where('expires_at', '<', sql<Date>`clock_timestamp()`)
    .execute();
  const held = await query
    .selectFrom('source_leases')
    .select(['lease', 'sessions'])
    .where('migration_id', '=', migrationId)
    .execute();
  const mine = held.find((one) => one.lease === lease)?.sessions ?? 0;
  const all = held.reduce((sum, one) => sum + one.sessions, 0);
  if (!force && sessions > mine && all - mine + sessions > connections) return false;
  const values = { lease, migration_id: migrationId, sessions, expires_at: until(ttlMs) };
  await query
    .insertInto('source_leases')
    .values(values)
    .onConflict((conflict) => conflict.column('lease').doUpdateSet({ sessions, expires_at: until(ttlMs) }))
    .execute();
  return true;
}

function until(ttlMs: number) {
  return sql<Date>`clock_timestamp() + ${ttlMs} * interval '1 millisecond'`;
}
