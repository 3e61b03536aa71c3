import type { BenchLine } from '../lines.js';
import { benchChaos } from './chaos.js';
import { benchGraph } from './graph.js';
import { benchOpen } from './open.js';
import { benchPlan } from './plan.js';
import { benchPlanYaml } from './plan-yaml.js';
import { benchSaga } from './saga.js';
import { openEngineStack } from './stack.js';
import type { EngineStack } from './stack.js';
import { benchStatus, benchStatusAlone } from './status.js';
import { benchStep } from './step.js';

export interface EngineBenchOptions {
  /** Only this case; undefined: all. */
  readonly only?: string | undefined;
  /** Of the one large graph. */
  readonly graphTasks: number;
  /** That are open at once, or whose agents are killed; of sagas, a fifth in each round. */
  readonly executions: number;
  readonly tell: (text: string) => void;
  readonly environment: Readonly<Record<string, string>>;
}

interface Run {
  readonly graphTasks: number;
  readonly executions: number;
  readonly tell: (text: string) => void;
  /** The stack of this bench; started when the first case asks for it. */
  readonly stack: () => Promise<EngineStack>;
}

type Lines = Iterable<BenchLine> | AsyncIterable<BenchLine>;

/** What is measured together, in a file of its own; by the names of its cases. */
const CASES: readonly { readonly names: readonly string[]; readonly run: (run: Run) => Lines }[] = [
  {
    names: ['plan-1k'],
    run: ({ tell }) => [benchPlan({ name: 'plan-1k', tasks: 1000, runs: 60, unit: 'ms', max: 25, tell })],
  },
  {
    names: ['plan-100k'],
    run: ({ tell }) => [benchPlan({ name: 'plan-100k', tasks: 100_000, runs: 12, unit: 's', max: 1, tell })],
  },
  {
    names: ['plan-yaml'],
    run: ({ tell }) => [benchPlanYaml({ name: 'plan-yaml', tasks: 1000, runs: 30, tell })],
  },
  {
    names: ['plan-yaml-100k'],
    run: ({ tell }) => [benchPlanYaml({ name: 'plan-yaml-100k', tasks: 100_000, runs: 3, tell })],
  },
  { names: ['step', 'step-floor'], run: (run) => onStack(run, benchStep) },
  { names: ['open', 'open-floor'], run: (run) => onStack(run, (stack) => benchOpen({ ...run, stack })) },
  {
    names: ['saga'],
    run: (run) => onStack(run, (stack) => benchSaga({ ...run, stack, sagas: Math.ceil(run.executions / 5) })),
  },
  { names: ['status'], run: (run) => onStack(run, benchStatus) },
  { names: ['status-no-workers'], run: (run) => onStack(run, benchStatusAlone) },
  { names: ['chaos'], run: (run) => onStack(run, (stack) => benchChaos({ ...run, stack })) },
  {
    names: ['graph-100k'],
    run: (run) => onStack(run, (stack, tell) => benchGraph(stack, { name: 'graph-100k', tasks: run.graphTasks }, tell)),
  },
];

/** Runs the cases of the engine one after the other. A case that finds its result wrong throws `WrongResult`. */
export async function* benchEngine({
  only,
  graphTasks,
  executions,
  tell,
  environment,
}: EngineBenchOptions): AsyncGenerator<BenchLine> {
  const chosen = CASES.filter(({ names }) => only === undefined || names.includes(only));
  if (chosen.length === 0) {
    throw new TypeError(
      `the engine has no case "${only ?? ''}", only ${CASES.flatMap(({ names }) => names).join(', ')}`,
    );
  }
  let opened: Promise<EngineStack> | undefined;
  const parts: Run = { graphTasks, executions, tell, stack: () => (opened ??= openEngineStack(environment)) };
  try {
    for (const { run } of chosen) {
      for await (const line of run(parts)) {
        if (only === undefined || line.case === only) yield line;
      }
    }
  } finally {
    await (await opened)?.close();
  }
}

async function* onStack(
  { stack, tell }: Run,
  bench: (stack: EngineStack, tell: (text: string) => void) => AsyncIterable<BenchLine>,
): AsyncGenerator<BenchLine> {
  yield* bench(await stack(), tell);
}
