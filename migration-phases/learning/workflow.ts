import type { InPlan } from '../../contracts/activities.js';
import type { LearningResult } from '../../contracts/phases.js';
import { meta } from '../../workflows/kit/profiles.js';

/** Keeps what the migration taught: throughput by table shape, mappings that held, errors met. */
export async function learning(input: InPlan & { catalogueId: string }): Promise<LearningResult> {
  return meta('store what was learned').learn(input);
}
