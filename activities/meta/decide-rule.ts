import type { MetaActivities } from '../../contracts/activities.js';
import type { Deps } from '../deps.js';

/** The migration has checked that it may be decided so; chunks and checks read it when they begin. */
export async function decideRule(
  deps: Deps,
  { migrationId, ruleId, ...decision }: Parameters<MetaActivities['decideRule']>[0],
): Promise<void> {
  await deps.store.rules.decide(migrationId, ruleId, decision);
  const { state, by, onBroken = 'list' } = decision;
  const data = { rule: ruleId, state, by, ...(state === 'accepted' && { onBroken }) };
  deps.bus.publish({ type: 'planning.rule_decided', migrationId, at: new Date().toISOString(), data });
}
