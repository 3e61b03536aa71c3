import { sql } from 'kysely';
import type { Notification } from '../../contracts/events.js';
import type { Database, StoreQuery, StoreTransaction } from './database.js';
import type { DeadNotification, DeliveryFailure, Outbox } from './store.js';

/**
 * What people are told, delivered at least once by each channel, and within a migration in order. A channel's state is
 * its own: one that is broken does not hold up another. A notification that some channel took is closed to counting,
 * for that channel has already told its count. One that cannot be delivered becomes dead: it is kept and shown, holds
 * up no later one, and is tried again when somebody says so.
 */
export function outbox(database: Database): Outbox {
  return {
    add: (notification) =>
      database.transact({ attempted: 'queue the notification', on: notification.key }, (query) =>
        add(query, notification),
      ),
    claim: (channel, limit, leaseSeconds) =>
      database.transact({ attempted: 'take notifications for', on: channel }, (query) =>
        claim(query, { channel, limit, leaseSeconds }),
      ),
    delivered: (id, channel) =>
      database.run({ attempted: 'mark as delivered by', on: channel }, async (query) => {
        await query
          .updateTable('outbox_deliveries')
          .set({ delivered_at: sql<Date>`coalesce(delivered_at, now())`, dead_at: null })
          .where('outbox_id', '=', id)
          .where('channel', '=', channel)
          .execute();
      }),
    failed: (claimed, channel, failure) =>
      database.run({ attempted: 'mark as failed by', on: channel }, (query) =>
        fail(query, { ...claimed, channel }, failure),
      ),
    ...deadPart(database),
    ...readingPart(database),
  };
}

/** The one who took it last decides: an older taker that wakes up late changes nothing. */
async function fail(
  query: StoreQuery,
  { id, attempts, channel }: { id: number; attempts: number; channel: string },
  { reason, retryInSeconds, giveUp }: DeliveryFailure,
): Promise<{ dead: boolean }> {
  const isLong = sql`first_tried_at <= now() - make_interval(secs => ${giveUp.afterSeconds})`;
  const row = await query
    .updateTable('outbox_deliveries')
    .set({
      available_at: sql<Date>`now() + make_interval(secs => ${retryInSeconds})`,
      failure: reason,
      dead_at: sql<Date | null>`CASE WHEN attempts >= ${giveUp.tries} AND ${isLong} THEN now() END`,
    })
    .where('outbox_id', '=', id)
    .where('channel', '=', channel)
    .where('attempts', '=', attempts)
    .where('delivered_at', 'is', null)
    .where('dead_at', 'is', null)
    .returning('dead_at')
    .executeTakeFirst();
  return { dead: row !== undefined && row.dead_at !== null };
}

function deadPart(database: Database): Pick<Outbox, 'dead' | 'revive'> {
  return {
    dead: (limit) =>
      database.run({ attempted: 'list', on: 'notifications that were given up' }, async (query) => {
        const { rows } = await sql<OutboxRow & DeadRow>`
          SELECT told.*, lost.channel, lost.attempts, lost.failure, lost.dead_at, count(*) OVER () AS all_dead
          FROM caravan_store.outbox_deliveries AS lost JOIN caravan_store.outbox AS told ON told.id = lost.outbox_id
          WHERE lost.dead_at IS NOT NULL ORDER BY told.id, lost.channel LIMIT ${limit}`.execute(query);
        return { count: rows[0]?.all_dead ?? 0, notifications: rows.map(deadOf) };
      }),
    revive: () =>
      database.run({ attempted: 'try again', on: 'notifications that were given up' }, async (query) => {
        const revived = await query
          .updateTable('outbox_deliveries')
          .set({ dead_at: null, attempts: 0, available_at: sql<Date>`now()`, first_tried_at: sql<Date>`now()` })
          .where('dead_at', 'is not', null)
          .executeTakeFirst();
        return Number(revived.numUpdatedRows);
      }),
  };
}

function deadOf(row: OutboxRow & DeadRow): DeadNotification {
  return {
    id: row.id,
    channel: row.channel,
    attempts: row.attempts,
    reason: row.failure ?? 'unknown',
    deadAt: row.dead_at.toISOString(),
    notification: notificationOf(row),
  };
}

function readingPart(database: Database): Pick<Outbox, 'after' | 'pending'> {
  return {
    after: (migrationId, id) =>
      database.run({ attempted: 'read the notifications of', on: migrationId }, async (query) => {
        const rows = await query
          .selectFrom('outbox')
          .selectAll()
          .where('migration_id', '=', migrationId)
          .where('id', '>', id)
          .orderBy('id')
          .execute();
        return rows.map((row) => ({ id: row.id, notification: notificationOf(row) }));
      }),
    pending: (migrationId) =>
      database.run({ attempted: 'count the notifications of', on: migrationId }, async (query) => {
        const { rows } = await sql<{ count: number }>`
          SELECT count(*) AS count FROM caravan_store.outbox AS waiting
          WHERE waiting.migration_id = ${migrationId} AND (
            NOT EXISTS (SELECT 1 FROM caravan_store.outbox_deliveries WHERE outbox_id = waiting.id)
            OR EXISTS (SELECT 1 FROM caravan_store.outbox_deliveries 
              WHERE outbox_id = waiting.id AND delivered_at IS NULL AND dead_at IS NULL)
          )`.execute(query);
        return rows[0]?.count ?? 0;
      }),
  };
}

/**
 * One at a time for a migration: two of a group must find each other, and ids must become visible in their order,
 * or a reader that asks for "all after" would miss one.
 */
async function add(query: StoreTransaction, notification: Notification): Promise<void> {
  const { migrationId, key, kind, group, count } = notification;
  await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`caravan outbox ${migrationId}`}, 0))`.execute(query);
  const first = await query
    .insertInto('outbox_keys')
    .values({ migration_id: migrationId, key })
    .onConflict((conflict) => conflict.columns(['migration_id', 'key']).doNothing())
    .executeTakeFirst();
  if ((first.numInsertedOrUpdatedRows ?? 0n) === 0n) return;
  const counted = await sql`
    UPDATE caravan_store.outbox SET count = count + ${count}, body_text = ${notification.text}
    WHERE id = (
      SELECT id FROM caravan_store.outbox
      WHERE migration_id = ${migrationId} AND alert_group = ${group} AND kind = ${kind} AND kind = 'alert' AND NOT taken
      ORDER BY id DESC LIMIT 1 FOR UPDATE SKIP LOCKED
    )`.execute(query);
  if ((counted.numAffectedRows ?? 0n) > 0n) return;
  await query
    .insertInto('outbox')
    .values({
      migration_id: migrationId,
      key,
      kind,
      alert_group: group,
      body_text: notification.text,
      count,
    })
    .execute();
}

async function claim(
  query: StoreTransaction,
  wanted: { channel: string; limit: number; leaseSeconds: number },
): Promise<{ id: number; attempts: number; notification: Notification }[]> {
  const { rows } = await sql<OutboxRow & { attempts: number }>`
    WITH free AS (
      SELECT queued.* FROM caravan_store.outbox AS queued
      WHERE NOT EXISTS (
        SELECT 1 FROM caravan_store.outbox_deliveries
        WHERE outbox_id = queued.id AND channel = ${wanted.channel}
          AND (delivered_at IS NOT NULL OR dead_at IS NOT NULL OR available_at > now())
      ) AND NOT EXISTS (
        SELECT 1 FROM caravan_store.outbox AS earlier
        LEFT JOIN caravan_store.outbox_deliveries AS delivery
          ON delivery.outbox_id = earlier.id AND delivery.channel = ${wanted.channel}
        WHERE earlier.migration_id = queued.migration_id AND earlier.id < queued.id
          AND delivery.delivered_at IS NULL AND delivery.dead_at IS NULL
      )
      ORDER BY queued.id LIMIT ${wanted.limit}
      FOR UPDATE SKIP LOCKED
    ), leased AS (
      INSERT INTO caravan_store.outbox_deliveries AS lease (outbox_id, channel, attempts, available_at)
      SELECT id, ${wanted.channel}, 1, now() + make_interval(secs => ${wanted.leaseSeconds}) FROM free
      ON CONFLICT (outbox_id, channel)
        DO UPDATE SET attempts = lease.attempts + 1, available_at = excluded.available_at
        WHERE lease.delivered_at IS NULL AND lease.dead_at IS NULL AND lease.available_at <= now()
      RETURNING outbox_id, attempts
    ), closed AS (
      UPDATE caravan_store.outbox SET taken = true WHERE NOT taken AND id IN (SELECT outbox_id FROM leased)
    )
    SELECT free.*, leased.attempts FROM free JOIN leased ON leased.outbox_id = free.id ORDER BY free.id`.execute(query);
  return rows.map((row) => ({ id: row.id, attempts: row.attempts, notification: notificationOf(row) }));
}

interface OutboxRow {
  readonly id: number;
  readonly migration_id: string;
  readonly key: string;
  readonly kind: string;
  readonly alert_group: string;
  readonly body_text: string;
  readonly count: number;
}

interface DeadRow {
  readonly channel: string;
  readonly attempts: number;
  readonly failure: string | null;
  readonly dead_at: Date;
  readonly all_dead: number;
}

function notificationOf(row: OutboxRow): Notification {
  return {
    migrationId: row.migration_id,
    key: row.key,
    kind: row.kind as Notification['kind'],
    group: row.alert_group,
    text: row.body_text,
    count: row.count,
  };
}
