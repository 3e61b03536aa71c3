import { sleep } from '@temporalio/workflow';
import type { ResolvedRetry } from '../../contracts/definition.js';
import { codeOf } from './failures.js';

/** Times that the workflow sends bound work again after a passing failure: with this back-off about ten minutes. */
export const MAX_ATTEMPTS = 65;
const LONGEST_MS = 10_000;

/** Waits before the next attempt; the profiles' retry policy does the same for work that any process can do. */
export async function backOff(attempt: number, error: unknown): Promise<void> {
  await sleep(Math.min(LONGEST_MS, 200 * 2 ** attempt), { summary: `again after ${codeOf(error) ?? 'a failure'}` });
}

/** Milliseconds between an attempt that failed, counted from 1, and the next one, as a task's policy says. */
export function backOffMs(retry: ResolvedRetry, attempt: number): number {
  const { initial_interval_seconds: first, backoff_coefficient: coefficient, max_interval_seconds: most } = retry;
  const seconds = retry.growth === 'linear' ? first * attempt : first * coefficient ** Math.min(attempt - 1, 30);
  return Math.max(1, Math.min(most, seconds) * 1000);
}
