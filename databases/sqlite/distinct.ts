import { hashOfText } from '../fingerprint/hash.js';
import { HyperLogLog } from '../fingerprint/hyperloglog.js';

/** Up to this many values are kept and counted exactly. */
const EXACT_MAX = 10_000;
/** 2^14 registers: a standard error of 0.8 %. */
const REGISTER_BITS = 14;

/** Number of distinct values of a whole pass: exact while they are few, then a HyperLogLog estimate. */
export class DistinctCounter {
  #values: Set<string | number | bigint> | undefined = new Set();
  readonly #sketch = new HyperLogLog(REGISTER_BITS);

  add(value: string | number | bigint): void {
    if (this.#values) {
      this.#values.add(value);
      if (this.#values.size <= EXACT_MAX) return;
      for (const seen of this.#values) this.#note(seen);
      this.#values = undefined;
    } else this.#note(value);
  }

  get exact(): boolean {
    return this.#values !== undefined;
  }

  count(): number {
    return this.#values?.size ?? this.#sketch.count();
  }

  #note(value: string | number | bigint): void {
    this.#sketch.add(hashOfText(typeof value === 'string' ? value : String(value)));
  }
}
