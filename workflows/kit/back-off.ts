import { sleep } from '@temporalio/workflow';
import { codeOf } from './failures.js';

/** Times that the workflow sends bound work again after a passing failure: with this back-off about ten minutes. */
export const MAX_ATTEMPTS = 65;
const LONGEST_MS = 10_000;

/** Waits before the next attempt; the profiles' retry policy does the same for work that any process can do. */
export async function backOff(attempt: number, error: unknown): Promise<void> {
  await sleep(Math.min(LONGEST_MS, 200 * 2 ** attempt), { summary: `again after ${codeOf(error) ?? 'a failure'}` });
}
