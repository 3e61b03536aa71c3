import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { PlanDocument } from '../../contracts/definition.schema.js';
import type { Database, StoreQuery } from './database.js';
import { encodeJson } from './json-document.js';
import { recentValues } from './recent-values.js';
import type { PlanStore, StoredPlan } from './store.js';

/** Plans kept in memory: they never change, and every activity of a migration reads its plan. */
const RECENT_PLANS = 8;

export function planStore(database: Database): PlanStore {
  const recent = recentValues<StoredPlan | undefined>(RECENT_PLANS);
  return {
    put: (plan) =>
      database.run({ attempted: 'store the plan', on: plan.planHash }, (query) => {
        const digest = createHash('sha256').update(plan.planHash).update('\n').update(plan.yaml).digest('hex');
        return (
          query
            .insertInto('plans')
            .values({
              migration_id: plan.migrationId ?? '',
              digest,
              plan_hash: plan.planHash,
              yaml: plan.yaml,
              body: encodeJson(plan.document),
            })
            // The same plan again is the same row; the empty update makes the statement give its id.
            .onConflict((conflict) => conflict.columns(['migration_id', 'digest']).doUpdateSet({ digest }))
            .returning('plan_id')
            .executeTakeFirstOrThrow()
            .then((row) => row.plan_id)
        );
      }),
    get: (planId) =>
      recent(planId, () => readPlan(database, planId, (query) => query.where(sql`plan_id::text`, '=', planId))),
    latest: (migrationId) =>
      readPlan(database, migrationId, (query) =>
        query.where('migration_id', '=', migrationId).orderBy('ordinal', 'desc').limit(1),
      ),
  };
}

type PlanQuery = ReturnType<typeof selectPlans>;

function selectPlans(query: StoreQuery) {
  return query.selectFrom('plans').select(['plan_id', 'plan_hash', 'yaml', 'body']);
}

async function readPlan(
  database: Database,
  on: string,
  which: (query: PlanQuery) => PlanQuery,
): Promise<StoredPlan | undefined> {
  const row = await database.run({ attempted: 'read the plan', on }, (query) =>
    which(selectPlans(query)).executeTakeFirst(),
  );
  if (row === undefined) return undefined;
  return { planId: row.plan_id, planHash: row.plan_hash, yaml: row.yaml, document: row.body as PlanDocument };
}
