import type { GraphTask } from '../../contracts/graph.js';
import { inBatches } from '../../workflows/kit/batches.js';

/** Copy and keys of small tables, as one step. */
export interface TableBatch {
  readonly id: string;
  readonly batch: readonly { readonly table: string; readonly copy: GraphTask; readonly keys: GraphTask }[];
  readonly dependsOn: readonly string[];
}

/** Copy and keys of large tables, as one step in a child workflow. */
export interface TableGroup {
  readonly id: string;
  readonly group: TableBatch['batch'];
  readonly dependsOn: readonly string[];
}

/**
 * What the task runner runs: a task of the plan, small tables whose tasks nothing stands between, or large ones where
 * there are more than one history can hold.
 */
export type Step = GraphTask | TableBatch | TableGroup;

/** A large table costs this history some 30 events, and it holds 51,200: with more of them they go into child workflows. */
export const LARGE_MAX = 500;
const GROUP_TABLES = 100;

type Pair = TableBatch['batch'][number];

/** Puts small tables together, `lanes` batches at least. Tables that a person gave an order of their own stay alone. */
export function stepsOf(tasks: readonly GraphTask[], lanes: number): Step[] {
  const pairs = pairsOf(tasks, true);
  const sized = pairs.map((pair) => ({ pair, small: true, rows: pair.copy.rows ?? 0 }));
  const batches = inBatches(sized, lanes)
    .map((some) => some.map(({ pair }) => pair))
    .filter((some) => some.length > 1)
    .map(batchOf);
  const within = new Map<string, TableBatch | TableGroup>();
  for (const step of batches) for (const { copy, keys } of step.batch) within.set(copy.id, step).set(keys.id, step);
  for (const step of groupsOf(pairsOf(tasks, false)))
    for (const { copy, keys } of step.group) within.set(copy.id, step).set(keys.id, step);
  const steps = new Set<Step>();
  for (const task of tasks) steps.add(within.get(task.id) ?? after(task, within));
  return [...steps];
}

/** None where there are few enough. */
function groupsOf(pairs: readonly Pair[]): TableGroup[] {
  if (pairs.length <= LARGE_MAX) return [];
  return Array.from({ length: Math.ceil(pairs.length / GROUP_TABLES) }, (_, at) => {
    const group = pairs.slice(at * GROUP_TABLES, (at + 1) * GROUP_TABLES);
    const dependsOn = [...new Set(group.flatMap(({ copy }) => copy.dependsOn))];
    return { id: `large:${group[0]?.table ?? ''}`, group, dependsOn };
  });
}

function batchOf(batch: readonly Pair[]): TableBatch {
  const dependsOn = [...new Set(batch.flatMap(({ copy }) => copy.dependsOn))];
  return { id: `tables:${batch[0]?.table ?? ''}`, batch, dependsOn };
}

/** The task, waiting for the batches that its dependencies went into. */
function after(task: GraphTask, within: ReadonlyMap<string, TableBatch | TableGroup>): GraphTask {
  return { ...task, dependsOn: [...new Set(task.dependsOn.map((id) => within.get(id)?.id ?? id))] };
}

/**
 * Small tables, or those that are not, whose copy waits for nothing but the shadow, and their keys for nothing but the copy; no other table may
 * wait for one of them.
 */
function pairsOf(tasks: readonly GraphTask[], areSmall: boolean): Pair[] {
  const shadows = new Set(tasks.filter(({ action }) => action === 'shadow.create').map(({ id }) => id));
  const keysOf = new Map(tasks.filter(({ action }) => action === 'table.keys').map((task) => [task.table, task]));
  const waitsForTables = tasks.filter(({ action }) => action === 'table.copy' || action === 'table.keys');
  const awaitedBy = new Map<string, number>();
  for (const { dependsOn } of waitsForTables)
    for (const id of new Set(dependsOn)) awaitedBy.set(id, (awaitedBy.get(id) ?? 0) + 1);
  return tasks.flatMap((copy) => {
    const { table, action, small } = copy;
    const keys = keysOf.get(table);
    if (action !== 'table.copy' || (small === true) !== areSmall || table === undefined || keys === undefined)
      return [];
    const isPlain = copy.dependsOn.every((id) => shadows.has(id)) && keys.dependsOn.every((id) => id === copy.id);
    return isPlain && awaitedBy.get(copy.id) === 1 && !awaitedBy.has(keys.id) ? [{ table, copy, keys }] : [];
  });
}
