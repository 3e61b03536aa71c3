import { describe, expect, test } from 'vitest';
import type { AnswerColumn, AnswerKind, Cell } from '../../databases/asking.js';
import type { WorkloadOrder } from '../../contracts/workload.js';
import { Answer, ROWS_KEPT } from '../../activities/kora/behaviour/answers.js';
import { compareAnswers, waysOf } from '../../activities/kora/behaviour/compare.js';
import { RowDigest } from '../../activities/kora/behaviour/row-digest.js';
import { isSameWithNullsMoved } from '../../activities/kora/behaviour/null-order.js';

const NONE: WorkloadOrder = { fixed: 'none', keys: [] };
const TOTAL: WorkloadOrder = { fixed: 'total', keys: [{ output: 0, descending: false, text: false }] };
const byText = (fixed: 'total' | 'partial'): WorkloadOrder => ({
  fixed,
  keys: [{ output: 0, descending: false, text: true }],
});

type Column = AnswerKind | readonly [kind: AnswerKind, scale: number];

function side(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): { columns: AnswerColumn[]; rows: Cell[][] } {
  return {
    columns: columns.map((column, at) =>
      typeof column === 'string'
        ? { name: `c${String(at)}`, kind: column }
        : { name: `c${String(at)}`, kind: column[0], scale: column[1] },
    ),
    rows: rows.map((row) => [...row]),
  };
}

function outcome(
  source: ReturnType<typeof side>,
  target: ReturnType<typeof side>,
  order = NONE,
): readonly [string, ...string[]] {
  const { outcome: found, tolerated } = compareAnswers({ source, target }, { orderBy: order });
  return [found, ...tolerated];
}

function cell(source: Column, target: Column, values: readonly [string, string]): string {
  return outcome(side([source], [[values[0]]]), side([target], [[values[1]]])).join(' ');
}

describe('two answers', () => {
  test('are one list where the order is fixed, and one multiset where it is not', () => {
    const ascending = side(['integer'], [['1'], ['2'], ['3']]);
    const descending = side(['integer'], [['3'], ['2'], ['1']]);
    expect(outcome(ascending, descending)).toEqual(['equal']);
    expect(outcome(ascending, descending, TOTAL)).toEqual(['order']);
    expect(outcome(ascending, side(['integer'], [['1'], ['2'], ['2']]))).toEqual(['rows']);
    expect(outcome(side(['integer'], [['1'], ['1'], ['2']]), side(['integer'], [['1'], ['2'], ['2']]))).toEqual([
      'rows',
    ]);
    expect(outcome(ascending, side(['integer'], [['1'], ['2']]))).toEqual(['count']);
    expect(outcome(ascending, side(['integer', 'integer'], [['1', '1']]))).toEqual(['columns']);
  });

  test('may have rows of equal keys in any order among themselves, and those of a collation too', () => {
    const partial: WorkloadOrder = { fixed: 'partial', keys: [{ output: 0, descending: false, text: false }] };
    const source = side(
      ['integer', 'integer'],
      [
        ['1', '8'],
        ['1', '9'],
        ['2', '7'],
      ],
    );
    expect(
      outcome(
        source,
        side(
          ['integer', 'integer'],
          [
            ['1', '9'],
            ['1', '8'],
            ['2', '7'],
          ],
        ),
        partial,
      ),
    ).toEqual(['equal']);
    expect(
      outcome(
        source,
        side(
          ['integer', 'integer'],
          [
            ['2', '7'],
            ['1', '9'],
            ['1', '8'],
          ],
        ),
        partial,
      ),
    ).toEqual(['order']);
    const texts = side(['text'], [['abel'], ['Abel'], ['Ärger'], ['argus']]);
    const ties = side(['text'], [['Abel'], ['abel'], ['Ärger'], ['argus']]);
    expect(outcome(texts, ties, byText('total'))).toEqual(['equal', 'collation_tie']);
    const sorted = side(['text'], [['Abel'], ['abel'], ['argus'], ['Ärger']]);
    expect(outcome(texts, sorted, byText('total'))).toEqual(['order']);
  });

  test('that are long are compared by hashes that say the same', () => {
    const columns = side(['integer', 'float8'], []).columns;
    const ways = waysOf(columns, columns);
    const digest = (which: 'source' | 'target', rows: readonly Cell[][]): ReturnType<RowDigest['close']> => {
      const made = new RowDigest(ways, which);
      for (const row of rows) made.onRow(row);
      return made.close();
    };
    const one = digest('source', [
      ['1', '0.30000000000000004'],
      ['2', null],
    ]);
    const other = digest('target', [
      ['2', null],
      ['1', '0.3'],
    ]);
    expect(one.multiset).toBe(other.multiset);
    expect(one.list).not.toBe(other.list);
    expect(
      digest('target', [
        ['2', null],
        ['1', '0.31'],
      ]).multiset,
    ).not.toBe(one.multiset);
    expect(
      digest('target', [
        ['2', ''],
        ['1', '0.3'],
      ]).multiset,
    ).not.toBe(one.multiset);
  });

  test('are kept up to a bound and counted beyond it', () => {
    const answer = new Answer();
    for (let row = 0; row <= ROWS_KEPT; row += 1) answer.onRow([String(row)]);
    expect([answer.isWhole, answer.rows.length, answer.count]).toEqual([false, 0, ROWS_KEPT + 1]);
    const wide = new Answer();
    for (let row = 0; row < 5; row += 1) wide.onRow(['x'.repeat(1 << 20)]);
    expect([wide.isWhole, wide.count]).toEqual([false, 5]);
  });

  test('that differ in the place of NULL alone are known by it', () => {
    const source = side(
      ['integer', 'text'],
      [
        [null, 'a'],
        ['1', 'b'],
      ],
    );
    const target = side(
      ['integer', 'text'],
      [
        ['1', 'b'],
        [null, 'a'],
      ],
    );
    expect(outcome(source, target, TOTAL)).toEqual(['order']);
    expect(isSameWithNullsMoved({ source, target }, { orderBy: TOTAL })).toBe(true);
    const swapped = side(
      ['integer', 'text'],
      [
        ['2', 'b'],
        ['1', 'c'],
        [null, 'a'],
      ],
    );
    const other = side(
      ['integer', 'text'],
      [
        [null, 'a'],
        ['1', 'c'],
        ['2', 'b'],
      ],
    );
    expect(isSameWithNullsMoved({ source: other, target: swapped }, { orderBy: TOTAL })).toBe(false);
  });

  test('may hold lists in any order, where the query leaves it open', () => {
    const [source, target] = [side(['text'], [['a, b, c']]), side(['text'], [['c, a, b']])];
    expect(outcome(source, target)).toEqual(['rows']);
    const compared = { orderBy: NONE, lists: [{ output: 0, separator: ', ' }] };
    expect(compareAnswers({ source, target }, compared).outcome).toBe('equal');
  });

  test('that differ show where', () => {
    const source = side(
      ['integer', 'text'],
      [
        ['1', 'a'],
        ['2', 'b'],
      ],
    );
    const target = side(
      ['integer', 'text'],
      [
        ['1', 'a'],
        ['2', 'c'],
      ],
    );
    const { examples } = compareAnswers({ source, target }, { orderBy: TOTAL });
    expect(examples).toEqual([{ row: 2, column: 'c1', source: 'b', target: 'c' }]);
    const shorter = side(['integer', 'text'], [['1', 'a']]);
    expect(compareAnswers({ source, target: shorter }, { orderBy: NONE }).examples).toEqual([
      { source: '2 | b', target: null },
    ]);
  });
});

describe('two cells', () => {
  test.each<readonly [Column, Column, readonly [string, string], string]>([
    ['integer', 'integer', ['1', '1'], 'equal'],
    ['integer', 'integer', ['1', '2'], 'rows'],
    ['integer', 'boolean', ['1', '1'], 'equal'],
    ['integer', 'boolean', ['2', '1'], 'rows'],
    ['bit', 'boolean', ['1', '1'], 'equal'],
    ['bit', 'bit', ['00000101', '101'], 'equal'],
    // A mean: four digits more against sixteen.
    [['decimal', 4], 'decimal', ['4.2007', '4.2006673312979002'], 'equal decimal_scale'],
    [['decimal', 4], 'decimal', ['4.2007', '4.2016673312979002'], 'rows'],
    [['decimal', 2], ['decimal', 2], ['1.50', '1.5'], 'equal'],
    [['decimal', 2], ['decimal', 2], ['1.50', '1.51'], 'rows'],
    // A float that the source rounds as it sends it.
    [['float8', 6], 'float8', ['2.516220', '2.516219574430173'], 'equal decimal_scale'],
    [['float8', 6], 'float8', ['2.516220', '2.516229574430173'], 'rows'],
    ['integer', 'decimal', ['7', '7.000'], 'equal'],
    ['integer', 'decimal', ['7', '7.2'], 'rows'],
    ['float8', 'float8', ['0.30000000000000004', '0.3'], 'equal float'],
    ['float8', 'float8', ['0.3', '0.300000001'], 'rows'],
    ['float8', 'float4', ['0.1', '0.10000000149011612'], 'equal float'],
    ['float8', 'decimal', ['2.5', '2.50'], 'equal'],
    ['float8', 'float8', ['NaN', 'NaN'], 'equal'],
    ['char', 'char', ['ab', 'ab   '], 'equal'],
    ['text', 'text', ['ab', 'ab '], 'rows'],
    ['text', 'text', ['a', 'A'], 'rows'],
    ['date', 'timestamp', ['2005-05-24', '2005-05-24 00:00:00'], 'equal'],
    ['timestamp', 'timestamp', ['2005-05-24 22:53:30', '2005-05-25 00:53:30'], 'rows'],
    ['text', 'timestamp', ['2005-05-24T22:53:30Z', '2005-05-24 22:53:30'], 'equal'],
    ['time', 'time', ['3600000000', '3600000000'], 'equal'],
    ['text', 'time', ['01:00:00', '3600000000'], 'equal'],
    ['json', 'json', ['{"b": 1, "a": 2}', '{"a": 2, "b": 1}'], 'equal'],
    ['json', 'json', ['{"a": 1}', '{"a": 2}'], 'rows'],
    ['set', 'array', ['Trailers,Deleted Scenes', '{Trailers,"Deleted Scenes"}'], 'equal'],
    ['set', 'array', ['Trailers', '{Trailers,Commentaries}'], 'rows'],
    ['bytes', 'bytes', ['00ff', '00ff'], 'equal'],
    ['bytes', 'uuid', ['00112233445566778899aabbccddeeff', '00112233445566778899aabbccddeeff'], 'equal'],
    ['text', 'uuid', ['00112233-4455-6677-8899-AABBCCDDEEFF', '00112233445566778899aabbccddeeff'], 'equal'],
    ['text', 'decimal', ['12.50', '12.5'], 'equal'],
    // SQLite: each value has a kind.
    ['dynamic', 'integer', ['i7', '7'], 'equal'],
    ['dynamic', 'decimal', ['f7.5', '7.50'], 'equal'],
    ['dynamic', 'float8', ['f0.1', '0.1'], 'equal'],
    ['dynamic', 'boolean', ['i1', '1'], 'equal'],
    ['dynamic', 'timestamp', ['t2005-05-24T22:53:30', '2005-05-24 22:53:30'], 'equal'],
    ['dynamic', 'timestamp', ['i1116975210', '2005-05-24 22:53:30'], 'equal'],
    ['dynamic', 'text', ['tabc', 'abd'], 'rows'],
    ['dynamic', 'bytes', ['b00ff', '00ff'], 'equal'],
  ])('%s against %s: %j is %s', (source, target, values, expected) => {
    expect(cell(source, target, values)).toBe(expected);
  });

  test('NULL is equal to NULL only', () => {
    expect(outcome(side(['text'], [[null]]), side(['text'], [[null]]))).toEqual(['equal']);
    expect(outcome(side(['text'], [[null]]), side(['text'], [['']]))).toEqual(['rows']);
    expect(outcome(side(['float8'], [[null]]), side(['float8'], [['0']]))).toEqual(['rows']);
  });
});
