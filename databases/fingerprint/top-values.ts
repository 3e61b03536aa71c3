import type { TopValue, TopValues } from '../../contracts/profile.js';

/** Counters that are kept: a value that makes up more than a 32nd of all is always among them. */
export const COUNTERS = 32;
/** Of a value only so many bytes are kept, to be shown; its hash tells it from others. */
export const SHOWN_BYTES = 64;

/**
 * The most frequent values, by Space-Saving (Metwally, Agrawal, El Abbadi). A value's true count is at most its `count`
 * and at least `count - error`; one that is not named occurs at most `floor` times.
 */
export class TopValuesSketch {
  readonly #hashes = new Float64Array(COUNTERS);
  readonly #counts = new Float64Array(COUNTERS);
  readonly #errors = new Float64Array(COUNTERS);
  readonly #sizes = new Uint8Array(COUNTERS);
  readonly #shown = Buffer.alloc(COUNTERS * SHOWN_BYTES);
  #used = 0;

  add(hash: number, bytes: Uint8Array, from: number, to: number): void {
    const hashes = this.#hashes;
    for (let place = 0; place < this.#used; place++) {
      if (hashes[place] === hash) {
        this.#counts[place] = (this.#counts[place] ?? 0) + 1;
        return;
      }
    }
    const isFull = this.#used === COUNTERS;
    const place = isFull ? this.#least() : this.#used++;
    const evicted = isFull ? (this.#counts[place] ?? 0) : 0;
    hashes[place] = hash;
    this.#counts[place] = evicted + 1;
    this.#errors[place] = evicted;
    const size = Math.min(to - from, SHOWN_BYTES);
    this.#sizes[place] = size;
    for (let at = 0; at < size; at++) this.#shown[place * SHOWN_BYTES + at] = bytes[from + at] ?? 0;
  }

  #least(): number {
    let least = 0;
    for (let place = 1; place < COUNTERS; place++) {
      if ((this.#counts[place] ?? 0) < (this.#counts[least] ?? 0)) least = place;
    }
    return least;
  }

  /** `show` makes text of a value's first bytes. */
  result(show: (bytes: Buffer) => string): TopValues {
    const values = Array.from({ length: this.#used }, (_, place): TopValue => {
      const from = place * SHOWN_BYTES;
      return {
        value: show(this.#shown.subarray(from, from + (this.#sizes[place] ?? 0))),
        hash: this.#hashes[place] ?? 0,
        count: this.#counts[place] ?? 0,
        error: this.#errors[place] ?? 0,
      };
    });
    return { values: values.sort(byCount), floor: this.#used < COUNTERS ? 0 : (this.#counts[this.#least()] ?? 0) };
  }
}

function byCount(left: TopValue, right: TopValue): number {
  return right.count - left.count || left.hash - right.hash;
}

/** What one side does not name may have occurred there up to its floor. */
export function mergeTopValues(left: TopValues, right: TopValues): TopValues {
  const others = new Map(right.values.map((value) => [value.hash, value]));
  const together = left.values.map((value) => {
    const other = others.get(value.hash);
    others.delete(value.hash);
    return plus(value, other?.count ?? right.floor, other?.error ?? right.floor);
  });
  for (const value of others.values()) together.push(plus(value, left.floor, left.floor));
  together.sort(byCount);
  return {
    values: together.slice(0, COUNTERS),
    floor: Math.max(left.floor + right.floor, together[COUNTERS]?.count ?? 0),
  };
}

function plus(value: TopValue, count: number, error: number): TopValue {
  return { ...value, count: value.count + count, error: value.error + error };
}
