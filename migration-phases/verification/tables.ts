import type { OpenedSnapshot, ProvenBrief, ProvenTable, TableRef } from '../../contracts/activities.js';
import type { Finding } from '../../contracts/migration.js';
import { batchSummary, inBatches, namesOf, workBatch } from '../../workflows/kit/batches.js';
import { failure } from '../../workflows/kit/failures.js';
import type { PauseGate } from '../../workflows/kit/pause.js';
import { boundValidator, worker } from '../../workflows/kit/profiles.js';
import type { ProgressReporter } from '../../workflows/kit/progress.js';
import { inWindow } from '../../workflows/kit/window.js';
import { patiently, WINDOW } from './patience.js';

/** What is known of tables that were compared. */
export interface Proof {
  equal: boolean;
  tables: number;
  rows: number;
  quarantined: number;
  changed: number;
  readonly findings: Finding[];
}

export function emptyProof(): Proof {
  return { equal: true, tables: 0, rows: 0, quarantined: 0, changed: 0, findings: [] };
}

/** Where tables are compared. */
export interface Proving {
  readonly plan: { readonly migrationId: string; readonly planId: string };
  /** Values that were ledgered in the copy may have been corrected in the source by now. */
  readonly stale: boolean;
  readonly snapshot: OpenedSnapshot;
  readonly gate: PauseGate;
  readonly progress: ProgressReporter;
}

/** Compares tables; gives the names of those that differ. */
export async function compareTables(proving: Proving, tables: readonly TableRef[], proof: Proof): Promise<string[]> {
  const { plan, stale, snapshot, gate } = proving;
  const differing: string[] = [];
  const onCompared = (proven: ProvenBrief): void => {
    if (proven.equal) add(proof, proven);
    else differing.push(proven.source);
  };
  await inWindow(inBatches(tables, WINDOW), WINDOW, (batch) =>
    workBatch(namesOf(batch), {
      many: async (some) => {
        await gate.open();
        return proveMany({ ...plan, tables: some, stale }, snapshot);
      },
      one: async (table) => {
        onCompared(await prove(proving, table, false));
      },
      onDone: (proven) => {
        onCompared(told(proving, proven));
      },
    }),
  );
  return differing;
}

/** Copies again what differs, compares once more, and makes the keys anew. */
export async function repairTables(proving: Proving, tables: readonly string[], proof: Proof): Promise<void> {
  await inWindow(tables, WINDOW, async (table) => {
    add(proof, await prove(proving, table, true));
    const keys = await worker(`keys and indexes of ${table}`).buildKeys({ ...proving.plan, table });
    proof.findings.push(...keys.findings);
  });
}

function told<Proven extends ProvenBrief>({ progress }: Proving, proven: Proven): Proven {
  const { source, targetRows: rows, equal } = proven;
  progress.report({ source, rows, totalRows: rows, state: equal ? 'equal' : 'differs' }, 0);
  return proven;
}

async function prove(proving: Proving, table: string, repair: boolean): Promise<ProvenTable> {
  const { plan, stale, snapshot } = proving;
  await proving.gate.open();
  const bound = boundValidator(snapshot.queue, `${repair ? 'repair and prove' : 'prove'} ${table}`);
  const input = { ...plan, table, repair, stale, snapshotId: snapshot.snapshotId };
  return told(proving, await patiently(() => bound.proveTable(input)));
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
  refuseTooMany(proof);
}

export function refuseTooMany({ findings }: Proof): void {
  if (findings.length > 2000) throw failure('NOT_EQUAL', 'More than 2,000 findings.');
}
