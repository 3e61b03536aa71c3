import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { expectedRow } from '../../activities/validator/expected-row.js';
import { hashRow, RowSetHash, rowOf } from '../../activities/validator/row-hash.js';
import { NULL_MARK, ODD_MARK } from '../../databases/canonical.js';
import { randomOf } from './record-fixtures.js';

const setOf = (...rows: string[]): RowSetHash => {
  const set = new RowSetHash();
  for (const row of rows) set.add(Buffer.from(row));
  return set;
};

describe('the hash of a set of rows', () => {
  it('does not depend on the order of rows', () => {
    const random = randomOf(7);
    const rows = Array.from({ length: 200 }, () => `row ${String(random(50))}`);
    const shuffled = rows.map((row) => ({ row, at: random(1e9) })).sort((one, other) => one.at - other.at);
    expect(setOf(...shuffled.map(({ row }) => row)).equals(setOf(...rows))).toBe(true);
  });

  it('counts repetition: pairs of equal rows do not cancel, and no row counts for another', () => {
    const hashes = [
      setOf(),
      setOf('a', 'a'),
      setOf('b', 'b'),
      setOf('a'),
      setOf('a', 'b'),
      setOf('a', 'a', 'a', 'a'),
    ].map((set) => set.hex());
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('is told apart by the count alone', () => {
    const one = new RowSetHash();
    one.addHash(Buffer.alloc(16));
    expect(one.hex()).toBe(new RowSetHash().hex());
    expect(one.equals(new RowSetHash())).toBe(false);
  });

  it('merges as if all rows had been added to one', () => {
    const merged = setOf('a', 'b');
    merged.merge(setOf('b', 'c'));
    merged.add(Buffer.from('d'));
    expect(merged.equals(setOf('d', 'c', 'b', 'b', 'a'))).toBe(true);
    expect(merged.count).toBe(5);
  });

  it('wraps at 2^128', () => {
    const most = Buffer.alloc(16, 0xff);
    const one = Buffer.from('00000000000000000000000000000001', 'hex');
    const set = new RowSetHash();
    set.addHash(most);
    set.addHash(one);
    expect(set.value()).toBe(0n);
    set.addHash(most);
    const other = new RowSetHash();
    other.addHash(most);
    set.merge(other);
    expect(set.hex()).toBe('fffffffffffffffffffffffffffffffe');
  });

  it('stays exact over millions of rows', () => {
    const most = Buffer.alloc(16, 0xff);
    const set = new RowSetHash();
    const rows = 2_100_000;
    for (let row = 0; row < rows; row += 1) set.addHash(most);
    expect(set.value()).toBe((1n << 128n) - BigInt(rows));
  });

  it('is the first half of SHA-256 of the row', () => {
    expect(hashRow(Buffer.from('abc')).toString('hex')).toBe(
      createHash('sha256').update('abc').digest('hex').slice(0, 32),
    );
  });

  it('finds the rows of a batch', () => {
    const batch = { rows: 3, bytes: Buffer.from('abcdefgh'), end: Int32Array.of(2, 2, 5), keys: [] };
    expect([0, 1, 2].map((row) => rowOf(batch, row).toString())).toEqual(['ab', '', 'cde']);
  });
});

describe('a row as the target must hold it', () => {
  const u32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const value = (bytes: string): Buffer => Buffer.concat([u32(bytes.length), Buffer.from(bytes)]);
  const odd = (bytes: string): Buffer => Buffer.concat([u32(ODD_MARK), value(bytes)]);
  const NULL = u32(NULL_MARK);
  const rowOfFields = (...fields: Buffer[]): Buffer => Buffer.concat(fields);
  const keyed = (...changed: number[]): { changed: Set<number>; keyless: boolean } => ({
    changed: new Set(changed),
    keyless: false,
  });

  it('is the row itself where the ledger says nothing, odd values too', () => {
    const row = rowOfFields(value('a'), odd('0000-00-00'), NULL);
    expect(expectedRow(row, { changed: undefined, keyless: false })).toEqual({ row, odd: 0 });
  });

  it('has NULL in exactly the ledgered columns', () => {
    const row = rowOfFields(value('a'), odd('x'), value(''), NULL, odd('yy'));
    expect(expectedRow(row, keyed(1)).row).toEqual(rowOfFields(value('a'), NULL, value(''), NULL, odd('yy')));
    expect(expectedRow(row, keyed(0, 4)).row).toEqual(rowOfFields(NULL, odd('x'), value(''), NULL, NULL));
    expect(expectedRow(row, keyed(2, 3)).row).toEqual(rowOfFields(value('a'), odd('x'), NULL, NULL, odd('yy')));
    expect(expectedRow(row, keyed(9)).row).toEqual(row);
  });

  it('has NULL for every odd value, counted, in a table without a usable key', () => {
    const row = rowOfFields(odd('x'), value('a'), odd(''));
    expect(expectedRow(row, { changed: undefined, keyless: true })).toEqual({
      row: rowOfFields(NULL, value('a'), NULL),
      odd: 2,
    });
  });

  it('tells NULL from an empty value, and an odd value from the same bytes', () => {
    const rows = [
      rowOfFields(NULL),
      rowOfFields(value('')),
      rowOfFields(odd('')),
      rowOfFields(value('\xff\xff\xff\xff')),
    ];
    expect(new Set(rows.map((row) => hashRow(row).toString('hex'))).size).toBe(rows.length);
  });
});
