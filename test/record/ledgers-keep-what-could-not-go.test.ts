import { describe, expect, it } from 'vitest';
import { CopySink, PIECE } from '../../activities/worker/byte-sink.js';
import { keyIdentity } from '../../databases/canonical.js';
import { batchOf, column, encodeAll, encoderOf, openSeal, rowsOf, tableOf } from './record-fixtures.js';

const CONTEXT = 'shop.things';
const KEY = column({ type: 'integer', kind: 'integer', nullable: false }, 'id');
const DATE = column({ type: 'date', kind: 'date' }, 'day');
const NAME = column({ type: 'varchar(4)', kind: 'text', target: 'label' }, 'name');
const TABLE = tableOf([KEY, DATE, NAME], {
  rowKey: ['id', 'name'],
  primaryKey: { name: 'things_pkey', columns: ['id'] },
});
/** Rows of an integer, a date and a text, as words. */
const shown = (copy: Buffer): string[] =>
  rowsOf(copy).map((fields) =>
    fields
      .map((field, at) => {
        if (field === null) return 'NULL';
        if (at === fields.length - 1) return field.toString();
        const number = field.readInt32BE();
        return at === 0 ? String(number) : new Date(Date.UTC(2000, 0, 1 + number)).toISOString().slice(0, 10);
      })
      .join('|'),
  );
const sealedKey = (...fields: string[]): Buffer =>
  openSeal(Buffer.from(JSON.stringify(fields.map((field) => Buffer.from(field).toString('base64')))), CONTEXT);
const framed = (...fields: (string | null)[]): Buffer =>
  Buffer.concat(
    fields.map((field) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(field === null ? 0xffffffff : field.length);
      return Buffer.concat([length, Buffer.from(field ?? '')]);
    }),
  );

describe('the value ledger', () => {
  it('has an entry for every value that became NULL: key, target column, rule and sealed original', () => {
    const { copy, encoder } = encodeAll(TABLE, [
      ['1', '2024-01-01', 'good', '1', 'good'],
      ['2', '0000-00-00', 'long one', '2', 'long one'],
    ]);
    expect(shown(copy)).toEqual(['1|2024-01-01|good', '2|NULL|NULL']);
    const key = {
      keyIdentity: keyIdentity([Buffer.from('2'), Buffer.from('long one')]),
      key: sealedKey('2', 'long one'),
    };
    expect(encoder.changed).toEqual([
      { ...key, column: 'day', rule: 'zero_date', original: openSeal(Buffer.from('0000-00-00'), CONTEXT) },
      { ...key, column: 'label', rule: 'too_long', original: openSeal(Buffer.from('long one'), CONTEXT) },
    ]);
    expect(encoder.quarantined).toEqual([]);
  });

  it('has no entry for a NULL of the source, nor for a row that then goes to quarantine', () => {
    const strict = tableOf([DATE, { ...NAME, onInvalid: 'quarantine' }], { rowKey: ['name'] });
    const { copy, encoder } = encodeAll(strict, [
      [null, null, ''],
      ['0000-00-00', 'too long', 'x'],
    ]);
    expect(shown(copy)).toEqual(['NULL|NULL']);
    expect(encoder.changed).toEqual([]);
    expect(encoder.quarantined).toHaveLength(1);
  });

  it('names the whole row where the table has no key: equal rows alike, NULL and empty apart', () => {
    const identities = encodeAll(tableOf([DATE, NAME]), [
      ['0000-00-00', 'a'],
      ['0000-00-00', ''],
      ['0000-00-00', null],
      ['0000-00-00', 'a'],
    ]).encoder.changed.map(({ keyIdentity: identity, key }) => `${identity}${key.toString()}`);
    expect(identities.map((identity) => identities.indexOf(identity))).toEqual([0, 1, 2, 0]);
    for (const identity of identities) expect(identity).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('the quarantine', () => {
  it('takes a row that cannot be represented, with key, reason, column and every original byte, and leaves none behind', () => {
    const { copy, encoder } = encodeAll(TABLE, [
      ['1', null, 'a\tb', '1', 'a'],
      [null, '2024-01-01', 'b', '', 'b'],
      ['x', '2024-01-01', 'c', 'x', 'c'],
      ['4', null, 'd', '4', 'd'],
    ]);
    expect(shown(copy)).toEqual(['1|NULL|a\tb', '4|NULL|d']);
    expect(encoder.quarantined).toEqual([
      {
        keyIdentity: keyIdentity([Buffer.from(''), Buffer.from('b')]),
        key: sealedKey('', 'b'),
        reason: 'null_in_not_null',
        column: 'id',
        row: openSeal(framed(null, '2024-01-01', 'b'), CONTEXT),
      },
      {
        keyIdentity: keyIdentity([Buffer.from('x'), Buffer.from('c')]),
        key: sealedKey('x', 'c'),
        reason: 'not_a_number',
        column: 'id',
        row: openSeal(framed('x', '2024-01-01', 'c'), CONTEXT),
      },
    ]);
  });

  it('takes rows whose key would become NULL, though the column is nullable', () => {
    const loose = column({ type: 'date', kind: 'date' }, 'day');
    const inPrimary = tableOf([loose], { rowKey: ['day'], primaryKey: { name: 'k', columns: ['day'] } });
    expect(
      encodeAll(inPrimary, [
        ['0000-00-00', 'a'],
        [null, 'b'],
      ]).encoder.quarantined,
    ).toMatchObject([{ reason: 'zero_date' }, { reason: 'null_in_not_null' }]);
    const inChunkKey = tableOf([loose], { rowKey: ['day'], chunkKey: { source: 'day', target: 'day', kind: 'date' } });
    expect(encodeAll(inChunkKey, [['0000-00-00', 'a']]).encoder.quarantined).toMatchObject([{ reason: 'zero_date' }]);
  });

  it('takes a row that is longer than PostgreSQL reads in one piece', () => {
    const encoder = encoderOf(tableOf([column({ type: 'text', kind: 'text' })]), 15);
    const sink = new CopySink();
    const batch = batchOf([['123456789'], ['1234567890']]);
    expect([encoder.encode(batch, 0, sink), encoder.encode(batch, 1, sink)]).toEqual([true, false]);
    expect(shown(Buffer.concat(sink.take()))).toEqual(['123456789']);
    expect(encoder.quarantined).toMatchObject([{ reason: 'too_long', column: null }]);
  });

  it('keeps its bytes when the batch is filled again', () => {
    const encoder = encoderOf(tableOf([KEY]));
    const batch = batchOf([['bad']]);
    encoder.encode(batch, 0, new CopySink());
    batch.bytes.fill(0);
    expect(encoder.quarantined[0]?.row).toEqual(openSeal(framed('bad'), CONTEXT));
  });
});

describe('the sink', () => {
  it('grows for a row of any size and starts anew when it is taken', () => {
    const long = 'x'.repeat(3 * PIECE);
    const encoder = encoderOf(
      tableOf([column({ type: 'text', kind: 'text' }), column({ type: 'bytea', kind: 'bytes' }, 'w')]),
    );
    const sink = new CopySink();
    encoder.encode(batchOf([[long, long]]), 0, sink);
    expect(sink.isFull).toBe(true);
    const taken = Buffer.concat(sink.take());
    expect(
      rowsOf(taken)
        .flat()
        .every((field) => field?.equals(Buffer.from(long))),
    ).toBe(true);
    expect([sink.length, sink.isFull]).toEqual([0, false]);
    encoder.encode(batchOf([['y', null]]), 0, sink);
    expect(taken.subarray(6, 9).toString()).toBe('xxx');
  });

  it('does not copy long values; those of a row that is refused leave nothing behind', () => {
    const long = 'é'.repeat(PIECE);
    const columns = [column({ type: 'bytea', kind: 'bytes' }, 'a'), column({ type: 'text', kind: 'text' }, 'b')];
    const encoder = encoderOf(tableOf(columns), 5 * PIECE);
    const sink = new CopySink();
    const batch = batchOf([
      ['1', long],
      [long, `${long}x`.repeat(2)],
      [long, 'nul \0'],
      [long, null],
      ['5', long],
    ]);
    for (let row = 0; row < batch.rows; row += 1) encoder.encode(batch, row, sink);
    const pieces = sink.take();
    expect(pieces.filter(({ buffer }) => buffer === batch.bytes.buffer)).toHaveLength(4);
    const bytes = Buffer.from(long);
    expect(rowsOf(Buffer.concat(pieces))).toEqual([
      [Buffer.from('1'), bytes],
      [bytes, null],
      [bytes, null],
      [Buffer.from('5'), bytes],
    ]);
    expect(encoder.quarantined.map(({ reason }) => reason)).toEqual(['too_long']);
    expect(encoder.changed).toHaveLength(1);
  });

  it('has room for every row, whatever the number of bytes that are left', () => {
    const columns = ['a', 'b', 'c'].map((name) => column({ type: 'text', kind: 'text' }, name));
    for (let left = 0; left < 20; left += 1) {
      const sink = new CopySink();
      sink.length = sink.bytes.length - left;
      const mark = sink.length;
      encoderOf(tableOf(columns)).encode(batchOf([[null, '\\', null]]), 0, sink);
      expect(rowsOf(sink.bytes.subarray(mark, sink.length))).toEqual([[null, Buffer.from('\\'), null]]);
    }
  });
});
