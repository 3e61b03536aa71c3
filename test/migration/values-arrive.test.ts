import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasMariadb, startPrivateMariadb } from '../databases/mariadb.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import type { TestFolder } from './fixtures.js';
import { startMigrate, testFolder, urlOf } from './fixtures.js';
import type { TestDatabase } from './harness.js';
import { freshDatabase } from './harness.js';

/** COPY's own characters, and text that every layer may want to change. */
const HARD_TEXT = 'tab\there \\N \\. back\\slash\r\nquote\'" {a,b} \u200f😀 é e\u0301 ';

describe.skipIf(!hasMariadb)('Extreme values of MariaDB', () => {
  let server: PrivateMariadb;
  let target: TestDatabase;

  beforeAll(async () => {
    server = await startPrivateMariadb();
    const connection = await server.connect('mysql');
    await connection.query('CREATE DATABASE v CHARACTER SET utf8mb4');
    await connection.query('USE v');
    await connection.query("SET time_zone = '+00:00', sql_mode = ''");
    await connection.query(`CREATE TABLE number (
      id BIGINT UNSIGNED PRIMARY KEY, tiny TINYINT, flag TINYINT(1), small SMALLINT UNSIGNED, medium MEDIUMINT, plain INT UNSIGNED,
      wide DECIMAL(65,30), single FLOAT, twice DOUBLE, bits BIT(12), year YEAR)`);
    await connection.query(`INSERT INTO number VALUES
      (0, -128, 0, 65535, -8388608, 4294967295, -99999999999999999999999999999999999.999999999999999999999999999999, 1.2345678, 1.7976931348623157e308, b'100000000001', 1901),
      (18446744073709551615, 127, 1, 0, 8388607, 0, 0.000000000000000000000000000001, 16777215, 5e-324, b'0', 2155),
      (7, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`);
    await connection.query(
      `CREATE TABLE moment (id INT PRIMARY KEY, d DATE, dt DATETIME(6), ts TIMESTAMP(3) NULL, t TIME(6))`,
    );
    await connection.query(`INSERT INTO moment VALUES
      (1, '1000-01-01', '1000-01-01 00:00:00.000001', '1970-01-01 00:00:01.001', '-838:59:59'),
      (2, '9999-12-31', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07.999', '838:59:59'),
      (3, '2024-02-29', '2024-10-27 02:30:00', '2024-10-27 00:30:00', '00:00:00.000001')`);
    await connection.query(`CREATE TABLE word (
      id INT PRIMARY KEY, t LONGTEXT, old VARCHAR(40) CHARACTER SET latin1, c CHAR(5), b LONGBLOB, fixed BINARY(4), e ENUM('a','','b,c','d''e'), s SET('x','y','z'), j JSON)`);
    const insert = 'INSERT INTO word VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)';
    const bytes = Buffer.from([0, 1, 9, 10, 13, 34, 39, 92, 127, 128, 255]);
    await connection.query(insert, [
      1,
      HARD_TEXT,
      'Käse €',
      'ab',
      bytes,
      Buffer.from([1, 2]),
      'b,c',
      'x,z',
      '{"a": [1, "\\u0041"]}',
    ]);
    await connection.query(insert, [2, '', '', '', Buffer.alloc(0), Buffer.alloc(4), '', '', '[]']);
    await connection.query(insert, [3, null, null, null, null, null, null, null, null]);
    await connection.query(insert, [
      4,
      'long '.repeat(300_000),
      'x',
      'y',
      Buffer.alloc(1_000_000, 200),
      null,
      "d'e",
      'y',
      'null',
    ]);
    await connection.query('CREATE TABLE zero (id INT PRIMARY KEY, d DATE NOT NULL, dt DATETIME)');
    await connection.query(
      "INSERT INTO zero VALUES (1, '0000-00-00', '2024-00-00'), (2, '2024-01-31', '0000-00-00'), (3, '2024-01-01', '2024-01-01')",
    );
    await connection.end();
  });
  beforeEach(async () => {
    target = await freshDatabase();
  });
  afterEach(() => target.drop());
  afterAll(async () => {
    await server.stop();
  });

  // [edge 6 9 10 11 14 16 18 20 28 29 31 32 33 39 41]
  it('arrive as they are; a zero date becomes NULL and is counted', async () => {
    const ran = await startMigrate({ source: urlOf(server.endpoint('v')), target: target.url }, '--yes').ended;
    expect(ran.exit, JSON.stringify(ran.json)).toBe(3);
    expect(await target.query('SELECT * FROM number ORDER BY id')).toMatchObject([
      {
        id: '0',
        tiny: -128,
        flag: false,
        small: 65535,
        medium: -8388608,
        plain: '4294967295',
        year: 1901,
        bits: '100000000001',
        wide: '-99999999999999999999999999999999999.999999999999999999999999999999',
        single: 1.2345678,
        twice: 1.7976931348623157e308,
      },
      { id: '7', tiny: null, flag: null, wide: null, single: null, bits: null },
      {
        id: '18446744073709551615',
        tiny: 127,
        flag: true,
        small: 0,
        plain: '0',
        wide: '0.000000000000000000000000000001',
        single: 16777215,
        twice: 5e-324,
        bits: '000000000000',
        year: 2155,
      },
    ]);
    const moments = await target.query(
      "SELECT id, d::text, dt::text, (ts AT TIME ZONE 'UTC')::text AS ts, t::text FROM moment ORDER BY id",
    );
    expect(moments).toEqual([
      { id: 1, d: '1000-01-01', dt: '1000-01-01 00:00:00.000001', ts: '1970-01-01 00:00:01.001', t: '-838:59:59' },
      { id: 2, d: '9999-12-31', dt: '9999-12-31 23:59:59.999999', ts: '2038-01-19 03:14:07.999', t: '838:59:59' },
      { id: 3, d: '2024-02-29', dt: '2024-10-27 02:30:00', ts: '2024-10-27 00:30:00', t: '00:00:00.000001' },
    ]);
    const words = await target.query(
      "SELECT id, t, old, c, encode(b, 'hex') AS b, encode(fixed, 'hex') AS fixed, e::text, s, j::text FROM word WHERE id < 4 ORDER BY id",
    );
    expect(words).toEqual([
      {
        id: 1,
        t: HARD_TEXT,
        old: 'Käse €',
        c: 'ab',
        b: '0001090a0d22275c7f80ff',
        fixed: '01020000',
        e: 'b,c',
        s: ['x', 'z'],
        j: '{"a": [1, "\\u0041"]}',
      },
      { id: 2, t: '', old: '', c: '', b: '', fixed: '00000000', e: '', s: [], j: '[]' },
      { id: 3, t: null, old: null, c: null, b: null, fixed: null, e: null, s: null, j: null },
    ]);
    expect(await target.query('SELECT length(t) AS t, length(b) AS b, s FROM word WHERE id = 4')).toEqual([
      { t: 1_500_000, b: 1_000_000, s: ['y'] },
    ]);
    expect(await target.query('SELECT id, d::text, dt::text FROM zero ORDER BY id')).toEqual([
      { id: 1, d: null, dt: null },
      { id: 2, d: '2024-01-31', dt: null },
      { id: 3, d: '2024-01-01', dt: '2024-01-01 00:00:00' },
    ]);
    const zero = ran.json.tables.find((table) => table.source === 'v.zero');
    expect(zero).toMatchObject({ sourceRows: 3, targetRows: 3, changedValues: 3 });
    expect(ran.json.tables.filter((table) => table.changedValues > 0)).toHaveLength(1);
  });
});

describe('Extreme values of SQLite', () => {
  let folder: TestFolder;
  let target: TestDatabase;

  beforeAll(() => {
    folder = testFolder();
  });
  beforeEach(async () => {
    target = await freshDatabase();
  });
  afterEach(() => target.drop());
  afterAll(() => {
    folder.remove();
  });

  // [edge 30 59]
  it('arrive as they are', async () => {
    const source = folder.sqlite(
      'extremes',
      `CREATE TABLE number (id INTEGER PRIMARY KEY, i INTEGER, r REAL, n NUMERIC);
       INSERT INTO number VALUES (-9223372036854775808, 9223372036854775807, 1.7976931348623157e308, 0.1), (1, -1, 5e-324, 12345678901234567),
         (2, 0, 1e999, 3), (9223372036854775807, NULL, 0.0, NULL);
       CREATE TABLE word (a TEXT, b TEXT, c BLOB, PRIMARY KEY (a, b)) WITHOUT ROWID;
       INSERT INTO word VALUES ('', '', x''), ('tab' || char(9), '\\N', x'00ff5c0a'), ('ä' || char(0x1F600), 'B', NULL), ('Ä', 'b', x'20');
       CREATE TABLE made (id INTEGER PRIMARY KEY AUTOINCREMENT, a INTEGER NOT NULL DEFAULT 5, b INTEGER GENERATED ALWAYS AS (a * 2) STORED, at TEXT DEFAULT CURRENT_TIMESTAMP);
       INSERT INTO made (a) VALUES (1), (2); DELETE FROM made WHERE id = 2;
       CREATE UNIQUE INDEX one_large ON made (a) WHERE b > 2; CREATE INDEX low_a ON word (lower(a) DESC, b);
       CREATE TABLE hollow (id INTEGER PRIMARY KEY);
       CREATE TABLE loose (x, y); INSERT INTO loose VALUES (1, 'a'), (1, 'a'), (NULL, NULL);`,
    );
    const ran = await startMigrate({ source, target: target.url }, '--yes').ended;
    expect([0, 3], JSON.stringify(ran.json)).toContain(ran.exit);
    expect(await target.query('SELECT id::text, i::text, r::text, n::text FROM number ORDER BY number.id')).toEqual([
      { id: '-9223372036854775808', i: '9223372036854775807', r: '1.7976931348623157e+308', n: '0.1' },
      { id: '1', i: '-1', r: '5e-324', n: '12345678901234567' },
      { id: '2', i: '0', r: 'Infinity', n: '3' },
      { id: '9223372036854775807', i: null, r: '0', n: null },
    ]);
    expect(
      await target.query(`SELECT a, b, encode(c, 'hex') AS c FROM word ORDER BY a COLLATE "C", b COLLATE "C"`),
    ).toEqual([
      { a: '', b: '', c: '' },
      { a: 'tab\t', b: '\\N', c: '00ff5c0a' },
      { a: 'Ä', b: 'b', c: '20' },
      { a: 'ä😀', b: 'B', c: null },
    ]);
    expect(await target.query('SELECT count(*), count(x) AS x FROM loose')).toEqual([{ count: '3', x: '2' }]);
    expect(await target.query('SELECT count(*) FROM hollow')).toEqual([{ count: '0' }]);
    const [made] = await target.query(
      'INSERT INTO made DEFAULT VALUES RETURNING id::text, a::text, at IS NOT NULL AS at',
    );
    expect(made).toEqual({ id: '3', a: '5', at: true });
    expect(
      await target.query(
        'SELECT b::text, attgenerated FROM made, pg_attribute WHERE attname = $$b$$ AND attrelid = $$made$$::regclass AND id = 3',
      ),
    ).toEqual([{ b: '10', attgenerated: 's' }]);
    await expect(target.query('INSERT INTO made (a) VALUES (5)')).rejects.toThrow(/one_large/);
    const [low] = await target.query("SELECT indexdef FROM pg_indexes WHERE indexname = 'low_a'");
    expect(low?.['indexdef']).toContain('(lower(a) DESC, b)');
    for (const table of ran.json.tables) expect(table.sourceHash).toBe(table.targetHash);
  });
});
