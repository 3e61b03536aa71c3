import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunTask } from '../../contracts/agents.js';
import { until } from '../migration/harness.js';
import { handleOf, viewEngine } from './engine-harness.js';
import type { AgentWork, EngineView } from './engine-harness.js';
import { codeOf, expectRebuildEqual, graphOf, unique } from './graphs.js';

const no = new Error('as the test wants it');
const soon = { retry_policy: { max_attempts: 5, initial_interval_seconds: 0.05, max_interval_seconds: 0.05 } };

let engine: EngineView;

beforeAll(async () => {
  engine = await viewEngine();
});
afterAll(async () => {
  await engine.close();
});

interface Circuit {
  readonly kind: string;
  readonly agentId: unknown;
  readonly failures: unknown;
}

async function circuitsOf(executionId: string): Promise<Circuit[]> {
  const events = await engine.store.engine.executions.events(executionId, { limit: 10_000 });
  return events
    .filter(({ kind }) => kind.startsWith('agent.circuit_'))
    .map(({ kind, data }) => ({ kind, agentId: data['agent_id'], failures: data['failures'] }));
}

const opened = (agentId: string, failures: number): Circuit => ({ kind: 'agent.circuit_opened', agentId, failures });
const closed = (agentId: string, failures: number): Circuit => ({ kind: 'agent.circuit_closed', agentId, failures });

const breaker = (failure_threshold: number, timeout_seconds: number): Record<string, unknown> => ({
  fault_tolerance: { circuit_breaker: { failure_threshold, timeout_seconds } },
});

const chain = (from: number, to: number): { id: string; depends_on: string[] }[] =>
  Array.from({ length: to - from }, (_, at) => ({
    id: `t${String(from + at)}`,
    depends_on: from + at === 0 ? [] : [`t${String(from + at - 1)}`],
    ...soon,
  }));

/** An agent that fails as long as it is broken. */
async function flapping(type: string, broken: { is: boolean }): ReturnType<EngineView['agent']> {
  return engine.agent(type, (task: RunTask) => {
    if (broken.is) throw no;
    return task.taskId;
  });
}

describe('a definition with a circuit breaker', () => {
  it('passes over an agent that fails while another does the work, and gives it work again after the time', async () => {
    const type = unique('flapping');
    const broken = { is: true };
    const bad = await flapping(type, broken);
    const good = await engine.agent(type, ({ taskId }) => taskId);
    const tasks = [
      ...chain(0, 10),
      { id: 'asked', depends_on: ['t9'], approval: true },
      { id: 't10', depends_on: ['asked'], ...soon },
      ...chain(11, 20),
    ];
    const { executionId, result } = await engine.start(graphOf({ type, count: 2, tasks, more: breaker(3, 2) }));
    await engine.untilAsked(executionId, 'asked', 'approval');
    // Fast enough, for it is passed over after its third failure.
    expect(bad.asked).toHaveLength(3);
    await engine.untilEvent(executionId, 'agent.circuit_opened');
    const openedMs = Date.now();
    broken.is = false;
    await until('its time is over', () => Date.now() > openedMs + 2000);
    await handleOf(engine.client, executionId).executeUpdate('decideTask', {
      args: [{ taskId: 'asked', approved: true, by: 'a test' }],
    });
    expect(await result).toMatchObject({ status: 'completed', tasks: { done: 21 } });
    expect(await circuitsOf(executionId)).toEqual([opened(bad.id, 3), closed(bad.id, 3)]);
    expect(bad.asked.length).toBeGreaterThan(4);
    expect(good.asked.length + bad.asked.length).toBe(24);
    await expectRebuildEqual(engine, executionId);
  });

  it('waits while every agent is passed over, and tries one task when the time is over: no task fails for it', async () => {
    const type = unique('alone');
    const atMs: number[] = [];
    const agent = await engine.agent(type, ({ taskId }) => {
      atMs.push(Date.now());
      if (atMs.length <= 3) throw no;
      return taskId;
    });
    const tasks = [
      { id: 'one', ...soon },
      { id: 'two', ...soon },
    ];
    const { executionId, result } = await engine.start(graphOf({ type, tasks, more: breaker(2, 1) }));
    expect(await result).toMatchObject({ status: 'completed', tasks: { done: 2, failed: 0 } });
    expect(await circuitsOf(executionId)).toEqual([opened(agent.id, 2), opened(agent.id, 3), closed(agent.id, 3)]);
    const gaps = atMs.slice(1).map((ms, at) => ms - (atMs[at] ?? 0));
    // Timers are of the server's clock, calls of this process's.
    expect(gaps[1]).toBeGreaterThan(900);
    expect(gaps[2]).toBeGreaterThan(900);
    expect(atMs).toHaveLength(5);
  });

  it('is remembered where the execution continues as new', async () => {
    const type = unique('long');
    const bad = await flapping(type, { is: true });
    await engine.agent(type, ({ taskId }) => taskId);
    const yaml = graphOf({ type, count: 2, tasks: chain(0, 40), more: breaker(2, 600) });
    const { executionId, result } = await engine.start(yaml, {}, { historyEventsMax: 80 });
    expect(await result).toMatchObject({ status: 'completed', tasks: { done: 40 } });
    expect(bad.asked).toHaveLength(2);
    expect(await circuitsOf(executionId)).toEqual([opened(bad.id, 2)]);
    expect((await engine.store.engine.executions.get(executionId))?.projection.checkpoints).toBeGreaterThan(1);
  });

  it('holds up no undo, and nobody who waits when the execution is to be undone', async () => {
    const type = unique('undone');
    const undone: string[] = [];
    const forGood: AgentWork = ({ taskId, context }) => {
      if (context.purpose === 'compensate') undone.push(taskId);
      else if (taskId !== 'first') throw ApplicationFailure.nonRetryable('no', 'NoWay');
      return taskId;
    };
    await engine.agent(type, forGood);
    const beside = Array.from({ length: 5 }, (_, at) => ({ id: `beside${String(at)}`, depends_on: ['first'] }));
    const tasks = [{ id: 'first', compensate_with: { action: 'undo' } }, ...beside];
    const { executionId, result } = await engine.start(graphOf({ type, tasks, more: breaker(1, 600) }));
    expect(await codeOf(result)).toBe('TASK_FAILED');
    expect(undone).toEqual(['first']);
    expect(await circuitsOf(executionId)).not.toEqual([]);
  });
});

describe('a definition without one', () => {
  it('asks an agent again however often it fails', async () => {
    const type = unique('stubborn');
    let tries = 0;
    await engine.agent(type, () => {
      if ((tries += 1) < 7) throw no;
      return null;
    });
    const retry = { max_attempts: 7, initial_interval_seconds: 0.02, max_interval_seconds: 0.02 };
    const { executionId, result } = await engine.start(graphOf({ type, tasks: [{ id: 'a', retry_policy: retry }] }));
    expect((await result).status).toBe('completed');
    expect(await circuitsOf(executionId)).toEqual([]);
  });
});
