import type { ArchitectActivities } from '../../contracts/activities.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { Deps } from '../deps.js';
import { translateWorkload } from '../maba/queries/workload/translate-workload.js';

/** For people who look at what a log holds before they migrate: the texts stay in the store, sealed. */
export async function translateQueries(
  { store }: Deps,
  { migrationId, workloadId, as }: Parameters<ArchitectActivities['translateQueries']>[0],
): Promise<{ distinct: number }> {
  const [workload, plan, catalogue] = await Promise.all([
    store.workloads.get(workloadId),
    store.plans.latest(migrationId),
    store.discovery.latestCatalogue(migrationId),
  ]);
  if (workload === undefined || plan === undefined || catalogue === undefined) {
    const seen = workload === undefined ? 'the store has no queries by this id' : 'the migration has no plan';
    throw new CaravanFailure('NOT_NOW', { attempted: 'translate the queries', on: workloadId, seen });
  }
  const translated = translateWorkload(workload, { catalogue, migration: plan.document.migration });
  await store.workloads.put(as, translated);
  return { distinct: translated.counts.distinct };
}
