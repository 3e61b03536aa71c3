import { describe, expect, test } from 'vitest';
import { explain } from '../../activities/kora/behaviour/explain.js';
import type { Seen } from '../../activities/kora/behaviour/explain.js';
import { withExactTexts, withoutLimit, wordsOf } from '../../activities/kora/behaviour/rewrite.js';

const SEEN: Seen = {
  query: { orderBy: { fixed: 'none', keys: [] }, limited: false },
  words: new Set(['select', 'from']),
  comparison: { outcome: 'rows', tolerated: [], examples: [] },
  sourceRows: 2,
  targetRows: 2,
  unequalTables: [],
  isOriginal: false,
  experiments: {},
};
const byName = { fixed: 'total', keys: [{ output: 0, descending: false, text: true }] } as const;

function said(parts: Partial<Seen>): string {
  const { class: kind, rule, shown } = explain({ ...SEEN, ...parts });
  return `${kind}: ${rule}${shown ? ', shown' : ''}`;
}

function refused(code: string, why: 'missing' | 'other' = 'other'): Partial<Seen> {
  return { refused: { code, why }, targetRows: 0 };
}

function cells(source: string, target: string): Seen['comparison'] {
  return { outcome: 'rows', tolerated: [], examples: [{ row: 1, column: 'x', source, target }] };
}

describe('a difference is put down to', () => {
  test('what an experiment showed, before all else', () => {
    const unequalTables = ['sakila.film'];
    expect(said({ experiments: { sameWithExactTexts: true }, unequalTables })).toBe('dialect: case_insensitive, shown');
    expect(said({ experiments: { withoutLimit: 'equal' } })).toBe('limit_without_order: limit_without_order, shown');
    const ordered = { query: { orderBy: byName, limited: true } };
    expect(said({ ...ordered, experiments: { withoutLimit: 'order' } })).toBe('dialect: text_order, shown');
    expect(said({ experiments: { sameWithNullsMoved: true } })).toBe('dialect: null_order, shown');
  });

  test('what the server said', () => {
    expect(said(refused('42803'))).toBe('dialect: group_by_loose, shown');
    expect(said(refused('42883', 'missing'))).toBe('dialect: implicit_cast, shown');
    expect(said(refused('22012'))).toBe('dialect: division_by_zero, shown');
    expect(said(refused('42601'))).toBe('translation: refused, shown');
    expect(said(refused('42P01', 'missing'))).toBe('translation: name_missing, shown');
  });

  test('data only where a table that it reads is not the same on both sides', () => {
    expect(said({ unequalTables: ['sakila.film'] })).toBe('data: unequal_table');
    expect(said({})).toBe('translation: result');
  });

  test('what all differing cells have in common', () => {
    expect(said({ comparison: cells('2.5000', '2'), words: new Set(['select', '/']) })).toBe(
      'dialect: integer_division',
    );
    expect(said({ comparison: cells('2.5000', '2') })).toBe('translation: result');
    expect(said({ comparison: cells('0.3333', '0.33333333') })).toBe('dialect: decimal_precision');
    expect(said({ comparison: cells('Ärger', 'arger') })).toBe('dialect: case_insensitive');
    expect(said({ sourceRows: 3, targetRows: 4, words: new Set(['group']) })).toBe('dialect: case_insensitive');
  });

  test('the order of texts, or a translation that lost an order', () => {
    const comparison = { outcome: 'order', tolerated: [], examples: [] } as const;
    expect(said({ comparison, query: { orderBy: byName, limited: false } })).toBe('dialect: text_order');
    const byNumber = { fixed: 'total', keys: [{ output: 0, descending: false, text: false }] } as const;
    expect(said({ comparison, query: { orderBy: byNumber, limited: false } })).toBe('translation: order');
  });
});

describe('for an experiment a query', () => {
  test('loses the limit at its end, and no other', () => {
    expect(withoutLimit('SELECT a FROM t LIMIT 10', 'mysql')).toBe('SELECT a FROM t');
    expect(withoutLimit('SELECT a FROM t ORDER BY b LIMIT 5, 10', 'mysql')).toBe('SELECT a FROM t ORDER BY b');
    expect(withoutLimit('SELECT a FROM t LIMIT 10 OFFSET 5', 'postgres')).toBe('SELECT a FROM t');
    expect(withoutLimit('SELECT a FROM t OFFSET 5 ROWS FETCH FIRST 3 ROWS ONLY', 'postgres')).toBe('SELECT a FROM t');
    expect(withoutLimit("SELECT 'LIMIT 5' FROM t", 'mysql')).toBeUndefined();
    expect(withoutLimit('SELECT * FROM (SELECT a FROM t LIMIT 3) x', 'mysql')).toBeUndefined();
    expect(withoutLimit('SELECT "limit" FROM t', 'postgres')).toBeUndefined();
  });

  test('compares its texts by their bytes', () => {
    expect(withExactTexts("SELECT a FROM t WHERE b = 'x''y' AND c = \"d\\\"e\"", 'mysql')).toContain(
      "SELECT a FROM t WHERE b = ('x''y' COLLATE utf8mb4_bin) AND c = (\"d\\\"e\" COLLATE utf8mb4_bin)",
    );
    expect(withExactTexts('SELECT `it\'s` FROM t WHERE "b" = 1', 'sqlite')).toEqual([]);
    expect(withExactTexts("SELECT 'a'", 'postgres')).toEqual([]);
  });

  test('has words outside of its texts', () => {
    expect([...wordsOf("SELECT a/2 FROM t WHERE b = 'GROUP BY'", 'mysql')]).toEqual([
      'select',
      'a',
      '/',
      'from',
      't',
      'where',
      'b',
    ]);
  });
});
