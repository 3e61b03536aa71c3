import { setImmediate } from 'node:timers/promises';
import { CancelledFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { Random } from '../../cli/demo/random.js';
import type { GraphTask } from '../../contracts/graph.js';
import type { GraphOutcome } from '../../workflows/graph/run-graph.js';
import { runGraph } from '../../workflows/graph/run-graph.js';
import { randomGraph, SEEDS } from '../language/planner-fixtures.js';

interface Told {
  readonly started: string[];
  readonly outcome: GraphOutcome<GraphTask>;
}

function graphOf(seed: number): GraphTask[] {
  return randomGraph(seed, 40).tasks.map(({ id, dependsOn }) => ({
    id,
    action: 'table.copy',
    dependsOn: [...dependsOn, 'of an earlier phase'],
  }));
}

/** Runs a graph whose tasks end in an order of chance; `fails` of 100 fail. Looks at each start. */
async function run(
  tasks: readonly GraphTask[],
  window: number,
  chance: { random: Random; fails: number },
): Promise<Told> {
  const ids = new Set(tasks.map(({ id }) => id));
  const started = new Set<string>();
  const done = new Set<string>();
  let running = 0;
  const isReady = (task: GraphTask): boolean => task.dependsOn.every((id) => done.has(id) || !ids.has(id));
  const outcome = await runGraph({
    tasks,
    window,
    gate: () => Promise.resolve(),
    run: async (task) => {
      started.add(task.id);
      running += 1;
      expect(running).toBeLessThanOrEqual(window);
      expect(isReady(task)).toBe(true);
      for (let turns = chance.random.integer(0, 5); turns > 0; turns -= 1) await setImmediate();
      running -= 1;
      if (chance.random.chance(chance.fails)) throw new Error(`no ${task.id}`);
      done.add(task.id);
    },
  });
  return { started: [...started], outcome };
}

describe('the task runner', () => {
  it.each(SEEDS)('starts, one at a time, always the first written of the tasks that are ready (%i)', async (seed) => {
    const tasks = graphOf(seed);
    const { started, outcome } = await run(tasks, 1, { random: new Random(seed, 'run'), fails: 0 });
    const done = new Set(['of an earlier phase']);
    for (const id of started) {
      const first = tasks.find((task) => !done.has(task.id) && task.dependsOn.every((before) => done.has(before)));
      expect(id).toBe(first?.id);
      done.add(id);
    }
    expect(outcome).toEqual({ done: tasks.length, failed: [], skipped: [] });
  });

  it.each(SEEDS)('skips just what waits for a failed task, and does all the rest (%i)', async (seed) => {
    const tasks = graphOf(seed);
    const { started, outcome } = await run(tasks, 3, { random: new Random(seed, 'run'), fails: 25 });
    const lost = new Set(outcome.failed.map(({ task }) => task.id));
    const failed = lost.size;
    for (let size = -1; size !== lost.size;) {
      size = lost.size;
      for (const { id, dependsOn } of tasks) if (dependsOn.some((before) => lost.has(before))) lost.add(id);
    }
    const skipped = tasks.map(({ id }) => id).filter((id) => lost.has(id) && !started.includes(id));
    expect(outcome.skipped).toEqual(skipped);
    expect(lost.size).toBe(failed + skipped.length);
    expect(outcome.done).toBe(tasks.length - lost.size);
    expect(started).toHaveLength(outcome.done + failed);
  });

  it('ends everything that runs before it passes on a cancellation, and starts nothing more', async () => {
    const started: string[] = [];
    let ended = 0;
    const tasks = ['a', 'b', 'c', 'd'].map((id): GraphTask => ({ id, action: 'table.copy', dependsOn: [] }));
    const ran = runGraph({
      tasks,
      window: 2,
      gate: () => Promise.resolve(),
      run: async ({ id }) => {
        started.push(id);
        if (id === 'a') throw new CancelledFailure('enough');
        for (let turns = 0; turns < 5; turns += 1) await setImmediate();
        ended += 1;
      },
    });
    await expect(ran).rejects.toThrow('enough');
    expect([started, ended]).toEqual([['a', 'b'], 1]);
  });

  it('says that tasks wait on each other, and that one is there twice, rather than end early', async () => {
    const task = (id: string, ...dependsOn: string[]): GraphTask => ({ id, action: 'table.copy', dependsOn });
    const random = new Random(1, 'run');
    const knot = [task('a', 'b'), task('b', 'a'), task('c')];
    await expect(run(knot, 2, { random, fails: 0 })).rejects.toThrow('They wait on each other: a, b');
    await expect(run([task('a'), task('a')], 2, { random, fails: 0 })).rejects.toThrow('"a" is there twice');
  });

  it('does 100,000 tasks in a chain written backwards', async () => {
    const count = 100_000;
    const tasks = Array.from({ length: count }, (_, at): GraphTask => ({
      id: String(at),
      action: 'table.copy',
      dependsOn: at + 1 < count ? [String(at + 1)] : [],
    }));
    const ran = runGraph({ tasks, window: 4, gate: () => Promise.resolve(), run: () => Promise.resolve() });
    expect(await ran).toEqual({ done: count, failed: [], skipped: [] });
  });
});
