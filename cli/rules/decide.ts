import { UPDATES } from '../../contracts/messages.js';
import type { AcceptRule, DropRule } from '../../contracts/messages.js';
import { update } from '../decide.js';
import type { OnBroken } from '../../contracts/rules.js';
import type { CliContext } from '../cli-context.js';
import { requireRunning } from '../running.js';
import { withSession } from '../session.js';

export interface RuleDecision {
  readonly migrationId: string;
  readonly ruleIds: readonly string[];
  readonly state: 'accepted' | 'dropped';
  readonly onBroken?: OnBroken;
  readonly by?: string;
  readonly reason?: string;
}

/** Accepts or drops rules, one after the other; ends at the first that the migration refuses. */
export async function runRuleDecision(context: CliContext, decision: RuleDecision): Promise<number> {
  const { migrationId, ruleIds, state, onBroken, by = context.config.user, reason } = decision;
  return withSession(context, async (session) => {
    const handle = await requireRunning(session, migrationId);
    for (const ruleId of ruleIds) {
      const said = { ruleId, by, ...(reason !== undefined && { reason }) };
      const accepted = { ...said, onBroken: onBroken ?? 'list' } satisfies AcceptRule;
      if (state === 'accepted') await update(handle, UPDATES.acceptRule, accepted);
      else await update(handle, UPDATES.dropRule, said satisfies DropRule);
      context.print(`${state} rule ${ruleId} of ${migrationId}, by ${by}`);
    }
    return 0;
  });
}
