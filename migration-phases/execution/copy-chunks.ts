import { isCancellation } from '@temporalio/workflow';
import type { CopiedChunk, CopyChunk, OpenedSnapshot, WorkerActivities } from '../../contracts/activities.js';
import { MAX_ATTEMPTS, backOff } from '../../workflows/kit/back-off.js';
import { codeOf, isProcessGone, isRetryable } from '../../workflows/kit/failures.js';
import { askingTwice, isTimeToWait } from '../../workflows/kit/shortages.js';
import { boundWorker, builder } from '../../workflows/kit/profiles.js';

/** S1 as the chunks of one workflow see it. The first sign of its process's death holds for all. */
export class CopySnapshot {
  #lost = false;
  readonly opened: OpenedSnapshot | undefined;

  constructor(opened: OpenedSnapshot | undefined) {
    this.opened = opened;
  }

  get lost(): boolean {
    return this.#lost;
  }

  lose(): void {
    if (this.opened !== undefined) this.#lost = true;
  }

  get usable(): OpenedSnapshot | undefined {
    return this.#lost ? undefined : this.opened;
  }
}

/**
 * Sends work to the process that holds S1. When that process is gone the work, with the next epoch, goes to any copy
 * worker and is read fresh; so does what comes after it.
 */
export async function sendCopy<T>(
  snapshot: CopySnapshot,
  summary: string,
  work: (activities: WorkerActivities, from: { readonly snapshotId?: string }) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const usable = snapshot.usable;
    if (usable === undefined) return askingTwice(() => work(builder(`${summary}, read fresh`), {}));
    const { queue, snapshotId } = usable;
    try {
      return await work(boundWorker(queue, summary), { snapshotId });
    } catch (error) {
      if (isCancellation(error)) throw error;
      if (isProcessGone(error) || codeOf(error) === 'SNAPSHOT_LOST') snapshot.lose();
      else if (!isRetryable(error) || isTimeToWait(error, attempt) || attempt >= MAX_ATTEMPTS) throw error;
      else await backOff(attempt, error);
    }
  }
}

/** One chunk, by `sendCopy`. */
export function sendChunk(chunk: CopyChunk, snapshot: CopySnapshot, summary: string): Promise<CopiedChunk> {
  return sendCopy(snapshot, summary, (activities, from) => activities.copyChunk({ ...chunk, ...from }));
}
