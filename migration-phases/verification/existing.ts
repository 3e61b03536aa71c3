import { isCancellation } from '@temporalio/workflow';
import { PAGE } from '../../contracts/activities.js';
import type { ComparedBrief, OpenedComparison } from '../../contracts/activities.js';
import type { Finding } from '../../contracts/migration.js';
import type { VerificationInput, VerificationResult } from '../../contracts/phases.js';
import { bounded } from '../../contracts/verification.js';
import { batchSummary, inBatches, namesOf, workBatch } from '../../workflows/kit/batches.js';
import type { PauseGate } from '../../workflows/kit/pause.js';
import { architect, boundValidator, validator } from '../../workflows/kit/profiles.js';
import { closeProof } from '../../workflows/kit/proof-snapshot.js';
import { ProgressReporter } from '../../workflows/kit/progress.js';
import { inWindow } from '../../workflows/kit/window.js';
import { runChecks } from './checks.js';
import { isLost, MAX_SNAPSHOTS, patiently, WINDOW } from './patience.js';

/** Findings that go into a history; of the rest one for each code. */
const FINDINGS_MAX = 1000;

/** Compares a target that another tool made with its source, both at one state of their own. Nothing is written. */
export async function compareExisting(input: VerificationInput, gate: PauseGate): Promise<VerificationResult> {
  const { migrationId, planId } = input;
  for (let attempt = 1; ; attempt += 1) {
    const snapshot = await validator('open the states of both sides').openComparison({
      migrationId,
      planId,
      connections: WINDOW,
    });
    try {
      return await compareAll(input, snapshot, gate);
    } catch (error) {
      if (isCancellation(error) || !isLost(error) || attempt >= MAX_SNAPSHOTS) throw error;
    } finally {
      await closeProof(migrationId, snapshot);
    }
  }
}

async function compareAll(
  { migrationId, planId, views = 0 }: VerificationInput,
  snapshot: OpenedComparison,
  gate: PauseGate,
): Promise<VerificationResult> {
  const { snapshotId, queue, compared } = snapshot;
  const progress = new ProgressReporter(migrationId);
  const proof = { equal: true, tables: 0, rows: 0 };
  const findings: Finding[] = [];
  const plan = { migrationId, planId, snapshotId };
  const onCompared = ({ source, equal, targetRows: rows, findings: found }: ComparedBrief): void => {
    progress.report({ source, rows, totalRows: rows, state: equal ? 'equal' : 'differs' }, 0);
    proof.equal &&= equal;
    proof.tables += 1;
    proof.rows += rows;
    findings.push(...found);
  };
  for (let offset = 0; ; offset += PAGE) {
    const page = await architect('list the tables that are compared').listPlanTables({ planId, offset });
    await inWindow(inBatches(page.tables, WINDOW), WINDOW, (batch) =>
      workBatch(namesOf(batch), {
        many: async (tables) => {
          await gate.open();
          const bound = boundValidator(queue, batchSummary('compare', tables));
          return (await patiently(() => bound.compareTables({ ...plan, tables }))).compared;
        },
        one: async (table) => {
          await gate.open();
          const bound = boundValidator(queue, `compare ${table}`);
          onCompared(await patiently(() => bound.compareTable({ ...plan, table })));
        },
        onDone: onCompared,
      }),
    );
    if (page.tables.length < PAGE) break;
  }
  if (views > 0) {
    const bound = boundValidator(queue, 'compare the views');
    const seen = await patiently(() => bound.compareViews({ migrationId, planId, snapshotId }));
    findings.push(...seen.findings);
  }
  findings.push(...(await runChecks({ migrationId, planId }, snapshot, gate)));
  await progress.flush();
  const sorted = findings.toSorted((one, other) => (one.id < other.id ? -1 : 1));
  return { ...proof, snapshot, quarantined: 0, changed: 0, findings: bounded(sorted, FINDINGS_MAX), compared };
}
