import type { RunTask } from '../../contracts/agents.js';
import { withLimit } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { WrongResult } from '../wrong-result.js';
import { openFloor } from './floor.js';
import { Endings, cpuText, eachOf, preparedOf, statusesOf } from './stack.js';
import type { EngineStack } from './stack.js';

const SAGAS = 600;
const STEPS = 5;
const AGENTS = 4;
/** One in so many fails, at each of its steps in turn, after the step had its effect. */
const FAILS = 3;
const PER_MINUTE = 1500;
/** Sagas under way at once. */
const AT_ONCE = 30;
/** Bare workflows beside them. */
const FLOOR = 200;
const NAME = 'bench-saga';

/** Sagas whose steps write a row each, and whose undo deletes it. What is left is counted in the table. */
export async function* benchSaga(stack: EngineStack, tell: (text: string) => void): AsyncGenerator<BenchLine> {
  const { database } = stack;
  await database.query('CREATE TABLE bench_effects (execution uuid, task text, PRIMARY KEY (execution, task))');
  for (let agents = 0; agents < AGENTS; agents += 1) await stack.agent('clerk', (task) => effect(stack, task));
  const workflows: string[] = [];
  tell(`saga: storing ${String(SAGAS)} definitions`);
  const prepared = preparedOf(definition());
  await eachOf(SAGAS, AT_ONCE, async () => {
    workflows.push(await stack.define(prepared));
  });
  tell('saga: running them');
  const endings = new Endings(stack);
  const begun = { ms: performance.now(), cpu: stack.cpu() };
  await eachOf(SAGAS, AT_ONCE, async (at) => {
    const workflowId = workflows[at] ?? '';
    const fails = at % FAILS === 0 ? String(1 + (Math.floor(at / FAILS) % STEPS)) : '';
    await endings.of(await stack.execute({ workflowId, name: NAME }, { fails }));
  });
  await endings.close();
  const seconds = (performance.now() - begun.ms) / 1000;
  const cpu = cpuText(begun.cpu, stack.cpu());
  const ends = await requireClean(stack);
  tell('saga: the floor');
  const floor = (await floorPerMinute(stack)).toFixed(0);
  const note =
    `${String(SAGAS)} sagas of ${String(STEPS)} steps in ${seconds.toFixed(1)} s, ${ends}; ${cpu}; ` +
    `bare workflows of ${String(STEPS)} steps, of which none fails: ${floor} a minute`;
  yield withLimit(
    { bench: 'engine', case: 'saga', value: (SAGAS * 60) / seconds, unit: 'sagas/min', note },
    { min: PER_MINUTE },
  );
}

/** As many at once as of ours. */
async function floorPerMinute(stack: EngineStack): Promise<number> {
  await stack.agent('idle', () => null);
  const queue = (await stack.store.engine.agents.living(60)).find(({ type }) => type === 'idle')?.taskQueue ?? '';
  const floor = await openFloor(stack);
  try {
    const begun = performance.now();
    await eachOf(FLOOR, AT_ONCE, () => floor.run(queue, STEPS));
    return (FLOOR * 60_000) / (performance.now() - begun);
  } finally {
    await floor.close();
  }
}

function definition(): object {
  return {
    name: NAME,
    orchestration_pattern: 'supervisor',
    agents: { one: { type: 'clerk' } },
    inputs: { fails: { type: 'string' } },
    tasks: Array.from({ length: STEPS }, (_, at) => ({
      id: String(at + 1),
      agent: 'one',
      depends_on: at === 0 ? [] : [String(at)],
      retry_policy: 'none',
      input: { fails: '${{ input.fails }}' },
      compensate_with: {},
    })),
  };
}

async function effect({ database }: EngineStack, { executionId, taskId, input, context }: RunTask): Promise<void> {
  const key = [executionId, taskId];
  if (context.purpose === 'compensate') {
    await database.query('DELETE FROM bench_effects WHERE execution = $1 AND task = $2', key);
    return;
  }
  await database.query('INSERT INTO bench_effects VALUES ($1, $2) ON CONFLICT DO NOTHING', key);
  if ((input as { fails: string }).fails === taskId) throw new Error('fails');
}

/** Throws unless each completed with all its effects, or failed with none left. */
async function requireClean(stack: EngineStack): Promise<string> {
  const { completed = 0, failed = 0 } = await statusesOf(stack, NAME);
  const { rows } = await stack.database.query<{ status: string; effects: number; count: number }>(
    `SELECT e.status, coalesce(f.effects, 0)::int AS effects, count(*)::int AS count
       FROM caravan_store.workflow_executions AS e
       JOIN caravan_store.workflow_definitions AS d USING (workflow_id)
       LEFT JOIN (SELECT execution, count(*) AS effects FROM bench_effects GROUP BY 1) AS f ON f.execution = e.execution_id
      WHERE d.name = $1 GROUP BY 1, 2`,
    [NAME],
  );
  const isClean = rows.every(({ status, effects }) => effects === (status === 'completed' ? STEPS : 0));
  const failing = Math.ceil(SAGAS / FAILS);
  if (!isClean || failed !== failing || completed !== SAGAS - failing) {
    throw new WrongResult(`sagas ended as ${JSON.stringify(rows)}. No figure is printed.`);
  }
  return `${String(completed)} completed with all effects, ${String(failed)} undone, residue 0`;
}
