import { setTimeout as pause } from 'node:timers/promises';
import { CaravanFailure } from '../contracts/failures.js';
import { isAway } from '../platform/temporal/away.js';

/** How long an outage of Temporal or of the store is ridden out, milliseconds. */
const OUTAGE_MS_MAX = 5 * 60_000;
const RETRY_MS_MIN = 200;
export const RETRY_MS_MAX = 2000;

export interface Patience {
  /** Called once an outage, when it begins. */
  readonly onAway?: () => void;
  readonly limitMs?: number;
  /** Ends the patience: the next failure is thrown. */
  readonly signal?: AbortSignal;
}

/** Does idempotent work, again and again while Temporal or the store is away, for up to five minutes an outage. */
export async function patient<Result>(work: () => Promise<Result>, patience: Patience = {}): Promise<Result> {
  const { limitMs = OUTAGE_MS_MAX, onAway = () => undefined, signal } = patience;
  let awaySinceMs: number | undefined;
  let waitMs = RETRY_MS_MIN;
  for (;;) {
    const beganMs = performance.now();
    try {
      return await work();
    } catch (error) {
      if (!isAway(error) || signal?.aborted === true) throw error;
      const nowMs = performance.now();
      // Work that went on for long was not away in between: a new outage begins.
      if (awaySinceMs === undefined || nowMs - beganMs > 15_000) {
        awaySinceMs = nowMs;
        waitMs = RETRY_MS_MIN;
        onAway();
      }
      if (nowMs - awaySinceMs > limitMs) throw unreachable(limitMs, error);
      await pause(waitMs);
      waitMs = Math.min(waitMs * 2, RETRY_MS_MAX);
    }
  }
}

function unreachable(limitMs: number, cause: unknown): CaravanFailure {
  const seen = `no answer for ${String(Math.round(limitMs / 1000))} seconds`;
  return new CaravanFailure('STACK_UNREACHABLE', { attempted: 'reach', on: 'the stack', seen }, cause);
}
