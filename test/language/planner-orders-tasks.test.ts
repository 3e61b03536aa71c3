import { describe, expect, it } from 'vitest';
import { Random } from '../../cli/demo/random.js';
import { planGraph } from '../../language/planner/plan-graph.js';
import type { PlanProblem } from '../../language/planner/problems.js';
import { describeProblem } from '../../language/planner/problems.js';
import type { PlannerTask } from '../../language/planner/types.js';
import { input, planned, randomGraph, SEEDS, task } from './planner-fixtures.js';

const MANY = 100_000;

function cyclesIn(tasks: readonly PlannerTask[]): Extract<PlanProblem, { code: 'cycle' }>[] {
  return planGraph(input(tasks)).problems.filter((problem) => problem.code === 'cycle');
}

/** Each step of the path is a dependency that was given, and it ends where it began. */
function expectRealCycle(path: readonly string[], tasks: readonly PlannerTask[]): void {
  const before = new Map(tasks.map(({ id, dependsOn }) => [id, dependsOn]));
  expect(path.length).toBeGreaterThan(2);
  expect(path.at(-1)).toBe(path[0]);
  expect(new Set(path).size).toBe(path.length - 1);
  path.slice(1).forEach((id, at) => {
    expect(before.get(id)).toContain(path[at]);
  });
}

describe('the order of a graph', () => {
  it.each(SEEDS)(
    'has every task once, after all it depends on, and of the ready ones the first written (%i)',
    (seed) => {
      const { tasks, ...rest } = randomGraph(seed, 40);
      const { order } = planned({ tasks, ...rest });
      const done = new Set<string>();
      for (const id of order) {
        const firstReady = tasks.find(
          (each) => !done.has(each.id) && each.dependsOn.every((before) => done.has(before)),
        );
        expect(id).toBe(firstReady?.id);
        done.add(id);
      }
      expect(done.size).toBe(tasks.length);
    },
  );

  it.each(SEEDS)('puts a task into the wave after the latest that it depends on (%i)', (seed) => {
    const { tasks, ...rest } = randomGraph(seed, 40);
    const plan = planned({ tasks, ...rest });
    const wave = new Map(plan.waves.flatMap((ids, at) => ids.map((id) => [id, at] as const)));
    for (const { id, dependsOn } of tasks) {
      expect(wave.get(id)).toBe(1 + Math.max(-1, ...dependsOn.map((before) => wave.get(before) ?? NaN)));
    }
    expect(plan.tasks.map((each) => each.wave)).toEqual(tasks.map(({ id }) => wave.get(id)));
  });

  it('takes a dependency that is given twice as one', () => {
    expect(planned(input([task('a'), task('b', ['a', 'a'])])).tasks[1]?.dependsOn).toEqual(['a']);
  });

  it('of nothing is nothing', () => {
    expect(planned(input([]))).toMatchObject({ order: [], waves: [], duration: { seconds: 0, unlimitedSeconds: 0 } });
  });

  it('is found for a chain of 100,000 tasks that is written backwards', () => {
    const tasks = Array.from({ length: MANY }, (_, at) =>
      task(`t${String(at)}`, at + 1 < MANY ? [`t${String(at + 1)}`] : []),
    );
    const plan = planned(input(tasks));
    expect(plan.order[0]).toBe(`t${String(MANY - 1)}`);
    expect(plan.waves).toHaveLength(MANY);
    expect(plan.criticalPath.seconds).toBe(MANY);
  });
});

describe('a cycle', () => {
  it('is named with its whole path in the order of running, from the task that is written first', () => {
    const tasks = [task('start'), task('a', ['start', 'c']), task('b', ['a']), task('c', ['b']), task('end', ['c'])];
    const [cycle, ...others] = planGraph(input(tasks)).problems;
    expect(others).toEqual([]);
    expect(cycle).toEqual({ code: 'cycle', position: 1, path: ['a', 'b', 'c', 'a'], members: 3 });
    expect(cycle && describeProblem(cycle)).toBe('tasks wait for each other: a → b → c → a');
  });

  it('is named once for each knot, however many ways lead round in it', () => {
    const knot = ['a', 'b', 'c'].map((id, _, all) =>
      task(
        id,
        all.filter((other) => other !== id),
      ),
    );
    const found = cyclesIn([...knot, task('x', ['y', 'c']), task('y', ['x']), task('z', ['y'])]);
    expect(found.map(({ members }) => members)).toEqual([3, 2]);
    expect(found.map(({ path }) => path[0])).toEqual(['a', 'x']);
  });

  it.each(SEEDS)('is real, and found wherever an edge is added that leads back (%i)', (seed) => {
    const random = new Random(seed, 'back edge');
    const { tasks, ...rest } = randomGraph(seed, 40);
    const { order } = planned({ tasks, ...rest });
    const before = new Map(tasks.map(({ id, dependsOn }) => [id, dependsOn]));
    const late = order[random.integer(0, order.length - 1)] ?? '';
    const ancestors = [...(before.get(late) ?? [])];
    for (const id of ancestors) ancestors.push(...(before.get(id) ?? []).filter((other) => !ancestors.includes(other)));
    const early = ancestors[random.integer(0, Math.max(0, ancestors.length - 1))];
    if (early === undefined) return;
    const knotted = tasks.map((each) => (each.id === early ? { ...each, dependsOn: [...each.dependsOn, late] } : each));
    const found = cyclesIn(knotted);
    expect(found).toHaveLength(1);
    expectRealCycle(found[0]?.path ?? [], knotted);
    expect(found[0]?.path).toEqual(expect.arrayContaining([early]));
  });

  it('of 100,000 tasks is found whole, and told short', () => {
    const tasks = Array.from({ length: MANY }, (_, at) =>
      task(`t${String(at)}`, [`t${String((at + MANY - 1) % MANY)}`]),
    );
    const [cycle] = cyclesIn(tasks);
    expect(cycle?.members).toBe(MANY);
    expect(cycle?.path).toHaveLength(MANY + 1);
    expect(cycle && describeProblem(cycle).length).toBeLessThan(250);
    expect(cycle && describeProblem(cycle)).toContain('… 99989 more …');
  });
});

describe('what is wrong with a graph', () => {
  it('is told all at once, by the place in the document', () => {
    const tasks = [
      task('a', ['a', 'nowhere']),
      task('b', ['c']),
      task('c', ['b'], { agent: 'nobody' }),
      task('a', [], { estimateSeconds: -1 }),
      task('d', [], { capabilities: ['flying'], resources: { cpu: 3000 } }),
    ];
    const agents = [{ name: 'worker', type: 'http', count: 1, capabilities: ['walking'], resources: { cpu: 2000 } }];
    const { plan, problems } = planGraph(input(tasks, { agents }));
    expect(plan).toBeNull();
    expect(problems.map(({ code, position }) => [position, code])).toEqual([
      [0, 'unknown_dependency'],
      [0, 'self_dependency'],
      [1, 'cycle'],
      [2, 'unknown_agent'],
      [3, 'duplicate_task'],
      [3, 'invalid_estimate'],
      [4, 'missing_capability'],
      [4, 'task_too_large'],
    ]);
    for (const problem of problems) expect(describeProblem(problem)).toMatch(/"[\w]+"|→/);
  });

  it('does not take names for what every object has', () => {
    const tasks = ['constructor', '__proto__', 'toString'].map((id) => task(id, [], { estimateSeconds: undefined }));
    const plan = planned(input(tasks, { history: { tasks: { test: {} }, agentTypes: {} } }));
    expect(plan.estimates).toMatchObject({ default: 3 });
    expect(planGraph(input([task('a', ['hasOwnProperty'])])).problems).toMatchObject([{ code: 'unknown_dependency' }]);
  });
});

describe('a task that waits for an event', () => {
  const tasks = [task('a', [], { onEvent: 'paid' }), task('b', ['a']), task('c', ['b']), task('d')];

  it('that nothing emits is a warning, with all that waits for it, and the plan is made', () => {
    const { plan, warnings } = planGraph(input(tasks, { events: ['sent'] }));
    expect(plan).not.toBeNull();
    expect(warnings).toEqual([
      { code: 'never_released', task: 'a', position: 0, event: 'paid' },
      { code: 'unreachable', task: 'b', position: 1, because: 'a' },
      { code: 'unreachable', task: 'c', position: 2, because: 'a' },
    ]);
  });

  it('is no warning where something emits it, or where nobody knows', () => {
    expect(planGraph(input(tasks, { events: ['paid'] })).warnings).toEqual([]);
    expect(planGraph(input(tasks)).warnings).toEqual([]);
  });
});

describe('a problem of a plan', () => {
  it('is told with what was wanted and what there is', () => {
    const at = { position: 0, task: 'a', agent: 'one' };
    expect(
      [
        describeProblem({ ...at, code: 'task_too_large', resource: 'cpu', wanted: 4000, most: 2000 }),
        describeProblem({ ...at, code: 'over_quota', resource: 'memory', wanted: 9, most: 5 }),
        describeProblem({ ...at, code: 'no_agent', type: 'worker', reason: 'health', tasks: ['a'] }),
        describeProblem({ ...at, code: 'invalid_estimate', seconds: -1 }),
      ].join('\n'),
    ).toBe(
      [
        'task "a" wants 4000 thousandths of a core, and its agent "one" has 2000',
        'task "a" wants 9 bytes of memory, and the quota is 5',
        'no registered agent can be "one" (worker): none of its type is healthy',
        'task "a" has an estimate of -1 seconds',
      ].join('\n'),
    );
  });
});
