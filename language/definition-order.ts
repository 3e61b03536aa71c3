/** Which task is done before which. Cycles are nothing to it: they are found where plans are made. */
export class TaskOrder {
  readonly #index: ReadonlyMap<string, number>;
  readonly #before: readonly (readonly number[])[];
  #after: readonly (readonly number[])[] | undefined;
  /** Steps left for all walks together: a definition may ask as many questions as it has tasks. */
  #steps = 20_000_000;
  #walked: { from: number; reached: Uint8Array } | undefined;

  /** `before`: for each id what it names as its dependencies. */
  constructor(before: ReadonlyMap<string, readonly string[]>) {
    this.#index = new Map([...before.keys()].map((id, at) => [id, at]));
    this.#before = [...before.values()].map((ids) =>
      ids.flatMap((id) => {
        const at = this.#index.get(id);
        return at === undefined ? [] : [at];
      }),
    );
  }

  /**
   * Is `first` done before `second` can start? Questions about one `first` are cheap in a row. True as well when the
   * answer would take too long: what is asked here is also held where the definition runs.
   */
  isBefore(first: string, second: string): boolean {
    const from = this.#index.get(first);
    const to = this.#index.get(second);
    if (from === undefined || to === undefined) return false;
    if (this.#before[to]?.includes(from) === true) return true;
    if (this.#walked?.from !== from) this.#walked = { from, reached: this.#reachedFrom(from) };
    return this.#steps <= 0 || this.#walked.reached[to] === 1;
  }

  #reachedFrom(from: number): Uint8Array {
    const after = (this.#after ??= this.#turned());
    const reached = new Uint8Array(after.length);
    this.#steps -= after.length >> 4;
    const open = [from];
    for (let at = open.pop(); at !== undefined && this.#steps > 0; at = open.pop()) {
      for (const next of after[at] ?? []) {
        this.#steps -= 1;
        if (reached[next] === 1) continue;
        reached[next] = 1;
        open.push(next);
      }
    }
    return reached;
  }

  #turned(): number[][] {
    const after: number[][] = this.#before.map(() => []);
    this.#before.forEach((ids, at) => {
      for (const id of ids) after[id]?.push(at);
    });
    return after;
  }
}
