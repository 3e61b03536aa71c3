import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Workload } from '../../contracts/workload.js';
import { queryWith } from '../workload/workload-fixtures.js';
import { testFolder } from './fixtures.js';
import type { TestFolder } from './fixtures.js';
import { caravan } from './harness.js';

const SOURCE = `
  CREATE TABLE "Goods" (id INTEGER PRIMARY KEY, "Name" TEXT NOT NULL, price INTEGER);
  CREATE TABLE secret (id INTEGER PRIMARY KEY);
  INSERT INTO "Goods" VALUES (1, 'a', 3);`;
const QUERIES = `
  SELECT "Name", price FROM Goods WHERE id = 1;
  SELECT count(*) FROM Goods; SELECT count(*) FROM Goods;
  UPDATE goods SET price = price + 1 WHERE name = '\u001b[31mred';
  SELECT * FROM nothing; SELECT a FROM elsewhere.t;
  PRAGMA integrity_check;
  SELECT 'open`;

describe('caravan queries read', () => {
  let folder: TestFolder;
  beforeAll(() => {
    folder = testFolder();
  });
  afterAll(() => {
    folder.remove();
  });

  it('shows each query with its translation by the plan of a dry run, or why there is none', async () => {
    const source = folder.sqlite('shop', SOURCE);
    const file = folder.write('queries.sql', QUERIES);
    const { exit, json, stdout, stderr } = await caravan(['queries', 'read', file, '--source', source, '--json']);
    expect(exit, stderr).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    const workload = json as unknown as Workload;
    expect(workload).toMatchObject({ source: 'sql', dialect: 'sqlite' });
    expect(workload.counts).toMatchObject({
      ...{ statements: 7, read: 3, write: 1, broken: 1, distinct: 3 },
      skipped: { unknown_table: 1, other_database: 1, show: 1 },
    });
    expect(queryWith(workload, '"Name"')).toMatchObject({
      translated:
        'SELECT "Goods"."name" AS "name", "Goods"."price" AS "price"\nFROM "goods" AS "Goods"\nWHERE ("Goods"."id" = 1)',
      tables: ['main.Goods'],
    });
    expect(queryWith(workload, 'count(*)')).toMatchObject({ count: 2, orderBy: { fixed: 'total' } });
    expect(queryWith(workload, 'UPDATE').translated).toContain('UPDATE "goods" SET "price" = ');
  });

  it('without a source tells classes only, and nothing in a log drives a terminal', async () => {
    const file = folder.write('more.sql', QUERIES);
    const { exit, stdout } = await caravan(['queries', 'read', file, '--dialect', 'sqlite']);
    expect(exit).toBe(0);
    expect(stdout).toContain('sql: 7 statements, 5 different texts to replay');
    expect(stdout).toContain(String.raw`\x1b[31mred`);
    expect(stdout).not.toContain('\u001b[31mred');
    expect(stdout).toContain('1 lines are none of a log: 7');
  });

  it('refuses a file that is not there', async () => {
    const { exit, stderr } = await caravan(['queries', 'read', '/nowhere/at/all.log']);
    expect(exit).toBe(2);
    expect(stderr).toContain('ENOENT');
  });
});
