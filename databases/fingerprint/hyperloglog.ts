import { HASH_BITS } from './hash.js';

/** Registers of a sketch that is stored: 2^12, a relative standard error of 1.04 / 64 = 1.6 %. */
const STORED_BITS = 12;
/** Up to this many distinct values their hashes are kept themselves, in no more bytes than the packed registers. */
export const EXACT_MAX = 384;
const HASHES = 0;
const REGISTERS = 1;

/**
 * How many distinct values there were. Up to `EXACT_MAX` exact; then HyperLogLog with the estimator of Ertl (2017), which
 * needs no table of corrections. What it holds depends on the set of values alone: not on their order, their repetition,
 * or how they were split into parts.
 */
export class HyperLogLog {
  readonly #bits: number;
  #hashes: Set<number> | undefined = new Set();
  #registers: Uint8Array | undefined;

  constructor(bits = STORED_BITS) {
    this.#bits = bits;
  }

  /** A hash made by `hashOf`. */
  add(hash: number): void {
    if (this.#registers !== undefined) this.#note(this.#registers, hash);
    else if (this.#hashes !== undefined) {
      this.#hashes.add(hash);
      if (this.#hashes.size > EXACT_MAX) this.#toRegisters();
    }
  }

  /** Takes in what another sketch of as many registers saw. */
  merge(other: HyperLogLog): void {
    for (const hash of other.#hashes ?? []) this.add(hash);
    if (other.#registers === undefined) return;
    const registers = this.#registers ?? this.#toRegisters();
    for (const [place, rank] of other.#registers.entries()) {
      if (rank > (registers[place] ?? 0)) registers[place] = rank;
    }
  }

  count(): number {
    return this.#hashes?.size ?? Math.round(estimate(this.#registers ?? new Uint8Array(0), HASH_BITS - this.#bits));
  }

  /** Base64 of at most 3,073 bytes (at 12 bits): the sorted hashes, or the registers with six bits each. */
  toText(): string {
    const content = this.#hashes === undefined ? packed(this.#registers ?? new Uint8Array(0)) : listed(this.#hashes);
    return Buffer.concat([Buffer.of(this.#hashes === undefined ? REGISTERS : HASHES), content]).toString('base64');
  }

  static fromText(text: string): HyperLogLog {
    const bytes = Buffer.from(text, 'base64');
    const sketch = new HyperLogLog();
    if (bytes[0] === HASHES) for (let at = 1; at < bytes.length; at += 8) sketch.add(bytes.readDoubleLE(at));
    else {
      sketch.#hashes = undefined;
      sketch.#registers = unpacked(bytes.subarray(1));
    }
    return sketch;
  }

  #toRegisters(): Uint8Array {
    const registers = new Uint8Array(2 ** this.#bits);
    for (const hash of this.#hashes ?? []) this.#note(registers, hash);
    this.#hashes = undefined;
    this.#registers = registers;
    return registers;
  }

  /** The first bits of the hash name the register; the rank is the place of the first one among the others. */
  #note(registers: Uint8Array, hash: number): void {
    const others = HASH_BITS - this.#bits;
    const place = Math.floor(hash / 2 ** others);
    const rest = hash - place * 2 ** others;
    const high = Math.floor(rest / 0x100000000);
    const zeros = high === 0 ? others - 32 + Math.clz32(rest >>> 0) : Math.clz32(high) - (64 - others);
    if (zeros >= (registers[place] ?? 0)) registers[place] = zeros + 1;
  }
}

/** `ranks`: bits that a rank was taken from; the greatest rank is one more. */
function estimate(registers: Uint8Array, ranks: number): number {
  const size = registers.length;
  const having = new Float64Array(ranks + 2);
  for (const rank of registers) having[rank] = (having[rank] ?? 0) + 1;
  let sum = size * tau(1 - (having[ranks + 1] ?? 0) / size);
  for (let rank = ranks; rank >= 1; rank--) sum = (sum + (having[rank] ?? 0)) / 2;
  return (size * size) / (2 * Math.LN2 * (sum + size * sigma((having[0] ?? 0) / size)));
}

/** What the registers that are still empty add. */
function sigma(share: number): number {
  if (share === 1) return Infinity;
  let sum = share;
  let power = share;
  let before = NaN;
  for (let factor = 1; sum !== before; factor *= 2) {
    before = sum;
    power *= power;
    sum += power * factor;
  }
  return sum;
}

/** What the registers that can rise no more add. */
function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let sum = 1 - share;
  let root = share;
  let before = NaN;
  for (let factor = 0.5; sum !== before; factor /= 2) {
    before = sum;
    root = Math.sqrt(root);
    sum -= (1 - root) ** 2 * factor;
  }
  return sum / 3;
}

function listed(hashes: ReadonlySet<number>): Buffer {
  const bytes = Buffer.allocUnsafe(8 * hashes.size);
  let at = 0;
  for (const hash of Float64Array.from(hashes).sort()) at = bytes.writeDoubleLE(hash, at);
  return bytes;
}

/** Four registers in three bytes. */
function packed(registers: Uint8Array): Buffer {
  const bytes = Buffer.alloc((registers.length * 3) / 4);
  for (const [place, rank] of registers.entries()) {
    const bit = place * 6;
    const at = bit >> 3;
    const shifted = rank << (bit & 7);
    bytes[at] = (bytes[at] ?? 0) | (shifted & 0xff);
    if (shifted > 0xff) bytes[at + 1] = (bytes[at + 1] ?? 0) | (shifted >> 8);
  }
  return bytes;
}

function unpacked(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: (bytes.length * 4) / 3 }, (_, place) => {
    const bit = place * 6;
    const at = bit >> 3;
    return (((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)) >> (bit & 7)) & 0x3f;
  });
}
