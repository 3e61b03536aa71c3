import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handleOf } from '../engine/engine-harness.js';
import { unique } from '../engine/graphs.js';
import { until } from '../migration/harness.js';
import { definitionOf, jsonOf, workflowCommands } from './workflow-harness.js';
import type { WorkflowCommands } from './workflow-harness.js';

describe('executions, steered from the command line', () => {
  let workflow: WorkflowCommands;

  beforeAll(async () => {
    workflow = await workflowCommands();
  });
  afterAll(async () => {
    await workflow.close();
  });

  const statusOf = async (id: string): Promise<Record<string, unknown>> =>
    jsonOf(await workflow.run('status', id, '--json'));
  const waitsFor = async (id: string): Promise<unknown> => (await statusOf(id))['waitsFor'];

  it('waits for approval, says which commands give it, and goes on when one is given', async () => {
    const type = unique('worker');
    await workflow.engine.agent(type, ({ taskId }) => taskId);
    const file = workflow.file(
      definitionOf(type, [
        '{id: pay, agent: one, approval: {text: "Pay it?"}}',
        '{id: count, agent: person, depends_on: [pay]}',
      ]).replace('agents: {', 'agents: {person: {type: human}, '),
    );
    const running = workflow.start('run', file);
    await until('it asks', () => running.stderr().includes('--reject'));
    expect(running.stderr()).toContain('task "pay" waits for approval: Pay it?\n');
    const executionId = /decide ([0-9a-f-]{36}) pay --approve/.exec(running.stderr())?.[1] ?? '';
    expect(await waitsFor(executionId)).toEqual([{ taskId: 'pay', what: 'approval' }]);

    const neither = await workflow.run('decide', executionId, 'pay');
    expect([neither.exit, neither.stderr]).toEqual([2, expect.stringContaining('USAGE')]);
    const other = await workflow.run('decide', executionId, 'count', '--approve');
    expect([other.exit, other.stderr]).toEqual([1, expect.stringContaining('NOT_NOW')]);

    const decided = await workflow.run('decide', executionId, 'pay', '--approve', '--by', 'ann');
    expect(decided.stdout).toBe('approved task "pay", by ann\n');
    await until('a person is to count', () => running.stderr().includes('waits for a person to do it'));
    await workflow.run('decide', executionId, 'count', '--approve', '--output', '{"coins": 3}');
    const { exit, stdout, stderr } = await running.ended;
    expect([exit, JSON.parse(stdout)]).toEqual([0, { pay: 'pay', count: { coins: 3 } }]);
    expect(stderr).toContain('task "pay": approved, by ann');
  });

  it('asks what becomes of a task whose attempts are used up, and does it', async () => {
    const type = unique('worker');
    const broken = new Set(['a', 'b']);
    await workflow.engine.agent(type, ({ taskId }) => {
      if (broken.has(taskId)) throw new Error('not yet');
      return taskId;
    });
    const { executionId, result } = await workflow.engine.start(
      definitionOf(type, [
        '{id: a, agent: one, retry_policy: none, on_exhausted: escalate}',
        '{id: b, agent: one, depends_on: [a], retry_policy: none, on_exhausted: escalate}',
        '{id: last, agent: one, depends_on: [b]}',
      ]),
    );
    const isAsked = (task: string) => async () =>
      JSON.stringify(await waitsFor(executionId)) === JSON.stringify([{ taskId: task, what: 'exhausted' }]);
    await until('it asks about a', isAsked('a'));
    const { stdout } = await workflow.run('status', executionId);
    expect(stdout).toContain(`caravan workflow resolve ${executionId} a --retry`);
    broken.delete('a');
    expect((await workflow.run('resolve', executionId, 'a', '--retry')).exit).toBe(0);
    await until('it asks about b', isAsked('b'));
    expect((await workflow.run('resolve', executionId, 'b', '--skip')).exit).toBe(0);
    expect(await result).toMatchObject({ status: 'completed', tasks: { done: 2, skipped: 1 } });
    expect(await statusOf(executionId)).toMatchObject({ status: 'completed', counts: { done: 2, skipped: 1 } });
  });

  it('pauses with a checkpoint and resumes; what does not fit its state is NOT_NOW', async () => {
    const type = unique('worker');
    const agent = await workflow.engine.agent(type, () => ({}));
    const { executionId, workflowId, result } = await workflow.engine.start(
      definitionOf(type, ['{id: a, agent: one}', '{id: b, agent: one, depends_on: [a], on_event: go}']),
    );
    await until('a is done', () => agent.asked.length === 1);
    const early = await workflow.run('resume', executionId);
    expect([early.exit, early.stderr]).toEqual([1, expect.stringContaining('NOT_NOW')]);

    // By the id of its definition.
    const paused = await workflow.run('pause', workflowId, '--by', 'ann');
    expect([paused.exit, paused.stdout]).toEqual([
      0,
      expect.stringMatching(new RegExp(`^paused ${executionId}, by ann; checkpoint [0-9a-f-]{36}\n$`)),
    ]);
    await until('the status says so', async () => (await statusOf(executionId))['status'] === 'paused');
    await handleOf(workflow.engine.client, executionId).signal('event', { type: 'go' });
    const resumed = await workflow.run('resume', executionId);
    expect([resumed.exit, resumed.stderr]).toEqual([0, '']);
    expect(await result).toMatchObject({ status: 'completed' });
    expect((await workflow.run('pause', executionId)).stderr).toContain('it is over (completed)');
  });

  it('cancels, waits for the undo, and says what was undone', async () => {
    const type = unique('worker');
    const agent = await workflow.engine.agent(type, () => ({}));
    const { executionId } = await workflow.engine.start(
      definitionOf(type, [
        '{id: a, agent: one, compensate_with: {}}',
        '{id: b, agent: one, depends_on: [a], on_event: go}',
      ]),
    );
    await until('a is done', () => agent.asked.length === 1);
    const { exit, stdout } = await workflow.run('cancel', executionId);
    expect(exit).toBe(0);
    expect(stdout).toContain('errands: cancelled');
    expect(stdout).toContain('compensated: 1 task undone');
    expect(agent.asked.map(({ context }) => context.purpose)).toEqual(['run', 'compensate']);
  });

  it('brings back an execution whose Temporal workflow is gone, from its checkpoint, without doing again what was done', async () => {
    const type = unique('worker');
    const agent = await workflow.engine.agent(type, ({ taskId, input }) => input ?? taskId);
    const { executionId } = await workflow.engine.start(
      definitionOf(type, [
        '{id: a, agent: one, compensate_with: {}}',
        '{id: b, agent: one, depends_on: [a], on_event: go, input: "${{ tasks.a.output }}"}',
      ]),
    );
    await until('a is done', () => agent.asked.length === 1);
    await workflow.run('pause', executionId);
    await workflow.run('resume', executionId);
    await until('the status says so', async () => (await statusOf(executionId))['status'] === 'running');
    const handle = handleOf(workflow.engine.client, executionId);
    await handle.terminate('lost');

    // What tidies up may have seen it meanwhile, and ended it in the read model: it can be resumed all the same.
    const lost = await workflow.run('pause', executionId);
    expect([lost.exit, lost.stderr]).toEqual([1, expect.stringContaining(`caravan workflow resume ${executionId}`)]);
    const watched = await workflow.run('watch', executionId);
    expect([watched.exit, watched.stderr]).toEqual([
      1,
      expect.stringMatching(/its Temporal workflow is gone|EXECUTION_TERMINATED/u),
    ]);
    const wrong = await workflow.run('resume', executionId, '--checkpoint', randomUUID());
    expect([wrong.exit, wrong.stderr]).toEqual([2, expect.stringContaining('CHECKPOINT_UNKNOWN')]);

    const { exit, stdout } = await workflow.run('resume', executionId);
    expect([exit, stdout]).toEqual([0, expect.stringContaining('was lost, and goes on from checkpoint')]);
    await handle.signal('event', { type: 'go' });
    const ended = await workflow.run('watch', executionId, '--json');
    expect([ended.exit, jsonOf(ended)]).toMatchObject([0, { status: 'completed', output: { b: 'a' } }]);
    expect(agent.asked.map(({ taskId }) => taskId)).toEqual(['a', 'b']);
    expect((await workflow.run('events', executionId, '--verify')).exit).toBe(0);
  });

  it('says EXECUTION_UNKNOWN for an id that nobody has', async () => {
    for (const args of [
      ['status', randomUUID()],
      ['watch', 'nobody'],
      ['cancel', randomUUID()],
      ['events', 'x'],
    ]) {
      const { exit, stderr } = await workflow.run(...args);
      expect([exit, stderr]).toEqual([2, expect.stringContaining('EXECUTION_UNKNOWN')]);
    }
  });
});
