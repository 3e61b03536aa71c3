import { isCancellation } from '@temporalio/workflow';
import { PAGE } from '../../contracts/activities.js';
import type { CaughtUp, OpenedSnapshot, ProvenBrief, ProvenTable } from '../../contracts/activities.js';
import type { Finding } from '../../contracts/migration.js';
import type { VerificationInput, VerificationResult } from '../../contracts/phases.js';
import { batchSummary, inBatches, namesOf, workBatch } from '../../workflows/kit/batches.js';
import { failure } from '../../workflows/kit/failures.js';
import { PauseGate } from '../../workflows/kit/pause.js';
import { askingTwice } from '../../workflows/kit/shortages.js';
import { architect, boundValidator, prover, validator, worker } from '../../workflows/kit/profiles.js';
import { closeProof } from '../../workflows/kit/proof-snapshot.js';
import { ProgressReporter } from '../../workflows/kit/progress.js';
import { inWindow } from '../../workflows/kit/window.js';
import { runChecks } from './checks.js';
import { compareExisting } from './existing.js';
import { isLost, MAX_SNAPSHOTS, patiently, WINDOW } from './patience.js';

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

interface Proof {
  equal: boolean;
  tables: number;
  rows: number;
  quarantined: number;
  changed: number;
  repaired: boolean;
  readonly findings: Finding[];
}

/** First every table is compared; then what differs is copied again from S2, without foreign keys in the way. */
async function proveTables(input: VerificationInput, snapshot: OpenedSnapshot, gate: PauseGate): Promise<Proof> {
  const { migrationId, planId, copiedAt } = input;
  // A value that was ledgered in the copy may have been corrected in the source by now.
  const stale = copiedAt === undefined || copiedAt !== snapshot.position;
  const plan = { migrationId, planId };
  const progress = new ProgressReporter(migrationId);
  const proof: Proof = { equal: true, tables: 0, rows: 0, quarantined: 0, changed: 0, repaired: false, findings: [] };
  const differing: string[] = [];
  const told = <Proven extends ProvenBrief>(proven: Proven): Proven => {
    const { source, targetRows: rows, equal } = proven;
    progress.report({ source, rows, totalRows: rows, state: equal ? 'equal' : 'differs' }, 0);
    return proven;
  };
  const prove = async (table: string, repair: boolean): Promise<ProvenTable> => {
    await gate.open();
    return told(await proveTable({ ...plan, table, repair, stale }, snapshot));
  };
  const onCompared = (proven: ProvenBrief): void => {
    if (proven.equal) add(proof, proven);
    else differing.push(proven.source);
  };
  for (let offset = 0; ; offset += PAGE) {
    const page = await architect('list the tables of the plan').listPlanTables({ planId, offset });
    await inWindow(inBatches(page.tables, WINDOW), WINDOW, (batch) =>
      workBatch(namesOf(batch), {
        many: async (tables) => {
          await gate.open();
          return proveMany({ ...plan, tables, stale }, snapshot);
        },
        one: async (table) => {
          onCompared(await prove(table, false));
        },
        onDone: (proven) => {
          onCompared(told(proven));
        },
      }),
    );
    if (page.tables.length < PAGE) break;
  }
  if (differing.length > 0) {
    proof.repaired = true;
    await validator('take foreign keys away for the repair').prepareRepair(plan);
    await inWindow(differing, WINDOW, async (table) => {
      add(proof, await prove(table, true));
      proof.findings.push(...(await worker(`keys and indexes of ${table}`).buildKeys({ ...plan, table })).findings);
    });
    proof.findings.push(...(await worker('foreign keys').addForeignKeys(plan)).findings);
  }
  await progress.flush();
  return proof;
}

async function proveViews(plan: { migrationId: string; planId: string }, snapshot: OpenedSnapshot): Promise<void> {
  const bound = boundValidator(snapshot.queue, 'make and prove the views');
  await patiently(() => bound.proveViews({ ...plan, snapshotId: snapshot.snapshotId }));
}

async function proveTable(
  input: { migrationId: string; planId: string; table: string; repair: boolean; stale: boolean },
  snapshot: OpenedSnapshot,
): Promise<ProvenTable> {
  const bound = boundValidator(snapshot.queue, `${input.repair ? 'repair and prove' : 'prove'} ${input.table}`);
  return patiently(() => bound.proveTable({ ...input, snapshotId: snapshot.snapshotId }));
}

async function proveMany(
  input: { migrationId: string; planId: string; tables: readonly string[]; stale: boolean },
  { queue, snapshotId }: OpenedSnapshot,
): Promise<readonly ProvenBrief[]> {
  const bound = boundValidator(queue, batchSummary('prove', input.tables));
  return (await patiently(() => bound.proveTables({ ...input, snapshotId }))).proven;
}

function add(proof: Proof, table: ProvenBrief): void {
  proof.equal &&= table.equal;
  proof.tables += 1;
  proof.rows += table.targetRows;
  proof.quarantined += table.quarantinedRows;
  proof.changed += table.changedValues;
  proof.findings.push(...table.findings);
  if (proof.findings.length > 2000) throw failure('NOT_EQUAL', 'More than 2,000 findings.');
}
