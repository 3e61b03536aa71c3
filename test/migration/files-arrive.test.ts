import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMigrate, testFolder } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase, leftovers } from './harness.js';

const OPTIONS = `caravan_csv: 1
files:
  "sales-*.csv":
    table: sales
    primaryKey: [id]
  legacy.csv:
    skipLines: 2
    encoding: windows-1252
    quote: "'"
    missingFields: null
    nullWords: ["", "-"]
`;

const MAPPING = 'caravan_mapping: 1\ncast: {sales.copies: double precision, sales.born: text, moments.again: text}\n';

const CLEAN = {
  'caravan.csv.yaml': OPTIONS,
  'sales-2023.csv':
    'id,day,price,note,weight,copies,born\n1,2023-01-02,1.50,"a\nb",1.5,2.5,2001-02-03\n2,2023-02-03,2.25,"say ""hi""",2.00,3,\n',
  'sales-2024.csv':
    'day,id,weight,note,price,born,copies\n2024-01-02,3,3,,0.75,,1\n2024-02-03,4,0.125,"",10.00,1999-12-31,-0.1\n',
  'legacy.csv': Buffer.from(
    "exported by hand\r\n'on a Monday\r\nname;stadt;zip\r\n'M\xfcller; J\xf6rg';K\xf6ln;007\r\nEuro;-;\x80\r\nkurz\r\n",
    'latin1',
  ),
  'moments.csv.gz': gzipSync(
    'at,seen,ok,ref,again\n2024-01-02T03:04:05+02:00,2024-01-02T03:04:05.250,true,NULL,NULL\n2024-06-01T00:00:00Z,2024-01-02T03:04:06,false,7,7\n',
  ),
  'empty.tsv': 'a\tb\n',
};

const ODD = {
  'people.csv': [
    'id,name,zip',
    '1,Änne Müßigbrödler-Süß,00501',
    '2,Bob',
    '2,Bob',
    '3,Cy,1,2',
    '4,"D"x,5',
    '5,bad \u{10ffff}BYTE,6',
    '6,nul \0 inside,7',
    '7,NULL,8',
    '8,"NULL",""',
    '9,"open, 9',
    '10,swallowed,10',
    '',
  ].join('\n'),
  'other.parquet': 'PAR1',
};

describe('a folder of files', () => {
  const folder = testFolder();
  const targets: TestDatabase[] = [];
  const write = (name: string, files: Readonly<Record<string, string | Uint8Array>>): string => {
    const path = join(folder.path, name);
    mkdirSync(path);
    for (const [file, content] of Object.entries(files)) writeFileSync(join(path, file), content);
    return `csv:${path}`;
  };
  const migrate = async (source: string, ...more: string[]): Promise<Ran & { target: TestDatabase }> => {
    const target = await freshDatabase();
    targets.push(target);
    const ran = await startMigrate({ source, target: target.url }, '--yes', ...more).ended;
    return { ...ran, target };
  };
  let clean: Ran & { target: TestDatabase };
  let odd: Ran & { target: TestDatabase };

  beforeAll(async () => {
    const people = Buffer.from(ODD['people.csv']);
    const at = people.indexOf('BYTE') - 4;
    people[at] = 0xff;
    const [one, other] = [write('clean', CLEAN), write('odd', { ...ODD, 'people.csv': people })];
    const planned = async (): Promise<typeof clean> => {
      const plan = join(folder.path, 'plan.yaml');
      const made = await caravan([
        'plan',
        '--source',
        one,
        '--mapping',
        folder.write('mapping.yaml', MAPPING),
        '--out',
        plan,
      ]);
      expect(made.exit, made.stderr).toBe(0);
      return migrate(one, '--plan', plan);
    };
    [clean, odd] = await Promise.all([planned(), migrate(other)]);
  }, 180_000);
  afterAll(async () => {
    for (const target of targets) await target.drop();
    folder.remove();
  });

  // [edge 81 82]
  it('arrives as tables, with the types that all values are of, equal row by row', async () => {
    expect(clean.exit, clean.stderr).toBe(0);
    expect(clean.json.status).toBe('proven');
    expect(clean.json.tables.map(({ source, sourceRows }) => [source, sourceRows]).sort()).toEqual([
      ['main.empty', 0],
      ['main.legacy', 3],
      ['main.moments', 2],
      ['main.sales', 4],
    ]);
    for (const { sourceHash, targetHash } of clean.json.tables) expect(sourceHash).toBe(targetHash);
    expect(await clean.target.query('SELECT id, day::text, price, note, weight FROM sales ORDER BY id')).toEqual([
      { id: '1', day: '2023-01-02', price: '1.50', note: 'a\nb', weight: '1.5' },
      { id: '2', day: '2023-02-03', price: '2.25', note: 'say "hi"', weight: '2.00' },
      { id: '3', day: '2024-01-02', price: '0.75', note: null, weight: '3' },
      { id: '4', day: '2024-02-03', price: '10.00', note: '', weight: '0.125' },
    ]);
    expect(await clean.target.query('SELECT born, copies FROM sales ORDER BY id')).toEqual([
      { born: '2001-02-03', copies: 2.5 },
      { born: null, copies: 3 },
      { born: null, copies: 1 },
      { born: '1999-12-31', copies: -0.1 },
    ]);
    expect(await clean.target.query('SELECT * FROM legacy ORDER BY name COLLATE "C"')).toEqual([
      { name: 'Euro', stadt: null, zip: '€' },
      { name: 'Müller; Jörg', stadt: 'Köln', zip: '007' },
      { name: 'kurz', stadt: null, zip: null },
    ]);
    expect(
      await clean.target.query(
        `SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS at, seen::text, ok, ref, again FROM moments ORDER BY 1`,
      ),
    ).toEqual([
      { at: '2024-01-02 01:04:05', seen: '2024-01-02 03:04:05.25', ok: true, ref: null, again: 'NULL' },
      { at: '2024-06-01 00:00:00', seen: '2024-01-02 03:04:06', ok: false, ref: '7', again: '7' },
    ]);
    expect(await leftovers(clean.target)).toEqual([]);
  });

  // [edge 80 82]
  it('with broken rows arrives without them: each is in quarantine with its bytes', async () => {
    expect(odd.exit, odd.stderr).toBe(3);
    expect(odd.json.tables).toMatchObject([
      { source: 'main.people', sourceRows: 10, targetRows: 5, quarantinedRows: 5, changedValues: 2 },
    ]);
    expect(odd.json.notMigrated).toContainEqual({
      kind: 'file',
      name: 'main.other.parquet',
      reason: 'its name does not end in .csv, .tsv, .psv or .txt, alone or with .gz',
    });
    const quarantined = odd.json.findings.filter(({ code }) => code === 'rows_quarantined');
    expect(quarantined.map(({ count }) => count).sort()).toEqual([1, 2, 2]);
    expect(await odd.target.query('SELECT * FROM people ORDER BY id')).toEqual([
      { id: '1', name: 'Änne Müßigbrödler-Süß', zip: '00501' },
      { id: '5', name: null, zip: '6' },
      { id: '6', name: null, zip: '7' },
      { id: '7', name: 'NULL', zip: '8' },
      { id: '8', name: 'NULL', zip: '' },
    ]);
    const told = await caravan(['values', 'list', odd.json.migrationId, '--reveal', '--json']);
    expect(told.exit, told.stderr).toBe(0);
    for (const row of ['2,Bob', '3,Cy,1,2', '4,\\"D\\"x,5', '9,\\"open, 9\\n10,swallowed,10\\n'])
      expect(told.stdout).toContain(row);
  });
});
