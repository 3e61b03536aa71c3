import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMigrate, testFolder } from './fixtures.js';
import type { TestFolder } from './fixtures.js';
import { freshDatabase } from './harness.js';
import type { Ran, TestDatabase } from './harness.js';

const SHOP = `
  CREATE TABLE customer (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, CHECK (length(name) < 50));
  CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer, total DECIMAL(9,2) DEFAULT 0);
  CREATE VIEW dear AS SELECT id FROM orders WHERE total > 2;
  CREATE INDEX by_total ON orders (total);
  INSERT INTO customer (name) VALUES ('ann'), ('bob');
  INSERT INTO orders VALUES (1, 1, 2.5), (2, 99, 3);`;

describe('--mode schema-only', () => {
  let folder: TestFolder;
  let target: TestDatabase;
  let ran: Ran;

  beforeAll(async () => {
    folder = testFolder();
    target = await freshDatabase();
    const ends = { source: folder.sqlite('shop', SHOP), target: target.url };
    ran = await startMigrate(ends, '--mode', 'schema-only', '--yes').ended;
  });
  afterAll(async () => {
    folder.remove();
    await target.drop();
  });

  it('makes tables with keys, checks, defaults and sequences, and not a row', async () => {
    expect(ran.exit, JSON.stringify(ran.json.error ?? ran.stderr)).toBe(0);
    expect(ran.json.status).toBe('proven');
    for (const table of ran.json.tables)
      expect(table).toMatchObject({ sourceRows: 0, targetRows: 0, changedValues: 0 });
    expect(await target.query('SELECT (SELECT count(*) FROM customer) + (SELECT count(*) FROM orders) AS n')).toEqual([
      { n: '0' },
    ]);
    const constraints = await target.query(
      "SELECT contype AS t, convalidated AS valid FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n' ORDER BY 1",
    );
    expect(constraints).toEqual(['c', 'f', 'p', 'p', 'u'].map((t) => ({ t, valid: true })));
    expect(await target.query("SELECT count(*) AS n FROM pg_indexes WHERE indexname = 'by_total'")).toEqual([
      { n: '1' },
    ]);
    // Behind what the source has given out: rows that come later keep their numbers.
    expect(await target.query("INSERT INTO customer (name) VALUES ('eve') RETURNING id")).toEqual([{ id: '3' }]);
    expect(await target.query('INSERT INTO orders VALUES (1, 3) RETURNING total')).toEqual([{ total: '0.00' }]);
  });

  it('says in report and certificate that no rows were moved, and does not claim that they are equal', () => {
    const left = ran.json.notMigrated.filter(({ kind }) => kind === 'all rows').map(({ name }) => name);
    expect(left.sort()).toEqual(['main.customer', 'main.orders']);
    expect(ran.json.notMigrated).toContainEqual({
      kind: 'view',
      name: 'main.dear',
      reason: 'no rows are moved on which it could be compared with the source',
    });
    const certificate = readFileSync(ran.json.certificate ?? '', 'utf8');
    expect(certificate).toContain('No row of main.orders was migrated');
    expect(certificate).not.toContain('equal to the source at its position');
    expect(certificate).toContain('The target has the tables, columns, keys and indexes of the plan');
  });
});
