import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testFolder } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase, leftovers } from './harness.js';

const SCRIPT = `
  CREATE TABLE customers (id INTEGER PRIMARY KEY, Name TEXT NOT NULL, city TEXT);
  CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id), amount REAL NOT NULL);
  INSERT INTO customers VALUES (1, 'Ada', 'Turin'), (2, 'Bo', NULL), (3, 'Cy', 'Turin');
  INSERT INTO orders VALUES (1, 1, 10.5), (2, 1, 1.25), (3, 3, 1.005);
  CREATE VIEW "Big Spenders" AS SELECT Name, spent FROM spending WHERE spent > 5;
  CREATE VIEW spending AS
    SELECT c.id, c.Name, ifnull(c.city, 'nowhere') AS city, sum(o.amount) AS spent, group_concat(o.id) AS "which ones"
      FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id;
  CREATE VIEW rounded AS SELECT id, round(amount, 2) AS amount FROM orders;
  CREATE VIEW on_rounded AS SELECT count(*) AS n FROM rounded;
  CREATE VIEW sounds AS SELECT hex(Name) AS h FROM customers;
`;

describe('views of a SQLite file', () => {
  const folder = testFolder();
  let source = '';
  let target: TestDatabase;
  let ran: Ran;
  const migrate = (...more: string[]): Promise<Ran> =>
    caravan(['migrate', '--source', source, '--target', target.url, '--json', ...more]);
  const viewsThere = async (): Promise<unknown[]> =>
    (await target.query("SELECT viewname AS name FROM pg_views WHERE schemaname = 'public' ORDER BY 1")).map(
      ({ name }) => name,
    );

  beforeAll(async () => {
    source = folder.sqlite('views', SCRIPT);
    target = await freshDatabase();
    ran = await migrate('--yes');
  });
  afterAll(async () => {
    await target.drop();
    folder.remove();
  });

  it('arrive where they are shown to give the same rows, views on views too', async () => {
    expect(ran.exit, ran.stderr).toBe(0);
    expect(await viewsThere()).toEqual(['big spenders', 'spending']);
    expect(
      await target.query('SELECT name, city, spent::text, "which ones" IS NULL AS none FROM spending ORDER BY id'),
    ).toEqual([
      { name: 'Ada', city: 'Turin', spent: '11.75', none: false },
      { name: 'Bo', city: 'nowhere', spent: null, none: true },
      { name: 'Cy', city: 'Turin', spent: '1.005', none: false },
    ]);
    expect(await target.query('SELECT name FROM "big spenders"')).toEqual([{ name: 'Ada' }]);
  });

  it('stay away, each with its reason, where they give something else or have no translation', () => {
    expect(ran.json.notMigrated.filter(({ kind }) => kind === 'view')).toEqual([
      {
        kind: 'view',
        name: 'main.sounds',
        reason: 'it was not translated: the function "hex" has no known counterpart',
      },
      {
        kind: 'view',
        name: 'main.on_rounded',
        reason: 'PostgreSQL refuses it: a table or view that it reads is not there (SQLSTATE 42P01)',
      },
      {
        kind: 'view',
        name: 'main.rounded',
        reason: 'translated, it gives 3 rows as in the source, but other values',
      },
    ]);
  });

  it('stand in the certificate, the proven and the others', async () => {
    const path = String(ran.json.certificate);
    const { certificate } = JSON.parse(readFileSync(path, 'utf8')) as {
      certificate: { proven: { what: string }[]; notProven: string[] };
    };
    const proven = certificate.proven.map(({ what }) => what).join('\n');
    expect(proven).toContain('The view public.spending gives the 3 rows that main.spending gives');
    expect(certificate.notProven.join('\n')).toContain('The view main.rounded was not migrated');
    expect((await caravan(['certificate', 'verify', path])).exit).toBe(0);
  });

  it('are replaced with the tables that they read', async () => {
    const again = await migrate('--yes', '--on-existing', 'replace');
    expect(again.exit, again.stderr).toBe(0);
    expect(await viewsThere()).toEqual(['big spenders', 'spending']);
    expect((await caravan(['purge', again.json.migrationId])).exit).toBe(0);
    expect(await leftovers(target)).toEqual([]);
  });

  it('may be taken out of a plan, and not be changed in it', async () => {
    const plan = join(folder.path, 'plan.yaml');
    const planned = await caravan(['plan', '--source', source, '--out', plan]);
    expect(planned.exit, planned.stderr).toBe(0);
    const text = readFileSync(plan, 'utf8');
    expect(text).toContain('sum("o"."amount")');
    writeFileSync(plan, text.replace('sum("o"."amount")', 'max("o"."amount")'));
    const changed = await migrate('--yes', '--plan', plan);
    expect(changed.exit).toBe(2);
    expect(changed.json.error).toMatchObject({ code: 'PLAN_INVALID' });
    expect(changed.stderr + JSON.stringify(changed.json.error)).toContain('main.spending');
  });
});
