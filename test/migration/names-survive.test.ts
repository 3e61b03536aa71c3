import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasMariadb, startPrivateMariadb } from '../databases/mariadb.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import type { TestFolder } from './fixtures.js';
import { objectsIn, startMigrate, testFolder, urlOf } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase, leftovers } from './harness.js';

const TWIN = 'a'.repeat(68);
const ATTACK = 'a"; DROP TABLE x;--';
const NEWLINE = 'line\n\\! id';
const RIGHT_TO_LEFT = 'name\u200f😀';

/** Names of one migration, none of which PostgreSQL must be harmed by. */
const ODD = `
  CREATE TABLE "select" (id INTEGER PRIMARY KEY, "from" TEXT, "user" TEXT DEFAULT '''; ALTER SYSTEM SET work_mem = 1', ctid TEXT, xmin INTEGER);
  CREATE TABLE "a""; DROP TABLE x;--" (id INTEGER PRIMARY KEY, "it's" TEXT);
  CREATE TABLE x (id INTEGER PRIMARY KEY);
  CREATE TABLE "${NEWLINE}" (id INTEGER PRIMARY KEY, "${RIGHT_TO_LEFT}" TEXT);
  CREATE TABLE "${TWIN}_1" (id INTEGER PRIMARY KEY, t TEXT);
  CREATE TABLE "${TWIN}_2" (id INTEGER PRIMARY KEY, t TEXT);
  CREATE TABLE BigNames (CamelCase INTEGER PRIMARY KEY, HTTPServer TEXT, "ÄRGER" TEXT);
  INSERT INTO "select" VALUES (1, 'f', 'u', 'c', 2);
  INSERT INTO "a""; DROP TABLE x;--" VALUES (1, 'tab' || char(9) || '\\N \\. \\\\' || char(13, 10));
  INSERT INTO x VALUES (7);
  INSERT INTO "${NEWLINE}" VALUES (1, 'v');
  INSERT INTO "${TWIN}_1" VALUES (1, 'one');
  INSERT INTO "${TWIN}_2" VALUES (1, 'two');
  INSERT INTO BigNames VALUES (1, 'h', 'ä');`;

describe('Names of the source', () => {
  let folder: TestFolder;
  let source: string;
  const targets: TestDatabase[] = [];
  const fresh = async (): Promise<TestDatabase> => {
    const target = await freshDatabase();
    targets.push(target);
    return target;
  };

  beforeAll(() => {
    folder = testFolder();
    source = folder.sqlite('odd', ODD);
  });
  afterAll(async () => {
    folder.remove();
    for (const target of targets) await target.drop();
  });
  const targetOf = (ran: Ran, name: string): string =>
    ran.json.tables.find((table) => table.source === `main.${name}`)?.target.replace('public.', '') ?? '(none)';

  // [edge 65 66 68]
  it('arrive whatever they hold: reserved words, quotes, newlines, twins, system columns', async () => {
    const target = await fresh();
    const ran = await startMigrate({ source, target: target.url }, '--yes').ended;
    expect(ran.exit, ran.stderr).toBe(0);
    expect(targetOf(ran, ATTACK)).toBe('a"; drop table x;--');
    expect(await target.query('SELECT * FROM x')).toEqual([{ id: '7' }]);
    expect(await target.query(`SELECT "it's" FROM "a""; drop table x;--"`)).toEqual([
      { "it's": 'tab\t\\N \\. \\\\\r\n' },
    ]);
    expect(await target.query(`SELECT "from", "user", ctid_, xmin_ FROM "select"`)).toEqual([
      { from: 'f', user: 'u', ctid_: 'c', xmin_: '2' },
    ]);
    expect(await target.query(`SELECT "${RIGHT_TO_LEFT}" AS v FROM "${NEWLINE}"`)).toEqual([{ v: 'v' }]);
    expect(
      await target.query('SELECT camelcase, httpserver, "Ärger" FROM bignames'.replace('Ärger', 'Ärger')),
    ).toHaveLength(1);
    const twins = [targetOf(ran, `${TWIN}_1`), targetOf(ran, `${TWIN}_2`)];
    expect(new Set(twins).size).toBe(2);
    for (const twin of twins) expect(twin).toMatch(/^a{54}_[0-9a-f]{8}$/);
    expect(await target.query(`SELECT t FROM ${twins[0] ?? ''}`)).toEqual([{ t: 'one' }]);
    expect(await target.query('SHOW work_mem')).toEqual([{ work_mem: '4MB' }]);
    expect(await leftovers(target)).toEqual([]);
  });

  it('are kept by preserve, which refuses what it cannot keep, and take the form of snake', async () => {
    const [kept, snaked, refused] = await Promise.all([fresh(), fresh(), fresh()]);
    const only = ['--include', 'BigNames', '--include', 'x'];
    const [preserve, snake, twins] = await Promise.all([
      startMigrate({ source, target: kept.url }, '--yes', '--identifiers', 'preserve', ...only).ended,
      startMigrate({ source, target: snaked.url }, '--yes', '--identifiers', 'snake', ...only).ended,
      startMigrate({ source, target: refused.url }, '--yes', '--identifiers', 'preserve', '--include', 'a*_*').ended,
    ]);
    expect(preserve.exit, preserve.stderr).toBe(0);
    expect(await kept.query('SELECT "CamelCase", "HTTPServer", "ÄRGER" FROM "BigNames"')).toHaveLength(1);
    expect(snake.exit, snake.stderr).toBe(0);
    expect(await snaked.query('SELECT camel_case, http_server FROM big_names')).toHaveLength(1);
    expect(twins.exit, twins.stderr).toBe(2);
    expect(twins.json.error?.code).toBe('NAME_COLLISION');
    expect(twins.json.error?.message).toContain(`${TWIN}_1`);
    expect(await objectsIn(refused)).toEqual([]);
  });
});

describe.skipIf(!hasMariadb)('Names of MariaDB that differ only in case', () => {
  let server: PrivateMariadb;

  beforeAll(async () => {
    server = await startPrivateMariadb();
    await server.script(`
      CREATE DATABASE d; USE d;
      CREATE TABLE \`Order\` (id INT PRIMARY KEY, kind ENUM('it''s','a,b','back\\\\slash') COMMENT '''; ALTER SYSTEM SET work_mem = 1');
      CREATE TABLE \`order\` (id INT PRIMARY KEY, t VARCHAR(5));
      INSERT INTO \`Order\` VALUES (1, 'it''s'), (2, 'a,b'), (3, 'back\\\\slash');
      INSERT INTO \`order\` VALUES (1, 'x');`);
  });
  afterAll(async () => {
    await server.stop();
  });

  it('stay two tables under two names, also when they replace themselves; enum labels stay as they are', async () => {
    const source = urlOf(server.endpoint('d'));
    const target = await freshDatabase();
    const ran = await startMigrate({ source, target: target.url }, '--yes').ended;
    expect(ran.exit, ran.stderr).toBe(0);
    const [upper, lower] = ['Order', 'order'].map(
      (name) => ran.json.tables.find((table) => table.source === `d.${name}`)?.target.replace('public.', '') ?? '',
    );
    expect(upper).not.toBe(lower);
    expect(await target.query(`SELECT kind::text FROM "${upper ?? ''}" ORDER BY id`)).toEqual([
      { kind: "it's" },
      { kind: 'a,b' },
      { kind: 'back\\slash' },
    ]);
    expect(await target.query(`SELECT t FROM "${lower ?? ''}"`)).toEqual([{ t: 'x' }]);
    const again = startMigrate({ source, target: target.url }, '--yes', '--on-existing', 'replace');
    const replaced = await again.ended;
    expect(replaced.exit, JSON.stringify(replaced.json)).toBe(0);
    expect(replaced.json.tables).toEqual(ran.json.tables);
    const purged = await caravan(['purge', again.id]);
    expect(purged.exit, purged.stderr).toBe(0);
    expect(await objectsIn(target)).toEqual([`public.${lower ?? ''}`, `public.${upper ?? ''}`].sort());
    await target.drop();
  });
});
