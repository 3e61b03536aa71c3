import type { Strain } from '../../databases/source.js';

/** Above these the source counts as suffering. */
export const STRAIN_LIMITS = { threadsRunning: 25, replicaLagSeconds: 10, answerMs: 1000 } as const;

/** The least share of full speed; a migration goes on, however slowly. */
const SHARE_MIN = 0.1;
/** A calm look gives so much back. */
const SHARE_STEP = 0.25;

/** What says that the server suffers, in words; empty: it does not. */
export function signsOf({ threadsRunning = 0, replicaLagSeconds = 0, answerMs = 0 }: Strain): string[] {
  const limits = STRAIN_LIMITS;
  return [
    ...(threadsRunning > limits.threadsRunning
      ? [`${String(threadsRunning)} threads are running (over ${String(limits.threadsRunning)})`]
      : []),
    ...(replicaLagSeconds > limits.replicaLagSeconds
      ? [`the replica is ${String(replicaLagSeconds)} s behind (over ${String(limits.replicaLagSeconds)})`]
      : []),
    ...(answerMs > limits.answerMs
      ? [`it took ${String(Math.round(answerMs))} ms to answer (over ${String(limits.answerMs)})`]
      : []),
  ];
}

/** Half as much while the source suffers; slowly back when it does not. */
export function nextShare(share: number, suffers: boolean): number {
  return suffers ? Math.max(SHARE_MIN, share / 2) : Math.min(1, share + SHARE_STEP);
}
