import { describe, expect, it } from 'vitest';
import { parseQuery } from '../../language/expressions/queries/query-parser.js';
import { parseStatement } from '../../language/expressions/queries/statement-parser.js';
import { filled, placeholdersOf } from '../../language/workload/placeholders.js';
import type { Dialect } from '../../language/workload/scan.js';

const seen = (sql: string, dialect: Dialect = 'mysql'): string[] =>
  placeholdersOf(sql, dialect).map(({ marker, table, column, limit }) =>
    [marker, limit === true ? 'limit' : `${table ?? '?'}.${column ?? '?'}`].join(' '),
  );

describe('a placeholder', () => {
  it('takes the column that it is compared with, on either side, in lists and between', () => {
    const sql =
      'SELECT * FROM film AS f JOIN actor a ON a.id = f.id WHERE f.title LIKE ? AND ? < a.age AND f.year IN (?, ?) AND f.length NOT BETWEEN ? AND ? AND a.`last name` <> ? AND ? = 1 LIMIT ? OFFSET ?';
    expect(seen(sql)).toEqual([
      '? film.title',
      '? actor.age',
      '? film.year',
      '? film.year',
      '? film.length',
      '? film.length',
      '? actor.last name',
      '? ?.?',
      '? limit',
      '? limit',
    ]);
  });

  it('takes the column that it is put into, and the only table where none is named', () => {
    expect(seen('INSERT INTO actor (first, `last`) VALUES (?, ?), (lower(?), ?)')).toEqual([
      '? actor.first',
      '? actor.last',
      '? ?.?',
      '? actor.last',
    ]);
    expect(seen('SELECT 1 FROM t WHERE $1 >= a AND b = $2 LIMIT 5, $3', 'postgres')).toEqual([
      '$1 t.a',
      '$2 t.b',
      '$3 limit',
    ]);
    expect(seen('SELECT ?, x.? FROM t, u WHERE a = ?')).toEqual(['? ?.?', '? ?.?', '? ?.a']);
  });

  it('gives its place to a literal, and stays where there is none', () => {
    const sql = "SELECT '?' FROM t WHERE a = ? AND b = ?";
    const places = placeholdersOf(sql, 'mysql');
    expect(filled(sql, places, ["'x'"])).toBe("SELECT '?' FROM t WHERE a = 'x' AND b = ?");
    expect(filled(sql, places, ['1', 'NULL'])).toBe("SELECT '?' FROM t WHERE a = 1 AND b = NULL");
  });
});

describe('a statement that changes rows', () => {
  it('is read in each dialect with all that it says of keys that are there already', () => {
    const read = (text: string, dialect: 'mysql' | 'sqlite' | 'postgres'): unknown => {
      const parsed = parseStatement(text, dialect);
      return parsed.ok ? parsed.statement : parsed.problem;
    };
    expect(read('INSERT INTO s.t (a) VALUES (1) ON CONFLICT (a) DO NOTHING', 'sqlite')).toMatchObject({
      schema: 's',
      conflict: { columns: ['a'], assignments: [] },
    });
    expect(
      read('INSERT INTO t (a, b) SELECT 1, 2 ON CONFLICT DO UPDATE SET b = excluded.b WHERE t.b < 3', 'postgres'),
    ).toMatchObject({ conflict: { assignments: [{ path: ['b'] }], where: {} } });
    expect(read('INSERT OR REPLACE INTO t VALUES (1)', 'sqlite')).toMatchObject({ verb: 'replace' });
    expect(read('INSERT DELAYED IGNORE t SET a = 1, t.b = 2', 'mysql')).toMatchObject({
      ignore: true,
      columns: ['a', 'b'],
    });
    expect(read('UPDATE LOW_PRIORITY IGNORE t, u SET t.a = u.a WHERE t.id = u.id', 'mysql')).toMatchObject({
      ignore: true,
    });
    expect(read('DELETE QUICK t FROM t JOIN u ON t.a = u.a', 'mysql')).toMatchObject({ targets: [{}] });
    expect(read('DELETE FROM t, u USING t JOIN u ON t.a = u.a', 'mysql')).toMatchObject({ targets: [{}, {}] });
    expect(read('DELETE FROM t WHERE a = 1 ORDER BY b LIMIT 2', 'mysql')).toMatchObject({ node: 'delete' });
    expect(read('INSERT t VALUES (1)', 'postgres')).toEqual(expect.stringMatching(/./u));
  });
});

describe('a frame of a window', () => {
  const frame = (text: string): string => {
    const parsed = parseQuery(`SELECT sum(a) OVER (ORDER BY b ${text}) FROM t`, 'postgres');
    return parsed.ok ? 'read' : parsed.problem;
  };

  it('is read by its bounds, and refused without them', () => {
    expect(frame('ROWS BETWEEN 2 PRECEDING AND CURRENT ROW')).toBe('read');
    expect(frame('RANGE UNBOUNDED PRECEDING')).toBe('read');
    for (const wrong of [
      'ROWS BETWEEN x PRECEDING AND CURRENT ROW',
      'ROWS 2',
      'ROWS BETWEEN 1 PRECEDING AND 1.5 FOLLOWING',
    ])
      expect(frame(wrong), wrong).not.toBe('read');
  });
});
