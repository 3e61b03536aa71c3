import { afterOf } from './dependency-index.js';
import type { DependencyIndex } from './dependency-index.js';

/** Nodes that can never run: `path` is a way through some of them that ends where it began. */
export interface Cycle {
  /** In the order of running, the first node again at the end: `a` before `b` before `a`. */
  readonly path: readonly string[];
  /** Position of the path's first node in the document. */
  readonly position: number;
  /** All nodes that lie on a common cycle with it, those of the path counted. */
  readonly members: number;
}

/** Every knot of nodes that wait for each other, once, by the document's order. Edges of a node to itself are not seen. */
export function findCycles(index: DependencyIndex): Cycle[] {
  const knots = new Knots(index);
  const cycles: Cycle[] = [];
  for (const members of knots.find()) {
    const first = members.reduce((least, node) => Math.min(least, node));
    const path = shortestWayRound(index, first, knots.knotOf).map((node) => index.ids[node] ?? '');
    cycles.push({ path, position: first, members: members.length });
  }
  return cycles.sort((a, b) => a.position - b.position);
}

/** Tarjan's strongly connected components, with a stack of its own: a chain of 100,000 nodes would overflow the other. */
class Knots {
  /** For each node, the number of its component. */
  readonly knotOf: Int32Array;
  readonly #index: DependencyIndex;
  readonly #number: Int32Array;
  readonly #low: Int32Array;
  readonly #open: Int32Array;
  #opened = 0;
  #numbered = 0;
  #closed = 0;

  constructor(index: DependencyIndex) {
    const count = index.ids.length;
    this.#index = index;
    this.knotOf = new Int32Array(count).fill(-1);
    this.#number = new Int32Array(count).fill(-1);
    this.#low = new Int32Array(count);
    this.#open = new Int32Array(count);
  }

  /** Components of two nodes and more. */
  find(): number[][] {
    const knots: number[][] = [];
    for (let node = 0; node < this.knotOf.length; node += 1) {
      if (this.#number[node] === -1) this.#walkFrom(node, knots);
    }
    return knots;
  }

  #walkFrom(root: number, knots: number[][]): void {
    const { after, afterStart } = this.#index;
    /** The way from the root, and for each node on it the edge to look at next. */
    const way: number[] = [root];
    const edges: number[] = [this.#enter(root)];
    while (way.length > 0) {
      const node = way.at(-1) ?? 0;
      const edge = edges.at(-1) ?? 0;
      if (edge < (afterStart[node + 1] ?? 0)) {
        edges[edges.length - 1] = edge + 1;
        const next = after[edge] ?? 0;
        if (this.#number[next] === -1) {
          way.push(next);
          edges.push(this.#enter(next));
        } else if (this.knotOf[next] === -1) this.#lower(node, this.#number[next] ?? 0);
      } else {
        way.pop();
        edges.pop();
        if (this.#low[node] === this.#number[node]) this.#close(node, knots);
        const above = way.at(-1);
        if (above !== undefined) this.#lower(above, this.#low[node] ?? 0);
      }
    }
  }

  /** Returns the node's first edge. */
  #enter(node: number): number {
    this.#number[node] = this.#numbered;
    this.#low[node] = this.#numbered;
    this.#numbered += 1;
    this.#open[this.#opened++] = node;
    return this.#index.afterStart[node] ?? 0;
  }

  #lower(node: number, low: number): void {
    if (low < (this.#low[node] ?? 0)) this.#low[node] = low;
  }

  #close(root: number, knots: number[][]): void {
    const from = this.#open.lastIndexOf(root, this.#opened - 1);
    for (let at = from; at < this.#opened; at += 1) this.knotOf[this.#open[at] ?? 0] = this.#closed;
    if (this.#opened - from > 1) knots.push([...this.#open.subarray(from, this.#opened)]);
    this.#opened = from;
    this.#closed += 1;
  }
}

/** From a node back to itself within its component, by the fewest edges. */
function shortestWayRound(index: DependencyIndex, first: number, knotOf: Int32Array): number[] {
  const from = new Map<number, number>();
  const queue = [first];
  for (const node of queue) {
    for (const next of afterOf(index, node)) {
      if (next === first) return wayBack(from, node, first);
      if (knotOf[next] !== knotOf[first] || from.has(next)) continue;
      from.set(next, node);
      queue.push(next);
    }
  }
  throw new Error(`no way leads back to "${index.ids[first] ?? ''}"`);
}

function wayBack(from: ReadonlyMap<number, number>, last: number, first: number): number[] {
  const way = [first];
  for (let node = last; node !== first; node = from.get(node) ?? first) way.push(node);
  return [...way, first].reverse();
}
