import { createHash } from 'node:crypto';
import { compareDecimals, placesOf, scaled } from '../decimals.js';
import type { RuleValue } from './values.js';

/** Rows that a rule was held against, and how many of them break it. Does not depend on the order of the rows. */
export interface Count {
  readonly rows: number;
  readonly broken: number;
}

/** Longer keys are kept as a hash. */
const KEPT = 32;

/** One text for several values; undefined where one is not there or cannot be judged. */
export function keyOf(values: readonly RuleValue[]): string | undefined {
  let key = '';
  for (const value of values) {
    if (value == null) return undefined;
    key += `${String(value.length)}:${value}`;
  }
  return key.length <= KEPT ? key : `#${createHash('sha256').update(key).digest('base64').slice(0, 24)}`;
}

/** Which part of so many a key belongs to, so that a large table is counted in several passes. */
export interface Part {
  readonly part: number;
  readonly parts: number;
}
export const WHOLE: Part = { part: 0, parts: 1 };

function isOf(key: string, { part, parts }: Part): boolean {
  if (parts === 1) return true;
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % parts === part;
}

/** Rows of which an equal one was there before. */
export class UniqueTally {
  readonly #seen = new Set<string>();
  readonly #part: Part;
  #rows = 0;

  constructor(part: Part = WHOLE) {
    this.#part = part;
  }

  /** True: an equal row was there. */
  add(values: readonly RuleValue[]): boolean {
    const key = keyOf(values);
    if (key === undefined || !isOf(key, this.#part)) return false;
    this.#rows += 1;
    const before = this.#seen.size;
    return this.#seen.add(key).size === before;
  }

  count(): Count {
    return { rows: this.#rows, broken: this.#rows - this.#seen.size };
  }
}

interface Group {
  /** What decided columns hold, and in how many rows. */
  first: string;
  rows: number;
  others?: Map<string, number>;
}

/**
 * Rows whose last value is not that of most rows that are equal in all the others. A row that has no equal says
 * nothing, and is not counted.
 */
export class DependencyTally {
  readonly #groups = new Map<string, Group>();
  readonly #part: Part;

  constructor(part: Part = WHOLE) {
    this.#part = part;
  }

  /** True: an equal row had another value. */
  add(values: readonly RuleValue[]): boolean {
    const key = keyOf(values.slice(0, -1));
    const decided = keyOf(values.slice(-1));
    if (key === undefined || decided === undefined || !isOf(key, this.#part)) return false;
    const group = this.#groups.get(key);
    if (group === undefined) {
      this.#groups.set(key, { first: decided, rows: 1 });
      return false;
    }
    if (group.others === undefined && group.first === decided) {
      group.rows += 1;
      return false;
    }
    group.others ??= new Map([[group.first, group.rows]]);
    group.others.set(decided, (group.others.get(decided) ?? 0) + 1);
    return group.others.size > 1;
  }

  /** Groups of more than one row. */
  get groups(): number {
    let groups = 0;
    for (const { rows, others } of this.#groups.values()) if (rows > 1 || others !== undefined) groups += 1;
    return groups;
  }

  count(): Count {
    let counted = 0;
    let broken = 0;
    for (const { rows, others } of this.#groups.values()) {
      if (others === undefined) {
        counted += rows > 1 ? rows : 0;
        continue;
      }
      const counts = [...others.values()];
      const all = counts.reduce((sum, count) => sum + count, 0);
      counted += all;
      broken += all - Math.max(...counts);
    }
    return { rows: counted, broken };
  }
}

/** Digits behind the point that a sum of products keeps. */
const PLACES = 20;

/** Rows whose total is not the sum of their lines. All lines come first, then the rows. One without lines says nothing. */
export class SumTally {
  /** Undefined: a line's amount is not there, or cannot be judged. */
  readonly #sums = new Map<string, bigint | undefined>();
  readonly #part: Part;
  readonly #scale: number | undefined;
  #rows = 0;
  #broken = 0;

  /** `scale`: digits behind the point that a total keeps; absent: all. */
  constructor(scale?: number, part: Part = WHOLE) {
    this.#scale = scale;
    this.#part = part;
  }

  /** `amount`: one value, or two whose product it is. */
  addLine(values: readonly RuleValue[], amount: readonly RuleValue[]): void {
    const key = keyOf(values);
    if (key === undefined || !isOf(key, this.#part)) return;
    const sum = this.#sums.get(key) ?? 0n;
    if (this.#sums.has(key) && this.#sums.get(key) === undefined) return;
    const line = productOf(amount);
    this.#sums.set(key, line === undefined ? undefined : sum + line);
  }

  /** True: the total is another than the sum. */
  addRow(values: readonly RuleValue[], total: RuleValue): boolean {
    const key = keyOf(values);
    if (key === undefined || total == null || !isOf(key, this.#part)) return false;
    const sum = this.#sums.get(key);
    if (sum === undefined) return false;
    this.#rows += 1;
    const isBroken = compareDecimals(total, decimalOf(sum, this.#scale)) !== 0;
    if (isBroken) this.#broken += 1;
    return isBroken;
  }

  count(): Count {
    return { rows: this.#rows, broken: this.#broken };
  }
}

function productOf(amount: readonly RuleValue[]): bigint | undefined {
  if (amount.some((value) => value == null)) return undefined;
  const [one = null, other = '1'] = amount;
  if (one === null || other === null) return undefined;
  const places = placesOf(one) + placesOf(other);
  if (places > PLACES) return undefined;
  return scaled(one, placesOf(one)) * scaled(other, placesOf(other)) * 10n ** BigInt(PLACES - places);
}

/** The sum as a decimal, rounded half away from zero to what a total keeps. */
function decimalOf(sum: bigint, scale = PLACES): string {
  const kept = Math.min(scale, PLACES);
  const unit = 10n ** BigInt(PLACES - kept);
  const size = sum < 0n ? -sum : sum;
  const digits = ((size + unit / 2n) / unit).toString().padStart(kept + 1, '0');
  const text = kept === 0 ? digits : `${digits.slice(0, -kept)}.${digits.slice(-kept)}`;
  return sum < 0n ? `-${text}` : text;
}
