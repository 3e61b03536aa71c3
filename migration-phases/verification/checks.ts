import type { InPlan, OpenedSnapshot } from '../../contracts/activities.js';
import type { Finding } from '../../contracts/migration.js';
import type { PauseGate } from '../../workflows/kit/pause.js';
import { boundValidator } from '../../workflows/kit/profiles.js';
import { patiently } from './patience.js';

/** Checks of both sides as a whole, one after the other, on the process that holds the states of both. */
export async function runChecks(
  { migrationId, planId }: InPlan,
  { queue, snapshotId }: Pick<OpenedSnapshot, 'queue' | 'snapshotId'>,
  gate: PauseGate,
): Promise<Finding[]> {
  const input = { migrationId, planId, snapshotId };
  const { checks } = await patiently(() => boundValidator(queue, 'list the checks of both sides').listChecks(input));
  const findings: Finding[] = [];
  for (const check of checks) {
    await gate.open();
    const bound = boundValidator(queue, `check ${check} of both sides`);
    findings.push(...(await patiently(() => bound.runCheck({ ...input, check }))).findings);
  }
  return findings;
}
