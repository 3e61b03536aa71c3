import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasMariadb, startPrivateMariadb } from '../databases/mariadb.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import { startMigrate, testFolder, urlOf } from './fixtures.js';
import type { TestFolder } from './fixtures.js';
import { caravan, freshDatabase } from './harness.js';
import type { Ran, TestDatabase } from './harness.js';

const SHOP = `CREATE DATABASE shop CHARACTER SET utf8mb4; USE shop; SET sql_mode = '', time_zone = '+00:00';
  CREATE TABLE user (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, email VARCHAR(190) NOT NULL UNIQUE, Role ENUM('USER', 'ADMIN', 'GHOST') NOT NULL,
    is_on TINYINT(1) NOT NULL DEFAULT 1, settings JSON, createdAt DATETIME(6), born DATE, token BINARY(16), tags SET('a', 'b'),
    score DOUBLE, credit DECIMAL(12,4), level BIGINT, code CHAR(4) COMMENT 'as printed', nick VARCHAR(9), photo BLOB, touched TIMESTAMP NULL ON UPDATE CURRENT_TIMESTAMP,
    initial CHAR(1) GENERATED ALWAYS AS (LEFT(email, 1)) STORED, KEY by_born (born)) AUTO_INCREMENT = 50;
  INSERT INTO user (id, email, Role, is_on, settings, createdAt, born, token, tags, score, credit, level, code, nick, photo, touched) VALUES
    (1, 'ann@x', 'ADMIN', 1, '{"b": 1.50, "a":[1e2, "\\\\u00e9", null], "aa":{}}', '2024-02-29 12:00:00.123456', '1970-02-03', UNHEX('00112233445566778899aabbccddeeff'), 'a,b', 1.5, 12.5, 7, 'ab', 'a ', x'00ff', '2024-01-01 00:00:00'),
    (2, 'bob@x', 'USER', 0, '{"a": 1, "a": 2}', '0000-00-00 00:00:00', '0000-00-00', NULL, '', NULL, 0.0001, 5000000000, 'x', NULL, NULL, NULL),
    (3, 'eve@x', 'GHOST', 1, NULL, NULL, NULL, NULL, NULL, -0.1, NULL, NULL, NULL, NULL, NULL, NULL);
  CREATE TABLE visit (user_id INT UNSIGNED, at DATETIME, FOREIGN KEY (user_id) REFERENCES user (id));
  INSERT INTO visit VALUES (1, '2024-01-01 10:00:00'), (1, '2024-01-01 10:00:00'), (NULL, '2024-01-02 10:00:00');`;

/** As Prisma would make it: quoted names, an enum of its own, jsonb, arrays, moments with a time zone. */
const APPLICATION = `
  CREATE EXTENSION citext;
  CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN');
  CREATE TABLE "User" (id serial PRIMARY KEY, email citext NOT NULL, role "Role" NOT NULL, "isOn" boolean NOT NULL DEFAULT true, settings jsonb,
    "createdAt" timestamptz(3), born date, token uuid, tags text[], score double precision, credit numeric(65,30), level integer,
    code char(4), nick varchar, photo bytea, touched timestamp(3), initial text, "updatedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP);
  CREATE UNIQUE INDEX "User_email_key" ON "User" (email);
  CREATE TABLE "Visit" ("userId" int REFERENCES "User", at timestamp NOT NULL);
  CREATE TABLE _prisma_migrations (id text);`;

describe.skipIf(!hasMariadb)("rows of MariaDB in an ORM's tables", () => {
  let server: PrivateMariadb;
  let target: TestDatabase;
  let folder: TestFolder;
  let planned: Ran;
  let ran: Ran;

  beforeAll(async () => {
    folder = testFolder();
    server = await startPrivateMariadb();
    target = await freshDatabase();
    await server.script(SHOP);
    await target.query(APPLICATION);
    const ends = { source: urlOf(server.endpoint('shop')), target: target.url };
    const mapping = folder.write(
      'names.yaml',
      'caravan_mapping: 1\nrename:\n  columns:\n    user.is_on: isOn\n    visit.user_id: userId\n',
    );
    const out = join(folder.path, 'plan.yaml');
    const args = ['plan', '--source', ends.source, '--target', ends.target, '--mode', 'data-only'];
    planned = await caravan([...args, '--mapping', mapping, '--out', out, '--json']);
    ran = await startMigrate(ends, '--plan', out, '--yes').ended;
  });
  afterAll(async () => {
    await server.stop();
    await target.drop();
    folder.remove();
  });

  it('arrive by every way that copy and proof know, from a plan that was made before', async () => {
    expect(planned.exit, planned.stderr).toBe(0);
    expect(ran.exit, JSON.stringify(ran.json.error ?? ran.json.findings)).toBe(3);
    for (const table of ran.json.tables) expect(table.sourceHash).toBe(table.targetHash);
    const [ann, bob, ...none] = await target.query(
      `SELECT u.*, settings::text, "createdAt"::text, born::text, encode(photo, 'hex') AS photo, touched::text, "updatedAt" IS NOT NULL AS "updatedAt" FROM "User" u ORDER BY id`,
    );
    expect(none).toEqual([]);
    expect(ann).toEqual({
      id: 1,
      email: 'ann@x',
      role: 'ADMIN',
      isOn: true,
      settings: '{"a": [100, "é", null], "b": 1.50, "aa": {}}',
      createdAt: null,
      born: '1970-02-03',
      token: '00112233-4455-6677-8899-aabbccddeeff',
      tags: ['a', 'b'],
      score: 1.5,
      credit: '12.500000000000000000000000000000',
      level: 7,
      code: 'ab  ',
      nick: 'a ',
      photo: '00ff',
      touched: '2024-01-01 00:00:00',
      initial: 'a',
      updatedAt: true,
    });
    // What its own types cannot say became NULL, with the bytes in the ledger.
    expect(bob).toMatchObject({ isOn: false, settings: null, createdAt: null, born: null, tags: [], level: null });
    expect(await target.query('SELECT "userId" FROM "Visit" ORDER BY 1')).toEqual(
      [1, 1, null].map((userId) => ({ userId })),
    );
    expect(await target.query(`INSERT INTO "User" (email, role) VALUES ('kim@x', 'USER') RETURNING id`)).toEqual([
      { id: 50 },
    ]);
  });

  it('names each exception, and the row that has no place', () => {
    const found = ran.json.findings.map(({ code, object, count }) => `${code} ${object} ${String(count)}`).sort();
    expect(found).toEqual([
      'rows_quarantined shop.user.role 1',
      'values_changed shop.user.born 1',
      'values_changed shop.user.createdAt 1',
      'values_changed shop.user.createdAt 1',
      'values_changed shop.user.level 1',
      'values_changed shop.user.settings 1',
    ]);
    const left = ran.json.notMigrated.map(({ kind, name }) => `${kind} ${name}`).sort();
    expect(left).toEqual([
      'check shop.user.settings',
      'comment shop.user',
      'generated column shop.user.initial',
      'index shop.user.by_born',
      'index shop.visit.user_id',
      'on update shop.user.touched',
    ]);
  });
});
