import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { retryOf } from '../../contracts/definition.js';
import { backOffMs } from '../../workflows/kit/back-off.js';
import { handleOf, viewEngine } from './engine-harness.js';
import type { EngineView } from './engine-harness.js';
import { codeOf, graphOf, unique } from './graphs.js';

const waits = (policy: Parameters<typeof retryOf>[0], tries: number): number[] =>
  Array.from({ length: tries }, (_, at) => backOffMs(retryOf(policy), at + 1));

describe('the time between two tries', () => {
  it('is the same each time under "fixed"', () => {
    expect(waits('fixed', 4)).toEqual([1000, 1000, 1000, 1000]);
  });

  it('grows by the first each time under "linear_backoff", up to the longest', () => {
    expect(waits('linear_backoff', 4)).toEqual([1000, 2000, 3000, 4000]);
    expect(waits('linear_backoff', 70).slice(-2)).toEqual([60_000, 60_000]);
  });

  it('grows by its coefficient under "exponential_backoff", up to the longest, however often it is tried', () => {
    expect(waits('exponential_backoff', 8)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    expect(waits('exponential_backoff', 5000).at(-1)).toBe(60_000);
  });
});

describe('an execution', () => {
  let engine: EngineView;

  beforeAll(async () => {
    engine = await viewEngine();
  });
  afterAll(async () => {
    await engine.close();
  });

  it('asks its server for these times', async () => {
    const type = unique('fails');
    await engine.agent(type, () => Promise.reject(new Error('as the test wants it')));
    const tasks = [{ id: 'step', retry_policy: 'linear_backoff' }];
    const { executionId, result } = await engine.start(graphOf({ type, tasks }));
    expect(await codeOf(result)).toBe('TASK_FAILED');
    const { events } = await handleOf(engine.client, executionId).fetchHistory();
    const asked = (events ?? []).flatMap(({ timerStartedEventAttributes: timer, userMetadata }) => {
      const summary = Buffer.from(userMetadata?.summary?.data ?? []).toString();
      return timer != null && summary.includes('again after a failure')
        ? [Number(timer.startToFireTimeout?.seconds)]
        : [];
    });
    expect(asked).toEqual([1, 2]);
  });
});
