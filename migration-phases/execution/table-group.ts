import { isCancellation } from '@temporalio/workflow';
import type { Finding } from '../../contracts/migration.js';
import type { FailedTask, TableGroupInput, TableGroupResult } from '../../contracts/phases.js';
import { reportFailure } from '../../workflows/kit/failures.js';
import { PauseGate } from '../../workflows/kit/pause.js';
import { ProgressReporter } from '../../workflows/kit/progress.js';
import { CopySnapshot } from './copy-chunks.js';
import { TableWork } from './table-work.js';

/** Copies large tables one after the other, each with its keys; one that fails is told, and the others go on. */
export async function tableGroup(input: TableGroupInput): Promise<TableGroupResult> {
  const { migrationId, planId, tables } = input;
  const plan = { migrationId, planId };
  const gate = new PauseGate(input.paused);
  const progress = new ProgressReporter(migrationId);
  const snapshot = new CopySnapshot(input.snapshot);
  const findings: Finding[] = [];
  const failed: FailedTask[] = [];
  const parts = { plan, gate, progress, findings };
  const work = new TableWork({
    ...parts,
    snapshot: () => Promise.resolve(snapshot),
    ready: () => Promise.resolve(),
  });
  for (const { table, copy, keys } of tables) {
    let task = copy;
    try {
      await gate.open();
      await work.copy({ ...plan, table });
      task = keys;
      await gate.open();
      await work.keys({ ...plan, table });
    } catch (error) {
      if (isCancellation(error)) throw error;
      failed.push({ task, table, failure: reportFailure(error) });
    }
  }
  await progress.flush();
  return { ...work.totals, unchecked: work.unchecked, findings, failed, snapshotLost: snapshot.lost };
}
