import type { PlanningInput, PlanningResult } from '../../contracts/phases.js';
import { architect, validator } from '../../workflows/kit/profiles.js';

/**
 * Makes the plan, or takes the one that was given back; KORA says whether it can be verified, and which business rules
 * the source seems to keep. Nothing is touched.
 */
export async function planning(input: PlanningInput): Promise<PlanningResult> {
  const { migrationId, catalogueId, answers, given } = input;
  const summary = given === undefined ? 'draft the plan' : 'check the given plan';
  const drafted = await architect(summary).draftPlan({ migrationId, catalogueId, answers: { ...answers }, given });
  const { unverifiable, rules } = await validator('check feasibility').checkFeasibility({
    migrationId,
    planId: drafted.planId,
  });
  return { ...drafted, unverifiable, rules };
}
