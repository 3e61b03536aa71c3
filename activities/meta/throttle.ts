import type { MetaActivities } from '../../contracts/activities.js';
import type { Deps } from '../deps.js';

/** Workers look at the limits once a second. */
export async function setThrottle(
  deps: Deps,
  { migrationId, limits, by }: Parameters<MetaActivities['setThrottle']>[0],
): Promise<void> {
  await deps.store.throttles.set(migrationId, limits);
  const { connections = null, rowsPerSecond = null, bytesPerSecond = null } = limits;
  const data = { connections, rowsPerSecond, bytesPerSecond, by };
  deps.bus.publish({ type: 'source.throttled', migrationId, at: new Date().toISOString(), data });
}
