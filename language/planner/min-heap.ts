/** A binary heap of whole numbers; `before` says which of two comes out first. */
export class MinHeap {
  readonly #items: number[] = [];
  readonly #before: (a: number, b: number) => boolean;

  constructor(before: (a: number, b: number) => boolean = (a, b) => a < b) {
    this.#before = before;
  }

  /** The first one, left in; undefined when the heap is empty. */
  peek(): number | undefined {
    return this.#items[0];
  }

  push(item: number): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const above = (at - 1) >>> 1;
      const other = items[above] ?? 0;
      if (!this.#before(item, other)) break;
      items[at] = other;
      at = above;
    }
    items[at] = item;
  }

  pop(): number | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last !== undefined && items.length > 0) this.#sink(last);
    return first;
  }

  /** Puts an item at the top and lets it down to its place. */
  #sink(item: number): void {
    const items = this.#items;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= items.length) break;
      if (below + 1 < items.length && this.#before(items[below + 1] ?? 0, items[below] ?? 0)) below += 1;
      const other = items[below] ?? 0;
      if (!this.#before(other, item)) break;
      items[at] = other;
      at = below;
    }
    items[at] = item;
  }
}
