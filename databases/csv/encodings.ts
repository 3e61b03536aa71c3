import type { TextEncoding } from '../../contracts/text-format.js';

/**
 * Other encodings as UTF-8, for the copy. Nothing is lost: what is ill-formed in UTF-16 becomes bytes that are no UTF-8
 * (a lone surrogate the three bytes of its number, an odd byte at the end 0xFF and itself), so that the value is seen to
 * have no faithful form.
 */

/** What windows-1252 has for the bytes 0x80 to 0x9f; the five that it leaves free stand for themselves (WHATWG). */
const CP1252_HIGH = [
  0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d,
  0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,
  0x017e, 0x0178,
] as const;

/** Most bytes of UTF-8 that one byte of any of these encodings becomes. */
export const GROWTH = 3;

/** Turns bytes into UTF-8; at the end there may be some left. */
export interface Recoder {
  /** Gives how many bytes it wrote. There is room for three times as many as came, and 4 more. */
  write(from: Buffer, to: Buffer, at: number): number;
  end(to: Buffer, at: number): number;
}

/** Undefined: the bytes are UTF-8 already, or are meant to be. */
export function recoderOf(encoding: TextEncoding): Recoder | undefined {
  if (encoding === 'utf-8') return undefined;
  if (encoding === 'windows-1252' || encoding === 'iso-8859-1') return new SingleBytes(encoding === 'windows-1252');
  return new DoubleBytes(encoding === 'utf-16le');
}

function putPoint(point: number, to: Buffer, at: number): number {
  if (point < 0x80) {
    to[at] = point;
    return at + 1;
  }
  if (point < 0x800) {
    to[at] = 0xc0 | (point >> 6);
    to[at + 1] = 0x80 | (point & 0x3f);
    return at + 2;
  }
  if (point < 0x10000) {
    to[at] = 0xe0 | (point >> 12);
    to[at + 1] = 0x80 | ((point >> 6) & 0x3f);
    to[at + 2] = 0x80 | (point & 0x3f);
    return at + 3;
  }
  to[at] = 0xf0 | (point >> 18);
  to[at + 1] = 0x80 | ((point >> 12) & 0x3f);
  to[at + 2] = 0x80 | ((point >> 6) & 0x3f);
  to[at + 3] = 0x80 | (point & 0x3f);
  return at + 4;
}

class SingleBytes implements Recoder {
  readonly #isWindows: boolean;

  constructor(isWindows: boolean) {
    this.#isWindows = isWindows;
  }

  write(from: Buffer, to: Buffer, at: number): number {
    let end = at;
    for (const byte of from) {
      const isHigh = this.#isWindows && byte >= 0x80 && byte < 0xa0;
      end = putPoint(isHigh ? (CP1252_HIGH[byte - 0x80] ?? byte) : byte, to, end);
    }
    return end - at;
  }

  end(): number {
    return 0;
  }
}

const NONE = -1;

class DoubleBytes implements Recoder {
  readonly #isLittle: boolean;
  #odd = NONE;
  /** The first half of a pair, which waits for the second. */
  #high = NONE;

  constructor(isLittle: boolean) {
    this.#isLittle = isLittle;
  }

  write(from: Buffer, to: Buffer, at: number): number {
    let end = at;
    for (const byte of from) {
      if (this.#odd === NONE) {
        this.#odd = byte;
        continue;
      }
      const unit = this.#isLittle ? this.#odd | (byte << 8) : (this.#odd << 8) | byte;
      this.#odd = NONE;
      end = this.#putUnit(unit, to, end);
    }
    return end - at;
  }

  end(to: Buffer, at: number): number {
    let end = at;
    if (this.#high !== NONE) end = putPoint(this.#high, to, end);
    if (this.#odd !== NONE) {
      to[end++] = 0xff;
      to[end++] = this.#odd;
    }
    [this.#high, this.#odd] = [NONE, NONE];
    return end - at;
  }

  #putUnit(unit: number, to: Buffer, at: number): number {
    const high = this.#high;
    this.#high = NONE;
    if (high !== NONE && unit >= 0xdc00 && unit < 0xe000)
      return putPoint(0x10000 + ((high & 0x3ff) << 10) + (unit & 0x3ff), to, at);
    const end = high === NONE ? at : putPoint(high, to, at);
    if (unit < 0xd800 || unit >= 0xdc00) return putPoint(unit, to, end);
    this.#high = unit;
    return end;
  }
}
