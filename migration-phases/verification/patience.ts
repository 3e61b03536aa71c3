import { isCancellation } from '@temporalio/workflow';
import { MAX_ATTEMPTS, backOff } from '../../workflows/kit/back-off.js';
import { codeOf, isProcessGone, isRetryable } from '../../workflows/kit/failures.js';
import { isTimeToWait } from '../../workflows/kit/shortages.js';

/** Tables that are read at once, and readers of the source's state. */
export const WINDOW = 2;
/** Times that a state is taken again because its process died. */
export const MAX_SNAPSHOTS = 5;

/** Tries again on the same process, which holds the state, unless that process is gone. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (isCancellation(error) || isLost(error) || !isRetryable(error)) throw error;
      if (isTimeToWait(error, attempt) || attempt >= MAX_ATTEMPTS) throw error;
      await backOff(attempt, error);
    }
  }
}

export function isLost(error: unknown): boolean {
  return isProcessGone(error) || codeOf(error) === 'SNAPSHOT_LOST';
}
