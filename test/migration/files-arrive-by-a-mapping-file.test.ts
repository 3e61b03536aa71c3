import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMigrate, testFolder } from './fixtures.js';
import type { TestFolder } from './fixtures.js';
import { caravan, freshDatabase, leftovers } from './harness.js';
import type { Ran, TestDatabase } from './harness.js';

const TOKEN = '0f8fad5b-d9cb-469f-a165-70867728950e';
/** Rows that are meant, others that are not, one that cannot be taken apart, and values that fit no type. */
const PEOPLE = [
  'id,name,active,joined,score,token,note',
  `1,ann,TRUE,2024-01-02T03:04:05+02:00,10.50,${TOKEN},`,
  '2,"a ""quoted"" name",false,2024-01-02 03:04:05Z,11,,"line\nend"',
  '3,bob,true,2024-01-02 03:04:05Z,9.99,,left behind: too few points',
  '4,eve,true,2024-01-02 03:04:05Z,,,left behind: nobody knows',
  '5,amy,perhaps,2024-01-02 03:04:05Z,100,no token,kept',
  '6,too,few',
  '7,zoe,true,2024-01-02 03:04:05Z,50,,left behind: its name',
].join('\n');
const MAPPING = `caravan_mapping: 1
rename:
  tables: {people: person}
cast:
  people.active: boolean
  people.token: uuid
  people.score: numeric(9,2)
filter:
  people: score >= 10 AND (name LIKE 'a%' OR note IS NULL)
`;

describe('files with a mapping file, into a table that stands', () => {
  let folder: TestFolder;
  let target: TestDatabase;
  let source: string;
  let mapping: string;
  let ran: Ran;

  beforeAll(async () => {
    folder = testFolder();
    target = await freshDatabase();
    mkdirSync(join(folder.path, 'people'));
    writeFileSync(join(folder.path, 'people', 'people.csv'), PEOPLE);
    source = `csv:${join(folder.path, 'people')}`;
    mapping = join(folder.path, 'mapping.yaml');
    writeFileSync(mapping, MAPPING);
    await target.query(`
      CREATE TABLE person (id int PRIMARY KEY, name varchar(20) NOT NULL, active boolean, joined timestamptz, score numeric(9,2) CHECK (score >= 10),
        token uuid, note text, made timestamptz NOT NULL DEFAULT now())`);
    ran = await startMigrate({ source, target: target.url }, '--mode', 'data-only', '--mapping', mapping, '--yes')
      .ended;
  });
  afterAll(async () => {
    folder.remove();
    await target.drop();
  });

  it('moves the rows that meet the filter, by the casts, and proves them', async () => {
    expect(ran.exit, JSON.stringify(ran.json.error ?? ran.json.findings)).toBe(3);
    const [people] = ran.json.tables;
    expect(people).toMatchObject({ source: 'main.people', target: 'public.person', sourceRows: 4, targetRows: 3 });
    expect(people?.sourceHash).toBe(people?.targetHash);
    expect(
      await target.query(
        "SELECT id, name, active, joined AT TIME ZONE 'UTC' || '' AS joined, score, token, note FROM person ORDER BY id",
      ),
    ).toEqual([
      { id: 1, name: 'ann', active: true, joined: '2024-01-02 01:04:05', score: '10.50', token: TOKEN, note: null },
      {
        ...{ id: 2, name: 'a "quoted" name', active: false, joined: '2024-01-02 03:04:05', score: '11.00' },
        ...{ token: null, note: 'line\nend' },
      },
      { id: 5, name: 'amy', active: null, joined: '2024-01-02 03:04:05', score: '100.00', token: null, note: 'kept' },
    ]);
    expect(await leftovers(target)).toEqual([]);
  });

  it('says what stayed behind, what was changed, and what is in quarantine', () => {
    expect(ran.json.notMigrated).toContainEqual({
      kind: 'rows',
      name: 'main.people',
      reason: expect.stringContaining('only rows that meet its filter are moved: "score" >= 10') as string,
    });
    const found = ran.json.findings.filter(({ disposition }) => disposition === 'accepted');
    expect(found.map(({ code, object, count }) => [code, object, count]).sort()).toEqual([
      ['rows_quarantined', 'main.people', 1],
      ['values_changed', 'main.people.active', 1],
      ['values_changed', 'main.people.token', 1],
    ]);
  });

  it('tells what is wrong with the mapping file by line and column, and touches nothing', async () => {
    writeFileSync(mapping, MAPPING.replace('score >= 10', 'points >= 10').replace('uuid', 'inet'));
    const args = ['plan', '--source', source, '--target', target.url, '--mapping', mapping, '--json'];
    const refused = await caravan(args);
    expect([refused.exit, refused.json.error?.code]).toEqual([2, 'MAPPING_INVALID']);
    expect(refused.json.error?.message).toContain('line 9, column 11: there is no column "points"');
    expect(refused.json.error?.message).toContain('line 6, column 17: main.people.token: "inet" is no type');
  });
});
