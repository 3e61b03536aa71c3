import type { NotifyActivities } from '../../contracts/activities.js';
import type { Deps } from '../deps.js';

/** AMANI tells people, through the outbox: a dead channel loses nothing. */
export function createNotifyActivities(deps: Deps): NotifyActivities {
  return { notify: (notification) => deps.store.outbox.add(notification) };
}
