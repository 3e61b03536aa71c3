import { describe, expect, it } from 'vitest';
import type { Workload } from '../../contracts/workload.js';
import { WORKLOAD_BOUNDS } from '../../language/workload/collect.js';
import { filled } from '../../language/workload/placeholders.js';
import { queryWith, read, READ_AT } from './workload-fixtures.js';

/** Every statement is in one class, so that nothing of a log is lost in silence. */
function accounted({ counts }: Workload): number {
  return counts.read + counts.write + Object.values(counts.skipped).reduce((sum, each) => sum + each, 0);
}

const GENERAL = [
  '/usr/sbin/mariadbd, Version: 10.11.6-MariaDB-log (Debian). started with:',
  'Tcp port: 3306  Unix socket: /run/mysqld/mysqld.sock',
  'Time\t\t    Id Command\tArgument',
  '241122  5:22:41\t     3 Connect\tapp@localhost on shop using Socket',
  '\t\t     4 Connect\tapp@localhost on  using TCP/IP',
  '\t\t     3 Query\tSELECT *',
  '  FROM goods -- the goods',
  ' WHERE id = 1',
  '\t\t     4 Init DB\tother',
  '\t\t     3 Prepare\tSELECT name FROM goods',
  'WHERE id = ?',
  '\t\t     3 Execute\tSELECT name FROM goods\nWHERE id = 7',
  '241122  5:22:43\t     4 Query\tSELECT * FROM t',
  '\t\t     3 Query\tBEGIN',
  "\t\t     3 Query\tINSERT INTO goods (name) VALUES ('it''s')",
  '\t\t     4 Query\tUPDATE t SET a = 1',
  '\t\t     3 Query\tUPDATE stock SET n = n - 1 WHERE id = 7',
  '\t\t     3 Query\tCOMMIT',
  '\t\t     3 Query\tSELECT NOW(), CURRENT_DATE FROM goods',
  '\t\t     3 Close stmt\t',
  '\t\t     3 Quit\t',
  '',
].join('\n');

describe('the general log', () => {
  it.each([65_536, 7, 1])(
    'gives statements with their connection, database and moment, in pieces of %i bytes',
    async (piece) => {
      const workload = await read(GENERAL, { piece });
      expect(workload.source).toBe('mysql-general');
      expect(workload.counts).toMatchObject({ statements: 9, read: 4, write: 3, broken: 0 });
      expect(accounted(workload)).toBe(workload.counts.statements);
      expect(queryWith(workload, 'the goods')).toMatchObject({ database: 'shop', tables: ['goods'], class: 'read' });
      expect(queryWith(workload, 'the goods').run).toBe('SELECT *\n  FROM goods  \n WHERE id = 1');
      expect(queryWith(workload, 'SELECT * FROM t').database).toBe('other');
      expect(queryWith(workload, 'NOW()').run).toBe(
        "SELECT TIMESTAMP '2024-11-22 05:22:43', DATE '2024-11-22' FROM goods",
      );
      expect(queryWith(workload, 'SELECT name').sql).toBe('SELECT name FROM goods\nWHERE id = 7');
    },
  );

  it('keeps the writes of a transaction together, apart from those of other connections', async () => {
    const { queries } = await read(GENERAL);
    const writes = queries.filter((query) => query.class === 'write');
    expect(writes.map(({ sql, transaction }) => [sql.slice(0, 12), transaction])).toEqual([
      ['UPDATE t SET', undefined],
      ['INSERT INTO ', 1],
      ['UPDATE stock', 1],
    ]);
  });

  it('reads the times of MySQL 8, counts broken lines with their places, and goes on', async () => {
    const workload = await read(
      [
        '2024-11-22T05:22:41.123456Z\t    3 Connect\troot@localhost on sakila using TCP/IP',
        'a line of nobody',
        '2024-11-22T05:22:42.500000Z\t    3 Query\tSELECT NOW(3)',
        '',
      ].join('\n'),
    );
    expect(workload.counts).toMatchObject({ statements: 1, broken: 1, brokenAt: [2] });
    expect(workload.queries[0]).toMatchObject({
      database: 'sakila',
      run: "SELECT TIMESTAMP '2024-11-22 05:22:42.500'",
    });
  });
});

describe('the slow log', () => {
  const SLOW = [
    '# Time: 241122  5:22:41',
    '# User@Host: root[root] @ localhost []',
    '# Thread_id: 3  Schema: sakila  QC_hit: No',
    '# Query_time: 1.250000  Lock_time: 0.000010  Rows_sent: 1  Rows_examined: 0',
    '# Rows_affected: 0  Bytes_sent: 60',
    'use sakila;',
    'SET timestamp=1732252961;',
    'SELECT a',
    '# not a head, but a comment of the statement',
    'FROM t WHERE b = 1;',
    '# User@Host: root[root] @ localhost []  Id:     4',
    '# Query_time: 0.250000  Lock_time: 0.000010  Rows_sent: 1  Rows_examined: 0',
    'SET timestamp=1732252962;',
    'SELECT a\nFROM t WHERE b = 2;',
    '# User@Host: root[root] @ localhost []  Id:     4',
    '# Query_time: 0.250000  Lock_time: 0.000010  Rows_sent: 1  Rows_examined: 0',
    '# administrator command: Quit;',
    '',
  ].join('\n');

  it('gives each statement with its database, moment and time', async () => {
    const workload = await read(SLOW);
    expect(workload.source).toBe('mysql-slow');
    expect(workload.counts).toMatchObject({ statements: 2, read: 2, broken: 0, distinct: 2 });
    expect(queryWith(workload, 'b = 1')).toMatchObject({ database: 'sakila', seconds: 1.25 });
    expect(queryWith(workload, 'b = 2')).toMatchObject({
      database: 'sakila',
      seconds: 0.25,
      sql: 'SELECT a\nFROM t WHERE b = 2',
    });
    expect(queryWith(workload, 'b = 1').shape).toBe(queryWith(workload, 'b = 2').shape);
  });
});

describe("PostgreSQL's csvlog", () => {
  const record = (message: string, detail = '', session = 'a.1'): string =>
    [
      '2024-11-22 05:22:41.123 UTC',
      '"app"',
      '"shop"',
      '77',
      '"[local]"',
      session,
      '1',
      '"SELECT"',
      '2024-11-22 05:00:00 UTC',
      '3/1',
      '0',
      'LOG',
      '00000',
      `"${message.replaceAll('"', '""')}"`,
      detail === '' ? '' : `"${detail.replaceAll('"', '""')}"`,
      '',
      '',
      '',
      '',
      '',
      '',
      '',
      '"psql"',
      '"client backend"',
      '',
      '0',
    ].join(',');

  it('puts the values of prepared statements into the text, over several lines', async () => {
    const workload = await read(
      [
        record(
          'execute <unnamed>: SELECT *\nFROM "Goods" WHERE id = $1 AND name = $2 AND note = \'$1\'',
          "Parameters: $1 = '7', $2 = 'it''s, $3 = ''x'''",
        ),
        record('duration: 12.500 ms  execute s1: SELECT 1 WHERE a IS NOT DISTINCT FROM $1', 'parameters: $1 = NULL'),
        record('statement: SELECT 2'),
        record('duration: 3.000 ms'),
        'nothing of the log',
        record('connection authorized: user=app'),
        '2024-11-22 05:22:41.123 UTC,"app","shop",77,"cut',
        record('statement: SELECT 3', '', 'b.2'),
        '',
      ].join('\n'),
    );
    expect(workload).toMatchObject({ source: 'postgres-csvlog', dialect: 'postgres' });
    expect(workload.counts).toMatchObject({ statements: 4, read: 4, broken: 2, brokenAt: [6, 8] });
    expect(queryWith(workload, 'Goods')).toMatchObject({
      sql: `SELECT *\nFROM "Goods" WHERE id = '7' AND name = 'it''s, $3 = ''x''' AND note = '$1'`,
      database: 'shop',
    });
    expect(queryWith(workload, 'DISTINCT FROM')).toMatchObject({
      sql: 'SELECT 1 WHERE a IS NOT DISTINCT FROM NULL',
      seconds: 0.0125,
    });
    expect(queryWith(workload, 'SELECT 2').seconds).toBe(0.003);
  });

  it('does not run what has no values', async () => {
    const { counts, queries } = await read(record('execute s: SELECT * FROM t WHERE id = $1 LIMIT $2'));
    expect(counts.skipped).toEqual({ without_values: 1 });
    expect(queries[0]?.placeholders).toEqual([
      { marker: '$1', at: 27, table: 't', column: 'id' },
      { marker: '$2', at: 36, limit: true },
    ]);
  });
});

describe('a file of statements', () => {
  const FILE = String.raw`-- a comment; with a semicolon
SELECT 'a;b\'; c' /* ; */ FROM t;
# another; one
SELECT "x;y" FROM t; ;
DELIMITER $$
CREATE PROCEDURE p() BEGIN SELECT 1; END$$
DELIMITER ;
SELECT ${'`a;b`'} FROM t`;

  it.each([65_536, 5, 1])('is cut at semicolons that are none of a text, in pieces of %i bytes', async (piece) => {
    const workload = await read(FILE, { piece });
    expect(workload.source).toBe('sql');
    expect(workload.queries.map(({ sql }) => sql)).toEqual([
      String.raw`SELECT 'a;b\'; c' /* ; */ FROM t`,
      'SELECT "x;y" FROM t',
      'CREATE PROCEDURE p() BEGIN SELECT 1; END',
      'SELECT `a;b` FROM t',
    ]);
    expect(workload.counts).toMatchObject({ statements: 4, read: 3, skipped: { ddl: 1 }, broken: 0 });
  });

  it('has the quotes of its dialect', async () => {
    const text = `SELECT 'a\\'; SELECT $x$ ; $$ $x$; SELECT E'\\';' , "a;" /* a /* b; */ ; */ FROM t`;
    const { queries } = await read(text, { dialect: 'postgres', piece: 3 });
    expect(queries.map(({ sql }) => sql)).toHaveLength(3);
  });

  it('that ends inside quotes is broken there', async () => {
    const { counts } = await read("SELECT 1;\nSELECT 'a");
    expect(counts).toMatchObject({ statements: 1, read: 1, broken: 1, brokenAt: [2] });
  });
});

describe("a server's own statistics", () => {
  it('of PostgreSQL give weights, and placeholders with the columns whose values they need', async () => {
    const workload = await read(
      'query,calls,total_exec_time\n"SELECT * FROM t\nWHERE a = $1 AND ""B"" IN ($2, $3) LIMIT $4",120,2500.5\nSELECT 1,3,1\nbroken,x,1\n',
    );
    expect(workload).toMatchObject({ source: 'digests', dialect: 'postgres' });
    expect(workload.counts).toMatchObject({
      statements: 123,
      read: 3,
      skipped: { without_values: 120 },
      brokenAt: [5],
    });
    const query = queryWith(workload, '$1');
    expect(query).toMatchObject({ count: 120, seconds: 2.5005 });
    const { placeholders = [] } = query;
    expect(placeholders.map(({ column, limit }) => column ?? limit)).toEqual(['a', 'B', 'B', true]);
    expect(filled(query.sql, placeholders, ['1', "'x'", "'y'", '10'])).toBe(
      `SELECT * FROM t\nWHERE a = 1 AND "B" IN ('x', 'y') LIMIT 10`,
    );
  });

  it('of MySQL 8 give sample texts with their values, and name those that were cut', async () => {
    const workload = await read(
      "QUERY_SAMPLE_TEXT,SCHEMA_NAME,COUNT_STAR,SUM_TIMER_WAIT\nSELECT a FROM t WHERE b = 'c',shop,7,1500000000000\nSELECT a FROM ...,shop,2,1\n",
    );
    expect(workload.counts).toMatchObject({ statements: 9, read: 7, skipped: { cut: 2 } });
    expect(queryWith(workload, "b = 'c'")).toMatchObject({ count: 7, seconds: 1.5, database: 'shop' });
  });
});

describe('whatever a log holds', () => {
  it('a statement of 10 MB, bytes that are no text and a log of noise are counted and named', async () => {
    const huge = `SELECT '${'x'.repeat(10_000_000)}'`;
    for (const content of [`${huge};SELECT 1`, `\t\t  3 Query\t${huge}\n\t\t  3 Query\tSELECT 1\n`]) {
      const workload = await read(content);
      expect(workload.counts).toMatchObject({ statements: 2, read: 1, skipped: { too_long: 1 } });
      expect(workload.queries.find(({ reason }) => reason === 'too_long')?.sql.length).toBe(
        WORKLOAD_BOUNDS.skippedCharacters,
      );
    }
    const binary = Buffer.concat([
      Buffer.from("\t\t  3 Execute\tINSERT INTO t VALUES ('"),
      Buffer.from([0xff, 0xfe, 0x80]),
      Buffer.from("')\n\t\t  3 Query\tSELECT 1\n"),
    ]);
    expect((await read(binary)).counts).toMatchObject({ read: 1, skipped: { binary_parameter: 1 } });
    const noise = Buffer.from(Array.from({ length: 50_000 }, (_, at) => (at * 7919) % 251));
    for (const format of ['mysql-general', 'mysql-slow', 'postgres-csvlog', 'sql'] as const) {
      const workload = await read(noise, { format });
      expect(accounted(workload)).toBe(workload.counts.statements);
    }
  });

  it('the same text is one query with its count, and a shape has a bounded number of texts', async () => {
    const many = Array.from({ length: 2500 }, (_, at) => `SELECT a FROM t WHERE id IN (${String(at)}, 1);`).join('\n');
    const workload = await read(`${many}\nSELECT a FROM t WHERE id IN (3,1);SELECT b FROM t;SELECT b FROM t`);
    expect(workload.counts).toMatchObject({ statements: 2503, read: 2503, distinct: WORKLOAD_BOUNDS.readsOfShape + 1 });
    expect(queryWith(workload, 'b FROM').count).toBe(2);
    expect(workload.queries.reduce((sum, { count }) => sum + count, 0)).toBe(2503);
    const again = await read(`SELECT b FROM t`);
    expect(again.queries[0]?.id).toBe(queryWith(workload, 'b FROM').id);
  });

  it('more shapes than are kept are counted apart', async () => {
    const many = Array.from({ length: WORKLOAD_BOUNDS.shapes + 10 }, (_, at) => `SELECT a${String(at)} FROM t`).join(
      ';',
    );
    const { counts } = await read(many);
    expect(counts).toMatchObject({ read: WORKLOAD_BOUNDS.shapes, skipped: { not_kept: 10 } });
  });

  it('a transaction that ran twice is one with the count two', async () => {
    const one = 'BEGIN; INSERT INTO t VALUES (1); DELETE FROM t WHERE id = 1; COMMIT;';
    const { queries, counts } = await read(
      `${one}${one}SET autocommit=0;UPDATE t SET a = 1;UPDATE t SET a = 2;ROLLBACK;`,
    );
    expect(counts).toMatchObject({ write: 6, skipped: { transaction_control: 5, session: 1 } });
    expect(
      queries.filter((query) => query.class === 'write').map(({ count, transaction }) => [count, transaction]),
    ).toEqual([
      [2, 1],
      [2, 1],
      [1, 2],
      [1, 2],
    ]);
  });

  it('the moment of a statement without one is when it was read', async () => {
    const { queries } = await read('SELECT UNIX_TIMESTAMP(), curdate()');
    expect(queries[0]?.run).toBe(`SELECT ${String(Math.floor(READ_AT.getTime() / 1000))}, DATE '2024-05-06'`);
  });
});

describe('what cannot be kept', () => {
  it('is a transaction of more writes than are kept: counted as a whole, under its reason', async () => {
    const writes = Array.from({ length: 1001 }, (_, at) => `INSERT INTO t VALUES (${String(at)});`).join('\n');
    const { counts, queries } = await read(`BEGIN;\n${writes}\nCOMMIT;\nSELECT 1 FROM t;`);
    expect(counts.skipped.transaction_too_long).toBe(1001);
    expect(queries.filter(({ class: kind }) => kind === 'write')).toEqual([]);
  });

  it('is a line of statistics without a text or a count, or a file without their head', async () => {
    const broken = await read('query,calls\n"SELECT 1",x\n\n,3\n"SELECT 2\n', {
      format: 'digests',
      dialect: 'postgres',
    });
    expect(broken.counts.broken).toBe(3);
    expect((await read('one,two\n1,2\n', { format: 'digests', dialect: 'postgres' })).counts.broken).toBeGreaterThan(0);
  });
});
