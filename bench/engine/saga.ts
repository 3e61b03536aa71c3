import type { RunTask } from '../../contracts/agents.js';
import { withLimit } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { WrongResult } from '../wrong-result.js';
import { Done } from './counted.js';
import { eachOf } from './each-of.js';
import { openFloor } from './floor.js';
import { Endings, preparedOf, queueOf, statusesOf } from './stack.js';
import type { EngineStack } from './stack.js';

/** Ours and the floor run in turns, so that both see the same machine. */
const ROUNDS = 3;
const STEPS = 5;
const AGENTS = 4;
/** One in so many fails, at each of its steps in turn, after the step had its effect. */
const FAILS = 3;
const PER_MINUTE = 1500;
/** Sagas under way at once. */
const AT_ONCE = 30;
const NAME = 'bench-saga';

interface Case {
  readonly stack: EngineStack;
  /** Sagas of one round; half as many bare workflows. */
  readonly sagas: number;
  readonly tell: (text: string) => void;
}

/** Sagas whose steps write a row each, and whose undo deletes it. What is left is counted in the table. */
export async function* benchSaga(of: Case): AsyncGenerator<BenchLine> {
  const { stack, sagas, tell } = of;
  const { database } = stack;
  const all = ROUNDS * sagas;
  await database.query('CREATE TABLE bench_effects (execution uuid, task text, PRIMARY KEY (execution, task))');
  for (let agents = 0; agents < AGENTS; agents += 1) await stack.agent('clerk', (task) => effect(stack, task));
  const workflows: string[] = [];
  tell(`saga: storing ${String(all)} definitions`);
  const prepared = preparedOf(definition());
  await eachOf(all, AT_ONCE, async () => {
    workflows.push(await stack.define(prepared));
  });
  const { ours, bare } = await inTurns(of, workflows);
  const ends = await requireClean(stack, all);
  const note =
    `${String(all)} sagas of ${String(STEPS)} steps, ${ends}, ${ours.text}; in turns with ${String(bare.count)} bare ` +
    `workflows of ${String(STEPS)} steps, of which none fails, ${bare.text}`;
  yield withLimit(
    { bench: 'engine', case: 'saga', value: ours.perMinute, unit: 'sagas/min', note },
    { min: PER_MINUTE },
    { name: 'bare workflow', value: bare.perMinute },
  );
}

async function inTurns(
  { stack, sagas, tell }: Case,
  workflows: readonly string[],
): Promise<{ readonly ours: Done; readonly bare: Done }> {
  const [ours, bare] = [new Done(), new Done()];
  await stack.agent('idle', () => null);
  const queue = await queueOf(stack, 'idle');
  const endings = new Endings(stack);
  const floor = await openFloor(stack);
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      tell(`saga: round ${String(round + 1)} of ${String(ROUNDS)}`);
      await ours.add(stack, { count: sagas, atOnce: AT_ONCE }, async (one) => {
        const at = round * sagas + one;
        const fails = at % FAILS === 0 ? String(1 + (Math.floor(at / FAILS) % STEPS)) : '';
        await endings.of(await stack.execute({ workflowId: workflows[at] ?? '', name: NAME }, { fails }));
      });
      await bare.add(stack, { count: Math.ceil(sagas / 2), atOnce: AT_ONCE }, () => floor.run({ queue, steps: STEPS }));
    }
  } finally {
    await floor.close();
    await endings.close();
  }
  return { ours, bare };
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
async function requireClean(stack: EngineStack, all: number): Promise<string> {
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
  const failing = Math.ceil(all / FAILS);
  if (!isClean || failed !== failing || completed !== all - failing) {
    throw new WrongResult(`sagas ended as ${JSON.stringify(rows)}. No figure is printed.`);
  }
  return `${String(completed)} completed with all effects, ${String(failed)} undone, residue 0`;
}
