import type { Demand } from './demand.js';
import { beforeOf } from './dependency-index.js';
import type { DependencyIndex } from './dependency-index.js';
import type { StableOrder } from './order.js';
import type { LongestPaths } from './paths.js';
import type { PlanHints, PlannerTask } from './types.js';

/** Words of 32 nodes that looking for redundant dependencies may read: a few milliseconds. A larger graph is not looked at. */
export const REDUNDANT_WORK = 2_000_000;
/** Least share of the critical path that makes a task worth splitting. */
const SPLIT_SHARE = 0.2;

export interface HintInput {
  readonly tasks: readonly PlannerTask[];
  readonly index: DependencyIndex;
  readonly order: StableOrder;
  readonly paths: LongestPaths;
  readonly milliseconds: Float64Array;
  readonly demand: Demand;
}

export function findHints(input: HintInput): PlanHints {
  return { redundant: findRedundant(input), limitedByCount: findLimits(input), split: findSplits(input) };
}

/** A dependency is redundant when another one of the same task cannot end before it has ended. */
function findRedundant({ index, order: { order } }: HintInput): PlanHints['redundant'] {
  const words = Math.ceil(index.ids.length / 32);
  if (words * (index.before.length + index.ids.length) > REDUNDANT_WORK) return null;
  /** For each node, all that stand before it, as bits. */
  const ancestors = new Uint32Array(words * index.ids.length);
  const redundant: { node: number; dependency: number }[] = [];
  for (const node of order) {
    const own = ancestors.subarray(node * words, (node + 1) * words);
    const direct = beforeOf(index, node);
    for (const dependency of direct) {
      const theirs = dependency * words;
      for (let word = 0; word < words; word += 1) own[word] = (own[word] ?? 0) | (ancestors[theirs + word] ?? 0);
    }
    for (const dependency of direct) {
      const bit = 1 << (dependency & 31);
      if (((own[dependency >>> 5] ?? 0) & bit) !== 0) redundant.push({ node, dependency });
    }
    for (const dependency of direct) {
      own[dependency >>> 5] = (own[dependency >>> 5] ?? 0) | (1 << (dependency & 31));
    }
  }
  return redundant
    .sort((a, b) => a.node - b.node || a.dependency - b.dependency)
    .map(({ node, dependency }) => ({ task: index.ids[node] ?? '', dependency: index.ids[dependency] ?? '' }));
}

/** For each kind of agents, the wave that wants the most of them, where that is more than there are. */
function findLimits({ order: { order, level }, demand }: HintInput): PlanHints['limitedByCount'] {
  const wanted = new Map<number, number>();
  const agents = demand.agents.length;
  for (const node of order) {
    const key = (level[node] ?? 0) * agents + (demand.agentOf[node] ?? 0);
    wanted.set(key, (wanted.get(key) ?? 0) + (demand.slots[node] ?? 1));
  }
  const widest = new Map<number, { wave: number; wanted: number }>();
  for (const [key, slots] of wanted) {
    const wave = Math.floor(key / agents);
    const known = widest.get(key % agents);
    const isWider = known === undefined || slots > known.wanted || (slots === known.wanted && wave < known.wave);
    if (isWider) widest.set(key % agents, { wave, wanted: slots });
  }
  return demand.agents.flatMap(({ name, count }, position) => {
    const most = widest.get(position);
    return most !== undefined && most.wanted > count ? [{ agent: name, ...most, count }] : [];
  });
}

function findSplits({ tasks, paths, milliseconds }: HintInput): PlanHints['split'] {
  return paths.critical.flatMap((node) => {
    const task = tasks[node];
    const length = milliseconds[node] ?? 0;
    const share = paths.total === 0 ? 0 : length / paths.total;
    if (task === undefined || task.forEach === true || share < SPLIT_SHARE) return [];
    return [{ task: task.id, seconds: length / 1000, share }];
  });
}
