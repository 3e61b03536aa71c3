import type { WorkflowHandle } from '@temporalio/client';
import { CaravanFailure } from '../contracts/failures.js';
import type { OddPolicy } from '../contracts/mapping.js';
import { QUERIES, UPDATES } from '../contracts/messages.js';
import type { PlanView } from '../contracts/messages.js';
import type { CliContext } from './cli-context.js';
import { requireRunning } from './running.js';
import { withSession } from './session.js';
import { patient } from './patience.js';

/** What a person says to a running migration. */
export type Decision =
  | { readonly kind: 'approve'; readonly reason?: string }
  | { readonly kind: 'reject'; readonly reason: string }
  | { readonly kind: 'answer'; readonly questionId: string; readonly option: string }
  | { readonly kind: 'accept'; readonly findingId: string; readonly reason: string }
  | { readonly kind: 'reconcile'; readonly findingId: string; readonly policy?: OddPolicy; readonly reason?: string }
  | { readonly kind: 'pause'; readonly reason?: string }
  | { readonly kind: 'resume' };

/** Delivers a decision and waits until the migration took it. Resolves with the exit code. */
export async function runDecision(
  context: CliContext,
  decided: { migrationId: string; by?: string },
  decision: Decision,
): Promise<number> {
  const by = decided.by ?? context.config.user;
  return withSession(context, async (session) => {
    const handle = await requireRunning(session, decided.migrationId);
    await deliver(handle, by, decision);
    context.print(`${DONE[decision.kind]} ${decided.migrationId}, by ${by}`);
    return 0;
  });
}

const DONE: Readonly<Record<Decision['kind'], string>> = {
  approve: 'approved the plan of',
  reject: 'rejected the plan of',
  answer: 'answered a question of',
  accept: 'accepted a finding of',
  reconcile: 'copied again a finding of',
  pause: 'paused',
  resume: 'resumed',
};

export async function deliver(handle: WorkflowHandle, by: string, decision: Decision): Promise<void> {
  switch (decision.kind) {
    case 'approve':
      return update(handle, UPDATES.approvePlan, {
        planHash: await currentPlanHash(handle),
        by,
        reason: decision.reason,
      });
    case 'reject':
      return update(handle, UPDATES.rejectPlan, { by, reason: decision.reason });
    case 'answer':
      return update(handle, UPDATES.answerQuestion, { questionId: decision.questionId, option: decision.option, by });
    case 'accept':
      return update(handle, UPDATES.acceptFinding, { findingId: decision.findingId, by, reason: decision.reason });
    case 'reconcile': {
      const { findingId, policy, reason } = decision;
      return update(handle, UPDATES.reconcileFinding, { findingId, policy, by, reason });
    }
    case 'pause':
      return update(handle, UPDATES.pause, { by, reason: decision.reason });
    case 'resume':
      return update(handle, UPDATES.resume, { by });
  }
}

/** A refusal comes back as the catalogued failure that the migration's validator threw. */
export async function update(
  handle: WorkflowHandle,
  name: string,
  message: Readonly<Record<string, unknown>>,
): Promise<void> {
  await patient(() => handle.executeUpdate<undefined, [unknown]>(name, { args: [message] }));
}

async function currentPlanHash(handle: WorkflowHandle): Promise<string> {
  const plan = await patient(() => handle.query<PlanView | null>(QUERIES.plan));
  if (plan !== null) return plan.planHash;
  throw new CaravanFailure('NOT_NOW', {
    attempted: 'approve the plan of',
    on: handle.workflowId,
    seen: 'there is no plan yet',
    next: 'Answer its questions if it has some, or wait for its plan.',
  });
}
