import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasMariadb, startPrivateMariadb } from '../databases/mariadb.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import { startMigrate, urlOf } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { freshDatabase, leftovers } from './harness.js';

const LABELS = Array.from({ length: 64 }, (_, at) => `'m${String(at)}'`).join(',');

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
INSERT INTO label (id, e) VALUES (6, 'g\\h');`;

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
});
