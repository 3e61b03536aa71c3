import { isCancellation } from '@temporalio/workflow';
import type { FailureCode, FailureReport } from '../../contracts/failures.js';
import { backOff } from './back-off.js';
import { codeOf, reportFailure } from './failures.js';

/** What passes only when somebody mends a server: people are told, and the migration waits. */
export const SHORTAGES = ['TARGET_FULL', 'TARGET_BUSY', 'SOURCE_BUSY'] as const satisfies readonly FailureCode[];
export type Shortage = (typeof SHORTAGES)[number];

export function isShortage(code: FailureCode | undefined): code is Shortage {
  return SHORTAGES.some((known) => known === code);
}

/** Times that a connection or a lock is asked for before people are told: with the back-off some seconds. */
const ASKED = 4;

/** Is it time to tell people, and to wait? A full disk does not pass by itself. */
export function isTimeToWait(error: unknown, attempt: number): boolean {
  const code = codeOf(error);
  return isShortage(code) && (code === 'TARGET_FULL' || attempt >= ASKED);
}

/** What a server had no more of, as a value. */
export async function orShortage<T>(work: () => Promise<T>): Promise<T | FailureReport> {
  try {
    return await work();
  } catch (error) {
    if (isShortage(codeOf(error))) return reportFailure(error);
    throw error;
  }
}

/** Work whose profile does not try a shortage again: a connection or a lock may be had a moment later. */
export async function askingTwice<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (isCancellation(error) || !isShortage(codeOf(error)) || isTimeToWait(error, attempt)) throw error;
      await backOff(attempt, error);
    }
  }
}
