import { CaravanFailure } from '../contracts/failures.js';
import { QUERIES } from '../contracts/messages.js';
import type { PlanView } from '../contracts/messages.js';
import { rulesComment } from '../contracts/rules-text.js';
import type { CliContext } from './cli-context.js';
import { withSession } from './session.js';
import { patient } from './patience.js';

/** `caravan plan --show ID`: the plan as the store has it, whole. */
export async function runShowPlan(context: CliContext, migrationId: string): Promise<number> {
  return withSession(context, async ({ client, store }) => {
    const handle = client.workflow.getHandle(migrationId);
    const view = await patient(() => handle.query<PlanView | null>(QUERIES.plan));
    const plan = view === null ? undefined : await patient(() => store.plans.get(view.planId));
    if (plan === undefined) {
      throw new CaravanFailure('NOT_NOW', {
        attempted: 'show the plan of',
        on: migrationId,
        seen: 'there is no plan yet',
      });
    }
    context.tell(`hash ${plan.planHash}`);
    const rules = await patient(() => store.rules.list(migrationId));
    context.print((plan.yaml + rulesComment(rules.map(({ rule }) => rule))).trimEnd());
    return 0;
  });
}
