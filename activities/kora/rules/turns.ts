import { setImmediate as turn } from 'node:timers/promises';

/** How long others wait for their turn at most: heartbeats, and the rest of this process. */
const LONGEST_MS = 20;

/**
 * Gives others their turn now and then, for a loop of work that never waits. False: time is over, and the loop ends with
 * what it has.
 */
export function turns(signal?: AbortSignal): () => Promise<boolean> {
  let sinceMs = performance.now();
  return async () => {
    if (performance.now() - sinceMs > LONGEST_MS) {
      await turn();
      sinceMs = performance.now();
    }
    return signal?.aborted !== true;
  };
}
