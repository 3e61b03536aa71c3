import { randomUUID } from 'node:crypto';
import { withLimit } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { WrongResult } from '../wrong-result.js';
import { Done } from './counted.js';
import { openFloor } from './floor.js';
import { Endings, preparedOf, statusesOf } from './stack.js';
import type { EngineStack } from './stack.js';
import { MORTAL, Troop } from './troop.js';

/** The least part that must complete. */
const LEAST = 0.999;
const TASKS = 3;
/** Executions under way at once. */
const AT_ONCE = 100;
const NAME = 'bench-chaos';

interface Case {
  readonly stack: EngineStack;
  readonly executions: number;
  readonly tell: (text: string) => void;
}

/**
 * Executions whose agents, processes of their own, are killed without a word while they work, and replaced. Before them
 * as many bare workflows of as many tasks of the same agents, none of which is killed.
 */
export async function* benchChaos({ stack, executions, tell }: Case): AsyncGenerator<BenchLine> {
  await stack.database.query('CREATE TABLE bench_survivors (execution uuid, task text, PRIMARY KEY (execution, task))');
  const of = { stack, executions, tell };
  const troop = new Troop(stack.home);
  const [ours, bare] = [new Done(), new Done()];
  try {
    await troop.fill();
    await runBare(of, bare);
    await runOurs(of, ours, troop);
  } finally {
    await troop.end();
  }
  const completed = await requireEffects(stack);
  const bareCompleted = await requireBareEffects(of);
  const note =
    `${String(executions)} executions of ${String(TASKS)} tasks, ${String(troop.kills)} agents killed -9, ${ours.text}; ` +
    `as many bare workflows, no agent killed, ${bare.text}`;
  yield withLimit(
    { bench: 'engine', case: 'chaos', value: completed, unit: 'completed', note },
    { min: Math.ceil(executions * LEAST) },
    { name: 'bare workflow, no agent killed', value: bareCompleted },
  );
}

async function runOurs({ stack, executions, tell }: Case, done: Done, troop: Troop): Promise<void> {
  const prepared = preparedOf({
    name: NAME,
    orchestration_pattern: 'supervisor',
    agents: { one: { type: MORTAL } },
    tasks: Array.from({ length: TASKS }, (_, at) => ({
      id: String(at + 1),
      agent: 'one',
      depends_on: at === 0 ? [] : [String(at)],
      timeout: 5,
    })),
  });
  const endings = new Endings(stack);
  const killing = troop.killUntilStopped();
  try {
    await done.add(stack, { count: executions, atOnce: AT_ONCE }, async (at) => {
      if (at % 100 === 0) tell(`chaos: ${String(at)} started, ${String(troop.kills)} agents killed`);
      await endings.of(await stack.start(prepared));
    });
  } finally {
    await endings.close();
    troop.stopKilling();
    await killing;
  }
}

async function runBare({ stack, executions, tell }: Case, done: Done): Promise<void> {
  tell(`chaos: ${String(executions)} bare workflows`);
  const queues = (await stack.store.engine.agents.living(60)).flatMap(({ type, taskQueue }) =>
    type === MORTAL ? [taskQueue] : [],
  );
  const floor = await openFloor(stack);
  try {
    await done.add(stack, { count: executions, atOnce: AT_ONCE }, (at) =>
      floor.run({ queue: queues[at % queues.length] ?? '', steps: TASKS, executionId: randomUUID() }),
    );
  } finally {
    await floor.close();
  }
}

/** Those that completed; throws when one of them lacks an effect. */
async function requireEffects(stack: EngineStack): Promise<number> {
  const { rows } = await stack.database.query<{ missing: number }>(
    `SELECT count(*)::int AS missing
       FROM caravan_store.workflow_executions AS e
       JOIN caravan_store.workflow_definitions AS d USING (workflow_id)
      WHERE d.name = $1 AND e.status = 'completed'
        AND (SELECT count(*) FROM bench_survivors AS s WHERE s.execution = e.execution_id) <> $2`,
    [NAME, TASKS],
  );
  const missing = rows[0]?.missing ?? Number.NaN;
  if (missing !== 0) throw new WrongResult(`${String(missing)} completed without all effects. No figure is printed.`);
  return (await statusesOf(stack, NAME))['completed'] ?? 0;
}

/** Bare workflows that had all their effects; throws unless these are all. */
async function requireBareEffects({ stack, executions }: Case): Promise<number> {
  const { rows } = await stack.database.query<{ whole: number }>(
    `SELECT count(*)::int AS whole FROM (
       SELECT execution FROM bench_survivors
        WHERE execution NOT IN (SELECT execution_id FROM caravan_store.workflow_executions)
        GROUP BY execution HAVING count(*) = $1) AS bare`,
    [TASKS],
  );
  const whole = rows[0]?.whole ?? Number.NaN;
  if (whole !== executions)
    throw new WrongResult(`${String(whole)} bare workflows had all effects. No figure is printed.`);
  return whole;
}
