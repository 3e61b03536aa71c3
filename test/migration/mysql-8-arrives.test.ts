import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openMysqlSource } from '../../databases/mysql/source.js';
import { mysql8, startPrivateMysql } from '../databases/mysql-server.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import { startMigrate, urlOf } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { freshDatabase, leftovers } from './harness.js';

const mysql = await mysql8();
const title = 'missing' in mysql ? `MySQL 8.0: SKIPPED, ${mysql.missing}` : 'MySQL 8.0';

/** What only MySQL 8 has, or prints in its own way. */
const ONLY_8 = String.raw`
CREATE DATABASE only8 CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci; USE only8;
CREATE TABLE parent (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE,
  note VARCHAR(40) COLLATE utf8mb4_0900_as_cs DEFAULT 'it''s', made CHAR(36) DEFAULT (uuid()), body TEXT DEFAULT ('say ''hi'''),
  doc JSON, day DATE DEFAULT (CURRENT_DATE), at DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3), amount DECIMAL(10,2) DEFAULT '1.50',
  flag BOOLEAN NOT NULL DEFAULT TRUE, e ENUM('a','b,c') DEFAULT 'b,c', bits BIT(3) DEFAULT b'101', bin BINARY(3) DEFAULT 'ab',
  hidden INT INVISIBLE DEFAULT 4, twice INT AS (hidden * 2) VIRTUAL, loud VARCHAR(60) AS (CONCAT(UPPER(name), '''x')) STORED,
  CONSTRAINT positive CHECK (amount > 0), CONSTRAINT loose CHECK (hidden < 8) NOT ENFORCED, CHECK (name <> 'bad\n''x')
);
CREATE INDEX by_lower ON parent ((lower(note)));
CREATE TABLE child (id INT PRIMARY KEY AUTO_INCREMENT, parent_id BIGINT UNSIGNED,
  CONSTRAINT up FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE CASCADE);
INSERT INTO parent (name, hidden, doc, bin, at) VALUES ('Ä', 7, NULL, x'000102', '2020-02-29 12:34:56.789'),
  ('straße 🫡', 80, '{"b": [1, 2.50, "é\\n", null]}', NULL, NULL);
INSERT INTO parent (name, hidden, doc, at) VALUES ('', NULL, '"x"', NULL);
INSERT INTO child (parent_id) VALUES (1), (NULL);
CREATE TABLE place (id INT PRIMARY KEY, spot POINT SRID 4326, many GEOMETRYCOLLECTION);
INSERT INTO place VALUES (1, ST_GeomFromText('POINT(10 20)', 4326, 'axis-order=long-lat'), ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2))')),
  (2, NULL, ST_GeomFromText('GEOMETRYCOLLECTION EMPTY', 4326));
CREATE ROLE sees; GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON only8.* TO sees;
CREATE USER member@'%' IDENTIFIED BY 'secret'; GRANT sees TO member@'%'; SET DEFAULT ROLE sees TO member@'%';
CREATE USER locker@'%' IDENTIFIED BY 'secret'; GRANT sees TO locker@'%'; SET DEFAULT ROLE sees TO locker@'%';
GRANT FLUSH_TABLES, SHOW_ROUTINE, REPLICATION CLIENT ON *.* TO locker@'%';`;

describe(title, () => {
  let server: PrivateMariadb | undefined;
  let target: TestDatabase;
  let ran: Ran;

  beforeAll(async () => {
    if ('missing' in mysql) return;
    server = await startPrivateMysql(mysql.folder);
    await server.script(ONLY_8);
    target = await freshDatabase();
    ran = await startMigrate({ source: urlOf(server.endpoint('only8')), target: target.url }, '--yes').ended;
  });
  beforeEach(({ skip }) => {
    skip('missing' in mysql, title);
  });
  afterAll(async () => {
    if (server === undefined) return;
    await target.drop();
    await server.stop();
  });

  it('arrives whole and proven, through a login of caching_sha2_password', async () => {
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.json).toMatchObject({ status: 'proven', findings: [] });
    expect(await leftovers(target)).toEqual([]);
  });

  it('tells what its server counts of queries, each with one text that has its values', async () => {
    const running = server ?? expect.unreachable();
    const application = await running.connect('only8');
    for (const id of [1, 2]) await application.query(`SELECT name FROM parent WHERE id = ${String(id)}`);
    await application.end();
    const source = await openMysqlSource(running.endpoint('only8'));
    const statistics = (await source.queryStatistics?.()) ?? [];
    await source.close();
    const counted = statistics.find(({ shape }) => shape?.startsWith('SELECT NAME FROM `parent` WHERE `id` ='));
    expect(counted).toMatchObject({ database: 'only8', times: 2 });
    expect(counted?.sample).toMatch(/^SELECT name FROM parent WHERE id = [12]$/);
  });

  // [edge 31 48]
  it('holds what an independent query finds: 4-byte letters, JSON, invisible and generated columns', async () => {
    const source = await (server ?? expect.unreachable()).connect('only8');
    const [expected] = await source.query(
      `SELECT CAST(id AS CHAR) AS id, name, note, made, body, CAST(doc AS CHAR) AS doc, CAST(day AS CHAR) AS day,
              CAST(at AS CHAR) AS at, CAST(amount AS CHAR) AS amount, CAST(flag AS CHAR) AS flag, e, BIN(bits) AS bits,
              LOWER(HEX(bin)) AS bin, CAST(hidden AS CHAR) AS hidden, CAST(twice AS CHAR) AS twice, loud
         FROM parent ORDER BY id`,
    );
    await source.end();
    const found = await target.query(
      `SELECT id::text, name, note, made, body, doc::text, day::text, at::text, amount::text, flag::int::text AS flag, e::text,
              bits::text, encode(bin, 'hex') AS bin, hidden::text, twice::text, loud
         FROM parent ORDER BY id`,
    );
    expect(found).toEqual(expected);
    expect(found.map(({ bin }) => bin)).toEqual(['000102', null, '616200']);
  });

  // [edge 44]
  it('keeps places as EWKB: the east before the north, whatever the SRID says', async () => {
    const rows = await target.query(
      "SELECT encode(spot, 'hex') AS spot, encode(many, 'hex') AS many FROM place ORDER BY id",
    );
    expect(rows).toEqual([
      {
        spot: '0101000020e610000000000000000024400000000000003440',
        many: '0107000000010000000101000000000000000000f03f0000000000000040',
      },
      { spot: null, many: '0107000020e610000000000000' },
    ]);
  });

  it('generates what was generated', async () => {
    const [made] = await target.query(
      `INSERT INTO parent (id, name, hidden) VALUES (99, 'abc', 4) RETURNING twice::text, loud,
         (SELECT count(*) FROM pg_attribute WHERE attrelid = 'parent'::regclass AND attgenerated = 's') AS generated`,
    );
    expect(made).toEqual({ twice: '8', loud: "ABC'x", generated: '2' });
    await target.query('DELETE FROM parent WHERE id = 99');
  });

  // [edge 61]
  it('keeps an index over an expression', async () => {
    const [index] = await target.query("SELECT indexdef FROM pg_indexes WHERE indexname = 'by_lower'");
    expect(index?.indexdef).toContain('USING btree (lower((note)::text))');
  });

  // [edge 3 70 71]
  it('keeps its defaults and its rules, expressions of the catalogue decoded', async () => {
    const [made] = await target.query(
      `INSERT INTO parent (name) VALUES ('new') RETURNING id::text, note, length(made) AS made, body, day = current_date AS today,
        amount::text, flag, e::text, bits::text, encode(bin, 'hex') AS bin, hidden`,
    );
    expect(made).toEqual({
      ...{ id: '4', note: "it's", made: 36, body: "say 'hi'", today: true, amount: '1.50', flag: true, e: 'b,c' },
      ...{ bits: '101', bin: '616200', hidden: 4 },
    });
    await expect(target.query("INSERT INTO parent (name) VALUES (E'bad\\n''x')")).rejects.toThrow(/parent_chk_1/);
    await expect(target.query("INSERT INTO parent (name, amount) VALUES ('n', 0)")).rejects.toThrow(/positive/);
    await target.query('DELETE FROM parent WHERE id = 1');
    expect(await target.query('SELECT id FROM child ORDER BY id')).toEqual([{ id: 2 }]);
  });

  it('names what cannot come along: a check that is not enforced, what is invisible', () => {
    const left = ran.json.notMigrated.map(({ kind, name }) => `${kind} ${name}`);
    expect(left.filter((each) => each.startsWith('index'))).toEqual([]);
    for (const each of ['check only8.parent.loose', 'invisible only8.parent.hidden']) expect(left).toContain(each);
    expect(left.filter((each) => each.startsWith('generated'))).toEqual([]);
  });

  it.each([
    { user: 'member', consistent: false, detail: /GRANT RELOAD ON \*\.\* TO 'member'@'%'/, hidden: ['routines'] },
    { user: 'locker', consistent: true, detail: /FLUSH TABLES WITH READ LOCK/, hidden: [] },
  ])('reads the grants of roles: what "$user" may lock and see', async ({ user, consistent, detail, hidden }) => {
    const source = await openMysqlSource((server ?? expect.unreachable()).endpoint('only8', user));
    try {
      const catalogue = await source.catalogue();
      expect(catalogue.tables).toHaveLength(3);
      expect(catalogue.unreadable).toEqual([]);
      expect(catalogue.cannotSee.map(({ what }) => what)).toEqual(hidden);
      const tables = catalogue.tables.map(({ schema, name }) => ({ schema, name }));
      const snapshot = await source.openSnapshot({ connections: 2, tables });
      expect(snapshot).toMatchObject({ consistent, detail: expect.stringMatching(detail) as string });
      await snapshot.close();
    } finally {
      await source.close();
    }
  });
});
