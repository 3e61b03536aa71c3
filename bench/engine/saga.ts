import type { RunTask } from '../../contracts/agents.js';
import { withLimit } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { WrongResult } from '../wrong-result.js';
import { openFloor } from './floor.js';
import { Endings, cpuText, eachOf, preparedOf, statusesOf } from './stack.js';
import type { EngineStack } from './stack.js';

/** Ours and the floor run in turns, so that both see the same machine. */
const ROUNDS = 3;
/** Of one round. */
const SAGAS = 200;
const STEPS = 5;
const AGENTS = 4;
/** One in so many fails, at each of its steps in turn, after the step had its effect. */
const FAILS = 3;
const PER_MINUTE = 1500;
/** Sagas under way at once. */
const AT_ONCE = 30;
/** Bare workflows of one round. */
const FLOOR = 100;
const ALL = ROUNDS * SAGAS;
const NAME = 'bench-saga';

/** What one side did in all rounds. */
interface Done {
  count: number;
  seconds: number;
  readonly cpu: Record<string, number>;
}

/** Sagas whose steps write a row each, and whose undo deletes it. What is left is counted in the table. */
export async function* benchSaga(stack: EngineStack, tell: (text: string) => void): AsyncGenerator<BenchLine> {
  const { database } = stack;
  await database.query('CREATE TABLE bench_effects (execution uuid, task text, PRIMARY KEY (execution, task))');
  for (let agents = 0; agents < AGENTS; agents += 1) await stack.agent('clerk', (task) => effect(stack, task));
  const workflows: string[] = [];
  tell(`saga: storing ${String(ALL)} definitions`);
  const prepared = preparedOf(definition());
  await eachOf(ALL, AT_ONCE, async () => {
    workflows.push(await stack.define(prepared));
  });
  const { ours, bare } = await inTurns(stack, workflows, tell);
  const ends = await requireClean(stack);
  const note =
    `${String(ALL)} sagas of ${String(STEPS)} steps in ${ours.seconds.toFixed(1)} s, ${ends}; ${cpuText({}, ours.cpu)}; ` +
    `in turns with ${String(bare.count)} bare workflows of ${String(STEPS)} steps, of which none fails; ${cpuText({}, bare.cpu)}`;
  yield withLimit(
    { bench: 'engine', case: 'saga', value: perMinute(ours), unit: 'sagas/min', note },
    { min: PER_MINUTE },
    { name: 'bare workflow', value: perMinute(bare) },
  );
}

const perMinute = ({ count, seconds }: Done): number => (count * 60) / seconds;

async function inTurns(
  stack: EngineStack,
  workflows: readonly string[],
  tell: (text: string) => void,
): Promise<{ ours: Done; bare: Done }> {
  const [ours, bare] = [0, 1].map((): Done => ({ count: 0, seconds: 0, cpu: {} })) as [Done, Done];
  const queue = await idleQueue(stack);
  const endings = new Endings(stack);
  const floor = await openFloor(stack);
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      tell(`saga: round ${String(round + 1)} of ${String(ROUNDS)}`);
      await counted(stack, ours, SAGAS, async (one) => {
        const at = round * SAGAS + one;
        const fails = at % FAILS === 0 ? String(1 + (Math.floor(at / FAILS) % STEPS)) : '';
        await endings.of(await stack.execute({ workflowId: workflows[at] ?? '', name: NAME }, { fails }));
      });
      await counted(stack, bare, FLOOR, () => floor.run(queue, STEPS));
    }
  } finally {
    await floor.close();
    await endings.close();
  }
  return { ours, bare };
}

/** Does so many, as many at once on each side, and adds what they took. */
async function counted(
  stack: EngineStack,
  done: Done,
  count: number,
  work: (at: number) => Promise<void>,
): Promise<void> {
  const begun = { ms: performance.now(), cpu: stack.cpu() };
  await eachOf(count, AT_ONCE, work);
  done.seconds += (performance.now() - begun.ms) / 1000;
  done.count += count;
  for (const [part, seconds] of Object.entries(stack.cpu()))
    done.cpu[part] = (done.cpu[part] ?? 0) + seconds - (begun.cpu[part] ?? 0);
}

async function idleQueue(stack: EngineStack): Promise<string> {
  await stack.agent('idle', () => null);
  return (await stack.store.engine.agents.living(60)).find(({ type }) => type === 'idle')?.taskQueue ?? '';
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
  const failing = Math.ceil(ALL / FAILS);
  if (!isClean || failed !== failing || completed !== ALL - failing) {
    throw new WrongResult(`sagas ended as ${JSON.stringify(rows)}. No figure is printed.`);
  }
  return `${String(completed)} completed with all effects, ${String(failed)} undone, residue 0`;
}
