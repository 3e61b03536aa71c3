import { lessAgainst, withLimit } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { WrongResult } from '../wrong-result.js';
import { openFloor } from './floor.js';
import { cpuText } from './cpu.js';
import { handleOf, medianOf, preparedOf, queueOf } from './stack.js';
import type { EngineStack } from './stack.js';

const STEPS = 50;
const ROUNDS = 8;
/** Milliseconds. */
const STEP_MAX = 25;
/** Ours may take this many times the floor's time. */
const FLOOR_TIMES = 1.3;

/** When the agent began and ended each task of one chain, in order. */
type Chain = { readonly task: string; readonly began: number; readonly ended: number }[];

/**
 * Chains of no-op tasks, and the same activities in a bare workflow, in turns. Measured in the agent: from the end of
 * one task to the start of the next.
 */
export async function* benchStep(stack: EngineStack, tell: (text: string) => void): AsyncGenerator<BenchLine> {
  let chain: Chain = [];
  await stack.agent('stepper', ({ taskId }) => {
    const began = performance.now();
    chain.push({ task: taskId, began, ended: performance.now() });
  });
  const queue = await queueOf(stack, 'stepper');
  const prepared = preparedOf({
    name: 'chain',
    orchestration_pattern: 'handoff',
    agents: { one: { type: 'stepper' } },
    tasks: Array.from({ length: STEPS }, (_, at) => ({
      id: String(at),
      agent: 'one',
      depends_on: at === 0 ? [] : [String(at - 1)],
    })),
  });
  const runOurs = async (): Promise<Chain> => {
    chain = [];
    await handleOf(stack, await stack.start(prepared)).result();
    return chain;
  };
  const floor = await openFloor(stack);
  const runFloor = async (): Promise<Chain> => {
    chain = [];
    await floor.run({ queue, steps: STEPS });
    return chain;
  };
  try {
    yield* lines(await measure({ runOurs, runFloor, stack, tell }));
  } finally {
    await floor.close();
  }
}

interface Measured {
  readonly ours: readonly number[];
  readonly floor: readonly number[];
  readonly cpu: { readonly ours: string; readonly floor: string };
}

/** The first round of each is not counted: code is compiled, caches fill. */
async function measure(parts: {
  runOurs: () => Promise<Chain>;
  runFloor: () => Promise<Chain>;
  stack: EngineStack;
  tell: (text: string) => void;
}): Promise<Measured> {
  const ours: number[] = [];
  const floor: number[] = [];
  let cpu = { ours: '', floor: '' };
  for (let round = 0; round <= ROUNDS; round += 1) {
    parts.tell(`step: round ${String(round)} of ${String(ROUNDS)}`);
    const begun = parts.stack.cpu();
    const ourSteps = stepsOf(await parts.runOurs());
    const between = parts.stack.cpu();
    const floorSteps = stepsOf(await parts.runFloor());
    if (round === 0) continue;
    ours.push(...ourSteps);
    floor.push(...floorSteps);
    cpu = { ours: cpuText(begun, between), floor: cpuText(between, parts.stack.cpu()) };
  }
  return { ours, floor, cpu };
}

/** Milliseconds between tasks; throws unless each ran once, in order. */
function stepsOf(chain: Chain): number[] {
  const order = chain.map(({ task }) => task).join(' ');
  if (order !== Array.from({ length: STEPS }, (_, at) => String(at)).join(' ')) {
    throw new WrongResult(`the tasks of the chain ran as "${order}". No figure is printed.`);
  }
  return chain.slice(1).map(({ began }, at) => began - (chain[at]?.ended ?? Number.NaN));
}

function* lines({ ours, floor, cpu }: Measured): Generator<BenchLine> {
  const step = medianOf(ours);
  const p95 = ours.toSorted((a, b) => a - b)[Math.ceil(ours.length * 0.95) - 1] ?? Number.NaN;
  const shape = `p50 of ${String(ours.length)} steps, from a task's end to its dependant's start, seen by the agent`;
  const note = `${shape}; p95 ${p95.toFixed(1)} ms; last chain of ${String(STEPS)}: ${cpu.ours}`;
  yield withLimit({ bench: 'engine', case: 'step', value: step, unit: 'ms', note }, { max: STEP_MAX });
  const floorNote = `p50 of ${String(floor.length)} steps of each, in turns; ours ${cpu.ours}; bare ${cpu.floor}`;
  yield lessAgainst(
    { bench: 'engine', case: 'step-floor', value: step, unit: 'ms', note: floorNote },
    // Rounded down: ratios are told with two digits.
    { name: 'bare workflow', value: medianOf(floor), goal: Math.floor(100 / FLOOR_TIMES) / 100 },
  );
}
