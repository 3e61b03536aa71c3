/** Things that belong together, by any one of them: each pair that is joined makes one group of two. */
export class Groups {
  readonly #next = new Map<string, string>();

  join(one: string, other: string): void {
    const [root, otherRoot] = [this.of(one), this.of(other)];
    if (root !== otherRoot) this.#next.set(root, otherRoot);
  }

  /** The one that stands for the group. */
  of(member: string): string {
    let at = member;
    for (let next = this.#next.get(at); next !== undefined; next = this.#next.get(at)) at = next;
    return at;
  }
}
