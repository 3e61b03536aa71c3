import { describe, expect, it } from 'vitest';
import { PROFILE_STEPS } from '../../language/planner/schedule.js';
import type { PlannedGraph, PlannerInput } from '../../language/planner/types.js';
import { agent, input, longestByTrying, planned, randomGraph, SEEDS, task } from './planner-fixtures.js';

/** What runs at the moment when something starts: the only moments at which use can grow. */
function expectWithinLimits(given: PlannerInput, { tasks, resources }: PlannedGraph): void {
  const agents = new Map(given.agents.map((each) => [each.name, each]));
  const quota = given.available?.quota?.cpu ?? Infinity;
  let peak = 0;
  for (const { startSeconds: now } of tasks) {
    const running = tasks.filter((each) => each.startSeconds <= now && now < each.endSeconds);
    for (const [name, { count }] of agents) {
      const slots = running.filter((each) => each.agent === name).reduce((sum, each) => sum + each.slots, 0);
      expect(slots).toBeLessThanOrEqual(count);
    }
    const cpu = running.reduce((sum, each) => sum + each.slots * (agents.get(each.agent)?.resources.cpu ?? 0), 0);
    expect(cpu).toBeLessThanOrEqual(quota);
    peak = Math.max(peak, cpu);
  }
  expect(resources.peak.cpu).toBeGreaterThanOrEqual(peak);
  expect(resources.peak.cpu).toBeLessThanOrEqual(quota);
}

describe('the critical path', () => {
  it.each(SEEDS)('is as long as the longest way found by trying all, and is such a way (%i)', (seed) => {
    const given = randomGraph(seed);
    const plan = planned(given);
    const { tasks: path, seconds } = plan.criticalPath;
    expect(seconds).toBe(longestByTrying(given.tasks));
    const byId = new Map(plan.tasks.map((each) => [each.id, each]));
    expect(path.reduce((sum, id) => sum + (byId.get(id)?.estimateSeconds ?? NaN), 0)).toBe(seconds);
    expect(path.every((id) => byId.get(id)?.slackSeconds === 0)).toBe(true);
    path.slice(1).forEach((id, at) => {
      expect(byId.get(id)?.dependsOn).toContain(path[at]);
    });
  });

  it.each(SEEDS)('grows by nothing when a task takes its slack, and by just what goes beyond (%i)', (seed) => {
    const given = randomGraph(seed, 8);
    const { tasks, criticalPath } = planned(given);
    tasks.forEach(({ slackSeconds, estimateSeconds }, at) => {
      const longer = (seconds: number): number =>
        longestByTrying(
          given.tasks.with(at, { ...(given.tasks[at] ?? task('')), estimateSeconds: estimateSeconds + seconds }),
        );
      expect(longer(slackSeconds)).toBe(criticalPath.seconds);
      expect(longer(slackSeconds + 1)).toBe(criticalPath.seconds + 1);
    });
  });

  it('is exact where tenths of seconds are added up', () => {
    const tasks = Array.from({ length: 1000 }, (_, at) =>
      task(`t${String(at)}`, at === 0 ? [] : [`t${String(at - 1)}`], { estimateSeconds: 0.1 }),
    );
    expect(planned(input(tasks)).criticalPath.seconds).toBe(100);
  });
});

describe('the duration with the agents that there are', () => {
  it.each(SEEDS)(
    'keeps counts, quota and dependencies at every moment, and is not shorter than possible (%i)',
    (seed) => {
      const given = randomGraph(seed, 40);
      const plan = planned(given);
      const end = new Map(plan.tasks.map((each) => [each.id, each.endSeconds]));
      for (const { dependsOn, startSeconds } of plan.tasks) {
        for (const before of dependsOn) expect(end.get(before)).toBeLessThanOrEqual(startSeconds);
      }
      expectWithinLimits(given, plan);
      expect(plan.duration.seconds).toBe(Math.max(0, ...end.values()));
      expect(plan.duration.seconds).toBeGreaterThanOrEqual(plan.duration.unlimitedSeconds);
      for (const { name, count } of given.agents) {
        const own = plan.tasks.filter((each) => each.agent === name);
        const work = own.reduce((sum, each) => sum + each.slots * each.estimateSeconds, 0);
        expect(plan.duration.seconds * count).toBeGreaterThanOrEqual(work);
      }
    },
  );

  it('is the critical path where there are agents for all', () => {
    for (const seed of SEEDS) {
      const given = randomGraph(seed, 40);
      const agents = given.agents.map((each) => ({ ...each, count: 500 }));
      const tasks = given.tasks.map((each) => ({ ...each, parallel: false }));
      const { seconds, unlimitedSeconds } = planned({ ...given, tasks, agents, available: {} }).duration;
      expect(seconds).toBe(unlimitedSeconds);
    }
  });

  it('starts the longest remaining way first', () => {
    const tasks = [task('short'), task('long'), task('after', ['long'], { estimateSeconds: 5 })];
    const plan = planned(input(tasks, { agents: [agent('worker')] }));
    expect(plan.tasks.map((each) => each.startSeconds)).toEqual([6, 0, 1]);
    expect(plan.duration).toEqual({ seconds: 7, unlimitedSeconds: 6 });
  });

  it('gives a task for all agents all of them, and as many as a quota bears', () => {
    const tasks = [task('all', [], { parallel: true }), task('two', [], { parallel: 2 })];
    const agents = [agent('worker', { count: 3, resources: { cpu: 500 } })];
    expect(planned(input(tasks, { agents })).tasks.map((each) => each.slots)).toEqual([3, 2]);
    const available = { quota: { cpu: 700 } };
    expect(planned(input(tasks, { agents, available })).tasks.map((each) => each.slots)).toEqual([1, 1]);
  });

  it('has a profile that adds up to the work, and stays small', () => {
    const tasks = Array.from({ length: 60 }, (_, at) => task(`t${String(at)}`, [], { estimateSeconds: 1 + (at % 7) }));
    const { profile, duration, resources } = planned(input(tasks));
    const work = profile.reduce(
      (sum, { atSeconds, tasks: running }, at) =>
        sum + running * ((profile[at + 1]?.atSeconds ?? duration.seconds) - atSeconds),
      0,
    );
    expect(work).toBe(tasks.reduce((sum, each) => sum + (each.estimateSeconds ?? 0), 0));
    expect(Math.max(...profile.map((step) => step.tasks))).toBe(resources.peak.tasks);
    const many = Array.from({ length: 5000 }, (_, at) => task(`t${String(at)}`, [], { estimateSeconds: 1 + at / 10 }));
    const large = planned(input(many));
    expect(large.profile.length).toBeLessThanOrEqual(PROFILE_STEPS);
    expect(Math.max(...large.profile.map((step) => step.tasks))).toBe(2);
  });
});

describe('an estimate', () => {
  it('is the given one, else of the task, else of the agent type, else a default, and says which', () => {
    const tasks = ['given', 'seen', 'other', 'new'].map((id) =>
      task(id, [], { agent: id === 'new' ? 'new' : 'worker', estimateSeconds: id === 'given' ? 7 : undefined }),
    );
    const history = {
      tasks: {
        test: { given: { p50Seconds: 1 }, seen: { p50Seconds: 3, meanSeconds: 9 } },
        other: { other: { p50Seconds: 1 } },
      },
      agentTypes: { worker: { meanSeconds: 4 } },
    };
    const plan = planned(input(tasks, { agents: [agent('worker'), agent('new', { type: 'llm' })], history }));
    expect(plan.tasks.map((each) => [each.estimateSeconds, each.estimateSource])).toEqual([
      [7, 'given'],
      [3, 'history of the task'],
      [4, 'history of the agent type'],
      [20, 'default'],
    ]);
    expect(Object.values(plan.estimates)).toEqual([1, 1, 1, 1]);
  });
});

describe('hints', () => {
  it('name dependencies that hold anyway, and none that does not', () => {
    const tasks = [task('a'), task('b', ['a']), task('c', ['a', 'b']), task('d', ['a', 'c']), task('e', ['a'])];
    expect(planned(input(tasks)).hints.redundant).toEqual([
      { task: 'c', dependency: 'a' },
      { task: 'd', dependency: 'a' },
    ]);
  });

  it.each(SEEDS)('leave the waves as they are when the redundant dependencies are removed (%i)', (seed) => {
    const given = randomGraph(seed, 40);
    const plan = planned(given);
    const redundant = new Set(plan.hints.redundant?.map((each) => `${each.task} ${each.dependency}`));
    const tasks = given.tasks.map((each) => ({
      ...each,
      dependsOn: each.dependsOn.filter((before) => !redundant.has(`${each.id} ${before}`)),
    }));
    const reduced = planned({ ...given, tasks });
    expect(reduced.waves).toEqual(plan.waves);
    expect(reduced.hints.redundant).toEqual([]);
  });

  it('say that a graph is too large to look for redundant dependencies', () => {
    const tasks = Array.from({ length: 20_000 }, (_, at) => task(`t${String(at)}`));
    expect(planned(input(tasks)).hints.redundant).toBeNull();
  });

  it('name the wave that agents are too few for, and tasks that take much of the critical path', () => {
    const tasks = [
      task('cut', [], { estimateSeconds: 2 }),
      ...['x', 'y', 'z'].map((id) => task(id, ['cut'], { estimateSeconds: 6 })),
      task('each', ['x'], { estimateSeconds: 8, forEach: true }),
    ];
    const { hints } = planned(input(tasks));
    expect(hints.limitedByCount).toEqual([{ agent: 'worker', wave: 1, wanted: 3, count: 2 }]);
    expect(hints.split).toEqual([{ task: 'x', seconds: 6, share: 0.375 }]);
  });
});
