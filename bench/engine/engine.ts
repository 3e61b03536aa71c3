import type { BenchLine } from '../lines.js';
import { benchPlan } from './plan.js';

export interface EngineBenchOptions {
  /** Only this case; undefined: all. */
  readonly only?: string | undefined;
  readonly tell: (text: string) => void;
}

/** The cases of the engine, each in a file of its own, by the name that its line has. */
const CASES: Readonly<Record<string, (tell: (text: string) => void) => BenchLine | Promise<BenchLine>>> = {
  'plan-1k': (tell) => benchPlan({ name: 'plan-1k', tasks: 1000, runs: 60, unit: 'ms', max: 25, tell }),
  'plan-100k': (tell) => benchPlan({ name: 'plan-100k', tasks: 100_000, runs: 12, unit: 's', max: 1, tell }),
};

/** Runs the cases of the engine one after the other. A case that finds its result wrong throws `WrongResult`. */
export async function* benchEngine({ only, tell }: EngineBenchOptions): AsyncGenerator<BenchLine> {
  const names = Object.keys(CASES).filter((name) => only === undefined || name === only);
  if (names.length === 0) {
    throw new TypeError(`the engine has no case "${only ?? ''}", only ${Object.keys(CASES).join(', ')}`);
  }
  for (const name of names) {
    const line = await CASES[name]?.(tell);
    if (line !== undefined) yield line;
  }
}
