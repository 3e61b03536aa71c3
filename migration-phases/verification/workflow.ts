import { isCancellation } from '@temporalio/workflow';
import { PAGE } from '../../contracts/activities.js';
import type { CaughtUp, OpenedSnapshot } from '../../contracts/activities.js';
import type { VerificationInput, VerificationResult } from '../../contracts/phases.js';
import { PauseGate } from '../../workflows/kit/pause.js';
import { askingTwice } from '../../workflows/kit/shortages.js';
import { architect, boundValidator, prover, validator, worker } from '../../workflows/kit/profiles.js';
import { closeProof } from '../../workflows/kit/proof-snapshot.js';
import { ProgressReporter } from '../../workflows/kit/progress.js';
import { runChecks } from './checks.js';
import { compareExisting } from './existing.js';
import { PagedProof } from './groups.js';
import { isLost, MAX_SNAPSHOTS, patiently, WINDOW } from './patience.js';
import { emptyProof } from './tables.js';
import type { Proof } from './tables.js';

/** Proves the shadow equal to the source at S2, table by table; repairs what differs, and looks again. */
export async function verification(input: VerificationInput): Promise<VerificationResult> {
  const gate = new PauseGate(input.paused);
  if (input.existing === true) return compareExisting(input, gate);
  const { migrationId, planId } = input;
  const structure = await validator('compare the structure').compareStructure({ migrationId, planId });
  for (let attempt = 1; ; attempt += 1) {
    const options = { migrationId, planId, catalogueId: input.catalogueId, connections: WINDOW };
    const snapshot = await askingTwice(() => prover('open the snapshot of the proof').openProofSnapshot(options));
    try {
      const caughtUp = await catchUp({ migrationId, planId }, snapshot);
      const proof = await proveTables(input, snapshot, gate);
      if (proof.equal && (input.views ?? 0) > 0) await proveViews({ migrationId, planId }, snapshot);
      // What is not equal is not promoted: nothing else has to be known of it.
      const checked = proof.equal ? await runChecks({ migrationId, planId }, snapshot, gate) : [];
      const findings = [...structure.findings, ...proof.findings, ...checked];
      const equal = proof.equal && structure.findings.length === 0;
      return { ...proof, snapshot, findings, equal, ...(caughtUp.chunks > 0 && { caughtUp }) };
    } catch (error) {
      if (isCancellation(error) || !isLost(error) || attempt >= MAX_SNAPSHOTS) {
        await closeProof(migrationId, snapshot);
        throw error;
      }
    }
  }
}

/** What was copied without KORA, or before a rule was accepted, is held against its validator now. */
async function catchUp(
  plan: { migrationId: string; planId: string },
  { queue, snapshotId }: OpenedSnapshot,
): Promise<CaughtUp> {
  const bound = boundValidator(queue, 'validation catches up with the copy');
  return patiently(() => bound.catchUp({ ...plan, snapshotId }));
}

/** First every table is compared; then what differs is copied again from S2, without foreign keys in the way. */
async function proveTables(
  input: VerificationInput,
  snapshot: OpenedSnapshot,
  gate: PauseGate,
): Promise<Proof & { readonly repaired: boolean }> {
  const { migrationId, planId, copiedAt } = input;
  const stale = copiedAt === undefined || copiedAt !== snapshot.position;
  const plan = { migrationId, planId };
  const progress = new ProgressReporter(migrationId);
  const proof = emptyProof();
  const paged = new PagedProof({ plan, stale, snapshot, gate, progress }, proof);
  const differing: string[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const page = await architect('list the tables of the plan').listPlanTables({ planId, offset });
    differing.push(...(await paged.compare(page.tables)));
    if (page.tables.length < PAGE) break;
  }
  if (differing.length > 0) {
    await validator('take foreign keys away for the repair').prepareRepair(plan);
    await paged.repair(differing);
    proof.findings.push(...(await worker('foreign keys').addForeignKeys(plan)).findings);
  }
  await progress.flush();
  return { ...proof, repaired: differing.length > 0 };
}

async function proveViews(plan: { migrationId: string; planId: string }, snapshot: OpenedSnapshot): Promise<void> {
  const bound = boundValidator(snapshot.queue, 'make and prove the views');
  await patiently(() => bound.proveViews({ ...plan, snapshotId: snapshot.snapshotId }));
}
