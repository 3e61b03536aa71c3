import { lessAgainst, withLimit } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { Done } from './counted.js';
import { eachOf } from './each-of.js';
import { openFloor } from './floor.js';
import { handleOf, preparedOf, queueOf, statusesOf, until } from './stack.js';
import type { EngineStack } from './stack.js';

/** Starts, and then events, under way at once. */
const AT_ONCE = 16;
const LIMIT_MS = 600_000;
const NAME = 'bench-open';
const AGENT = 'opener';
/** Ours may take this many times the floor's time. */
const FLOOR_TIMES = 4;

interface Case {
  readonly stack: EngineStack;
  readonly executions: number;
  readonly tell: (text: string) => void;
}

/** How one side went. */
interface Side {
  readonly completed: number;
  readonly opening: Done;
  readonly completing: Done;
}

/**
 * Executions of one task that are open at once, each waiting for an event; then each is told that it came. After them
 * as many bare workflows of one activity, opened and told alike.
 */
export async function* benchOpen(of: Case): AsyncGenerator<BenchLine> {
  const { stack, executions, tell } = of;
  await stack.agent(AGENT, () => null);
  tell(`open: ${String(executions)} executions`);
  const ours = await runOurs(of);
  tell(`open: ${String(executions)} bare workflows`);
  const bare = await runBare(of);
  const note = `${textOf(executions, ours)}; bare workflows: ${textOf(executions, bare)}`;
  yield withLimit(
    { bench: 'engine', case: 'open', value: ours.completed, unit: 'completed', note },
    { min: executions },
    { name: 'bare workflow', value: bare.completed },
  );
  const shape = `from the first start until the last of ${String(executions)} is over`;
  yield lessAgainst(
    { bench: 'engine', case: 'open-floor', value: secondsOf(ours), unit: 's', note: `${shape}; ${note}` },
    { name: 'bare workflow', value: secondsOf(bare), goal: 1 / FLOOR_TIMES },
  );
}

const secondsOf = ({ opening, completing }: Side): number => opening.seconds + completing.seconds;

function textOf(executions: number, { opening, completing }: Side): string {
  return `${String(executions)} open at once ${opening.text}; completed after the first event ${completing.text}`;
}

async function runOurs({ stack, executions }: Case): Promise<Side> {
  const prepared = preparedOf({
    name: NAME,
    orchestration_pattern: 'supervisor',
    agents: { one: { type: AGENT } },
    tasks: [{ id: 'go', agent: 'one', on_event: 'go' }],
  });
  const ids: string[] = [];
  const [opening, completing] = [new Done(), new Done()];
  await opening.time(stack, async () => {
    await eachOf(executions, AT_ONCE, async () => {
      ids.push(await stack.start(prepared));
    });
    await until('all run', async () => ((await statusesOf(stack, NAME))['running'] ?? 0) === executions, LIMIT_MS);
  });
  await completing.time(stack, async () => {
    await eachOf(ids.length, AT_ONCE, async (at) => {
      await handleOf(stack, ids[at] ?? '').signal('event', { type: 'go' });
    });
    await until('all are over', async () => (await statusesOf(stack, NAME))['open'] === 0, LIMIT_MS);
  });
  return { completed: (await statusesOf(stack, NAME))['completed'] ?? 0, opening, completing };
}

async function runBare({ stack, executions }: Case): Promise<Side> {
  const queue = await queueOf(stack, AGENT);
  const floor = await openFloor(stack);
  const goes: (() => Promise<void>)[] = [];
  const [opening, completing] = [new Done(), new Done()];
  try {
    await opening.time(stack, async () => {
      await eachOf(executions, AT_ONCE, async () => {
        goes.push(await floor.open({ queue, steps: 1 }));
      });
      await until('all bare ones are open', async () => (await floor.waiting('Running')) === executions, LIMIT_MS);
    });
    await completing.time(stack, async () => {
      await eachOf(executions, AT_ONCE, async (at) => goes[at]?.());
      await until('all bare ones are over', async () => (await floor.waiting('Running')) === 0, LIMIT_MS);
    });
    return { completed: await floor.waiting('Completed'), opening, completing };
  } finally {
    await floor.close();
  }
}
