/** Deterministic numbers (sfc32): the same seed gives the same shop on every machine. Not for secrets. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  /** `stream` keeps the numbers of one table independent of how many another one draws. */
  constructor(seed: number, stream: string) {
    let hash = 0x811c9dc5;
    for (let index = 0; index < stream.length; index++) hash = Math.imul(hash ^ stream.charCodeAt(index), 0x01000193);
    this.#a = seed >>> 0;
    this.#b = hash >>> 0;
    this.#c = 0x9e3779b9;
    for (let round = 0; round < 12; round++) this.bits();
  }

  /** 32 bits, unsigned. */
  bits(): number {
    const sum = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + sum) | 0;
    return sum >>> 0;
  }

  /** From `least` to `most`, both included. */
  integer(least: number, most: number): number {
    return least + (this.bits() % (most - least + 1));
  }

  /** True in `percent` of 100 draws. */
  chance(percent: number): boolean {
    return this.bits() % 100 < percent;
  }

  pick<T>(from: readonly [T, ...T[]]): T {
    return from[this.bits() % from.length] ?? from[0];
  }

  /** Hex digits, for references and pictures. */
  hex(digits: number): string {
    let text = '';
    while (text.length < digits) text += this.bits().toString(16).padStart(8, '0');
    return text.slice(0, digits);
  }
}
