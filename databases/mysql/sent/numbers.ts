import { putWord, spanAt, wordAt, type SentEncoder, type SentWriter, type Span } from './writer.js';

/** A column as the server announces it. */
export interface Announced {
  readonly type: number;
  readonly unsigned: boolean;
}

/** Types of the protocol: TINY, SHORT, LONG, LONGLONG, INT24, YEAR. */
const WIDTH: Readonly<Record<number, number>> = { 1: 1, 2: 2, 3: 4, 8: 8, 9: 4, 13: 2 };

export function isWhole({ type }: Announced): boolean {
  return WIDTH[type] !== undefined;
}

/** A whole number as two words of 32 bits with the sign of its type. */
interface Whole {
  low: number;
  high: number;
  /** Above what 64 bits with a sign hold. */
  large: boolean;
}
const whole: Whole = { low: 0, high: 0, large: false };

interface WholeReader {
  readonly width: number;
  readonly read: (bytes: Buffer, at: number) => Whole;
}

export function wholeReader({ type, unsigned }: Announced): WholeReader {
  const width = WIDTH[type] ?? 0;
  const low = (bytes: Buffer, at: number): number => {
    if (width >= 4) return wordAt(bytes, at);
    const shift = 32 - 8 * width;
    const word = ((bytes[at] ?? 0) | (width === 2 ? (bytes[at + 1] ?? 0) << 8 : 0)) << shift;
    return unsigned ? word >>> shift : word >> shift;
  };
  const read = (bytes: Buffer, at: number): Whole => {
    whole.low = low(bytes, at);
    whole.high = width === 8 ? wordAt(bytes, at + 4) : unsigned ? 0 : whole.low >> 31;
    whole.large = unsigned && width === 8 && whole.high < 0;
    return whole;
  };
  return { width, read };
}

export function integer(size: 2 | 4 | 8, { width, read }: WholeReader): SentEncoder {
  return (bytes, at, out) => {
    const { low, high, large } = read(bytes, at);
    const fits = size === 8 ? !large : high === low >> 31 && (size === 4 || low === (low << 16) >> 16);
    if (!fits) out.odd(bytes, at, at + width);
    else {
      const to = out.open(size);
      if (size === 8) {
        putWord(out.bytes, to, high);
        putWord(out.bytes, to + 4, low);
      } else if (size === 4) putWord(out.bytes, to, low);
      else {
        out.bytes[to] = low >>> 8;
        out.bytes[to + 1] = low;
      }
    }
    return at + width;
  };
}

export function boolean({ width, read }: WholeReader): SentEncoder {
  return (bytes, at, out) => {
    const { low, high } = read(bytes, at);
    if (high !== 0 || (low !== 0 && low !== 1)) out.odd(bytes, at, at + width);
    else out.bytes[out.open(1)] = low;
    return at + width;
  };
}

export const float8: SentEncoder = (bytes, at, out) => {
  const to = out.open(8);
  for (let index = 0; index < 8; index++) out.bytes[to + index] = bytes[at + 7 - index] ?? 0;
  return at + 8;
};

export const float4: SentEncoder = (bytes, at, out) => {
  const value = bytes.readDoubleLE(at);
  out.bytes.writeFloatBE(value, out.open(4));
  return at + 8;
};

const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;
const GROUP = 4;
const NUMERIC_HEAD_BYTES = 8;
const NEGATIVE = 0x4000;
const DIGITS_MAX = 90;

/** The digits of a decimal text; `scale` is that of the target's type. */
export function numeric(scale: number | undefined): SentEncoder {
  return (bytes, at, out) => {
    const { from, to } = spanAt(bytes, at);
    if (!putNumeric(bytes, { from, to }, { scale, out })) out.odd(bytes, from, to);
    return to;
  };
}

/** Room for the greatest is in the writer. */
const POWERS = [1, 10, 100, 1000] as const;

interface Digits {
  readonly first: number;
  readonly point: number;
  /** Behind the last digit that counts. */
  readonly last: number;
}

/** Where the digits stand that count: without zeros in front, and behind the point without those at the end. */
function digitsIn(bytes: Buffer, from: number, to: number): Digits {
  let first = from;
  while (first < to && bytes[first] === ZERO) first++;
  let point = first;
  while (point < to && bytes[point] !== POINT) point++;
  let last = to;
  while (last > point + 1 && bytes[last - 1] === ZERO) last--;
  return { first, point, last };
}

/** The group at `index`, of which the first `lead` stand before the point; -1 where it has something else than digits. */
function groupAt(
  bytes: Buffer,
  { first, point, last }: Digits,
  { index, lead }: { index: number; lead: number },
): number {
  if (index < lead) {
    const stop = point - (lead - 1 - index) * GROUP;
    return digitsOf(bytes, Math.max(first, stop - GROUP), stop);
  }
  const start = point + 1 + (index - lead) * GROUP;
  const stop = Math.min(start + GROUP, last);
  return digitsOf(bytes, start, stop) * (POWERS[GROUP - (stop - start)] ?? 1);
}

interface NumericPlace {
  readonly scale: number | undefined;
  readonly out: SentWriter;
}

/** False where it is no number of that scale. */
function putNumeric(bytes: Buffer, { from, to }: Span, { scale, out }: NumericPlace): boolean {
  const negative = bytes[from] === MINUS;
  const start = negative ? from + 1 : from;
  if (to - start > DIGITS_MAX || to === start) return false;
  const digits = digitsIn(bytes, start, to);
  const places = Math.max(0, digits.last - digits.point - 1);
  if (scale !== undefined && places > scale) return false;
  const lead = Math.ceil((digits.point - digits.first) / GROUP);
  const all = lead + Math.ceil(places / GROUP);
  const head = out.at + 4;
  const made = out.bytes;
  let weight = lead - 1;
  let groups = 0;
  let kept = 0;
  for (let index = 0; index < all; index++) {
    const group = groupAt(bytes, digits, { index, lead });
    if (group < 0) return false;
    if (group === 0 && groups === 0) {
      weight--;
      continue;
    }
    const place = head + NUMERIC_HEAD_BYTES + 2 * groups++;
    made[place] = group >>> 8;
    made[place + 1] = group;
    if (group !== 0) kept = groups;
  }
  out.open(NUMERIC_HEAD_BYTES + 2 * kept);
  putWord(made, head, (kept << 16) | ((kept === 0 ? 0 : weight) & 0xffff));
  putWord(made, head + 4, ((negative && kept > 0 ? NEGATIVE : 0) << 16) | (scale ?? places));
  return true;
}

/** -1 where they are no digits. */
function digitsOf(bytes: Buffer, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
