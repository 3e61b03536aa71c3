import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ColumnFigures, ColumnStatistics, StatisticsReport } from '../../contracts/statistics.js';
import { hasMariadb, startPrivateMariadb } from '../databases/mariadb.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import { urlOf } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase } from './harness.js';

const ROWS = 12_000;
/** Prices evenly from 0 to 33.33: without what stands behind the point their mean is 3 % lower. */
const SOURCE = `
  CREATE DATABASE shop CHARACTER SET utf8mb4; USE shop;
  CREATE TABLE article (
    id INT PRIMARY KEY, price DECIMAL(10,2) NOT NULL, cost DECIMAL(10,2), made YEAR NOT NULL, sold YEAR NOT NULL, weight DOUBLE, share FLOAT,
    large BIGINT UNSIGNED, fine DECIMAL(38,20), flag TINYINT(1), bits BIT(5), name VARCHAR(60), latin VARCHAR(60) CHARACTER SET latin1,
    kind ENUM('a', 'b', 'c'), born DATE, at DATETIME(6), stamp TIMESTAMP NULL, clock TIME(3), raw VARBINARY(20));
  INSERT INTO article SELECT seq, (seq * 7919 % 3333) / 100, IF(seq % 5 = 0, NULL, (seq * 104729 % 99991) / 100), 1980 + seq % 40, 1980 + seq % 40,
    seq / 7, -seq / 3, 18446744073709551615 - seq, -seq / 3, seq % 3 = 0, seq % 32, CONCAT('größer ', seq, ' 😀'), CONCAT('né', seq), ELT(1 + seq % 3, 'a', 'b', 'c'),
    '1969-06-01' + INTERVAL seq DAY, '1969-12-31 23:59:58.123456' + INTERVAL seq * 7919 SECOND, '2001-02-03 04:05:06' + INTERVAL seq MINUTE,
    SEC_TO_TIME(seq % 86400), UNHEX(SHA1(seq)) FROM seq_1_to_${String(ROWS)};
  UPDATE article SET name = NULL, born = NULL, at = NULL, raw = NULL WHERE id % 11 = 0;
  UPDATE article SET at = '9999-12-31 23:59:59.999999', born = '0001-01-01' WHERE id = 1;
  CREATE TABLE nothing (id INT PRIMARY KEY, what TEXT);`;

/** What a tool does that knows better: whole prices, and years that are four less in every third row. */
const HASTY = `
  ALTER TABLE article ALTER COLUMN price TYPE integer USING floor(price), ALTER COLUMN cost TYPE double precision,
    ALTER COLUMN made TYPE text USING (made - CASE id % 3 WHEN 0 THEN 4 ELSE 0 END)::text, ALTER COLUMN sold TYPE text;`;

describe('columns as a whole, from MariaDB', () => {
  let server: PrivateMariadb | undefined;
  let target: TestDatabase;
  let moved: Ran;
  let hasty: Ran;

  beforeAll(async () => {
    if (!hasMariadb) return;
    server = await startPrivateMariadb();
    await server.script(SOURCE);
    const source = urlOf(server.endpoint('shop'));
    target = await freshDatabase();
    moved = await caravan(['migrate', '--source', source, '--target', target.url, '--yes', '--json']);
    await target.query(HASTY);
    hasty = await caravan(['verify', '--source', source, '--target', target.url, '--json']);
  });
  beforeEach(({ skip }) => {
    skip(!hasMariadb, 'there is no MariaDB');
  });
  afterAll(async () => {
    await target.drop();
    await server?.stop();
  });

  it('are the same to the last digit, by figures that each database reckons, where a migration changes nothing', async () => {
    expect(moved.exit, moved.stderr + moved.stdout).toBe(0);
    const { columns, report } = await shown(moved);
    expect(report.tables.map(({ sourceRows, targetRows }) => [sourceRows, targetRows])).toEqual([
      [ROWS, ROWS],
      [0, 0],
    ]);
    for (const column of columns) expect(column).toMatchObject({ expected: 'same', verdict: 'equal', differing: [] });
    expect(Object.fromEntries(columns.map(({ source, compared }) => [source, compared]))).toMatchObject({
      price: 10,
      large: 10,
      at: 9,
      name: 10,
    });
  });

  it('tell both sides in figures, which are sealed until somebody asks for them', async () => {
    const { figures, text } = await shown(moved, '--reveal');
    const price = figures.find(({ column }) => column === 'price');
    const [row] = await target.query('SELECT sum(id)::text AS sum FROM article');
    expect(figures.find(({ column }) => column === 'id')?.target).toMatchObject({ sum: row?.['sum'] });
    expect(price?.source).toEqual(price?.target);
    expect(price?.source.quantiles).toHaveLength(5);
    expect(text).toContain('größer');
    expect((await shown(moved)).text).not.toContain('größer');
  });

  it('show a mean that rounding lowered by 3 % in a column that no row proof can compare', async () => {
    expect(hasty.exit, hasty.stderr).toBe(3);
    const { columns, figures } = await shown(hasty, '--reveal');
    const price = figures.find(({ column }) => column === 'price');
    const fall = 1 - Number(price?.target.sum) / Number(price?.source.sum);
    expect(fall).toBeGreaterThan(0.028);
    expect(fall).toBeLessThan(0.032);
    expect(found(hasty)).toEqual([
      'distribution_shifted shop.article.made',
      'moments_differ shop.article.price',
      'not_comparable shop.article.cost',
      'not_comparable shop.article.made',
      'not_comparable shop.article.price',
      'not_comparable shop.article.sold',
    ]);
    const rounded = columns.find(({ source }) => source === 'price');
    expect(rounded).toMatchObject({ expected: 'apart', verdict: 'differs', differing: ['mean'] });
    expect(rounded?.q).toBeLessThan(1e-6);
  });

  it('have no alarm in a column that only got another type', async () => {
    const { columns } = await shown(hasty);
    for (const name of ['cost', 'sold']) {
      const column = columns.find(({ source }) => source === name);
      expect(column).toMatchObject({ expected: 'apart', verdict: 'no shift', differing: [], q: 1 });
    }
    const rest = columns.filter(({ expected }) => expected === 'same');
    expect(rest.filter(({ verdict }) => verdict !== 'equal')).toEqual([]);
  });

  it('stand in the certificate with their rate of false alarms', async () => {
    const path = hasty.json.certificate ?? '';
    const { stdout, exit } = await caravan(['certificate', 'verify', path]);
    expect(exit, stdout).toBe(0);
    expect(readFileSync(path, 'utf8')).toContain('a rate of false alarms of 0.01 over all columns');
  });
});

interface Shown {
  readonly columns: readonly ColumnStatistics[];
  readonly figures: readonly ColumnFigures[];
  readonly report: StatisticsReport;
  readonly text: string;
}

async function shown(ran: Ran, ...more: readonly string[]): Promise<Shown> {
  const { stdout, exit, stderr } = await caravan(['statistics', ran.json.migrationId, '--json', ...more]);
  expect(exit, stderr).toBe(0);
  const report = JSON.parse(stdout) as StatisticsReport & { figures?: ColumnFigures[] };
  const columns = report.tables.flatMap((table) => table.columns);
  return { columns, figures: report.figures ?? [], report, text: stdout };
}

function found({ json }: Ran): string[] {
  const told = json.findings.filter(({ code }) => !code.startsWith('type_'));
  return told.map(({ code, object }) => `${code} ${object}`).toSorted();
}
