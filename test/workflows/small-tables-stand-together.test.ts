import { describe, expect, it } from 'vitest';
import { draftTasks } from '../../activities/architect/tasks.js';
import { toGraphTasks } from '../../activities/architect/pages.js';
import type { GraphTask } from '../../contracts/graph.js';
import type { MigrationMapping } from '../../contracts/mapping.js';
import { stepsOf } from '../../migration-phases/execution/steps.js';
import type { Step } from '../../migration-phases/execution/steps.js';
import { inBatches, workBatch } from '../../workflows/kit/batches.js';

/** The tasks of a plan with so many small tables and one large one, as the workflow reads them. */
function tasksOf(small: number): GraphTask[] {
  const names = ['large', ...Array.from({ length: small }, (_, at) => `t${String(at)}`)];
  const tables = names.map((name) => ({ source: { schema: 's', name }, estimatedRows: name === 'large' ? 1e6 : 10 }));
  const tasks = draftTasks({ tables } as unknown as MigrationMapping);
  return toGraphTasks(
    tasks,
    tables.map(({ source, estimatedRows: rows }) => ({ table: `s.${source.name}`, rows, small: rows < 1000 })),
  );
}

const batched = (steps: readonly Step[]): string[][] =>
  steps.flatMap((step) => ('batch' in step ? [step.batch.map(({ table }) => table)] : []));

describe('small tables', () => {
  it('stand together in batches that are bounded, each once; large ones stand alone', () => {
    const tables = Array.from({ length: 1001 }, (_, at) => ({ at, rows: at % 7, ...(at % 10 > 0 && { small: true }) }));
    const batches = inBatches(tables, 4);
    expect(batches.flat().toSorted((one, other) => one.at - other.at)).toEqual(tables);
    for (const batch of batches) {
      expect(batch.length).toBeLessThanOrEqual(50);
      expect(batch.length === 1 || batch.every(({ small }) => small === true)).toBe(true);
    }
    expect(batches.length).toBeLessThan(101 + 900 / 50 + 1);
    // A few are shared out, so that nobody waits; those with many rows stand with fewer others.
    expect(inBatches(tables.filter(({ small }) => small).slice(0, 8), 4).map(({ length }) => length)).toEqual([
      2, 2, 2, 2,
    ]);
    const rich = Array.from({ length: 100 }, () => ({ rows: 9000, small: true }));
    expect(inBatches(rich, 1).every(({ length }) => length === 5)).toBe(true);
  });

  it('of 20,000 in a plan make some hundred steps, which the foreign keys wait for', () => {
    const steps = stepsOf(tasksOf(20_000), 4);
    expect(batched(steps).flat()).toHaveLength(20_000);
    expect(steps.length).toBeLessThan(420);
    const keys = steps.find((step) => step.id === 'foreign-keys');
    const waited = steps.filter((step) => 'batch' in step || step.id === 'keys:s.large').map(({ id }) => id);
    expect(keys?.dependsOn.toSorted()).toEqual(waited.toSorted());
    for (const step of steps) if ('batch' in step) expect(step.dependsOn).toEqual(['make-shadow']);
  });

  it('that a person gave an order of their own stay alone; without a word of their size all do', () => {
    const tasks = tasksOf(8).map((task) =>
      task.id === 'copy:s.t3' ? { ...task, dependsOn: [...task.dependsOn, 'keys:s.t5'] } : task,
    );
    const within = batched(stepsOf(tasks, 1)).flat();
    expect(within.toSorted()).toEqual(['s.t0', 's.t1', 's.t2', 's.t4', 's.t6', 's.t7']);
    const unsized = tasks.map(({ small: _, ...task }) => task);
    expect(stepsOf(unsized, 1)).toEqual(unsized);
  });

  it('that are in the way of a batch are done alone, and the others go on in a batch', async () => {
    const told: string[] = [];
    const work = async (tables: readonly string[], bad: readonly string[]): Promise<void> =>
      workBatch(tables, {
        many: (some) => {
          told.push(`many ${some.join('')}`);
          const end = some.findIndex((table) => bad.includes(table));
          return Promise.resolve(end < 0 ? some : some.slice(0, end));
        },
        one: (table) => {
          told.push(`one ${table}`);
          return Promise.resolve();
        },
        onDone: (table) => told.push(table),
      });
    await work(['a', 'b', 'c', 'd', 'e', 'f'], ['b', 'f']);
    expect(told).toEqual(['many abcdef', 'a', 'one b', 'many cdef', 'c', 'd', 'e', 'one f']);
    told.length = 0;
    await work(['a', 'b'], ['a']);
    expect(told).toEqual(['many ab', 'one a', 'one b']);
  });
});
