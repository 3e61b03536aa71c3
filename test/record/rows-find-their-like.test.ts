import { describe, expect, it } from 'vitest';
import { framed, NULL_FIELD } from '../../activities/validator/expected-row.js';
import { pairRows } from '../../activities/validator/existing/pairs.js';
import { differencesOf } from '../../activities/validator/existing/row-differences.js';
import { Tally } from '../../activities/validator/existing/tally.js';
import type { TableMapping } from '../../contracts/mapping.js';
import type { CanonicalBatch } from '../../databases/source.js';

type Cell = string | null | { readonly odd: string };

/** One field of a canonical row. */
function field(cell: Cell): Buffer {
  if (cell === null) return NULL_FIELD;
  if (typeof cell === 'string') return framed(Buffer.from(cell));
  return Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xfe]), framed(Buffer.from(cell.odd))]);
}

/** Batches of two rows each. */
async function* batches(rows: readonly (readonly Cell[])[]): AsyncGenerator<CanonicalBatch> {
  for (let at = 0; at < rows.length; at += 2) {
    const some = rows.slice(at, at + 2).map((cells) => Buffer.concat(cells.map(field)));
    let length = 0;
    const end = Int32Array.from(some.map((row) => (length += row.length)));
    await Promise.resolve();
    yield { rows: some.length, bytes: Buffer.concat(some), end, keys: [] };
  }
}

const COLUMNS = ['id', 'name', 'word'].map((name) => ({ source: name, target: name, type: 'text', kind: 'text' }));
const TABLE = { source: { schema: 's', name: 't' }, columns: COLUMNS } as unknown as TableMapping;

/** What is found between two lists of rows, in words; `keys` are places of the key's columns. */
async function found(
  source: readonly (readonly Cell[])[],
  target: readonly (readonly Cell[])[],
  keys: readonly number[],
): Promise<string[]> {
  const paired = pairRows(await differencesOf(batches(source), batches(target)), keys);
  const tally = new Tally(TABLE, keys);
  tally.pairs(paired.pairs);
  tally.rows('lost_rows', paired.lost);
  tally.rows('extra_rows', paired.extra);
  return tally.findings('t').map(({ code, object, count }) => `${code} ${object} ${String(count)}`);
}

describe('rows that differ', () => {
  it('are none where both sides have the same ones in another order', async () => {
    const rows = ['a', 'b', 'c', 'd', 'e'].map((id) => [id, `name ${id}`, null]);
    expect(await found(rows, rows.toReversed(), [0])).toEqual([]);
  });

  it('are paired by their key', async () => {
    const source = [
      ['1', 'ann', 'x'],
      ['2', 'bob', 'y'],
      ['3', 'cid', 'z'],
    ];
    const target = [
      ['2', 'BOB', 'y'],
      ['1', 'ann', null],
      ['4', 'dan', 'q'],
    ];
    expect(await found(source, target, [0])).toEqual([
      'null_made t.word 1',
      'case_changed t.name 1',
      'lost_rows t 1',
      'extra_rows t 1',
    ]);
  });

  it('are paired by all columns but one where the key itself was changed, or there is none', async () => {
    const source = [
      ['Key', 'ann', 'x'],
      ['b', 'bob', 'y'],
    ];
    expect(await found(source, [['KEY', 'ann', 'x'], source[1] ?? []], [0])).toEqual(['case_changed t.id 1']);
    expect(await found(source, [['Key', 'ann', 'X'], source[1] ?? []], [])).toEqual(['case_changed t.word 1']);
  });

  it('are paired beside values that have no form, however many', async () => {
    const source: Cell[][] = [
      ['a', { odd: '0000-00-00' }, { odd: 'a\0b' }],
      ['b', { odd: '0000-00-00' }, 'y'],
      ['c', 'cid', 'z'],
    ];
    const target = [
      ['a', null, 'ab'],
      ['b', null, 'y'],
      ['c', 'cid', 'z'],
    ];
    expect(await found(source, target, [])).toEqual([
      'value_without_faithful_form t.name 2',
      'value_without_faithful_form t.word 1',
    ]);
  });

  it('that hold each other’s values are told as such, and not those that did so by chance', async () => {
    const swapped = [
      ['1', 'bobby', 'y'],
      ['2', 'annie', 'x'],
    ];
    const rows = [
      ['1', 'annie', 'x'],
      ['2', 'bobby', 'y'],
    ];
    expect(await found(rows, swapped, [0])).toEqual(['rows_swapped t 2']);
    const flags = [
      ['1', 'ann', 'x'],
      ['2', 'ann', 'y'],
    ];
    const turned = [
      ['1', 'ann', 'y'],
      ['2', 'ann', 'x'],
    ];
    expect(await found(flags, turned, [0])).toEqual(['value_differs t.word 2']);
  });

  it('count as often as they stand there', async () => {
    const row = ['a', 'b', 'c'];
    expect(await found([row, row, row], [row], [])).toEqual(['lost_rows t 2']);
  });
});
