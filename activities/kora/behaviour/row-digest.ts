import { createHash, hash } from 'node:crypto';
import type { Cell } from '../../../databases/asking.js';
import { keyOfRow } from './compare.js';
import type { Way } from './ways.js';

const MODULUS = 1n << 128n;
/** Digits that count of a number that is compared up to a tolerance. */
const DIGITS = { float8: 10, float4: 5 } as const;
const FLOAT8_BELOW = 1e-9;

/** Rows too many to be kept: their number, the sum of their hashes, and the hash of the list. */
export class RowDigest {
  count = 0;
  #sum = 0n;
  readonly #list = createHash('sha256');
  readonly #ways: readonly Way[];
  readonly #side: 'source' | 'target';

  constructor(ways: readonly Way[], side: 'source' | 'target') {
    this.#ways = ways;
    this.#side = side;
  }

  readonly onRow = (cells: readonly Cell[]): void => {
    const row = hash('sha256', keyOfRow(this.#ways, cells, this.#side, near), 'hex').slice(0, 32);
    this.count += 1;
    this.#sum = (this.#sum + BigInt(`0x${row}`)) % MODULUS;
    this.#list.update(row);
  };

  /** Call once, at the end. */
  close(): { readonly count: number; readonly multiset: string; readonly list: string } {
    return { count: this.count, multiset: this.#sum.toString(16), list: this.#list.digest('hex') };
  }
}

/** Numbers near to each other are mostly one text so; where they are not, the answers count as different. */
function near({ relative }: Way, text: string): string {
  if (relative === 0) return text;
  return String(Number(Number(text).toPrecision(relative < FLOAT8_BELOW ? DIGITS.float8 : DIGITS.float4)));
}
