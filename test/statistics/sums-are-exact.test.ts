import { expect, it } from 'vitest';
import { compareDecimals, decimalParts, ExactSum } from '../../databases/measures/exact-sum.js';
import { measureRows } from '../../databases/measures/measure-rows.js';
import { microsecondsOf, microsecondsOfSums } from '../../databases/measures/times.js';
import type { ColumnMapping } from '../../contracts/mapping.js';
import type { CanonicalBatch } from '../../databases/source.js';
import { differingMoments } from '../../activities/kora/statistics/moments.js';

function column(kind: ColumnMapping['kind']): ColumnMapping {
  const rest = {
    type: '',
    sourceNullable: true,
    nullable: true,
    limits: {},
    onInvalid: 'null',
    confidence: 1,
  } as const;
  return { source: kind, target: kind, kind, transform: [{ op: 'as_is' }], reasons: [], ...rest };
}

async function measured(kind: ColumnMapping['kind'], values: readonly (string | Buffer | null)[]) {
  const rows = values.map((value) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(value === null ? 0xffffffff : Buffer.byteLength(value));
    return value === null ? length : Buffer.concat([length, Buffer.from(value)]);
  });
  let at = 0;
  const end = Int32Array.from(rows, (row) => (at += row.length));
  const batch: CanonicalBatch = { rows: rows.length, bytes: Buffer.concat(rows), end, keys: [] };
  async function* batches(): AsyncGenerator<CanonicalBatch> {
    yield await Promise.resolve(batch);
  }
  const { columns } = await measureRows([column(kind)], batches());
  return columns[0];
}

it('sums of decimals lose no digit, however long they are', async () => {
  const large = '99999999999999999999999999999999999999.5';
  expect(await measured('decimal', [large, large, '-0.0000000000000000001', '3', null])).toEqual({
    present: 4,
    sum: '200000000000000000000000000000000000001.9999999999999999999',
    squares:
      '19999999999999999999999999999999999999800000000000000000000000000000000000009.50000000000000000000000000000000000001',
    min: '-0.0000000000000000001',
    max: large,
  });
  const sum = new ExactSum();
  for (let at = 0; at < 10; at += 1) sum.addSmall(2 ** 51);
  sum.add(-5n, 3);
  expect(sum.toString()).toBe(decimalOf(10n * 2n ** 51n * 1000n - 5n));
});

function decimalOf(thousandths: bigint): string {
  const text = thousandths.toString();
  return `${text.slice(0, -3)}.${text.slice(-3)}`.replace(/0+$/, '');
}

it('times of the first and the last years are added up to the microsecond', async () => {
  const values = ['9999-12-31 23:59:59.999999', '0001-01-01 00:00:00.000001', '1970-01-01 00:00:01.500000'];
  const exact =
    (BigInt(Date.parse('9999-12-31')) + BigInt(Date.parse('0001-01-01'))) * 1000n + 86_400_000_000n + 1_500_000n;
  expect((await measured('timestamp', values))?.sum).toBe(String(exact));
  expect((await measured('time', ['23:59:59.999999', '00:00:00.000001']))?.sum).toBe('86400000000');
  expect((await measured('date', ['1969-12-30', '2000-01-01']))?.sum).toBe(String(10_957 - 2));
  expect(microsecondsOfSums('-3', '50:00:00.25')).toBe(String((-3 * 24 + 50) * 3_600_000_000 + 250_000));
  expect(microsecondsOf('2001-02-03 04:05:06+00')).toBe(Date.parse('2001-02-03T04:05:06Z') * 1000);
});

it('texts are as long as their characters and their bytes', async () => {
  expect(await measured('text', ['größe', '😀', '', null])).toEqual({ present: 3, sum: '6', bytes: '11' });
  expect(await measured('bytes', [Buffer.from([0, 255]), ''])).toMatchObject({ sum: '2', min: '0', max: '2' });
});

it('decimals are the same by their value, and floating point sums within what adding in another order changes', () => {
  expect(compareDecimals('1.50', '1.5')).toBe(0);
  expect(compareDecimals('-0.001', '0')).toBe(-1);
  expect(decimalParts('NaN')).toBeUndefined();
  expect(differingMoments({ present: 2, sum: '1.10' }, { present: 2, sum: '1.1' })).toEqual([]);
  expect(differingMoments({ present: 2, sum: '1.10' }, { present: 3, sum: '1.11' })).toEqual(['nulls', 'sum']);
  const one = { present: 9, sum: '0.1', sizes: '1000000' };
  expect(differingMoments(one, { ...one, sum: '0.1005' })).toEqual([]);
  expect(differingMoments(one, { ...one, sum: '0.11' })).toEqual(['sum']);
});
