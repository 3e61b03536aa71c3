import { describe, expect, it } from 'vitest';
import type { SkipReason } from '../../contracts/workload.js';
import { SKIP_REASONS } from '../../contracts/workload.js';
import { classify } from '../../language/workload/classify.js';
import type { Classed } from '../../language/workload/classify.js';
import type { Dialect } from '../../language/workload/scan.js';
import { shapeText } from '../../language/workload/shape.js';
import { READ_AT } from './workload-fixtures.js';

function classed(sql: string, dialect: Dialect = 'mysql'): Classed {
  return classify({ sql, dialect, atMs: READ_AT.getTime() });
}

const SKIPPED: Readonly<Partial<Record<SkipReason, readonly string[]>>> = {
  transaction_control: ['BEGIN', 'start transaction read only', 'COMMIT', 'ROLLBACK TO SAVEPOINT a', 'SAVEPOINT a'],
  session: ['SET NAMES utf8mb4', 'USE shop', 'PREPARE s FROM "SELECT 1"', 'EXECUTE s USING @a', '/* nothing */'],
  show: ['SHOW TABLES', 'EXPLAIN SELECT 1', 'SELECT * FROM information_schema.tables', 'DESC t'],
  admin: ['ANALYZE TABLE t', 'FLUSH LOGS', "SELECT load_file('/etc/passwd')"],
  ddl: ['CREATE TABLE t (a int)', 'TRUNCATE t', '/*!50003 DROP PROCEDURE p */'],
  load_data: ["LOAD DATA INFILE 'a' INTO TABLE t"],
  call: ['CALL p(1)', 'DO f()'],
  not_parsed: ["SELECT 'a", 'nonsense'],
  not_deterministic: [
    'SELECT * FROM t ORDER BY RAND()',
    'SELECT UUID()',
    'SELECT last_insert_id()',
    'SELECT current_user',
  ],
  user_variable: ['SELECT @a', 'SELECT @@version', 'SELECT @n := @n + 1 FROM t'],
  several_statements: ['SELECT 1; DROP TABLE t'],
  into_outfile: ["SELECT * INTO OUTFILE '/tmp/a' FROM t", 'SELECT a INTO b FROM t'],
  lock: ['LOCK TABLES t READ', "SELECT GET_LOCK('a', 1)"],
  waiting: ['SELECT SLEEP(100)', 'SELECT benchmark(1e9, md5(1))'],
  without_values: ['SELECT * FROM t WHERE id = ?'],
};

describe('a statement that is not replayed', () => {
  it.each(Object.entries(SKIPPED).flatMap(([reason, texts]) => texts.map((sql) => [reason, sql] as const)))(
    'says why: %s of %s',
    (reason, sql) => {
      expect(classed(sql)).toMatchObject({ class: 'skipped', reason, run: '' });
      expect(SKIP_REASONS).toHaveProperty(reason);
    },
  );
  it.each([
    ['into_outfile', 'SELECT * INTO other FROM t'],
    ['not_deterministic', "INSERT INTO t VALUES (nextval('s'))"],
    ['load_data', 'COPY t FROM STDIN'],
    ['show', 'SELECT relname FROM pg_class'],
    ['clock', 'SELECT age(at) FROM t'],
    ['clock', "SELECT 'now'::date"],
    ['waiting', 'SELECT pg_sleep(10)'],
    ['admin', 'SELECT pg_terminate_backend(1)'],
    ['without_values', 'SELECT * FROM t WHERE id = $1'],
  ] as const)('of PostgreSQL says why: %s of %s', (reason, sql) => {
    expect(classed(sql, 'postgres')).toMatchObject({ class: 'skipped', reason });
  });
});

describe('a statement that is replayed', () => {
  it.each([
    ['read', 'SELECT 1'],
    ['read', '(SELECT a FROM t) UNION (SELECT b FROM u)'],
    ['read', 'WITH x AS (SELECT 1 AS a) SELECT * FROM x'],
    ['read', "SELECT replace(a, 'b', 'c'), `update` FROM t"],
    ['read', "SELECT 'INSERT INTO t; DELETE' FROM t"],
    ['write', 'INSERT INTO t SELECT * FROM u'],
    ['write', 'REPLACE INTO t VALUES (1)'],
    ['write', 'UPDATE t SET a = 1'],
    ['write', 'DELETE FROM t USING t JOIN u ON t.id = u.id'],
    ['write', 'WITH x AS (SELECT 1 AS a) DELETE FROM t WHERE id IN (SELECT a FROM x)'],
  ])('is a %s: %s', (kind, sql) => {
    expect(classed(sql)).toMatchObject({ class: kind });
    expect(classed(sql).reason).toBeUndefined();
  });

  it.each([
    ['SELECT a FROM t FOR UPDATE', 'SELECT a FROM t'],
    ['SELECT a FROM t WHERE b LOCK IN SHARE MODE', 'SELECT a FROM t WHERE b'],
    ['SELECT a FROM t FOR SHARE OF t SKIP LOCKED', 'SELECT a FROM t'],
    ['SELECT /*!40001 SQL_NO_CACHE */ * FROM t;', 'SELECT   SQL_NO_CACHE   * FROM t'],
    ['SELECT now(), t.now, `now` FROM t', "SELECT TIMESTAMP '2024-05-06 07:08:09', t.now, `now` FROM t"],
    ["SELECT '-- /* now() */' -- now()", "SELECT '-- /* now() */'"],
    ['SELECT CURRENT_TIMESTAMP(3)', "SELECT TIMESTAMP '2024-05-06 07:08:09.123'"],
  ])('locks nothing and has one moment: %s', (sql, run) => {
    expect(classed(sql).run).toBe(run);
  });
  it.each([
    ['SELECT now() - at FROM t', 'postgres', "SELECT TIMESTAMPTZ '2024-05-06 07:08:09+00' - at FROM t"],
    ["SELECT datetime('now', '-1 day'), 'now'", 'sqlite', "SELECT datetime('2024-05-06 07:08:09', '-1 day'), 'now'"],
  ] as const)('has the moment of its dialect: %s', (sql, dialect, run) => {
    expect(classed(sql, dialect).run).toBe(run);
  });

  it.each([
    ['SELECT * FROM a, `b` c JOIN d ON c.x = d.x, (SELECT 1 FROM e) f', ['a', 'b', 'd', 'e']],
    ['SELECT extract(year FROM a.b), substring(x from 2) FROM a WHERE EXISTS (SELECT 1 FROM shop.c)', ['a', 'shop.c']],
    ['SELECT * FROM ((a JOIN b ON 1) JOIN c ON 1)', ['a', 'b', 'c']],
    ['INSERT INTO t (a, b) SELECT x, y FROM u ON DUPLICATE KEY UPDATE a = 1', ['t', 'u']],
    ['INSERT t VALUES (1)', ['t']],
    ['UPDATE LOW_PRIORITY t, u SET t.a = u.a', ['t', 'u']],
    ['DELETE t FROM t JOIN u USING (id)', ['t', 'u']],
    ['WITH x (n) AS (SELECT 1 FROM z), y AS (SELECT * FROM x) SELECT * FROM x JOIN y', ['z']],
  ])('names its tables: %s', (sql, tables) => {
    expect(classed(sql).tables).toEqual(tables);
  });

  it('says whether a list has an order and a limit', () => {
    expect(classed('SELECT a FROM t ORDER BY a LIMIT 3')).toMatchObject({ order: { fixed: 'partial' }, limited: true });
    expect(classed('SELECT a FROM (SELECT a FROM t ORDER BY a) x')).toMatchObject({
      order: { fixed: 'none' },
      limited: false,
    });
  });
});

describe('shapes', () => {
  it('are one for texts that differ in values, cases of words, comments and lengths of lists', () => {
    const shape = shapeText('SELECT a FROM t WHERE b IN (1,2) AND c = -1.5', 'mysql');
    for (const sql of [
      "select `a`\nfrom t where b in ('x') and c = 'y' -- z",
      'SELECT a FROM t WHERE b IN (1, 2, 3) AND c=?',
    ]) {
      expect(shapeText(sql, 'mysql')).toBe(shape);
    }
    expect(shapeText('SELECT a FROM t WHERE b IN (1) AND d = 1', 'mysql')).not.toBe(shape);
    expect(shapeText('INSERT INTO t VALUES (1,2),(3,4)', 'mysql')).toBe(
      shapeText('INSERT INTO t VALUES (5,6)', 'mysql'),
    );
  });
});
