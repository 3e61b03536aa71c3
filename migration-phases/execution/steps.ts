import type { GraphTask } from '../../contracts/graph.js';
import { inBatches } from '../../workflows/kit/batches.js';

/** Copy and keys of small tables, as one step. */
export interface TableBatch {
  readonly id: string;
  readonly batch: readonly { readonly table: string; readonly copy: GraphTask; readonly keys: GraphTask }[];
  readonly dependsOn: readonly string[];
}

/** What the task runner runs: a task of the plan, or small tables whose tasks nothing stands between. */
export type Step = GraphTask | TableBatch;

type Pair = TableBatch['batch'][number];

/** Puts small tables together, `lanes` batches at least. Tables that a person gave an order of their own stay alone. */
export function stepsOf(tasks: readonly GraphTask[], lanes: number): Step[] {
  const pairs = pairsOf(tasks);
  const sized = pairs.map((pair) => ({ pair, small: true, rows: pair.copy.rows ?? 0 }));
  const batches = inBatches(sized, lanes)
    .map((some) => some.map(({ pair }) => pair))
    .filter((some) => some.length > 1)
    .map(batchOf);
  const within = new Map(
    batches.flatMap((step) => step.batch.flatMap(({ copy, keys }) => [copy, keys].map(({ id }) => [id, step]))),
  );
  const steps = new Set<Step>();
  for (const task of tasks) steps.add(within.get(task.id) ?? after(task, within));
  return [...steps];
}

function batchOf(batch: readonly Pair[]): TableBatch {
  const dependsOn = [...new Set(batch.flatMap(({ copy }) => copy.dependsOn))];
  return { id: `tables:${batch[0]?.table ?? ''}`, batch, dependsOn };
}

/** The task, waiting for the batches that its dependencies went into. */
function after(task: GraphTask, within: ReadonlyMap<string, TableBatch>): GraphTask {
  return { ...task, dependsOn: [...new Set(task.dependsOn.map((id) => within.get(id)?.id ?? id))] };
}

/**
 * Small tables whose copy waits for nothing but the shadow, and their keys for nothing but the copy; no other table may
 * wait for one of them.
 */
function pairsOf(tasks: readonly GraphTask[]): Pair[] {
  const shadows = new Set(tasks.filter(({ action }) => action === 'shadow.create').map(({ id }) => id));
  const keysOf = new Map(tasks.filter(({ action }) => action === 'table.keys').map((task) => [task.table, task]));
  const waitsForTables = tasks.filter(({ action }) => action === 'table.copy' || action === 'table.keys');
  const awaitedBy = new Map<string, number>();
  for (const { dependsOn } of waitsForTables)
    for (const id of new Set(dependsOn)) awaitedBy.set(id, (awaitedBy.get(id) ?? 0) + 1);
  return tasks.flatMap((copy) => {
    const { table, action, small } = copy;
    const keys = keysOf.get(table);
    if (action !== 'table.copy' || small !== true || table === undefined || keys === undefined) return [];
    const isPlain = copy.dependsOn.every((id) => shadows.has(id)) && keys.dependsOn.every((id) => id === copy.id);
    return isPlain && awaitedBy.get(copy.id) === 1 && !awaitedBy.has(keys.id) ? [{ table, copy, keys }] : [];
  });
}
