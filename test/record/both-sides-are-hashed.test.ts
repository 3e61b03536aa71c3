import { describe, expect, it } from 'vitest';
import { hashSides } from '../../activities/validator/hash-sides.js';
import { RowSetHash } from '../../activities/validator/row-hash.js';
import type { CanonicalBatch } from '../../databases/source.js';
import { randomOf } from './record-fixtures.js';

const rowOfText = (text: string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, Buffer.from(text)]);
};

/** Rows in batches of the given sizes, over and over; one buffer is used for all, as the scans do. */
async function* inBatches(rows: readonly string[], sizes: readonly number[]): AsyncGenerator<CanonicalBatch> {
  const bytes = Buffer.alloc(1 << 16);
  for (let at = 0, batch = 0; at < rows.length; batch += 1) {
    const some = rows.slice(at, at + (sizes[batch % sizes.length] ?? 1));
    let length = 0;
    const end = Int32Array.from(some, (row) => (length += rowOfText(row).copy(bytes, length)));
    yield await Promise.resolve({ rows: some.length, bytes, end, keys: [] });
    bytes.fill(0xee);
    at += some.length;
  }
}

function hashOf(rows: readonly string[]): RowSetHash {
  const hash = new RowSetHash();
  for (const row of rows) hash.add(rowOfText(row));
  return hash;
}

describe('both sides hashed at once', () => {
  const random = randomOf(11);
  const rows = Array.from({ length: 500 }, () => `row ${String(random(300))}`);
  const without = (at: number): string[] => rows.filter((_, index) => index !== at);
  const cases: readonly (readonly [title: string, target: readonly string[]])[] = [
    ['the same rows in the same order', rows],
    ['the same rows in another order', [...rows].reverse()],
    ['one row less, so that all others come too early', without(3)],
    ['one row less at the end', without(499)],
    ['one row more', [...rows, 'row 0']],
    ['one row twice instead of another', rows.map((row, at) => (at === 250 ? (rows[251] ?? '') : row))],
    ['one value that is longer, the next shorter', rows.map((row, at) => (at === 7 ? `${row}x` : row))],
    ['no row at all', []],
  ];
  const sizes = [[1], [500], [7, 64, 1], [100, 3]];

  for (const [title, target] of cases) {
    it(`comes to what each side comes to for itself: ${title}`, async () => {
      for (const one of sizes) {
        for (const other of sizes) {
          for (const [left, right] of [
            [rows, target],
            [target, rows],
          ] as const) {
            const hashes = await hashSides(inBatches(left, one), inBatches(right, other));
            expect(hashes.source.equals(hashOf(left))).toBe(true);
            expect(hashes.target.equals(hashOf(right))).toBe(true);
          }
        }
      }
    });
  }

  it('does not take rows for equal that are cut elsewhere in the same text', async () => {
    const hashes = await hashSides(inBatches(['ab', 'c'], [2]), inBatches(['a', 'bc'], [2]));
    expect(hashes.source.equals(hashes.target)).toBe(false);
  });

  it('ends the other scan when one fails', async () => {
    let closed = false;
    async function* endless(): AsyncGenerator<CanonicalBatch> {
      try {
        for (;;) yield* inBatches(rows, [10]);
      } finally {
        closed = true;
      }
    }
    async function* failing(): AsyncGenerator<CanonicalBatch> {
      yield* inBatches(rows, [10]);
      throw await Promise.resolve(new Error('lost'));
    }
    await expect(hashSides(endless(), failing())).rejects.toThrow('lost');
    expect(closed).toBe(true);
  });
});
