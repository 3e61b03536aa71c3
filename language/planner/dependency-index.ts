export interface GraphNode {
  readonly id: string;
  readonly dependsOn: readonly string[];
}

/**
 * A graph by position instead of by name. Edges are compressed rows: node `i` waits for
 * `before[beforeStart[i] … beforeStart[i + 1])`, and `after` holds who waits for `i` in the same form, in document order.
 * An edge that is given twice stands once; an edge to itself or to nobody stands in no row, and is listed.
 */
export interface DependencyIndex {
  readonly ids: readonly string[];
  readonly beforeStart: Int32Array;
  readonly before: Int32Array;
  readonly afterStart: Int32Array;
  readonly after: Int32Array;
  /** Nodes whose id an earlier node has; nobody waits for them. */
  readonly duplicates: readonly number[];
  /** Nodes that wait for themselves. */
  readonly selfEdges: readonly number[];
  /** Dependencies that no node has as its id. */
  readonly unknown: readonly { readonly node: number; readonly dependency: string }[];
}

/** Indexes a graph; time and space grow with nodes and edges. */
export function indexDependencies(nodes: readonly GraphNode[]): DependencyIndex {
  const ids = nodes.map((node) => node.id);
  const positions = new Map<string, number>();
  const duplicates: number[] = [];
  ids.forEach((id, position) => {
    if (positions.has(id)) duplicates.push(position);
    else positions.set(id, position);
  });
  const rows = new Rows(nodes, positions);
  return { ids, ...rows.edges(), duplicates, selfEdges: rows.selfEdges, unknown: rows.unknown };
}

class Rows {
  readonly selfEdges: number[] = [];
  readonly unknown: { node: number; dependency: string }[] = [];
  readonly #beforeStart: Int32Array;
  readonly #before: Int32Array;

  constructor(nodes: readonly GraphNode[], positions: ReadonlyMap<string, number>) {
    const most = nodes.reduce((edges, node) => edges + node.dependsOn.length, 0);
    const before = new Int32Array(most);
    this.#beforeStart = new Int32Array(nodes.length + 1);
    /** The last node that named this one, so that a dependency given twice is seen without a set. */
    const namedBy = new Int32Array(nodes.length).fill(-1);
    let edges = 0;
    nodes.forEach(({ dependsOn }, node) => {
      for (const dependency of dependsOn) {
        const position = positions.get(dependency);
        if (position === undefined) this.unknown.push({ node, dependency });
        else if (namedBy[position] === node) continue;
        else {
          namedBy[position] = node;
          if (position === node) this.selfEdges.push(node);
          else before[edges++] = position;
        }
      }
      this.#beforeStart[node + 1] = edges;
    });
    this.#before = before.subarray(0, edges);
  }

  edges(): Pick<DependencyIndex, 'beforeStart' | 'before' | 'afterStart' | 'after'> {
    const beforeStart = this.#beforeStart;
    const before = this.#before;
    const count = beforeStart.length - 1;
    const afterStart = new Int32Array(count + 1);
    for (const node of before) afterStart[node + 1] = (afterStart[node + 1] ?? 0) + 1;
    for (let node = 0; node < count; node += 1)
      afterStart[node + 1] = (afterStart[node + 1] ?? 0) + (afterStart[node] ?? 0);
    const next = afterStart.slice(0, count);
    const after = new Int32Array(before.length);
    for (let node = 0; node < count; node += 1) {
      for (let edge = beforeStart[node] ?? 0; edge < (beforeStart[node + 1] ?? 0); edge += 1) {
        const earlier = before[edge] ?? 0;
        const place = next[earlier] ?? 0;
        after[place] = node;
        next[earlier] = place + 1;
      }
    }
    return { beforeStart, before, afterStart, after };
  }
}

/** What node waits for. */
export function beforeOf(index: DependencyIndex, node: number): Int32Array {
  return index.before.subarray(index.beforeStart[node], index.beforeStart[node + 1]);
}

/** Who waits for node. A view costs more than an edge: hot loops read the rows themselves. */
export function afterOf(index: DependencyIndex, node: number): Int32Array {
  return index.after.subarray(index.afterStart[node], index.afterStart[node + 1]);
}

/** For each node, how many it waits for. */
export function countBefore({ ids, beforeStart }: DependencyIndex): Int32Array {
  return Int32Array.from(ids, (_, node) => (beforeStart[node + 1] ?? 0) - (beforeStart[node] ?? 0));
}
