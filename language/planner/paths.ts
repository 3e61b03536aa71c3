import { afterOf, beforeOf } from './dependency-index.js';
import type { DependencyIndex } from './dependency-index.js';

/** Times by the method of the critical path, in milliseconds, as if there were agents without end. */
export interface LongestPaths {
  /** When each may start. */
  readonly head: Float64Array;
  /** From the start of each to the end of what comes after it, on the longest way. */
  readonly tail: Float64Array;
  readonly total: number;
  /** Nodes of one longest way; the document's first where several are as long. */
  readonly critical: readonly number[];
}

export function measurePaths(index: DependencyIndex, order: Int32Array, milliseconds: Float64Array): LongestPaths {
  const { after, afterStart } = index;
  const count = index.ids.length;
  const head = new Float64Array(count);
  const tail = new Float64Array(count);
  for (const node of order) {
    const end = (head[node] ?? 0) + (milliseconds[node] ?? 0);
    for (let edge = afterStart[node] ?? 0; edge < (afterStart[node + 1] ?? 0); edge += 1) {
      const follower = after[edge] ?? 0;
      if ((head[follower] ?? 0) < end) head[follower] = end;
    }
  }
  for (let at = order.length - 1; at >= 0; at -= 1) {
    const node = order[at] ?? 0;
    let longest = 0;
    for (let edge = afterStart[node] ?? 0; edge < (afterStart[node + 1] ?? 0); edge += 1) {
      longest = Math.max(longest, tail[after[edge] ?? 0] ?? 0);
    }
    tail[node] = longest + (milliseconds[node] ?? 0);
  }
  const total = tail.reduce((most, length) => Math.max(most, length), 0);
  return { head, tail, total, critical: walkCritical(index, { head, tail, total }, milliseconds) };
}

/** Back from the first node that ends last, each time to the first that lets this one start no earlier. */
function walkCritical(
  index: DependencyIndex,
  { head, tail, total }: Pick<LongestPaths, 'head' | 'tail' | 'total'>,
  milliseconds: Float64Array,
): number[] {
  const endOf = (node: number): number => (head[node] ?? 0) + (milliseconds[node] ?? 0);
  // Tasks without duration at the very end do not make the path longer, but may be what ends it.
  let node = tail.findIndex((_, candidate) => endOf(candidate) === total && afterOf(index, candidate).length === 0);
  const path: number[] = [];
  while (node >= 0) {
    path.push(node);
    const start = head[node] ?? 0;
    let earlier = -1;
    for (const candidate of beforeOf(index, node)) {
      if (endOf(candidate) === start && (earlier === -1 || candidate < earlier)) earlier = candidate;
    }
    node = earlier;
  }
  return path.reverse();
}
