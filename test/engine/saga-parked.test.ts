import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunTask } from '../../contracts/agents.js';
import { faultStack } from '../migration/faults-harness.js';
import type { FaultStack } from '../migration/faults-harness.js';
import { until } from '../migration/harness.js';
import { viewEngine } from './engine-harness.js';
import type { EngineView } from './engine-harness.js';

const yaml = `
name: parked
orchestration_pattern: handoff
agents: {worker: {type: keeper}}
tasks:
  - {id: first, agent: worker, compensate_with: {action: undo}}
  - {id: second, agent: worker, depends_on: [first], compensate_with: {action: undo}}
  - {id: third, agent: worker, depends_on: [second], retry_policy: none}`;

let stack: FaultStack;
let engine: EngineView;
/** Undos that were asked for. */
const undos: RunTask[] = [];
/** Larger than what the workflow keeps itself. */
const LARGE = 'x'.repeat(5000);
let isBroken = true;

beforeAll(async () => {
  // Who fails to undo is tried again for a second; then a person is asked.
  const environment = { SAGA_COMPENSATION_TIMEOUT_SECONDS: '1' };
  stack = await faultStack([{ role: 'control', environment }]);
  engine = await viewEngine(stack.home);
  await engine.agent('keeper', (task) => {
    const no = ApplicationFailure.nonRetryable('no', 'NoWay');
    if (task.context.purpose === 'compensate') {
      undos.push(task);
      if (isBroken) throw no;
    } else if (task.taskId === 'third') throw no;
    return Promise.resolve({ of: task.taskId, text: LARGE });
  });
});
afterAll(async () => {
  await engine.close();
  await stack.dispose();
});

it('an undo that fails for good is parked and told, and a person has it tried again with all it was given', async () => {
  const { executionId, result } = await engine.start(yaml);
  await engine.untilAsked(executionId, 'second', 'undo');
  expect((await engine.view(executionId)).status).toBe('compensating');
  await engine.untilEvent(executionId, 'task.compensation_parked', 'second');
  isBroken = false;
  const asked = undos.length;
  expect(asked).toBeGreaterThan(1);
  await engine.resolve(executionId, { taskId: 'second', action: 'retry', by: 'owner' });
  await engine.untilEvent(executionId, 'task.compensated', 'second');
  await expect(result).rejects.toMatchObject({ cause: { message: expect.stringContaining('third') as string } });
  const of = ({ context }: RunTask): unknown => (context.output as { of: string } | null)?.of;
  expect(undos.map(of)).toEqual([...Array<string>(asked + 1).fill('second'), 'first']);
  expect(undos.map(({ attempt }) => attempt).slice(0, asked)).toEqual(Array.from({ length: asked }, (_, at) => at + 1));
  const told = await engine.store.outbox.after(executionId, 0);
  expect(told.map(({ notification: { kind, text } }) => `${kind} ${text}`)).toEqual([
    expect.stringMatching(/^alert .*"second" could not be undone/) as string,
  ]);
});

it('what a person leaves of a nested execution is named by the one around it', async () => {
  const pattern = `{orchestration_pattern: handoff, tasks: [{id: second, agent: worker, compensate_with: {action: undo}}]}`;
  const around = `
name: around
orchestration_pattern: handoff
agents: {worker: {type: keeper}}
tasks:
  - {id: first, agent: worker, compensate_with: {action: undo}}
  - {id: team, depends_on: [first], pattern: ${pattern}}
  - {id: third, agent: worker, depends_on: [team], retry_policy: none}`;
  isBroken = true;
  const { executionId, result } = await engine.start(around);
  const { executions } = engine.store.engine;
  let nested: string | undefined;
  await until('its part is undone', async () => {
    nested = (await executions.nestedOf(executionId, 'team'))[0]?.executionId;
    return nested !== undefined && (await executions.get(nested))?.projection.status === 'compensating';
  });
  await engine.untilAsked(String(nested), 'second', 'undo');
  isBroken = false;
  await engine.resolve(String(nested), { taskId: 'second', action: 'skip', by: 'owner' });
  await expect(result).rejects.toMatchObject({
    cause: { type: 'UNDO_INCOMPLETE', message: expect.stringContaining('Left: team.') as string },
  });
  expect((await executions.get(executionId))?.projection).toMatchObject({
    counts: { undone: 1, parked: 1, failed: 1 },
  });
  expect((await executions.get(String(nested)))?.projection.status).toBe('failed');
});

it('an undo that a person leaves is named at the end, and the others are undone', async () => {
  isBroken = true;
  const { executionId, result } = await engine.start(yaml);
  await engine.untilAsked(executionId, 'second', 'undo');
  isBroken = false;
  await engine.resolve(executionId, { taskId: 'second', action: 'skip', by: 'owner' });
  await expect(result).rejects.toMatchObject({
    cause: { type: 'UNDO_INCOMPLETE', message: expect.stringContaining('Left: second.') as string },
  });
  const row = await engine.store.engine.executions.get(executionId);
  expect(row?.projection).toMatchObject({ status: 'failed', counts: { undone: 1 } });
});
