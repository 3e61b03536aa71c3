import type { WorkflowHandle } from '@temporalio/client';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureStack } from '../../cli/stack/ensure-stack.js';
import { RUN_TASK } from '../../contracts/agents.js';
import type { RunTask } from '../../contracts/agents.js';
import { livingParts, readLivingStack } from '../../platform/local-stack/stack-state.js';
import { faultStack } from '../migration/faults-harness.js';
import type { FaultStack } from '../migration/faults-harness.js';
import { until } from '../migration/harness.js';
import { handleOf, viewEngine } from './engine-harness.js';
import type { EngineView, TestAgent } from './engine-harness.js';
import { codeOf, expectRebuildEqual, graphOf, unique } from './graphs.js';

const TASKS = 2000;
const AGENTS = 12;
const CONTROL = [{ role: 'control' }];
const type = unique('worker');

/** Twenty chains side by side, that meet and part again every ten tasks. */
const tasks = Array.from({ length: TASKS }, (_, at) => {
  const before = at < 20 ? [] : [`t${String(at - 20)}`];
  const meets = at >= 20 && Math.floor(at / 20) % 10 === 0 ? [`t${String(Math.floor(at / 20) * 20 - 1)}`] : [];
  return { id: `t${String(at)}`, depends_on: [...new Set([...before, ...meets])], retry_policy: 'fixed' };
});

/** Effects in a real table; its key is the idempotency key, and every try is counted. Agents have them at once. */
class Effects {
  readonly database: pg.Pool;

  constructor(url: string) {
    this.database = new pg.Pool({ connectionString: url, max: 4 });
    // The server is killed under it.
    this.database.on('error', () => undefined);
  }

  async open(): Promise<this> {
    await this.database.query(
      'CREATE TABLE IF NOT EXISTS effects (key text PRIMARY KEY, task text, tries integer DEFAULT 1)',
    );
    return this;
  }

  async do({ taskId, context }: RunTask): Promise<{ done: string }> {
    await this.database.query(
      `INSERT INTO effects (key, task) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET tries = effects.tries + 1`,
      [context.idempotencyKey, taskId],
    );
    return { done: taskId };
  }

  async seen(like: string): Promise<{ effects: number; tasks: number }> {
    const { rows } = await this.database.query<{ effects: string; tasks: string }>(
      'SELECT count(*) AS effects, count(DISTINCT task) AS tasks FROM effects WHERE key LIKE $1',
      [`${like}/%`],
    );
    return { effects: Number(rows[0]?.effects), tasks: Number(rows[0]?.tasks) };
  }
}

describe('an execution whose processes are all killed', { timeout: 400_000 }, () => {
  let stack: FaultStack;
  let again: Awaited<ReturnType<typeof ensureStack>> | undefined;
  let engine: EngineView;
  let effects: Effects;
  const agents: TestAgent[] = [];

  const open = async (): Promise<void> => {
    engine = await viewEngine(stack.home);
    effects = await new Effects(readLivingStack(stack.home)?.databaseUrl ?? '').open();
    // Those of the first life are dead. Their leases would end later, and what is asked of them wait until then.
    await Promise.all(agents.splice(0).map((agent) => engine.store.engine.agents.remove(agent.id)));
    const begun = Array.from({ length: AGENTS }, () => engine.agent(type, (task) => effects.do(task)));
    agents.push(...(await Promise.all(begun)));
  };
  const leave = async (): Promise<void> => {
    await engine.close().catch(() => undefined);
    await effects.database.end().catch(() => undefined);
  };

  beforeAll(async () => {
    stack = await faultStack(CONTROL);
    await open();
  });
  afterAll(async () => {
    await leave();
    await again?.stop();
    await stack.dispose();
  });

  it(`finishes a graph of ${String(TASKS)} tasks that was paused, and does each effect exactly once`, async () => {
    const { executionId } = await engine.start(graphOf({ type, count: AGENTS, tasks }));
    await until('a part is done', async () => (await effects.seen(executionId)).effects > 300, 120_000);
    await handleOf(engine.client, executionId).executeUpdate('pause', { args: [{ by: 'a test' }] });
    const { effects: paused } = await effects.seen(executionId);
    expect(paused).toBeLessThan(TASKS);
    const row = await engine.store.engine.executions.get(executionId);
    expect(await engine.store.engine.agents.allocationOf(executionId)).toEqual([]);
    await until(
      'the read model says so',
      async () => (await engine.store.engine.executions.get(executionId))?.projection.status === 'paused',
    );
    expect(row?.projection.lastCheckpointId).not.toBe('');
    await killAll(stack.home);
    await leave();

    again = await ensureStack({ config: stack.own.config, workers: CONTROL });
    await open();
    expect(await effects.seen(executionId)).toEqual({ effects: paused, tasks: paused });
    const handle = handleOf(engine.client, executionId);
    await handle.executeUpdate('resume', { args: [{ by: 'a test' }] });
    const result = (await handle.result()) as { status: string; tasks: object };
    expect(result).toMatchObject({ status: 'completed', tasks: { done: TASKS, failed: 0 } });
    expect(await effects.seen(executionId)).toEqual({ effects: TASKS, tasks: TASKS });
    const { rows } = await effects.database.query('SELECT task FROM effects WHERE tries > 1');
    expect(rows).toEqual([]);
    await expectRebuildEqual(engine, executionId);
  });

  it.concurrent(
    'goes on from its last checkpoint after its workflow was terminated; until then the store says that it failed',
    async () => {
      const some = tasks.slice(0, 200);
      const { executionId } = await engine.start(graphOf({ type, count: AGENTS, tasks: some }));
      const { executions } = engine.store.engine;
      const handle = handleOf(engine.client, executionId);
      await until('a part is done', async () => (await effects.seen(executionId)).effects > 30, 60_000);
      await handle.executeUpdate('pause', { args: [{ by: 'a test' }] });
      await handle.executeUpdate('resume', { args: [{ by: 'a test' }] });
      const atPause = (await effects.seen(executionId)).effects;
      await until('more is done', async () => (await effects.seen(executionId)).effects > atPause + 20, 60_000);
      await handle.terminate('a test');
      await until('the store knows', async () => (await executions.get(executionId))?.closedAt !== null, 60_000);
      const row = await executions.get(executionId);
      expect(row?.projection).toMatchObject({ status: 'failed', error: { code: 'EXECUTION_TERMINATED' } });
      expect(row?.error?.code).toBe('EXECUTION_TERMINATED');
      expect(await engine.store.engine.agents.allocationOf(executionId)).toEqual([]);
      await expectRebuildEqual(engine, executionId);
      // What it had not told when it was terminated the store has from its history.
      const states = new Map((await executions.taskStates(executionId, 1000)).map((task) => [task.taskId, task.state]));
      const answered = await answeredTasks(handle);
      expect(answered.length).toBeGreaterThan(20);
      expect(answered.filter((id) => states.get(id) !== 'done')).toEqual([]);

      const checkpointId = await executions.lastCheckpoint(executionId);
      const { result } = await engine.goOn(executionId, { checkpointId });
      expect((await result).tasks.done).toBe(200);
      expect(await effects.seen(executionId)).toEqual({ effects: 200, tasks: 200 });
      expect((await executions.get(executionId))?.projection).toMatchObject({
        status: 'completed',
        counts: { done: 200 },
        error: null,
      });
      await expectRebuildEqual(engine, executionId);
      // What ended by itself is not begun again.
      const twice = await engine.goOn(executionId, { checkpointId });
      expect(await codeOf(twice.result)).toBe('NOT_NOW');
      expect((await executions.get(executionId))?.projection.status).toBe('completed');
    },
  );

  it.concurrent('goes on undoing where the loss came while it was undone', async () => {
    const undone: string[] = [];
    let blocked: (() => void) | undefined;
    const fragile = unique('fragile');
    await engine.agent(fragile, async ({ taskId, context }) => {
      if (context.purpose === 'run' && taskId === 'last') throw new Error('as the test wants it');
      if (context.purpose === 'compensate') {
        undone.push(taskId);
        if (taskId === 'b' && blocked === undefined) await new Promise<void>((go) => (blocked = go));
      }
      return null;
    });
    const undo = { compensate_with: { action: 'undo' } };
    const chain = [
      { id: 'a', ...undo },
      { id: 'b', depends_on: ['a'], ...undo },
      { id: 'last', depends_on: ['b'], retry_policy: 'none' },
    ];
    const { executionId } = await engine.start(graphOf({ type: fragile, tasks: chain }));
    const { executions } = engine.store.engine;
    await until(
      'it is being undone',
      async () => blocked !== undefined && (await executions.get(executionId))?.projection.status === 'compensating',
    );
    await handleOf(engine.client, executionId).terminate('a test');
    blocked?.();
    await until('the store knows', async () => (await executions.get(executionId))?.closedAt !== null, 60_000);
    const { result } = await engine.goOn(executionId, { checkpointId: await executions.lastCheckpoint(executionId) });
    expect(await codeOf(result)).toBe('TASK_FAILED');
    expect(undone).toEqual(['b', 'b', 'a']);
    expect((await executions.get(executionId))?.projection).toMatchObject({
      status: 'failed',
      counts: { undone: 2, failed: 1 },
    });
    await expectRebuildEqual(engine, executionId);
  });
});

/** Ids of the tasks whose agent answered, as Temporal has it. */
async function answeredTasks(handle: WorkflowHandle): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  const asked = new Map(
    (events ?? []).map(({ eventId, activityTaskScheduledEventAttributes: scheduled }) => {
      const data = scheduled?.activityType?.name === RUN_TASK ? scheduled.input?.payloads?.[0]?.data : undefined;
      return [String(eventId), data && (JSON.parse(Buffer.from(data).toString()) as RunTask).taskId];
    }),
  );
  return (events ?? []).flatMap(({ activityTaskCompletedEventAttributes: completed }) => {
    return asked.get(String(completed?.scheduledEventId)) ?? [];
  });
}

/** Supervisor and watchdog first, so that nobody tidies up; then every part. Resolves when all are dead. */
async function killAll(home: string): Promise<void> {
  const state = readLivingStack(home);
  if (state === null) throw new Error('no stack runs');
  const parts = livingParts(state).map(({ pid }) => pid);
  for (const pid of [state.watchdog?.pid, state.supervisor.pid, ...parts]) {
    if (pid != null) process.kill(pid, 'SIGKILL');
  }
  await until('everything is dead', () => readLivingStack(home) === null && livingParts(state).length === 0);
}
