import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultStack } from '../migration/faults-harness.js';
import type { FaultStack } from '../migration/faults-harness.js';
import { until } from '../migration/harness.js';
import { handleOf, viewEngine } from './engine-harness.js';
import type { EngineView, StartedExecution } from './engine-harness.js';
import { codeOf, expectRebuildEqual, graphOf, unique, viewOf } from './graphs.js';

const SETTINGS = {
  MAX_CONCURRENT_WORKFLOWS: '2',
  WORKFLOW_TIMEOUT_HOURS: String(8 / 3600),
  AGENT_ALLOCATION_TIMEOUT_SECONDS: '1',
  CHECKPOINT_INTERVAL_MINUTES: String(1 / 60),
  SAGA_COMPENSATION_TIMEOUT_SECONDS: '1',
  CIRCUIT_BREAKER_FAILURE_THRESHOLD: '2',
  EVENT_RETENTION_HOURS: String(1 / 3600),
  CARAVAN_CALL_STACKS: 'on',
};

describe('settings of the environment', { timeout: 180_000 }, () => {
  let stack: FaultStack;
  let engine: EngineView;

  beforeAll(async () => {
    stack = await faultStack([{ role: 'control', environment: SETTINGS }]);
    engine = await viewEngine(stack.home);
  });
  afterAll(async () => {
    await engine.close();
    await stack.dispose();
  });

  it('MAX_CONCURRENT_WORKFLOWS - no more run at once; the others wait in their order, and none is lost when one is terminated or the control worker dies', async () => {
    const type = unique('worker');
    const begun: string[] = [];
    const waiting = new Map<string, () => void>();
    let running = 0;
    let most = 0;
    await Promise.all(
      [1, 2, 3].map(() =>
        engine.agent(type, async ({ executionId }) => {
          if (!begun.includes(executionId)) begun.push(executionId);
          running += 1;
          most = Math.max(most, running);
          await new Promise<void>((go) => waiting.set(executionId, go));
          running -= 1;
          return null;
        }),
      ),
    );
    const started: StartedExecution[] = [];
    for (let at = 0; at < 6; at += 1)
      started.push(await engine.start(graphOf({ type, tasks: [{ id: 'a' }] }), {}, { options: { timeout: 300 } }));
    const ids = started.map(({ executionId }) => executionId);
    const go = async (id: string): Promise<void> => {
      await until('it was begun', () => waiting.has(id), 60_000);
      waiting.get(id)?.();
    };
    await until('two run', () => begun.length === 2);
    expect(await engine.store.engine.executions.capacity()).toEqual({ running: 2, queued: 4 });
    expect((await viewOf(engine, ids[5] ?? '')).status).toBe('planning');
    await go(ids[0] ?? '');
    await until('the third runs', () => begun.length === 3, 60_000);
    await handleOf(engine.client, ids[1] ?? '').terminate('a test');
    // Its agent is not told: it ends, as the work of a dead execution does.
    await go(ids[1] ?? '');
    await until('the fourth runs', () => begun.length === 4, 60_000);
    stack.kill('worker-control');
    for (const id of ids.slice(2)) await go(id);
    const ends = await Promise.all(
      started.map(async ({ result }) => (await result.catch(() => ({ status: 'terminated' }))).status),
    );
    expect(ends).toEqual(['completed', 'terminated', 'completed', 'completed', 'completed', 'completed']);
    // Those that run at once may begin in any order.
    const pairs = (all: readonly string[]): string[][] =>
      [0, 2, 3, 4].map((at, n) => all.slice(at, [2, 3, 4, 6][n]).sort());
    expect(pairs(begun)).toEqual(pairs(ids));
    expect(most).toBeLessThanOrEqual(3);
    expect(await engine.store.engine.executions.capacity()).toEqual({ running: 0, queued: 0 });
  });

  it('WORKFLOW_TIMEOUT_HOURS - an execution that says nothing else ends there; CHECKPOINT_INTERVAL_MINUTES - it kept a checkpoint so often; and CARAVAN_CALL_STACKS - it tells where it waits', async () => {
    const type = unique('worker');
    await engine.agent(type, () => new Promise((done) => setTimeout(done, 10_000)));
    const { result, executionId } = await engine.start(graphOf({ type, tasks: [{ id: 'a' }] }));
    await until(
      'a checkpoint was kept',
      async () => ((await engine.store.engine.executions.get(executionId))?.projection.checkpoints ?? 0) > 2,
    );
    const event = (await engine.store.engine.executions.events(executionId, {})).find(
      ({ kind }) => kind === 'workflow.checkpoint_created',
    );
    expect(event?.data).toMatchObject({
      reason: 'interval',
      state_snapshot: { tasks: { running: 1 }, pivoted: false },
    });
    let waits = '';
    await until('it tells where it waits', async () => {
      waits = await handleOf(engine.client, executionId)
        .query<string>('__stack_trace')
        .catch(() => '');
      return waits !== '';
    });
    expect(waits).toMatch(/\bat .*\.[jt]s/);
    expect(event?.data['recovery_instructions']).toContain(String(event?.data['checkpoint_id']));
    expect(await codeOf(result)).toBe('EXECUTION_TIMED_OUT');
  });

  it('AGENT_ALLOCATION_TIMEOUT_SECONDS - an execution waits so long for an agent', async () => {
    const sinceMs = Date.now();
    const { result } = await engine.start(
      graphOf({ type: unique('nobody'), tasks: [{ id: 'a', retry_policy: 'none' }] }),
    );
    expect(await codeOf(result)).toBe('ALLOCATION_FAILED');
    expect(Date.now() - sinceMs).toBeGreaterThan(1000);
  });

  it('SAGA_COMPENSATION_TIMEOUT_SECONDS - an undo that fails is tried so long, then a person is asked', async () => {
    const type = unique('worker');
    let tries = 0;
    await engine.agent(type, ({ taskId, context }) => {
      if (context.purpose === 'compensate') tries += 1;
      if (context.purpose === 'compensate' || taskId === 'b') throw new Error('as the test wants it');
      return null;
    });
    const { result, executionId } = await engine.start(
      graphOf({
        type,
        tasks: [
          { id: 'a', compensate_with: { action: 'undo' } },
          { id: 'b', depends_on: ['a'], retry_policy: 'none' },
        ],
      }),
    );
    await until('a person is asked', async () =>
      (await viewOf(engine, executionId)).waitsFor.some(({ what }) => what === 'undo'),
    );
    await until(
      'the read model says so',
      async () => (await engine.store.engine.executions.get(executionId))?.projection.counts.parked === 1,
    );
    expect(tries).toBeGreaterThan(1);
    await handleOf(engine.client, executionId).executeUpdate('resolveTask', {
      args: [{ taskId: 'a', action: 'skip', by: 'a test' }],
    });
    expect(await codeOf(result)).toBe('UNDO_INCOMPLETE');
  });

  it('CIRCUIT_BREAKER_FAILURE_THRESHOLD - after so many failures an agent is passed over where the definition names no number', async () => {
    const type = unique('worker');
    const bad = await engine.agent(type, () => Promise.reject(new Error('as the test wants it')));
    await engine.agent(type, () => null);
    const retry_policy = { max_attempts: 4, initial_interval_seconds: 0.05, max_interval_seconds: 0.05 };
    const tasks = Array.from({ length: 8 }, (_, at) => ({ id: `t${String(at)}`, retry_policy }));
    const more = { fault_tolerance: { circuit_breaker: { timeout_seconds: 60 } } };
    const { result } = await engine.start(graphOf({ type, count: 2, tasks, more }));
    expect((await result).tasks.done).toBe(8);
    expect(bad.asked).toHaveLength(2);
  });

  it('EVENT_RETENTION_HOURS - events of what ended are deleted after that time; what they say stays', async () => {
    const type = unique('worker');
    await engine.agent(type, () => null);
    const { result, executionId } = await engine.start(graphOf({ type, tasks: [{ id: 'a' }] }));
    await result;
    const { executions } = engine.store.engine;
    await until('they are gone', async () => (await executions.events(executionId, {})).length === 0);
    expect((await executions.get(executionId))?.projection).toMatchObject({ status: 'completed', counts: { done: 1 } });
    await expectRebuildEqual(engine, executionId);
  });

  it('a command that does not fit the state is refused as NOT_NOW, and changes nothing', async () => {
    const type = unique('worker');
    let go: (() => void) | undefined;
    await engine.agent(type, () => new Promise<void>((done) => (go = done)));
    const { result, executionId } = await engine.start(
      graphOf({ type, tasks: [{ id: 'a' }] }),
      {},
      { options: { timeout: 100 } },
    );
    const handle = handleOf(engine.client, executionId);
    const ask = (name: string): Promise<unknown> => handle.executeUpdate(name, { args: [{ by: 'a test' }] });
    await until('it runs', () => go !== undefined);
    expect(await codeOf(ask('resume'))).toBe('NOT_NOW');
    const pausing = ask('pause');
    await until('it pauses', async () => (await viewOf(engine, executionId)).status === 'paused');
    expect(await codeOf(ask('pause'))).toBe('NOT_NOW');
    go?.();
    await pausing;
    await ask('resume');
    await result;
    await expect(ask('cancel')).rejects.toThrow();
  });
});
