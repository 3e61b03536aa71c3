import { isCancellation } from '@temporalio/workflow';
import type { CopiedChunk, CopyChunk, OpenedSnapshot } from '../../contracts/activities.js';
import { MAX_ATTEMPTS, backOff } from '../../workflows/kit/back-off.js';
import { codeOf, isProcessGone, isRetryable } from '../../workflows/kit/failures.js';
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
 * Sends one chunk to the process that holds S1. When that process is gone the chunk, with the next epoch, goes to any
 * copy worker and is read fresh; so do the chunks after it.
 */
export async function sendChunk(chunk: CopyChunk, snapshot: CopySnapshot, summary: string): Promise<CopiedChunk> {
  for (let attempt = 1; ; attempt += 1) {
    const usable = snapshot.usable;
    if (usable === undefined) return builder(`${summary}, read fresh`).copyChunk(chunk);
    try {
      const bound = boundWorker(usable.queue, summary);
      return await bound.copyChunk({ ...chunk, snapshotId: usable.snapshotId });
    } catch (error) {
      if (isCancellation(error)) throw error;
      if (isProcessGone(error) || codeOf(error) === 'SNAPSHOT_LOST') snapshot.lose();
      else if (!isRetryable(error) || codeOf(error) === 'TARGET_FULL' || attempt >= MAX_ATTEMPTS) throw error;
      else await backOff(attempt, error);
    }
  }
}
