import { planGraph } from '../../language/planner/plan-graph.js';
import { withLimit } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { checkCriticalPaths, checkPlan } from './check-plan.js';
import { shapesOf } from './shapes.js';
import type { Shape } from './shapes.js';

export interface PlanBenchOptions {
  readonly name: string;
  readonly tasks: number;
  /** Plans of each shape that are timed. */
  readonly runs: number;
  readonly unit: 'ms' | 's';
  /** Most at the 95th percentile, in `unit`. */
  readonly max: number;
  readonly tell: (text: string) => void;
}

/** Plans graphs of every shape, from the parsed document to the finished plan. The slowest shape is the figure. */
export function benchPlan({ name, tasks, runs, unit, max, tell }: PlanBenchOptions): BenchLine {
  const small = checkCriticalPaths();
  const measured = shapesOf(tasks).map((shape) => {
    tell(`${name}: ${shape.name}`);
    return { shape: shape.name, ...measure(shape, runs) };
  });
  const slowest = measured.reduce((a, b) => (a.milliseconds >= b.milliseconds ? a : b));
  const each = measured
    .map((one) => `${one.shape} ${one.milliseconds.toFixed(1)} ms (CPU ${one.cpuMilliseconds.toFixed(1)})`)
    .join(', ');
  const value = unit === 'ms' ? slowest.milliseconds : slowest.milliseconds / 1000;
  const note = `p95 of ${String(runs)} plans: ${each}; ${String(small)} small graphs have the critical path found by trying all`;
  return withLimit({ bench: 'engine', case: name, value, unit, note }, { max });
}

interface Measure {
  /** At the 95th percentile. */
  readonly milliseconds: number;
  /** A plan's mean, of all threads: what a machine that is busy with other things does not change much. */
  readonly cpuMilliseconds: number;
}

/** Every plan is made anew; the first and the last are checked. */
function measure(shape: Shape, runs: number): Measure {
  checkPlan(shape, planGraph(shape.input));
  let cpu = 0;
  const times = Array.from({ length: runs }, (_, run) => {
    const before = process.cpuUsage();
    const started = performance.now();
    const result = planGraph(shape.input);
    const took = performance.now() - started;
    const { user, system } = process.cpuUsage(before);
    cpu += user + system;
    if (run === runs - 1) checkPlan(shape, result);
    return took;
  });
  const milliseconds = times.sort((a, b) => a - b)[Math.ceil(runs * 0.95) - 1] ?? Number.NaN;
  return { milliseconds, cpuMilliseconds: cpu / 1000 / runs };
}
