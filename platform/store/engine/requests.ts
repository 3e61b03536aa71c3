import { sql } from 'kysely';
import type { Database } from '../database.js';
import { encodeJson } from '../json-document.js';
import type { KeptAnswer, RequestStore } from './engine-store.js';

/** How long an answer is kept. */
const KEPT_HOURS = 24;
/** Longer than any request takes: who took the key and never answered has died. */
const ABANDONED_SECONDS = 120;

export function requestStore(database: Database): RequestStore {
  return {
    begin: ({ caller, key, hash }) =>
      database.transact({ attempted: 'begin a request of', on: caller }, async (query) => {
        await sql`
          DELETE FROM caravan_store.idempotency_keys WHERE (caller, key) IN (
            SELECT caller, key FROM caravan_store.idempotency_keys
            WHERE created_at < clock_timestamp() - make_interval(hours => ${KEPT_HOURS})
               OR (caller = ${caller} AND key = ${key} AND status IS NULL
                   AND created_at < clock_timestamp() - make_interval(secs => ${ABANDONED_SECONDS}))
            LIMIT 100 FOR UPDATE SKIP LOCKED)`.execute(query);
        const taken = await query
          .insertInto('idempotency_keys')
          .values({ caller, key, request_hash: hash })
          .onConflict((conflict) => conflict.columns(['caller', 'key']).doNothing())
          .executeTakeFirst();
        if ((taken.numInsertedOrUpdatedRows ?? 0n) > 0n) return 'begun';
        const row = await query
          .selectFrom('idempotency_keys')
          .select(['request_hash', 'status', 'body'])
          .where('caller', '=', caller)
          .where('key', '=', key)
          .executeTakeFirst();
        if (row === undefined) return 'busy';
        if (row.request_hash !== hash) return 'mismatch';
        return row.status === null ? 'busy' : ({ status: row.status, body: row.body } satisfies KeptAnswer);
      }),
    answer: ({ caller, key, hash }, { status, body }) =>
      database.run({ attempted: 'keep an answer for', on: caller }, async (query) => {
        await query
          .updateTable('idempotency_keys')
          .set({ status, body: encodeJson(body) })
          .where('caller', '=', caller)
          .where('key', '=', key)
          .where('request_hash', '=', hash)
          .execute();
      }),
    forget: ({ caller, key, hash }) =>
      database.run({ attempted: 'forget a request of', on: caller }, async (query) => {
        await query
          .deleteFrom('idempotency_keys')
          .where('caller', '=', caller)
          .where('key', '=', key)
          .where('request_hash', '=', hash)
          .where('status', 'is', null)
          .execute();
      }),
  };
}
