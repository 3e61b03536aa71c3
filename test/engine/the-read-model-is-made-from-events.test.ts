import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventId } from '../../contracts/executions.js';
import type { ExecutionEvent, ExecutionEventKind } from '../../contracts/executions.js';
import { prepare } from '../../language/prepared.js';
import { parseDefinition } from '../../language/definition.js';
import { viewEngine } from './engine-harness.js';
import type { EngineView } from './engine-harness.js';
import { expectRebuildEqual, graphOf, unique } from './graphs.js';

/** A small generator of numbers: the same seed, the same order (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const all = [...items];
  for (let at = all.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [all[at], all[other]] = [all[other] as T, all[at] as T];
  }
  return all;
}

const ENDS: Readonly<Record<string, readonly (readonly [ExecutionEventKind, number, object?])[]>> = {
  done: [
    ['task.started', 1],
    ['task.failed', 1],
    ['task.started', 2],
    ['task.completed', 2],
  ],
  failed: [
    ['task.started', 1],
    ['task.completed', 1],
    ['task.failed', 1, { final: true }],
  ],
  undone: [
    ['task.started', 1],
    ['task.completed', 1],
    ['task.compensation_parked', 1],
    ['task.compensated', 0],
  ],
  parked: [
    ['task.started', 1],
    ['task.failed', 1],
    ['task.compensation_failed', 1],
  ],
  blocked: [
    ['task.started', 1],
    ['task.failed', 1],
    ['task.waiting_for_person', 1, { what: 'exhausted' }],
  ],
  skipped: [
    ['task.waiting_for_person', 0, { what: 'approval' }],
    ['task.skipped', 0],
  ],
};

describe('the read model of executions', () => {
  let engine: EngineView;
  let database: pg.Client;

  beforeAll(async () => {
    engine = await viewEngine();
    database = new pg.Client({ connectionString: inject('sharedDatabaseUrl') });
    await database.connect();
  });
  afterAll(async () => {
    await database.end();
    await engine.close();
  });

  /** An execution that no workflow runs. */
  async function execution(): Promise<string> {
    const { definition } = parseDefinition(graphOf({ type: unique('worker'), tasks: [{ id: 'a' }] }));
    const workflowId = await engine.store.engine.definitions.create(prepare(definition));
    const executionId = randomUUID();
    await engine.store.engine.executions.create({ executionId, workflowId, input: {}, options: {} });
    return executionId;
  }

  const event = (executionId: string, of: Partial<ExecutionEvent> & { kind: ExecutionEventKind }): ExecutionEvent => {
    const { kind, taskId, attempt, data = {} } = of;
    const ordinal = data['final'] === true ? 'final' : undefined;
    const id = eventId(kind, { task: taskId, attempt, ordinal });
    return { executionId, id, at: new Date().toISOString(), data, ...of };
  };

  it.each(Array.from({ length: 12 }, (_, at) => [at + 1]))(
    "is the same for every order of a task's events, however often each is told; and made again it is equal (seed %i)",
    async (seed) => {
      const random = numbers(seed);
      const { executions } = engine.store.engine;
      const executionId = await execution();
      const expected = Object.keys(ENDS).map((state, at) => [`t${String(at)}`, state]);
      const told = expected.flatMap(([taskId, state]) =>
        (ENDS[state ?? ''] ?? []).map(([kind, attempt, data = {}]) =>
          event(executionId, { kind, taskId: taskId ?? '', attempt, data: { ...data } }),
        ),
      );
      const all = shuffled([...told, ...told, ...told.slice(0, 5)], random);
      while (all.length > 0) await executions.append(executionId, all.splice(0, 1 + Math.floor(random() * 6)));
      const states = await executions.taskStates(executionId, 100);
      expect(states.map(({ taskId, state }) => [taskId, state]).sort()).toEqual(expected);
      const row = await executions.get(executionId);
      expect(row?.projection.counts).toEqual(Object.fromEntries(Object.keys(ENDS).map((state) => [state, 1])));
      expect(row?.lastSeq).toBe(1 + new Set(told.map(({ id }) => id)).size);
      await expectRebuildEqual(engine, executionId);
      await executions.close({ executionId, output: {}, events: [] });
    },
  );

  it('goes only where the table of states allows, and ends as the last word says', async () => {
    const { executions } = engine.store.engine;
    const executionId = await execution();
    const change = (status: string, at: number): ExecutionEvent => ({
      ...event(executionId, { kind: 'workflow.status_changed', data: { status } }),
      id: `workflow.status_changed|||${String(at)}`,
    });
    await executions.append(executionId, [change('completed', 1), change('running', 2), change('planning', 3)]);
    expect((await executions.get(executionId))?.projection.status).toBe('running');
    await executions.append(executionId, [change('failed', 4), change('running', 5)]);
    expect((await executions.get(executionId))?.projection.status).toBe('failed');
    await expectRebuildEqual(engine, executionId);
  });

  it.each([
    [
      'changed',
      `UPDATE caravan_store.execution_events SET data = '{"forged": true}' WHERE execution_id = $1 AND seq = 3`,
      3,
    ],
    [
      'moved in time',
      `UPDATE caravan_store.execution_events SET at = at + interval '1 second' WHERE execution_id = $1 AND seq = 2`,
      2,
    ],
    ['taken out of the middle', 'DELETE FROM caravan_store.execution_events WHERE execution_id = $1 AND seq = 3', 3],
    ['taken off the end', 'DELETE FROM caravan_store.execution_events WHERE execution_id = $1 AND seq = 5', 5],
  ])('names the event that was %s, and leaves what was made from the true ones', async (_, forgery, place) => {
    const { executions } = engine.store.engine;
    const executionId = await execution();
    const some = ['a', 'b', 'c', 'd'].map((taskId) => event(executionId, { kind: 'task.started', taskId, attempt: 1 }));
    await executions.append(executionId, some);
    const before = await executions.get(executionId);
    await database.query(forgery, [executionId]);
    expect(await executions.rebuild(executionId)).toEqual({ brokenAt: place });
    expect(await executions.get(executionId)).toEqual(before);
  });

  it('keeps text that no jsonb takes, and the chain stays whole', async () => {
    const executionId = await execution();
    const data = { reason: 'a\u0000b \ud800 \ufdd0' };
    await engine.store.engine.executions.append(executionId, [
      event(executionId, { kind: 'task.decided', taskId: 'a', attempt: 1, data, at: '2026-01-02T03:04:05+02:00' }),
    ]);
    const events = await engine.store.engine.executions.events(executionId, {});
    expect(events.at(-1)).toMatchObject({ data, at: '2026-01-02T01:04:05.000Z' });
    await expectRebuildEqual(engine, executionId);
  });

  it('forgets the events of what ended long ago, keeps what they made, and the last link of the chain', async () => {
    const { executions } = engine.store.engine;
    const [old, young] = [await execution(), await execution()];
    for (const executionId of [old, young]) await executions.close({ executionId, output: { a: 1 }, events: [] });
    await database.query(
      `UPDATE caravan_store.workflow_executions SET closed_at = now() - interval '169 hours' WHERE execution_id = $1`,
      [old],
    );
    const before = await executions.get(old);
    expect(await executions.prune(168)).toBeGreaterThanOrEqual(0);
    expect(await executions.events(old, {})).toEqual([]);
    expect(await executions.events(young, {})).toHaveLength(1);
    expect(await executions.get(old)).toEqual(before);
    expect(before?.lastHash).toMatch(/^[0-9a-f]{64}$/);
    expect(await executions.rebuild(old)).toEqual({ brokenAt: null });
    expect(await executions.get(old)).toEqual(before);
  });
});
