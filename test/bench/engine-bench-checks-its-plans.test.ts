import { describe, expect, it } from 'vitest';
import { checkCriticalPaths, checkPlan } from '../../bench/engine/check-plan.js';
import { benchEngine } from '../../bench/engine/engine.js';
import { benchPlan } from '../../bench/engine/plan.js';
import type { Shape } from '../../bench/engine/shapes.js';
import { shapesOf } from '../../bench/engine/shapes.js';
import { planGraph } from '../../language/planner/plan-graph.js';
import type { PlannedGraph, PlanResult } from '../../language/planner/types.js';

const SHAPES = shapesOf(200);

function shapeNamed(name: string): Shape {
  const shape = SHAPES.find((each) => each.name === name);
  if (shape === undefined) throw new Error(`no shape ${name}`);
  return shape;
}

/** A plan that was right, and was changed. */
function spoiled(shape: Shape, change: (plan: PlannedGraph) => Partial<PlannedGraph>): PlanResult {
  const { plan, ...rest } = planGraph(shape.input);
  if (plan === null) throw new Error('no plan');
  return { ...rest, plan: { ...plan, ...change(plan) } };
}

describe('the engine bench', () => {
  it('gives a line with the slowest shape and its limit', () => {
    const line = benchPlan({ name: 'plan-few', tasks: 200, runs: 3, unit: 'ms', max: 60_000, tell: () => undefined });
    expect(line).toMatchObject({ bench: 'engine', case: 'plan-few', unit: 'ms', against: null, goal: { max: 60_000 } });
    expect(line.ok).toBe(true);
    for (const { name } of SHAPES) expect(line.note).toContain(name);
  });

  it('refuses a case that is not there, and names those that are', async () => {
    const lines = benchEngine({ only: 'plan-9', graphTasks: 1, executions: 1, tell: () => undefined, environment: {} });
    await expect(lines.next()).rejects.toThrow('plan-1k, plan-100k');
  });

  it.each(SHAPES)('takes the plan of a $name as it is', (shape) => {
    expect(() => {
      checkPlan(shape, planGraph(shape.input));
    }).not.toThrow();
  });

  it('gives no figure for a wrong order, wrong times, too many at once, a wrong cycle', () => {
    const dense = shapeNamed('dense');
    const star = shapeNamed('star');
    const cycle = shapeNamed('cycle at the end');
    const wrong: [Shape, PlanResult][] = [
      [dense, spoiled(dense, ({ order }) => ({ order: order.toReversed() }))],
      [dense, spoiled(dense, ({ order }) => ({ order: order.slice(1) }))],
      [dense, spoiled(dense, ({ tasks }) => ({ tasks: tasks.map((each) => ({ ...each, startSeconds: 0 })) }))],
      [
        star,
        spoiled(star, ({ tasks }) => ({ tasks: tasks.map((each) => ({ ...each, startSeconds: 50, endSeconds: 60 })) })),
      ],
      [star, spoiled(star, () => ({ criticalPath: { tasks: [], seconds: 1 } }))],
      [cycle, planGraph(star.input)],
      [cycle, planGraph({ ...cycle.input, tasks: cycle.input.tasks.slice(0, -1) })],
      [star, planGraph(cycle.input)],
    ];
    for (const [shape, result] of wrong) {
      expect(() => {
        checkPlan(shape, result);
      }).toThrow(expect.objectContaining({ name: 'WrongResult' }));
    }
  });

  it('looks at hundreds of small graphs', () => {
    expect(checkCriticalPaths()).toBeGreaterThan(300);
  });
});
