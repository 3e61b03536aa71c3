import { isCancellation } from '@temporalio/workflow';
import type { InPlan, OpenedSnapshot } from '../../contracts/activities.js';
import { codeOf, isProcessGone } from './failures.js';
import { boundValidator } from './profiles.js';

/** Lets go of S2; a process that is gone holds no snapshot. */
export async function closeProof(migrationId: string, { queue, snapshotId }: OpenedSnapshot): Promise<void> {
  try {
    await boundValidator(queue, 'close the snapshot of the proof').closeProofSnapshot({ migrationId, snapshotId });
  } catch {
    // Nothing to let go of.
  }
}

export interface ComparedPosition {
  readonly moved: 'no' | 'yes' | 'unknown' | 'lost';
  /** Absent when S2 is lost. */
  readonly position?: string;
  /** Chunks that a validator waits for since the proof. */
  readonly unchecked?: number;
}

/** Is the source where S2 was? */
export async function comparePosition(plan: InPlan, { queue, snapshotId }: OpenedSnapshot): Promise<ComparedPosition> {
  try {
    const proxy = boundValidator(queue, 'compare the source position with the proof');
    return await proxy.comparePosition({ ...plan, snapshotId });
  } catch (error) {
    if (isCancellation(error)) throw error;
    if (isProcessGone(error) || codeOf(error) === 'SNAPSHOT_LOST') return { moved: 'lost' };
    throw error;
  }
}
