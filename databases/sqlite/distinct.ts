/** Up to this many values are kept and counted exactly. */
const EXACT_MAX = 10_000;
/** 2^14 registers: a standard error of 0.8 %. */
const REGISTER_BITS = 14;

/** Number of distinct values: exact while they are few, then a HyperLogLog estimate. */
export class DistinctCounter {
  #values: Set<string | number | bigint> | undefined = new Set();
  #registers: Uint8Array | undefined;

  add(value: string | number | bigint): void {
    if (this.#values) {
      this.#values.add(value);
      if (this.#values.size <= EXACT_MAX) return;
      this.#registers = new Uint8Array(1 << REGISTER_BITS);
      for (const seen of this.#values) this.#note(seen);
      this.#values = undefined;
    } else this.#note(value);
  }

  get exact(): boolean {
    return this.#values !== undefined;
  }

  count(): number {
    if (this.#values) return this.#values.size;
    const registers = this.#registers ?? new Uint8Array(0);
    let sum = 0;
    let empty = 0;
    for (const rank of registers) {
      sum += 2 ** -rank;
      if (rank === 0) empty++;
    }
    const size = registers.length;
    const estimate = ((0.7213 / (1 + 1.079 / size)) * size * size) / sum;
    return Math.round(estimate <= 2.5 * size && empty > 0 ? size * Math.log(size / empty) : estimate);
  }

  #note(value: string | number | bigint): void {
    const text = typeof value === 'string' ? value : String(value);
    // Two independent halves of a 64-bit hash: FNV-1a over the characters, each finished as Murmur3 does.
    let low = 0x811c9dc5;
    let high = 0x9747b28c;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(high ^ code, 0x5bd1e995) + index;
    }
    const place = finish(low) >>> (32 - REGISTER_BITS);
    const rank = Math.clz32(finish(high ^ low)) + 1;
    const registers = this.#registers;
    if (registers && rank > (registers[place] ?? 0)) registers[place] = rank;
  }
}

function finish(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
