import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasMariadb, startPrivateMariadb } from '../databases/mariadb.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import { startMigrate, urlOf } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { freshDatabase, leftovers } from './harness.js';

const LABELS = Array.from({ length: 64 }, (_, at) => `'m${String(at)}'`).join(',');

const NAME = '`na me`';

/** Types and objects that other tests do not have, all in one database. */
const ODD = String.raw`
CREATE DATABASE odd CHARACTER SET utf8mb4; USE odd; SET sql_mode = 'NO_ENGINE_SUBSTITUTION'; SET time_zone = '+00:00';
CREATE TABLE address (id INT PRIMARY KEY, four INET4, six INET6, u UUID);
INSERT INTO address VALUES (1, '192.0.2.1', '::ffff:192.0.2.1', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), (2, '255.255.255.255', '2001:db8::ff00:42:8329', NULL),
  (3, '0.0.0.0', '::', '00000000-0000-0000-0000-000000000000'), (4, NULL, 'FE80::', NULL);
CREATE TABLE place (id INT PRIMARY KEY, g GEOMETRY, p POINT, l LINESTRING, s POLYGON, mp MULTIPOINT, ml MULTILINESTRING, ms MULTIPOLYGON, c GEOMETRYCOLLECTION);
INSERT INTO place VALUES
 (1, ST_GeomFromText('POINT(1 2)', 4326), ST_GeomFromText('POINT(-0.5 1e300)', 4326), ST_GeomFromText('LINESTRING(0 0,1 1,2 3)', 3857),
  ST_GeomFromText('POLYGON((0 0,4 0,4 4,0 0),(1 1,2 1,2 2,1 1))'), ST_GeomFromText('MULTIPOINT(1 2,3 4)', 4326), ST_GeomFromText('MULTILINESTRING((0 0,1 1),(2 2,3 3))'),
  ST_GeomFromText('MULTIPOLYGON(((0 0,1 0,1 1,0 0)))', 4326), ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))', 4326)),
 (2, ST_GeomFromText('LINESTRING(0 0,1 1)'), ST_GeomFromText('POINT(1 2)'), NULL, NULL, NULL, NULL, NULL, NULL),
 (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE label (id INT PRIMARY KEY, e ENUM('a,b', 'c''d', '', 'é', 'G\\H'), many SET(${LABELS}), flag TINYINT(1), doc JSON, b BIT(64), z INT(5) ZEROFILL, y YEAR, bin BINARY(16), t TIME);
INSERT INTO label VALUES (1, 'a,b', 'm63,m0', 2, '{"n": 123456789012345678901234567890, "n": 1e400}', b'1', 42, 1901, x'00', '-838:59:59'),
 (2, 'C''D', '', 0, '123456789012345678901234567890', 18446744073709551615, 99999, 0, x'00112233445566778899aabbccddeeff', '838:59:59'),
 (3, '', 'm1', 1, '[ 1,  2 ]', 0, 0, 2155, '', '24:00:00'), (4, 'none of them', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (5, 'é', 'm0,m1,m62', -128, '"\\u0000"', 1, 7, 70, x'ff', '00:00:00');
INSERT INTO label (id, e) VALUES (6, 'g\\h');
CREATE TABLE touched (id INT PRIMARY KEY AUTO_INCREMENT, ${NAME} VARCHAR(20) COMMENT 'it''s "ä"', doc JSON, amount DECIMAL(9,3), seen INT,
  at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, local DATETIME(6) NULL ON UPDATE CURRENT_TIMESTAMP(6)) COMMENT 'touched by "updates"';
INSERT INTO touched (${NAME}, doc, amount, seen, at, local) VALUES ('a', '{"a": 1}', 1.5, 1, '2001-01-01', '2001-01-01'), ('b', NULL, NULL, NULL, '2001-01-01', NULL);
CREATE TABLE indexed (id INT PRIMARY KEY, title VARCHAR(200), body TEXT, tag VARCHAR(40), KEY by_title (title(10)), KEY by_body (body(20), id DESC), UNIQUE KEY one_tag (tag(4)),
  FULLTEXT KEY words (title, body), KEY down (tag, id));
INSERT INTO indexed VALUES (1, 'Moby Dick', REPEAT('whale ', 900), 'abcd1'), (2, NULL, 'The white whale', 'abce1');
CREATE TABLE reckoned (id INT PRIMARY KEY, qty INT, price DECIMAL(10,2), name VARCHAR(20), made DATE,
  total DECIMAL(12,2) AS (qty * price) VIRTUAL, twice DECIMAL(12,2) AS (total * 2) STORED, label VARCHAR(60) AS (CONCAT(name, '#', qty)) STORED,
  part DECIMAL(14,4) AS (ROUND(price / qty, 1)) VIRTUAL, y INT AS (YEAR(made)) VIRTUAL, code VARCHAR(9) AS (COALESCE(LEFT(name, 2), '-')) STORED,
  hash CHAR(32) AS (MD5(name)) STORED, KEY by_total (total));
INSERT INTO reckoned (id, qty, price, name, made) VALUES (1, 3, 1.25, 'Ann', '2020-02-29'), (2, 0, 9.99, NULL, NULL), (3, NULL, 0.05, 'é', '1999-12-31'), (4, -7, 99999999.99, '', '2001-01-01');
CREATE TABLE rounded (id INT PRIMARY KEY, a FLOAT, c DOUBLE AS (a * a) STORED); INSERT INTO rounded (id, a) VALUES (1, 1.1), (2, 0.5);
CREATE TABLE clipped (id INT PRIMARY KEY, a INT, b INT AS (a * a) VIRTUAL); INSERT INTO clipped (id, a) VALUES (1, 3), (2, 100000);
CREATE TABLE keyed (cid INT, typ ENUM('b','a'), v INT, PRIMARY KEY (cid, typ)); INSERT INTO keyed VALUES (1, 'a', 1), (1, 'b', 2), (2, 'a', 3);
CREATE TABLE only_blob (b BLOB); INSERT INTO only_blob VALUES (x'00ff'), (x'00ff'), (NULL), ('');
CREATE TABLE eastern (id INT PRIMARY KEY, g VARCHAR(20) CHARACTER SET gbk, s VARCHAR(20) CHARACTER SET sjis, b VARCHAR(20) CHARACTER SET big5, k VARCHAR(20) CHARACTER SET euckr, w VARCHAR(20) CHARACTER SET utf16);
INSERT INTO eastern VALUES (1, '汉字𠀀', 'カナ', '漢字', '한글', '🫡é'), (2, '', 'a', NULL, 'z', '');
CREATE TABLE worded (k VARCHAR(40) COLLATE utf8mb4_bin PRIMARY KEY, n INT); INSERT INTO worded VALUES ('', 1), ('%', 2), ('a''b', 3), ('a\\b', 4), ('A', 5), ('a', 6), ('ä', 7), ('🫡', 8), ('tab\t', 9);
CREATE TABLE zoned (id INT PRIMARY KEY, at TIMESTAMP NULL, local DATETIME);
SET time_zone = '+05:30'; INSERT INTO zoned VALUES (1, '2024-03-31 02:30:00', '2024-03-31 02:30:00');
SET time_zone = '-02:30'; INSERT INTO zoned VALUES (2, '2024-10-27 23:59:59', '2024-10-27 23:59:59'); SET time_zone = '+00:00';
CREATE TABLE parted (id INT, at DATE, PRIMARY KEY (id, at)) PARTITION BY RANGE COLUMNS (at) (PARTITION p0 VALUES LESS THAN ('2020-01-01'), PARTITION p1 VALUES LESS THAN MAXVALUE);
INSERT INTO parted VALUES (1, '2019-01-01'), (2, '2021-01-01');
CREATE TABLE kept (id INT PRIMARY KEY, n INT) WITH SYSTEM VERSIONING; INSERT INTO kept VALUES (1, 1); UPDATE kept SET n = 2;`;

describe.skipIf(!hasMariadb)('An odd database of MariaDB', () => {
  let server: PrivateMariadb;
  let target: TestDatabase;
  let ran: Ran;

  beforeAll(async () => {
    server = await startPrivateMariadb();
    target = await freshDatabase();
    await server.script(ODD);
    ran = await startMigrate({ source: urlOf(server.endpoint('odd')), target: target.url }, '--yes').ended;
  });
  afterAll(async () => {
    await server.stop();
    await target.drop();
  });

  async function fromSource(sql: string): Promise<unknown> {
    const connection = await server.connect('odd');
    try {
      const [rows] = await connection.query(sql);
      return rows;
    } finally {
      await connection.end();
    }
  }

  it('arrives, and what could not stay as it was is named', async () => {
    expect(ran.exit, ran.stderr + JSON.stringify(ran.json)).toBe(3);
    expect(await leftovers(target)).toEqual([]);
    const changed = ran.json.findings.filter(({ code }) => code === 'values_changed').map(({ object }) => object);
    expect(changed).toEqual(['odd.label.e']);
  });

  // [edge 75]
  it('keeps every type of address', async () => {
    const expected = await fromSource('SELECT id, four, six, u FROM address ORDER BY id');
    expect(
      await target.query('SELECT id, host(four) AS four, host(six) AS six, u::text FROM address ORDER BY id'),
    ).toEqual(expected);
    const [types] = await target.query(
      'SELECT pg_typeof(four)::text AS four, pg_typeof(six)::text AS six FROM address LIMIT 1',
    );
    expect(types).toEqual({ four: 'inet', six: 'inet' });
  });

  // [edge 44]
  it('keeps all eight kinds of places as EWKB, with their SRID', async () => {
    const ewkb = (name: string): string =>
      `LOWER(IF(ST_SRID(${name}) = 0, HEX(ST_AsWKB(${name})), CONCAT(LEFT(HEX(ST_AsWKB(${name})), 8), '20', HEX(CHAR(ST_SRID(${name}) & 255, ST_SRID(${name}) >> 8 & 255, 0, 0)), SUBSTR(HEX(ST_AsWKB(${name})), 11)))) AS ${name}`;
    const kinds = ['g', 'p', 'l', 's', 'mp', 'ml', 'ms', 'c'];
    const expected = await fromSource(`SELECT id, ${kinds.map(ewkb).join(', ')} FROM place ORDER BY id`);
    const hex = kinds.map((name) => `encode(${name}, 'hex') AS ${name}`).join(', ');
    expect(await target.query(`SELECT id, ${hex} FROM place ORDER BY id`)).toEqual(expected);
    const [first] = await target.query("SELECT encode(g, 'hex') AS g FROM place WHERE id = 1");
    expect(first).toEqual({ g: '0101000020e6100000000000000000f03f0000000000000040' });
  });

  // [edge 2 4 7 18 20 22 23 24 27 38 39 45]
  it('keeps labels, numbers and times at their limits, and tells an empty label from none', async () => {
    const rows = await target.query(
      `SELECT e::text, array_to_string(many, '+') AS many, flag, doc::text, b::bigint::text AS b, z, y, encode(bin, 'hex') AS bin, t::text
         FROM label ORDER BY id`,
    );
    const nothing = { many: null, flag: null, doc: null, b: null, z: null, y: null, bin: null, t: null };
    const zeros = '0'.repeat(32);
    expect(rows).toEqual([
      {
        ...{ e: 'a,b', many: 'm0+m63', flag: 2, doc: '{"n": 123456789012345678901234567890, "n": 1e400}', b: '1' },
        ...{ z: '42', y: 1901, bin: zeros, t: '-838:59:59' },
      },
      {
        ...{ e: "c'd", many: '', flag: 0, doc: '123456789012345678901234567890', b: '-1', z: '99999', y: 0 },
        ...{ bin: '00112233445566778899aabbccddeeff', t: '838:59:59' },
      },
      { e: '', many: 'm1', flag: 1, doc: '[ 1,  2 ]', b: '0', z: '0', y: 2155, bin: zeros, t: '24:00:00' },
      { e: null, ...nothing },
      {
        ...{ e: 'é', many: 'm0+m1+m62', flag: -128, doc: '"\\u0000"', b: '1', z: '7', y: 1970 },
        ...{ bin: `ff${'0'.repeat(30)}`, t: '00:00:00' },
      },
      { e: 'G\\H', ...nothing },
    ]);
  });

  // [edge 15]
  it('keeps moments as moments, whatever zone they were written in', async () => {
    const found = await target.query(
      'SELECT id, extract(epoch FROM at)::int AS at, local::text FROM zoned ORDER BY id',
    );
    expect(found.map(({ local }) => local)).toEqual(['2024-03-31 02:30:00', '2024-10-27 23:59:59']);
    expect(found.map(({ at }) => new Date(Number(at) * 1000).toISOString())).toEqual([
      ...['2024-03-30T21:00:00.000Z', '2024-10-28T02:29:59.000Z'],
    ]);
  });

  // [edge 26 35 43 51]
  it('keeps labels and words as keys, a lone column of bytes, and the character sets of the east', async () => {
    expect(await target.query('SELECT cid, typ::text, v FROM keyed ORDER BY v')).toEqual(
      await fromSource('SELECT cid, typ, v FROM keyed ORDER BY v'),
    );
    const blobs = await target.query(
      "SELECT encode(b, 'hex') AS b, count(*)::int AS n FROM only_blob GROUP BY b ORDER BY n, b",
    );
    expect(blobs).toEqual([
      { b: '', n: 1 },
      { b: null, n: 1 },
      { b: '00ff', n: 2 },
    ]);
    for (const sql of ['SELECT * FROM eastern ORDER BY id', 'SELECT k, n FROM worded ORDER BY n'])
      expect(await target.query(sql)).toEqual(await fromSource(sql));
  });

  // [edge 69]
  it('lists what has no counterpart, and nothing else', () => {
    const left = ran.json.notMigrated.map(({ kind, name }) => `${kind} ${name}`).sort();
    expect(left).toEqual([
      ...['collation odd.indexed.tag', 'generated column odd.reckoned.hash', 'history odd.kept'],
      'partitioning odd.parted',
    ]);
    expect(ran.json.tables.find(({ source }) => source === 'odd.parted')).toMatchObject({ targetRows: 2 });
  });

  // [edge 47]
  it('generates what was generated, where PostgreSQL takes the expression and it gives the same', async () => {
    const columns = ['total', 'twice', 'label', 'part', 'y', 'code', 'hash'].map(
      (name) => `CONCAT(${name}) AS ${name}`,
    );
    const expected = await fromSource(`SELECT ${columns.join(', ')} FROM reckoned ORDER BY id`);
    expect(
      await target.query(
        'SELECT total::text, twice::text, label, part::text, y::text, code, hash FROM reckoned ORDER BY id',
      ),
    ).toEqual(expected);
    const generated = await target.query(
      `SELECT attrelid::regclass || '.' || attname AS name FROM pg_attribute WHERE attgenerated = 's' ORDER BY attrelid, attnum`,
    );
    expect(generated.map(({ name }) => name)).toEqual(
      ['total', 'twice', 'label', 'part', 'y', 'code'].map((name) => `reckoned.${name}`),
    );
    const [made] = await target.query(
      "INSERT INTO reckoned (id, qty, price, name) VALUES (9, 2, 1.5, 'new') RETURNING total::text, twice::text, label",
    );
    expect(made).toEqual({ total: '3.00', twice: '6.00', label: 'new#2' });
  });

  it('keeps the values where the expression gives others, or fails: a plain column, and a finding', async () => {
    expect(await target.query('SELECT c FROM rounded ORDER BY id')).toEqual(
      await fromSource('SELECT c FROM rounded ORDER BY id'),
    );
    expect(await target.query('SELECT b FROM clipped ORDER BY id')).toEqual([{ b: 9 }, { b: 2147483647 }]);
    const found = ran.json.findings.filter(({ code }) => code === 'structure_differs').map(({ object }) => object);
    expect(found.sort()).toEqual(['public.clipped.b', 'public.rounded.c']);
  });

  // [edge 61 62]
  it('keeps prefix, descending, unique and FULLTEXT indexes', async () => {
    const indexes = await target.query(
      `SELECT indexname AS name, regexp_replace(indexdef, '^.* USING ', '') AS def FROM pg_indexes WHERE tablename = 'indexed' AND indexname <> 'indexed_pkey' ORDER BY 1`,
    );
    expect(indexes).toEqual([
      { name: 'by_body', def: 'btree ("left"(body, 20), id DESC)' },
      { name: 'by_title', def: 'btree (title)' },
      { name: 'down', def: 'btree (tag, id)' },
      { name: 'one_tag', def: 'btree ("left"((tag)::text, 4))' },
      {
        name: 'words',
        def: `gin (to_tsvector('simple'::regconfig, (((COALESCE(title, ''::character varying))::text || ' '::text) || COALESCE(body, ''::text))))`,
      },
    ]);
    await expect(target.query("INSERT INTO indexed (id, tag) VALUES (9, 'abcd2')")).rejects.toThrow(/one_tag/);
    const found = await target.query(
      `SELECT id FROM indexed WHERE to_tsvector('simple', coalesce(title, '') || ' ' || coalesce(body, '')) @@ plainto_tsquery('simple', 'whale dick')`,
    );
    expect(found).toEqual([{ id: 1 }]);
  });

  // [edge 21]
  it('keeps the rule of ON UPDATE: only a row that really changes, and not what the update sets itself', async () => {
    const state = `extract(year FROM at)::int > 2001 AS at, extract(year FROM local)::int > 2001 AS local`;
    const update = async (set: string): Promise<unknown> => {
      await target.query(`UPDATE touched SET at = '2001-01-01 00:00+00', local = '2001-01-01'`);
      await target.query(`UPDATE touched SET at = '2001-01-01 00:00+00', local = '2001-01-01'`);
      return target.query(`UPDATE touched SET ${set} WHERE id = 1 RETURNING ${state}`);
    };
    expect(await update(`seen = seen, "na me" = 'a'`)).toEqual([{ at: false, local: false }]);
    expect(await update('seen = seen + 1')).toEqual([{ at: true, local: true }]);
    expect(await update(`doc = '{"a":  1}'`)).toEqual([{ at: true, local: true }]);
    expect(await update(`seen = 7, at = '1999-01-01'`)).toEqual([{ at: false, local: true }]);
    expect(await update(`local = '1999-01-01'`)).toEqual([{ at: true, local: false }]);
    const [clock] = await target.query(
      `UPDATE touched SET seen = 99 WHERE id = 2 RETURNING at = date_trunc('second', at) AND at <= clock_timestamp() AS whole, local = localtimestamp AS now`,
    );
    expect(clock).toEqual({ whole: true, now: true });
  });

  // [edge 72]
  it('brings comments along, and leaves one function in the target schema', async () => {
    const [comments] = await target.query(
      `SELECT obj_description('touched'::regclass) AS of_table, col_description('touched'::regclass, 2) AS of_column`,
    );
    expect(comments).toEqual({ of_table: 'touched by "updates"', of_column: `it's "ä"` });
    const functions = await target.query(
      "SELECT n.nspname || '.' || proname AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE n.nspname !~ '^pg_|^information'",
    );
    expect(functions).toEqual([{ name: 'public.touched_on_update' }]);
  });
});
