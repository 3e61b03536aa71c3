import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ChunkExceptions } from '../../activities/validator/exceptions.js';
import { hashRow, RowSetHash, rowOf } from '../../activities/validator/row-hash.js';
import { NULL_MARK, ODD_MARK } from '../../databases/canonical.js';
import { column, randomOf, tableOf } from './record-fixtures.js';

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
  const table = tableOf('abcde'.split('').map((name) => column({ type: 'text', kind: 'text' }, name)));
  /** The row, and whether the ledger is true of it, when it says that these columns were stored as NULL. */
  const withNulls = (row: Buffer, ...columns: string[]): { row: Buffer | undefined; isTrue: boolean } => {
    const changed = new Map(columns.map((name) => [name, { count: 1, rule: 'too_long' }]));
    const found = columns.length === 0 ? [] : [['k', { changed, quarantined: 0 }] as const];
    const exceptions = new ChunkExceptions(table, new Map(found));
    return { row: exceptions.expect('k', row), isTrue: exceptions.areTrue() };
  };

  it('has NULL in exactly the ledgered columns', () => {
    const row = rowOfFields(value('a'), odd('x'), value(''), NULL, odd('yy'));
    const one = rowOfFields(value('a'), NULL, value(''), NULL, odd('yy'));
    const two = rowOfFields(NULL, odd('x'), value(''), NULL, NULL);
    expect(withNulls(row)).toEqual({ row, isTrue: true });
    expect(withNulls(row, 'b')).toEqual({ row: one, isTrue: true });
    expect(withNulls(row, 'a', 'e')).toEqual({ row: two, isTrue: true });
  });

  it('is not known where the ledger tells of a value that the row does not have', () => {
    const row = rowOfFields(value('a'), NULL);
    expect(withNulls(row, 'a', 'b').isTrue).toBe(false);
    expect(withNulls(row, 'a', 'e').isTrue).toBe(false);
    expect(withNulls(row, 'nowhere').isTrue).toBe(false);
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
