import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { PlanDocument } from '../../contracts/definition.schema.js';
import type { TestFolder } from './fixtures.js';
import { objectsIn, startMigrate, testFolder } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase } from './harness.js';

/** 3,000 orders, so that a smaller chunkRows makes more chunks. */
const SHOP = `
  CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
  CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer, total DECIMAL(9,2));
  CREATE TABLE audit (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders, what TEXT);
  INSERT INTO customer VALUES (1, 'ann'), (2, 'bob');
  INSERT INTO orders SELECT value, 1 + value % 2, value / 4.0 FROM generate_series(1, 3000);
  INSERT INTO audit VALUES (1, 1, 'made');`.replace(
  'generate_series(1, 3000)',
  '(WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 3000) SELECT value FROM n)',
);

/** Nine levels of ten aliases: a thousand million leaves. */
const ALIAS_BOMB = Array.from({ length: 10 }, (_, level) =>
  level === 0
    ? 'a0: &a0 [x]'
    : `a${String(level)}: &a${String(level)} [${`*a${String(level - 1)},`.repeat(10).slice(0, -1)}]`,
).join('\n');

describe('A plan that is given back', () => {
  let folder: TestFolder;
  let source: string;
  let target: TestDatabase;
  let yaml: string;

  beforeAll(async () => {
    folder = testFolder();
    source = folder.sqlite('shop', SHOP);
    target = await freshDatabase();
    const out = join(folder.path, 'made.yaml');
    const made = await caravan(['plan', '--source', source, '--target', target.url, '--out', out]);
    expect(made.exit, made.stderr).toBe(0);
    yaml = readFileSync(out, 'utf8');
  });
  afterAll(async () => {
    folder.remove();
    await target.drop();
  });

  const migrateWith = (name: string, text: string, ...more: string[]): Promise<Ran> =>
    startMigrate({ source, target: target.url }, '--plan', folder.write(name, text), '--yes', ...more).ended;

  it('is refused with line and column when it is not valid, and with its version when that is unknown', async () => {
    const lines = yaml.split('\n');
    const at = lines.findIndex((line) => line.includes('chunkRows:'));
    const broken = lines.with(at, (lines[at] ?? '').replace(/: .*/, ': many')).join('\n');
    const [wrong, newer, noYaml, missing, deep, bomb] = await Promise.all([
      migrateWith('wrong.yaml', broken),
      migrateWith('newer.yaml', yaml.replace('caravan_plan: 1', 'caravan_plan: 99')),
      migrateWith('no.yaml', 'migration: [1, 2'),
      startMigrate({ source, target: target.url }, '--plan', join(folder.path, 'none.yaml'), '--yes').ended,
      migrateWith('deep.yaml', `a: ${'['.repeat(20_000)}`),
      migrateWith('bomb.yaml', ALIAS_BOMB),
    ]);
    for (const ran of [wrong, newer, noYaml, missing, deep, bomb]) {
      expect(ran.exit).toBe(2);
      expect(ran.json.status).toBe('invalid_input');
    }
    expect(wrong.json.error?.code).toBe('PLAN_INVALID');
    expect(wrong.json.error?.message).toMatch(new RegExp(`line ${String(at + 1)}, column \\d+: .*chunkRows`));
    expect(newer.json.error?.code).toBe('PLAN_VERSION');
    expect(newer.json.error?.message).toMatch(/line \d+, column \d+: caravan_plan is 99/);
    expect(noYaml.json.error?.message).toMatch(/line 1, column \d+/);
    expect(missing.json.error?.code).toBe('PLAN_INVALID');
    expect(deep.json.error?.message).toContain('nested too deep');
    expect(bomb.json.error?.message).toContain('aliases');
    expect(await objectsIn(target)).toEqual([]);
  });

  it('is stale for another source', async () => {
    const other = folder.sqlite('other', 'CREATE TABLE customer (id INTEGER PRIMARY KEY, called TEXT)');
    const plan = folder.write('stale.yaml', yaml);
    const ran = await startMigrate({ source: other, target: target.url }, '--plan', plan, '--yes').ended;
    expect(ran.exit, ran.stderr).toBe(2);
    expect(ran.json).toMatchObject({ status: 'invalid_input', error: { code: 'PLAN_STALE' } });
    expect(ran.json.error?.message).toContain('main.orders');
    expect(await objectsIn(target)).toEqual([]);
  });

  it('is honoured: a renamed table and column, a dropped table, another chunkRows', async () => {
    const plan = parse(yaml) as Editable<PlanDocument>;
    const { migration } = plan;
    migration.tables = migration.tables.filter(({ source: { name } }) => name !== 'audit');
    for (const table of migration.tables) {
      if (table.source.name === 'orders') {
        table.target.name = 'purchase';
        table.chunkRows = 500;
        for (const column of table.columns) if (column.source === 'total') column.target = 'amount';
      }
    }
    const ran = await migrateWith('edited.yaml', stringify(plan));
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.json.tables.map((table) => table.target).sort()).toEqual(['public.customer', 'public.purchase']);
    expect(ran.json.notMigrated).toContainEqual({ kind: 'table', name: 'main.audit', reason: 'left out of the plan' });
    const rows = await target.query('SELECT count(*), sum(amount) FROM purchase');
    expect(rows).toEqual([{ count: '3000', sum: '1125375.00' }]);
    const keys = await target.query("SELECT conrelid::regclass::text AS t FROM pg_constraint WHERE contype = 'f'");
    expect(keys).toEqual([{ t: 'purchase' }]);
  });
});

type Editable<T> = T extends readonly (infer Item)[]
  ? Editable<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Editable<T[Key]> }
    : T;
