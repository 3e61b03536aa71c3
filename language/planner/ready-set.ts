const BITS = 32;

/**
 * A set of whole numbers below a fixed size that gives its smallest member at once: bits in words, and above them words
 * that say which words below are not empty. Every operation takes as many steps as there are levels: 4 for a million.
 */
export class ReadySet {
  /** From the members' own bits up to a single word. */
  readonly #levels: Uint32Array[] = [];

  constructor(size: number) {
    let words = size;
    do {
      words = Math.max(1, Math.ceil(words / BITS));
      this.#levels.push(new Uint32Array(words));
    } while (words > 1);
  }

  add(member: number): void {
    let position = member;
    for (const level of this.#levels) {
      const word = position >>> 5;
      level[word] = (level[word] ?? 0) | (1 << (position & 31));
      position = word;
    }
  }

  /** The smallest member, taken out; -1 when there is none. */
  takeFirst(): number {
    let position = 0;
    for (let depth = this.#levels.length - 1; depth >= 0; depth -= 1) {
      const word = this.#levels[depth]?.[position] ?? 0;
      if (word === 0) return -1;
      position = position * BITS + (31 - Math.clz32(word & -word));
    }
    this.#remove(position);
    return position;
  }

  #remove(member: number): void {
    let position = member;
    for (const level of this.#levels) {
      const word = position >>> 5;
      level[word] = (level[word] ?? 0) & ~(1 << (position & 31));
      if (level[word] !== 0) return;
      position = word;
    }
  }
}
