import { countBefore } from './dependency-index.js';
import type { DependencyIndex } from './dependency-index.js';
import { ReadySet } from './ready-set.js';

export interface StableOrder {
  /** Nodes so that each stands after all it waits for. Nodes in a cycle, and behind one, are not in it. */
  readonly order: Int32Array;
  /** For each node in the order, the most edges on a way to it: its wave. */
  readonly level: Int32Array;
}

/** Kahn's order; among nodes that are ready, the document's order. */
export function orderStably(index: DependencyIndex): StableOrder {
  const { after, afterStart } = index;
  const count = index.ids.length;
  const waiting = countBefore(index);
  const level = new Int32Array(count);
  const ready = new ReadySet(count);
  for (let node = 0; node < count; node += 1) if (waiting[node] === 0) ready.add(node);
  const order = new Int32Array(count);
  let ordered = 0;
  for (let node = ready.takeFirst(); node >= 0; node = ready.takeFirst()) {
    order[ordered++] = node;
    const next = (level[node] ?? 0) + 1;
    for (let edge = afterStart[node] ?? 0; edge < (afterStart[node + 1] ?? 0); edge += 1) {
      const follower = after[edge] ?? 0;
      if ((level[follower] ?? 0) < next) level[follower] = next;
      const left = (waiting[follower] ?? 0) - 1;
      waiting[follower] = left;
      if (left === 0) ready.add(follower);
    }
  }
  return { order: order.subarray(0, ordered), level };
}
