import { describe, expect, it } from 'vitest';
import { fieldText } from '../../activities/validator/trace/field-text.js';
import { chunkOf, rangeOf, WantedRow } from '../../activities/validator/trace/find-row.js';
import { fieldsOf, framed } from '../../activities/validator/expected-row.js';
import { tableMapping } from '../../contracts/mapping.js';
import type { TableMapping, ValueKind } from '../../contracts/mapping.js';
import { keyIdentity } from '../../databases/canonical.js';
import type { CanonicalBatch } from '../../databases/source.js';

type ChunkKind = NonNullable<TableMapping['chunkKey']>['kind'];

function table(keys: readonly string[], chunkKind?: ChunkKind): TableMapping {
  const columns = [...keys, 'v'].map((name) => ({
    source: name,
    target: name,
    type: 'text',
    kind: 'text',
    sourceNullable: true,
    nullable: true,
    transform: [{ op: 'as_is' }],
  }));
  const place = { schema: 's', name: 't' };
  const chunkKey = chunkKind && { source: keys[0], target: keys[0], kind: chunkKind };
  const sizes = { chunkRows: 10, estimatedRows: 10 };
  return tableMapping.parse({
    source: place,
    target: place,
    columns,
    rowKey: keys,
    ...(chunkKey && { chunkKey }),
    ...sizes,
  });
}

async function* batch(rows: readonly (readonly string[])[], keys: readonly string[]): AsyncGenerator<CanonicalBatch> {
  const framedRows = rows.map((row) => Buffer.concat(row.map((field) => framed(Buffer.from(field)))));
  let length = 0;
  const end = Int32Array.from(framedRows.map((row) => (length += row.length)));
  yield await Promise.resolve({ rows: rows.length, bytes: Buffer.concat(framedRows), end, keys });
}

const text = (fields: Awaited<ReturnType<WantedRow['find']>>): string[] | undefined =>
  fields?.map(({ bytes }) => bytes.toString());

describe('A row that is traced', () => {
  const chunks = (bounds: readonly string[]) =>
    [undefined, ...bounds].map((lower, at) => ({
      chunk: at,
      ...(lower && { lower }),
      ...(bounds[at] && { upper: bounds[at] }),
    }));

  it.each<[ChunkKind, string[], string, number | undefined]>([
    ['integer', ['9', '100'], '-5', 0],
    ['integer', ['9', '100'], '9', 1],
    ['integer', ['9', '100'], '99', 1],
    ['integer', ['9', '18446744073709551615'], '18446744073709551615', 2],
    ['integer', ['9', '100'], 'nine', undefined],
    ['date', ['2020-01-01'], '2019-12-31', 0],
    ['date', ['2020-01-01'], 'infinity', undefined],
    ['timestamp', ['2020-01-01 00:00:00'], '2020-01-01 00:00:00.000001', 1],
    ['uuid', ['7fffffff-0000-0000-0000-000000000000'], 'A0000000-0000-0000-0000-000000000000', 1],
  ])('belongs to the chunk in which its key is: %s cut at %j has %s in chunk %s', (kind, bounds, key, chunk) => {
    expect(chunkOf(table(['id'], kind), [key], chunks(bounds))?.chunk).toBe(chunk);
  });

  it('is looked for at its own key where that can be said, else in its chunk', () => {
    expect(rangeOf(table(['id'], 'integer'), ['41'], { upper: '100' })).toEqual({ lower: '41', upper: '42' });
    expect(rangeOf(table(['d'], 'date'), ['2020-05-05'], { lower: '2020-01-01' })).toEqual({ lower: '2020-01-01' });
    expect(rangeOf(table(['name']), ['x'], undefined)).toEqual({});
  });

  it('is told by the identity of its key, or by the key itself; bytes and uuids in either form', async () => {
    const bytes = Buffer.from('123e4567e89b12d3a456426655440000', 'hex');
    for (const key of ['0x123E4567e89b12d3a456426655440000', '123e4567-e89b-12d3-a456-426655440000']) {
      const found = new WantedRow(table(['id']), [key]).find(
        batch(
          [
            ['?', 'no'],
            ['?', 'yes'],
          ],
          ['', keyIdentity([bytes])],
        ),
      );
      expect(text(await found)).toEqual(['?', 'yes']);
    }
    const wanted = new WantedRow(table(['a', 'b']), ['x', '1']);
    expect(
      text(
        await wanted.find(
          batch(
            [
              ['x', '2', 'no'],
              ['x', '1', 'yes'],
            ],
            ['', ''],
          ),
        ),
      ),
    ).toEqual(['x', '1', 'yes']);
    expect(await wanted.find(batch([['1', 'x', 'no']], ['']))).toBeUndefined();
  });

  it('is found on the other side by what its key is there', async () => {
    const wanted = new WantedRow(table(['id']), ['007']);
    const mine = await wanted.find(batch([['7', 'mine']], [keyIdentity([Buffer.from('007')])]));
    wanted.remember(mine ?? []);
    expect(
      text(
        await wanted.find(
          batch(
            [
              ['007', 'other'],
              ['7', 'same'],
            ],
            ['', ''],
          ),
        ),
      ),
    ).toEqual(['7', 'same']);
  });

  it.each<[ValueKind, string, string, string]>([
    ['float4', 'real', '3dcccccd', '0.1'],
    ['float8', 'double precision', '3fb999999999999a', '0.1'],
    ['boolean', 'boolean', '31', 'true'],
    ['uuid', 'uuid', '123e4567e89b12d3a456426655440000', '123e4567-e89b-12d3-a456-426655440000'],
    ['bytes', 'bytea', '00ff', '0x00ff'],
    ['text', 'text', 'e282ac', '€'],
    ['text', 'text', '6100', '0x6100'],
    ['native', 'integer', 'fffffff9', '-7'],
    ['native', 'boolean', '01', 'true'],
    ['native', 'jsonb', '017b7d', '{}'],
    ['native', 'numeric(20,4)', '0003000100000004000109291e61', '12345.7777'],
    ['native', 'numeric', '0001ffff4000000419c8', '-0.6600'],
    ['native', 'numeric', '0000000000000000', '0'],
    ['native', 'numeric', '00010002000000000007', '700000000'],
    ['native', 'interval', '0000000000000001', '0x0000000000000001'],
  ])('is shown as people read it: %s %s %s is %s', (kind, type, hex, shown) => {
    const [field] = fieldsOf(framed(Buffer.from(hex, 'hex')));
    expect(field && fieldText(field, { kind, type })).toBe(shown);
  });
});
