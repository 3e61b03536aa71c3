import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { FilterColumn } from '../../language/filters.js';
import { checkFilter } from '../../language/filters.js';

const COLUMNS: readonly FilterColumn[] = [
  { name: 'id', sort: 'number' },
  { name: 'Status', sort: 'text' },
  { name: 'made at', sort: 'moment' },
  { name: 'a"b`c', sort: 'text' },
  { name: 'shape' },
];

const mysql = (text: string): string => {
  const checked = checkFilter(text, COLUMNS, 'mysql');
  return checked.ok ? checked.sql : `refused: ${checked.problem}`;
};

describe('A row filter', () => {
  it('is printed for the source, every name and text quoted', () => {
    expect(mysql('status <> \'void\' AND id >= 10 OR "made at" IS NULL')).toBe(
      "(((`Status` <> 'void') AND (`id` >= 10)) OR (`made at` IS NULL))",
    );
    expect(mysql("Status IN ('a', 'b''c') AND NOT id BETWEEN -5 AND 7")).toBe(
      "((`Status` IN ('a', 'b''c')) AND (NOT (`id` BETWEEN -5 AND 7)))",
    );
    expect(mysql("status LIKE 'a\\_%' AND \"made at\" < '2020-01-01'")).toBe(
      "((`Status` LIKE 'a\\\\_%' ESCAPE '\\\\') AND (`made at` < '2020-01-01'))",
    );
    expect(mysql('"a""b`c" = \'\\\'')).toBe("(`a\"b``c` = '\\\\')");
    expect(mysql('7 < id AND id <> true')).toBe('((7 < `id`) AND (`id` <> 1))');
  });

  it('comes back as it was, with the names as the source spells them', () => {
    const once = checkFilter("STATUS = 'x' OR ID > 3", COLUMNS, 'mysql');
    expect(once.ok && once.where).toBe('"Status" = \'x\' OR "id" > 3');
    expect(checkFilter(once.ok ? once.where : '', COLUMNS, 'mysql')).toEqual(once);
  });

  it.each([
    ['id = 1; DROP TABLE orders', /not (?:expected|part)/],
    ['id = 1 -- all', /./],
    ['id = sleep(9)', /no literal/],
    ['(SELECT 1) = id', /not expected/],
    ['nothing = 1', /no column "nothing"/],
    ['id', /no comparison/],
    ['1 = 1', /must be a column/],
    ["id = '1 OR 1'", /number is compared with a text/],
    ['status = 0', /put it in quotes/],
    ['"made at" > \'yesterday\'', /YYYY-MM-DD/],
    ['status = id', /text is compared with a number/],
    ["shape = 'x'", /cannot compare/],
    ['id + 1 > 2', /left side|must be a column/],
    ["status ILIKE 'a'", /ILIKE/],
    ['id = 1e400', /digits only/],
    ["id::text = '1'", /./],
    ['id + 1', /"\+" is not part of a filter/],
    ['-id', /neither true nor false/],
    ['id IS TRUE', /"IS TRUE" is not part of a filter/],
    ["id LIKE 'a'", /LIKE is for texts/],
    ['status LIKE status', /pattern of LIKE must be a text/],
  ])('refuses %s', (text, problem) => {
    const checked = checkFilter(text, COLUMNS, 'mysql');
    expect(checked.ok).toBe(false);
    expect(checked.ok ? '' : checked.problem).toMatch(problem);
  });

  it('takes the same rows in SQLite whatever stands in a text', () => {
    const database = new DatabaseSync(':memory:');
    database.exec('CREATE TABLE t (id INTEGER, name TEXT)');
    const names = ["o'brien", 'back\\slash', '50%', '50 off', '"quoted"', '`', "'; DROP TABLE t; --", ''];
    for (const [id, name] of names.entries()) database.prepare('INSERT INTO t VALUES (?, ?)').run(id, name);
    const columns: FilterColumn[] = ['id', 'name'].map((name) => ({ name, sort: 'any' }));
    const ids = (text: string): unknown[] => {
      const checked = checkFilter(text, columns, 'sqlite');
      if (!checked.ok) throw new Error(checked.problem);
      return database
        .prepare(`SELECT id FROM t WHERE ${checked.sql}`)
        .all()
        .map((row) => row['id']);
    };
    for (const [id, name] of names.entries()) expect(ids(`name = '${name.replaceAll("'", "''")}'`)).toEqual([id]);
    expect(ids("name LIKE '50\\%'")).toEqual([2]);
    expect(ids("name LIKE '50!%' ESCAPE '!'")).toEqual([2]);
    database.close();
  });
});
