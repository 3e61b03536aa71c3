import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tryCascades } from '../../activities/validator/checks/references/cascades.js';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import type { MigrationMapping } from '../../contracts/mapping.js';
import type { ReferencesReport } from '../../contracts/references.js';
import type { ColumnFigures, ColumnStatistics, StatisticsReport } from '../../contracts/statistics.js';
import { openTrials } from '../../databases/open-trials.js';
import { checkedBy } from '../../databases/postgres/checked.js';
import { openSession } from '../../databases/postgres/connect.js';
import { parsePlan } from '../../language/plan.js';
import { parseEndpointUrl } from '../../platform/secrets/endpoint-url.js';
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
    kind ENUM('a', 'b', 'c'), born DATE, at DATETIME(6), stamp TIMESTAMP NULL, clock TIME(6), raw VARBINARY(20));
  INSERT INTO article SELECT seq, (seq * 7919 % 3333) / 100, IF(seq % 5 = 0, NULL, (seq * 104729 % 99991) / 100), 1980 + seq % 40, 1980 + seq % 40,
    seq / 7, -seq / 3, 18446744073709551615 - seq, -seq / 3, seq % 3 = 0, seq % 32, CONCAT('größer ', seq, ' 😀'), CONCAT('né', seq), ELT(1 + seq % 3, 'a', 'b', 'c'),
    '1969-06-01' + INTERVAL seq DAY, '1969-12-31 23:59:58.123456' + INTERVAL seq * 7919 SECOND, '2001-02-03 04:05:06' + INTERVAL seq MINUTE,
    SEC_TO_TIME(seq % 86400 + seq * 7919 % 1000000 / 1000000), UNHEX(SHA1(seq)) FROM seq_1_to_${String(ROWS)};
  UPDATE article SET name = NULL, born = NULL, at = NULL, raw = NULL WHERE id % 11 = 0;
  UPDATE article SET at = '9999-12-31 23:59:59.999999', born = '0001-01-01' WHERE id = 1;
  CREATE TABLE nothing (id INT PRIMARY KEY, what TEXT);
  CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(20));
  INSERT INTO customers SELECT seq, CONCAT('c', seq) FROM seq_1_to_300;
  CREATE TABLE sale (id INT PRIMARY KEY, customer_id INT, article_id BIGINT, giver_customer_id INT, nothing_id INT, number INT,
    CONSTRAINT buyer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE);
  INSERT INTO sale SELECT seq, 1 + seq % 300, seq % 500 * 2, IF(seq % 3 = 0, NULL, 1 + seq % 299), seq, 1 FROM seq_1_to_2000;
  CREATE TABLE team (id INT PRIMARY KEY, code VARCHAR(10) NOT NULL UNIQUE);
  CREATE TABLE player (id INT PRIMARY KEY, team_id INT NOT NULL, coach_id INT, code VARCHAR(10),
    CONSTRAINT plays FOREIGN KEY (team_id) REFERENCES team (id) ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT coached FOREIGN KEY (coach_id) REFERENCES player (id) ON DELETE SET NULL,
    CONSTRAINT coded FOREIGN KEY (code) REFERENCES team (code) ON DELETE SET NULL ON UPDATE CASCADE);
  CREATE TABLE goal (id INT PRIMARY KEY, player_id INT, CONSTRAINT shot FOREIGN KEY (player_id) REFERENCES player (id) ON DELETE CASCADE);
  CREATE TABLE prize (team_id INT PRIMARY KEY, CONSTRAINT won FOREIGN KEY (team_id) REFERENCES team (id));
  INSERT INTO team SELECT seq, CONCAT('t', seq) FROM seq_1_to_30;
  INSERT INTO player SELECT seq, 1 + seq % 30, IF(seq > 60, 1 + seq % 7, NULL), CONCAT('t', 1 + seq % 30) FROM seq_1_to_600;
  INSERT INTO goal SELECT seq, 1 + seq % 600 FROM seq_1_to_3000;
  INSERT INTO prize SELECT seq FROM seq_1_to_3;`;

/** The first two sleep when keys of team and player are deleted or changed; the last wakes when one of customers is deleted. */
const TRIGGERS = `
  CREATE TRIGGER born BEFORE INSERT ON player FOR EACH ROW SET NEW.code = UPPER(NEW.code);
  CREATE TRIGGER cascaded AFTER DELETE ON goal FOR EACH ROW INSERT INTO nothing VALUES (OLD.id, NULL);
  CREATE TRIGGER fired AFTER DELETE ON customers FOR EACH ROW INSERT INTO nothing VALUES (OLD.id, NULL);`;

/** What a tool does that knows better: whole prices, and years that are four less in every third row. */
const HASTY = `
  ALTER TABLE article ALTER COLUMN price TYPE integer USING floor(price), ALTER COLUMN cost TYPE double precision,
    ALTER COLUMN made TYPE text USING (made - CASE id % 3 WHEN 0 THEN 4 ELSE 0 END)::text, ALTER COLUMN sold TYPE text;
  ALTER TABLE sale DROP CONSTRAINT buyer;
  UPDATE sale SET customer_id = 9999 WHERE id <= 3;`;

describe('columns as a whole, from MariaDB', () => {
  let server: PrivateMariadb | undefined;
  let target: TestDatabase;
  let moved: Ran;
  let hasty: Ran;
  const tried: Record<'asMade' | 'altered', readonly string[]> = { asMade: [], altered: [] };

  beforeAll(async () => {
    if (!hasMariadb) return;
    server = await startPrivateMariadb();
    await server.script(SOURCE);
    const source = urlOf(server.endpoint('shop'));
    target = await freshDatabase();
    moved = await caravan(['migrate', '--source', source, '--target', target.url, '--yes', '--json']);
    const { migration } = parsePlan((await caravan(['plan', '--source', source])).stdout);
    const onBoth = (): Promise<string[]> => triedOn(migration, server?.endpoint('shop'), target.url);
    await server.script(`USE shop; ${TRIGGERS}`);
    tried.asMade = await onBoth();
    await server.script('USE shop; DROP TRIGGER born; DROP TRIGGER cascaded; DROP TRIGGER fired');
    const other = 'ADD CONSTRAINT shot FOREIGN KEY (player_id) REFERENCES player ON DELETE';
    await target.query(`ALTER TABLE goal DROP CONSTRAINT shot, ${other} SET NULL`);
    tried.altered = await onBoth();
    await target.query(`ALTER TABLE goal DROP CONSTRAINT shot, ${other} CASCADE ON UPDATE RESTRICT`);
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
    const rows = report.tables.map(({ source, sourceRows, targetRows }) => [source, sourceRows, targetRows]);
    expect(rows).toEqual(
      expect.arrayContaining([
        ['shop.article', ROWS, ROWS],
        ['shop.customers', 300, 300],
        ['shop.nothing', 0, 0],
        ['shop.sale', 2000, 2000],
      ]),
    );
    for (const column of columns) expect(column).toMatchObject({ expected: 'same', verdict: 'equal', differing: [] });
    expect(Object.fromEntries(columns.map(({ source, compared }) => [source, compared]))).toMatchObject({
      price: 10,
      large: 10,
      at: 9,
      latin: 8,
    });
  });

  it('tell both sides in figures, which are sealed until somebody asks for them', async () => {
    const { figures, text } = await shown(moved, '--reveal');
    const price = figures.find(({ column }) => column === 'price');
    const [row] = await target.query('SELECT sum(id)::text AS sum FROM article');
    expect(figures.find(({ table, column }) => table === 'shop.article' && column === 'id')?.target).toMatchObject({
      sum: row?.['sum'],
    });
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
      'foreign_key_missing shop.sale.buyer',
      'moments_differ shop.article.price',
      'not_comparable shop.article.cost',
      'not_comparable shop.article.made',
      'not_comparable shop.article.price',
      'not_comparable shop.article.sold',
      'orphans shop.sale.buyer',
      'value_differs shop.sale.customer_id',
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
    const rest = columns.filter(({ expected, verdict }) => expected === 'same' && verdict !== 'equal');
    expect(rest.map(({ source }) => source)).toEqual(['customer_id']);
  });

  it('that refer to a table without saying so are found by names, types and values, and offered as constraints', async () => {
    const { inferred, declared } = await referencesOf(moved);
    expect(declared).toHaveLength(6);
    expect(declared).toContainEqual(
      expect.objectContaining({ name: 'buyer', table: 'sale', state: 'valid', orphans: 0 }),
    );
    expect(inferred).toMatchObject([
      // Every 500th row means an article 0 that is not there; nothing_id means rows of an empty table, so that it is none.
      { column: 'article_id', referenced: 'article', rows: 2000, distinct: 500, orphans: 4, whole: true },
      { column: 'giver_customer_id', referenced: 'customers', rows: 1334, orphans: 0, whole: true },
    ]);
    const statements = inferred.flatMap(({ sql }) => sql);
    expect(statements).toHaveLength(3);
    for (const statement of statements) await target.query(statement);
    const made = await target.query(
      `SELECT conname, convalidated FROM pg_constraint WHERE contype = 'f' AND conname LIKE '%\\_fkey' ORDER BY conname`,
    );
    expect(made.map(({ conname, convalidated }) => [conname, convalidated])).toEqual([
      ['sale_article_id_fkey', false],
      ['sale_giver_customer_id_fkey', true],
    ]);
  });

  it('have their orphans counted where a key that the source declares is gone', async () => {
    const { declared } = await referencesOf(hasty);
    expect(declared).toContainEqual(expect.objectContaining({ name: 'buyer', state: 'missing', orphans: 3 }));
    expect(hasty.json.findings.find(({ code }) => code === 'orphans')).toMatchObject({ kind: 'referential', count: 3 });
  });

  it('do the same to the rows that refer to them when a key is deleted or changed, on a replica and in the target', async () => {
    expect(tried.asMade).toEqual([
      'buyer DELETE CASCADE not tried',
      'buyer UPDATE RESTRICT same',
      'coached DELETE SET NULL same',
      'coached UPDATE RESTRICT same',
      'coded DELETE SET NULL same',
      'coded UPDATE CASCADE not tried',
      'plays DELETE CASCADE same',
      'plays UPDATE CASCADE same',
      'shot DELETE CASCADE same',
      'shot UPDATE RESTRICT same',
      'won DELETE RESTRICT same',
      'won UPDATE RESTRICT same',
    ]);
    expect(tried.altered.filter((line) => line.endsWith('differs'))).toContain('shot DELETE CASCADE differs');
    expect(await target.query('SELECT count(*)::int AS goals, sum(player_id)::int AS sum FROM goal')).toEqual([
      { goals: 3000, sum: 901_500 },
    ]);
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

async function triedOn(
  migration: MigrationMapping,
  replica: ServerEndpoint | undefined,
  url: string,
): Promise<string[]> {
  const ground = replica && (await openTrials(replica));
  const session = await openSession(parseEndpointUrl(url) as ServerEndpoint, 'test');
  if (ground === undefined) throw new Error('there is no replica');
  try {
    const checked = checkedBy({ schema: 'public', writes: true, use: (_attempted, _on, work) => work(session) });
    const cascades = await tryCascades(migration, { replica: ground, checked });
    return cascades.map(({ name, action, declared, verdict }) => `${name} ${action} ${declared} ${verdict}`).toSorted();
  } finally {
    await Promise.all([ground.close(), session.close()]);
  }
}

async function referencesOf(ran: Ran): Promise<ReferencesReport> {
  const { stdout, exit, stderr } = await caravan(['references', ran.json.migrationId, '--json']);
  expect(exit, stderr).toBe(0);
  return JSON.parse(stdout) as ReferencesReport;
}

function found({ json }: Ran): string[] {
  const told = json.findings.filter(({ code }) => !code.startsWith('type_'));
  return told.map(({ code, object }) => `${code} ${object}`).toSorted();
}
