import { describe, expect, it } from 'vitest';
import { rowFilterOf } from '../../databases/csv/row-filter.js';
import type { FilterColumn } from '../../language/filters.js';
import { checkFilter } from '../../language/filters.js';
import { table } from './postgres-fixtures.js';

const COLUMNS: readonly FilterColumn[] = ['Name', 'n', 'm', 'flag'].map((name) => ({ name, sort: 'any' }));

function meets(where: string, row: Readonly<Record<string, string | null>>): boolean {
  const checked = checkFilter(where, COLUMNS, 'tree');
  if (!checked.ok) throw new Error(checked.problem);
  const filter = rowFilterOf({ ...table('t', []), filter: { where: checked.where, sql: checked.sql } });
  if (filter === undefined) throw new Error('there is no filter');
  return filter((name) => row[name] ?? null);
}

describe('a filter on the rows of a file', () => {
  it.each([
    ['n > 9', { n: '10' }, true],
    ['n > 9', { n: '9.000000000000000000001' }, true],
    ['n = 1.50', { n: '1.5' }, true],
    ['n < -1', { n: '-1.01' }, true],
    ['n = 7', { n: '007' }, true],
    ['9 < n', { n: '10' }, true],
    ["n > '9'", { n: '10' }, false],
    ["n >= '2024-01-02'", { n: '2024-01-10T00:00:00' }, true],
    ["Name = 'ann'", { Name: 'Ann' }, false],
    ["name = 'ann'", { Name: 'ann' }, true],
    ["Name < 'z'", { Name: 'é' }, false],
    ["Name LIKE 'a%n_'", { Name: 'a b\nnn😀' }, true],
    ["Name LIKE 'a%'", { Name: 'ba' }, false],
    ["Name LIKE '100!%' ESCAPE '!'", { Name: '100%' }, true],
    ["Name LIKE '100!%' ESCAPE '!'", { Name: '1000' }, false],
    ["Name NOT LIKE '%x%'", { Name: 'axb' }, false],
    ['n IN (1, 2.0)', { n: '2' }, true],
    ['n NOT IN (1, 2)', { n: '3' }, true],
    ['n BETWEEN 2 AND 10', { n: '10' }, true],
    ['n NOT BETWEEN 2 AND 10', { n: '10' }, false],
    ['flag = true', { flag: 'TRUE' }, true],
    ['flag = false', { flag: 'no' }, false],
    ['n = m', { n: 'a', m: 'a' }, true],
    ['Name IS NULL', {}, true],
    ['Name IS NOT NULL', { Name: '' }, true],
  ] as const)('%s, of %o, is %s', (where, row, expected) => {
    expect(meets(where, row)).toBe(expected);
  });

  it('leaves out what is neither true nor false', () => {
    for (const where of ['n > 1', 'n <> 1', 'NOT n > 1', 'n NOT IN (1)', 'n > 1 AND m = 1', 'NOT (n > 1 OR m > 1)'])
      for (const n of [null, 'many']) expect(meets(where, { n, m: '1' }), where).toBe(false);
    expect(meets('n > 1 OR m = 1', { n: null, m: '1' })).toBe(true);
    expect(meets('NOT (n > 1 AND m > 1)', { n: null, m: '1' })).toBe(true);
  });

  it('is soon done with, whatever its pattern', () => {
    const text = 'a'.repeat(20_000);
    expect(meets(`Name LIKE '${'%a'.repeat(20)}%b'`, { Name: text })).toBe(false);
  });
});
