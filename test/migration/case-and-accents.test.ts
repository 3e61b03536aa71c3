import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianPostgres } from '../../platform/local-stack/postgres-binaries.js';
import { parsePlan } from '../../language/plan.js';
import type { MigrationMapping } from '../../contracts/mapping.js';
import { hasMariadb, startPrivateMariadb } from '../databases/mariadb.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import { startTestServer } from '../databases/postgres-server.js';
import type { TestServer } from '../databases/postgres-server.js';
import { startMigrate, testFolder, urlOf } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase, leftovers } from './harness.js';

/** latin1_swedish_ci has ö and o apart, utf8mb4_general_ci has ß and ss apart, and a space of no width from nothing. */
const CASED = String.raw`
CREATE DATABASE cased CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci; USE cased;
CREATE TABLE person (code VARCHAR(20) PRIMARY KEY, email VARCHAR(60) COLLATE utf8mb4_general_ci NOT NULL, token VARCHAR(20) COLLATE utf8mb4_bin, note VARCHAR(50),
  loud VARCHAR(60) AS (UPPER(email)) STORED, UNIQUE KEY one_email (email), UNIQUE KEY one_token (token), KEY by_start (email(5)), FULLTEXT KEY words (code, note), CHECK (email LIKE '%@X%'));
INSERT INTO person (code, email, token, note) VALUES ('Élan', 'A@x.org', 'a', 'Plain'), ('Zoë', 'b@x.org', 'A', 'plain'), ('x', 'C@x.org', NULL, NULL);
CREATE TABLE visit (id INT PRIMARY KEY, person VARCHAR(20), FOREIGN KEY (person) REFERENCES person (code)); INSERT INTO visit VALUES (1, 'elan'), (2, 'ZOE'), (3, 'Élan'), (4, NULL);
CREATE TABLE town (name VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci PRIMARY KEY); INSERT INTO town VALUES ('Ort'), ('Ört');
CREATE TABLE street (name VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY, town VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci, FOREIGN KEY (town) REFERENCES town (name));
INSERT INTO street VALUES ('Strasse', 'ORT'), ('Straße', 'Ört');
CREATE TABLE mark (m VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY); INSERT INTO mark VALUES ('a'), (CONVERT(x'61E2808B' USING utf8mb4));
CREATE VIEW visits AS SELECT p.email, COUNT(*) AS n FROM person p JOIN visit v ON v.person = p.code WHERE p.email LIKE '%X.ORG' GROUP BY p.email;
CREATE VIEW codes AS SELECT person, COUNT(*) AS n FROM visit WHERE person = 'ELAN' GROUP BY person;
CREATE DATABASE later CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci; USE later; CREATE TABLE tag (t VARCHAR(20) PRIMARY KEY); INSERT INTO tag VALUES ('a');`;

const COLLATIONS = `SELECT c.relname || '.' || a.attname AS column, l.collname AS collation FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_collation l ON l.oid = a.attcollation WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND l.collname LIKE 'caravan%' ORDER BY 1`;

describe.skipIf(!hasMariadb)('Case and accents', () => {
  const folder = testFolder();
  let server: PrivateMariadb;
  let target: TestDatabase;
  let plan: MigrationMapping;
  let ran: Ran;
  let next: Ran;

  beforeAll(async () => {
    server = await startPrivateMariadb();
    target = await freshDatabase();
    // Somebody's own, of the name that ours would have.
    await target.query(`CREATE COLLATION public.caravan_ci_as (provider = icu, locale = 'und')`);
    await server.script(CASED);
    const [source, out, mapping] = [
      urlOf(server.endpoint('cased')),
      join(folder.path, 'plan.yaml'),
      folder.write('mapping.yaml', 'caravan_mapping: 1\ncollate: { person.note: ci_as }\n'),
    ];
    const made = await caravan([
      'plan',
      '--source',
      source,
      '--target',
      target.url,
      '--mapping',
      mapping,
      '--out',
      out,
    ]);
    expect(made.exit, made.stderr).toBe(0);
    plan = parsePlan(readFileSync(out, 'utf8')).migration;
    ran = await startMigrate({ source, target: target.url }, '--yes', '--plan', out).ended;
    next = await startMigrate({ source: urlOf(server.endpoint('later')), target: target.url }, '--yes').ended;
  });
  afterAll(async () => {
    await server.stop();
    await target.drop();
    folder.remove();
  });

  const refusalOf = (sql: string): Promise<unknown> =>
    target.query(sql).then(
      () => 'taken',
      (error: unknown) => error,
    );

  // [edge 64]
  it('of keys count for nothing where they count for nothing in the source', async () => {
    expect(ran.exit, ran.stderr + JSON.stringify(ran.json)).toBe(0);
    expect(await target.query(`SELECT code FROM person WHERE code = 'ELAN'`)).toEqual([{ code: 'Élan' }]);
    const again = `INSERT INTO person (code, email, token) VALUES`;
    for (const row of [`('elan', 'd@x.org', 'd')`, `('d', 'a@X.org', 'd')`])
      expect(await refusalOf(`${again} ${row}`), row).toMatchObject({ code: '23505' });
    expect(await target.query(`${again} ('d', 'd@x.org', 'B') RETURNING loud`)).toEqual([{ loud: 'D@X.ORG' }]);
    expect(await refusalOf(`${again} ('e', 'none', 'e')`)).toMatchObject({ code: '23514' });
    await target.query(`DELETE FROM person WHERE code = 'D'`);
    const invalid = await target.query(`SELECT conname FROM pg_constraint WHERE NOT convalidated`);
    expect(invalid).toEqual([]);
    expect(await target.query('SELECT count(*)::int AS n FROM visit JOIN person ON person = code')).toEqual([{ n: 3 }]);
  });

  it('tell apart what the source tells apart: keys are read before the load, and each difference is listed', async () => {
    const collations = (await target.query(COLLATIONS)).map(
      ({ column, collation }) => `${String(column)} ${String(collation)}`,
    );
    const own = /^town.name caravan_ci_as_[0-9a-f]{12}$/;
    expect(collations).toEqual([
      'person.code caravan_ci_ai',
      'person.email caravan_ci_ai',
      expect.stringMatching(/^person.note caravan_ci_as_/),
      expect.stringMatching(/^street.name caravan_ci_as_/),
      expect.stringMatching(/^street.town caravan_ci_as_/),
      'tag.t caravan_ci_ai',
      expect.stringMatching(own),
      'visit.person caravan_ci_ai',
    ]);
    expect(await target.query('SELECT name FROM street ORDER BY name COLLATE "C"')).toEqual([
      { name: 'Strasse' },
      { name: 'Straße' },
    ]);
    const listed = plan.notMigrated
      .filter(({ kind }) => kind === 'collation')
      .map(({ name, reason }) => `${name}: ${reason}`);
    expect(listed.filter((line) => line.includes('would be equal')).sort()).toEqual([
      expect.stringMatching(
        /^cased.mark.m: .*ignores case, accents and trailing blanks.*the key mark_pkey would be equal here \(1 groups/,
      ),
      expect.stringMatching(/^cased.street.name: .*ignores accents and trailing blanks.*key street_pkey/),
      expect.stringMatching(/^cased.street.town: .*ignores accents and trailing blanks.*key town_pkey/),
      expect.stringMatching(/^cased.town.name: .*ignores accents and trailing blanks.*key town_pkey/),
    ]);
    expect(ran.json.notMigrated).toEqual(plan.notMigrated);
  });

  it('leave nothing of the making behind, and a later migration uses what is there', async () => {
    expect(next.exit, next.stderr).toBe(0);
    expect(await leftovers(target)).toEqual([]);
    const there = await target.query(`SELECT collname FROM pg_collation WHERE collname LIKE 'caravan%' ORDER BY 1`);
    expect(there.map(({ collname }) => collname)).toEqual([
      'caravan_ci_ai',
      'caravan_ci_as',
      expect.stringMatching(/^caravan_ci_as_/),
    ]);
  });

  it('of views are those of the source', async () => {
    expect(ran.json.notMigrated.filter(({ kind }) => kind === 'view')).toEqual([]);
    expect(await target.query('SELECT email, n::int FROM visits ORDER BY n')).toEqual([
      { email: 'b@x.org', n: 1 },
      { email: 'A@x.org', n: 2 },
    ]);
  });

  it('of SQLite are looked at as well', async () => {
    const script = `CREATE TABLE tag (t TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, n INT); INSERT INTO tag VALUES ('a', 1), ('B', 2);
      CREATE TABLE word (w TEXT COLLATE NOCASE PRIMARY KEY NOT NULL); INSERT INTO word VALUES ('É'), ('é');`;
    const out = join(folder.path, 'lite.yaml');
    const source = folder.sqlite('lite', script);
    expect(
      (await caravan(['plan', '--source', source, '--target', target.url, '--out', out, '--on-existing', 'replace']))
        .exit,
    ).toBe(0);
    const { tables, notMigrated } = parsePlan(readFileSync(out, 'utf8')).migration;
    const collations = tables.map(({ source: { name }, columns }) => [name, columns[0]?.collation]);
    expect(Object.fromEntries(collations)).toEqual({ tag: 'ci_as', word: undefined });
    expect(notMigrated.find(({ name }) => name === 'main.word.w')?.reason).toMatch(/NOCASE ignores case; .*1 groups/);
  });

  describe.skipIf(debianPostgres() === null)('on an older server with citext', () => {
    let old: TestServer;

    beforeAll(async () => {
      old = await startTestServer('debian');
    });
    afterAll(() => old.stop());

    it('tell accents apart, and cases not', async () => {
      const to = await freshDatabase(urlOf(old.endpoint));
      await to.query('CREATE EXTENSION citext');
      const done = await startMigrate({ source: urlOf(server.endpoint('cased')), target: to.url }, '--yes').ended;
      expect(done.exit, done.stderr + JSON.stringify(done.json)).toBe(3);
      expect(done.json.findings).toMatchObject([{ code: 'foreign_key_not_valid', count: 2 }]);
      const types = `SELECT attname FROM pg_attribute WHERE atttypid = 'citext'::regtype AND attrelid = 'person'::regclass ORDER BY 1`;
      expect(await to.query(types)).toEqual([{ attname: 'code' }, { attname: 'email' }]);
      expect(await to.query(`SELECT code FROM person WHERE code = 'ÉLAN'`)).toEqual([{ code: 'Élan' }]);
      const long = `INSERT INTO person (code, email) VALUES (repeat('x', 21), 'd@x.org')`;
      await expect(to.query(long)).rejects.toMatchObject({ code: '23514' });
      const listed = done.json.notMigrated.find(({ name }) => name === 'cased.person.code');
      expect(listed?.reason).toMatch(/ignores accents and trailing blanks.*citext in their place/);
      await to.drop();
    });
  });
});
