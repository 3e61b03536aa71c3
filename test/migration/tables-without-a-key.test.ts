import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConnection } from 'mysql2/promise';
import { findMariadb, startMariadb } from '../../platform/local-stack/mariadb-server.js';
import type { MariadbServer } from '../../platform/local-stack/mariadb-server.js';
import { copyMariadb } from '../setup/data-folders.js';
import { startMigrate, testFolder } from './fixtures.js';
import type { TestFolder } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase, leftovers } from './harness.js';

const ROWS = 300;

/** What one table must come to. */
interface Expected {
  readonly table: string;
  readonly sourceRows: number;
  readonly quarantinedRows?: number;
  readonly changedValues: number;
}

function expectAccounted(ran: Ran, wanted: readonly Expected[]): void {
  expect(ran.exit, ran.stderr).toBe(3);
  expect(ran.json.status).toBe('proven_with_exceptions');
  for (const { table, sourceRows, quarantinedRows = 0, changedValues } of wanted) {
    const found = ran.json.tables.find(({ source }) => source.endsWith(`.${table}`));
    const targetRows = sourceRows - quarantinedRows;
    expect(found, table).toMatchObject({ sourceRows, targetRows, quarantinedRows, changedValues });
    expect(found?.sourceHash).toBe(found?.targetHash);
  }
}

describe('tables without any key, with values that PostgreSQL cannot hold', () => {
  const folder: TestFolder = testFolder();
  const targets: TestDatabase[] = [];
  const migrated = async (source: string, ...more: string[]): Promise<Ran & { target: TestDatabase }> => {
    const target = await freshDatabase();
    targets.push(target);
    const ran = await startMigrate({ source, target: target.url }, '--yes', ...more).ended;
    expect(await leftovers(target)).toEqual([]);
    return { ...ran, target };
  };
  afterAll(async () => {
    folder.remove();
    for (const target of targets) await target.drop();
  });

  // [edge 49]
  it('arrive from SQLite with every such value accounted for, equal rows each', async () => {
    // A column of the name "rowid" hides the rowid: nothing tells these rows apart.
    const source = folder.sqlite(
      'keyless',
      `CREATE TABLE log (rowid TEXT, at DATETIME, label VARCHAR(10), body JSON, price NUMERIC(6, 2));
       WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < ${String(ROWS)})
       INSERT INTO log SELECT NULL, '2024-01-01 10:00:00', 'label ' || v % 7, '{"a":1}', v % 50 FROM n;
       INSERT INTO log VALUES ('x', '2024-01-01 10:00:00', 'far too long a label', '{}', 1),
         ('x', '2024-01-01 10:00:00', 'far too long a label', '{}', 1),
         ('x', '2024-01-01 10:00:00.1234567', 'another label that is long', 'no JSON', 1.234),
         ('x', '2024-02-30 10:00:00', CAST(x'ff41' AS TEXT), NULL, 'a lot'),
         ('x', '2024-02-30 10:00:00', CAST(x'ff41' AS TEXT), '', 'a lot');`,
    );
    const ran = await migrated(source);
    const changed = ran.json.findings.filter(({ code }) => code === 'values_changed');
    const changedValues = changed.reduce((sum, { count }) => sum + count, 0);
    expect(changedValues).toBeGreaterThan(6);
    expectAccounted(ran, [{ table: 'log', sourceRows: ROWS + 5, changedValues }]);
    const [held] = await ran.target.query(
      "SELECT count(*) FILTER (WHERE at IS NULL) AS at, count(*) FILTER (WHERE rowid = 'x') AS marked FROM log",
    );
    expect(held).toMatchObject({ marked: '5' });
    expect(Number(held?.['at'])).toBeGreaterThanOrEqual(2);
  });

  describe.runIf(findMariadb() !== null)('from MariaDB', () => {
    let server: MariadbServer;
    beforeAll(async () => {
      await copyMariadb(join(folder.path, 'maria'));
      server = await startMariadb({ dataFolder: join(folder.path, 'maria') });
      const connection = await createConnection({
        uri: server.url.replace('mariadb:', 'mysql:'),
        multipleStatements: true,
      });
      await connection.query(`
        SET sql_mode = 'NO_ENGINE_SUBSTITUTION';
        CREATE TABLE visit (day DATE, label VARCHAR(40), clock TIME, note TEXT, weight FLOAT, flags BIT(9), state ENUM('a', 'b'));
        INSERT INTO visit SELECT '2024-01-01' + INTERVAL seq % 50 DAY, CONCAT('label ', seq % 7), '10:00:00', NULL, seq / 7, seq % 300, 'a'
          FROM seq_1_to_${String(ROWS)};
        INSERT INTO visit VALUES ('0000-00-00', 'zero', '10:00:00', NULL, 0.1, 3, 'a'), ('0000-00-00', 'zero', '10:00:00', NULL, 0.1, 3, 'a'),
          ('2024-01-00', 'half', '10:00:00', CONCAT('nul', CHAR(0), 'inside'), NULL, 1, 'zzz'),
          ('2024-01-00', 'half', '10:00:00', '', NULL, 1, 'zzz'),
          ('2024-01-01', 'longer than the plan has it', '10:00:00', NULL, 2.5, 0, 'b'),
          ('2024-01-01', 'longer than the plan has it', '10:00:00', NULL, 2.5, 0, 'b'),
          (NULL, 'longer than the plan has it', '10:00:00', NULL, 2.5, 0, 'b');`);
      await connection.end();
    });
    afterAll(() => server.dispose());

    it('arrive with every such value accounted for, equal rows each', async () => {
      // Nothing is wrong with a text that is too long for the plan: the proof has a form for it, the target has not.
      const plan = join(folder.path, 'plan.yaml');
      const planned = await caravan(['plan', '--source', server.url, '--out', plan]);
      expect(planned.exit, planned.stderr).toBe(0);
      const text = readFileSync(plan, 'utf8');
      expect(text).toMatch(/type: varchar\(40\)/);
      writeFileSync(plan, text.replace('type: varchar(40)', 'type: varchar(7)'));
      const ran = await migrated(server.url, '--plan', plan);
      const changed = ran.json.findings.filter(({ code }) => code === 'values_changed');
      const changedValues = changed.reduce((sum, { count }) => sum + count, 0);
      expect(changed.find(({ object }) => object.endsWith('.label'))?.count).toBe(3);
      expectAccounted(ran, [{ table: 'visit', sourceRows: ROWS + 7, changedValues }]);
      expect(
        await ran.target.query(
          'SELECT count(*) FILTER (WHERE day IS NULL) AS day, count(*) FILTER (WHERE label IS NULL) AS label FROM visit',
        ),
      ).toEqual([{ day: '5', label: '3' }]);
    });
  });
});
