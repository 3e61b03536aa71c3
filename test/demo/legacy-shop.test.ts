import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { openSqliteSource } from '../../databases/sqlite/source.js';
import { buildLegacyShop } from '../../cli/demo/legacy-shop.js';
import { loadLegacyShopIntoMariadb } from '../../cli/demo/legacy-shop-mariadb.js';
import { rowsAt, SHOP_TABLES } from '../../cli/demo/legacy-shop-schema.js';

const SCALE = 0.1;

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'caravan-shop-'));
  onTestFinished(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}

test('the shop is large at scale 1', () => {
  expect(SHOP_TABLES.length).toBeGreaterThanOrEqual(12);
  expect(SHOP_TABLES.reduce((sum, table) => sum + rowsAt(table.name, 1), 0)).toBeGreaterThan(300_000);
});

test('the same seed makes the same file, another seed another', async () => {
  const path = folder();
  const sums: string[] = [];
  for (const seed of [7, 7, 8]) {
    const file = join(path, `${String(sums.length)}.sqlite`);
    await buildLegacyShop({ path: file, seed, scale: 0.01 });
    sums.push(hash('sha256', readFileSync(file)));
  }
  expect(sums[0]).toBe(sums[1]);
  expect(sums[2]).not.toBe(sums[0]);
});

test('the dirt of the summary is what stands in the file', async () => {
  const path = join(folder(), 'shop.sqlite');
  const summary = await buildLegacyShop({ path, scale: SCALE });
  const database = new DatabaseSync(path, { readOnly: true });
  const count = (sql: string): unknown => database.prepare(`SELECT count(*) AS count FROM ${sql}`).get()?.count;
  const told = (kind: string, column: string): number =>
    summary.dirt.find((dirt) => dirt.kind === kind && dirt.column === column)?.count ?? -1;
  expect(summary.rows).toBe(SHOP_TABLES.reduce((sum, table) => sum + rowsAt(table.name, SCALE), 0));
  for (const table of SHOP_TABLES) expect(count(table.name)).toBe(rowsAt(table.name, SCALE));
  expect(count("customers WHERE birth_date = '0000-00-00'")).toBe(told('zero_date', 'birth_date'));
  expect(count("customers WHERE birth_date = '2019-02-30'")).toBe(told('impossible_date', 'birth_date'));
  expect(count("customers WHERE typeof(credit_limit) = 'text'")).toBe(told('text_in_number', 'credit_limit'));
  expect(count('order_lines WHERE order_id NOT IN (SELECT id FROM orders)')).toBe(told('orphan', 'order_id'));
  expect(count('order_lines WHERE quantity <= 0')).toBe(told('check_violated', 'quantity'));
  expect(count('customers WHERE instr(notes, char(0)) > 0')).toBe(told('nul_character', 'notes'));
  expect(
    count(
      "customers WHERE instr(CAST(notes AS BLOB), x'96') > 0 AND typeof(notes) = 'text' AND notes LIKE 'Rechnung%'",
    ),
  ).toBe(told('invalid_utf8', 'notes'));
  expect(count('coupons a JOIN coupons b ON a.code = b.code COLLATE NOCASE AND a.id < b.id')).toBe(
    told('case_duplicate', 'code'),
  );
  database.close();
});

test('the profile of the shop finds the dirt that the summary tells', async () => {
  const path = join(folder(), 'shop.sqlite');
  const summary = await buildLegacyShop({ path, scale: SCALE });
  const source = await openSqliteSource({ engine: 'sqlite', path });
  onTestFinished(() => source.close());
  const catalogue = await source.catalogue();
  expect(catalogue.objects.map((object) => object.kind).sort()).toEqual(['trigger', 'view', 'view']);
  const found = new Map<string, number>();
  for (const table of catalogue.tables) {
    const profile = await source.profile(table, { sampleAbove: 1_000_000 });
    for (const { column, odd } of profile.columns) {
      for (const [cause, count] of Object.entries(odd ?? {})) found.set(`${cause} ${table.name}.${column}`, count);
    }
  }
  const kinds = ['mojibake', 'zero_date', 'impossible_date', 'nul_character', 'invalid_utf8', 'not_a_boolean'];
  for (const { kind, table, column, count } of summary.dirt.filter((dirt) => kinds.includes(dirt.kind))) {
    expect(found.get(`${kind} ${table}.${column}`), `${kind} ${table}.${column}`).toBe(count);
  }
  for (const { table, column, count } of summary.dirt.filter((dirt) => dirt.kind === 'text_in_number')) {
    expect(found.get(`not_a_number ${table}.${column}`)).toBe(count);
  }
});

test('the shop for MariaDB comes in statements of bounded size, with its own dirt', async () => {
  const sizes: number[] = [];
  let text = '';
  const summary = await loadLegacyShopIntoMariadb(
    {
      query: (sql) => {
        sizes.push(sql.length);
        text += sql;
        return Promise.resolve();
      },
    },
    { scale: 0.05 },
  );
  expect(Math.max(...sizes)).toBeLessThan(1_000_000);
  expect(text.match(/'0000-00-00'/g)?.length).toBe(
    summary.dirt.filter((dirt) => dirt.kind === 'zero_date').reduce((sum, dirt) => sum + dirt.count, 0),
  );
  expect(summary.dirt.map((dirt) => dirt.kind)).toContain('bad_label');
  expect(summary.dirt.map((dirt) => dirt.kind)).not.toContain('invalid_utf8');
});
