import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestFolder } from './fixtures.js';
import { testFolder } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase } from './harness.js';

const SOURCE = `
  CREATE TABLE "OrderLines" (
    "OrderID" INTEGER NOT NULL, "LineNo" INTEGER NOT NULL, "UnitPrice" DECIMAL(10,2) NOT NULL, "Extra" JSON, "IsPaid" BOOLEAN NOT NULL,
    "ShippedAt" DATETIME, "Place" TEXT, "Due" DATE, "Word" TEXT, "Key" TEXT NOT NULL, PRIMARY KEY ("OrderID", "LineNo"));
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
    INSERT INTO "OrderLines" SELECT i, 1 + i % 4, i + 0.5, '{"b": 1.50, "a": [' || i || ', "x"]}', i % 2, '2024-01-02 10:00:00',
      '(1,' || i || ')', '2024-02-01', '  word ' || i || ' ', 'key ' || i FROM n;
  UPDATE "OrderLines" SET "Due" = '2023-02-30' WHERE "OrderID" = 7;
  UPDATE "OrderLines" SET "Word" = 'a' || char(0) || 'b' WHERE "OrderID" = 8;
  CREATE TABLE log (what TEXT);
  CREATE VIEW paid AS SELECT "OrderID" FROM "OrderLines" WHERE "IsPaid" = 1;
  CREATE TRIGGER noticed AFTER INSERT ON log BEGIN SELECT 1; END;`;

/** As another tool would make it: its own names, types and keys, and rows that only a filter leaves. */
const TARGET = `
  CREATE SCHEMA legacy;
  CREATE TABLE legacy.order_lines (
    key text NOT NULL, order_id bigint NOT NULL, line_no numeric NOT NULL, unit_price numeric(12,3) NOT NULL, extra jsonb, is_paid boolean NOT NULL,
    shipped_at timestamptz, place point, due date, word varchar(40), added int DEFAULT 1);
  CREATE UNIQUE INDEX another_name ON legacy.order_lines (line_no, order_id);
  INSERT INTO legacy.order_lines SELECT 'key ' || i, i, 1 + i % 4, i + 0.5, jsonb_build_object('a', jsonb_build_array(i, 'x'), 'b', 1.5), i % 2 = 1,
    '2024-01-02 10:00:00+00', point(1, i), '2024-02-01', 'word ' || i FROM generate_series(1, 150) i;
  UPDATE legacy.order_lines SET due = NULL WHERE order_id = 7;
  UPDATE legacy.order_lines SET word = 'ab' WHERE order_id = 8;
  UPDATE legacy.order_lines SET extra = '{"a": [9, "x"], "b": 2}' WHERE order_id = 9;
  CREATE TABLE legacy.log (what text);
  CREATE VIEW legacy.paid AS SELECT order_id FROM legacy.order_lines WHERE is_paid AND order_id < 100;`;

const MAPPING = `caravan_mapping: 1
filter:
  OrderLines: OrderID <= 150
transforms:
  OrderLines.Word: [trim]
`;

describe('a target of another shape', () => {
  let folder: TestFolder;
  let target: TestDatabase;
  let ran: Ran;
  let verify: (...more: readonly string[]) => Promise<Ran>;

  beforeAll(async () => {
    folder = testFolder();
    target = await freshDatabase();
    await target.query(TARGET);
    const source = folder.sqlite('orders', SOURCE);
    verify = (...more) => caravan(['verify', '--source', source, '--target', target.url, '--json', ...more]);
    ran = await verify('--target-schema', 'legacy', '--mapping', folder.write('mapping.yaml', MAPPING));
  });
  afterAll(async () => {
    await target.drop();
    folder.remove();
  });

  it('is compared under its own names and types, with the rows and texts that a mapping file says', () => {
    expect(ran.exit, ran.stderr + ran.stdout).toBe(3);
    expect(ran.json.tables).toMatchObject([
      { source: 'main.OrderLines', target: 'legacy.order_lines', sourceRows: 150, targetRows: 150 },
      { source: 'main.log', target: 'legacy.log', sourceRows: 0 },
    ]);
    const found = ran.json.findings.map(({ code, object, count }) => `${code} ${object} ${String(count)}`);
    expect(found.toSorted()).toEqual([
      'not_comparable main.OrderLines.Place 1',
      'type_narrower main.OrderLines.Word 1',
      'value_differs main.OrderLines.Extra 1',
      'value_without_faithful_form main.OrderLines.Due 1',
      'value_without_faithful_form main.OrderLines.Word 1',
      'view_differs main.paid 1',
    ]);
  });

  it('has a certificate that says what was not proven', async () => {
    const path = ran.json.certificate ?? '';
    const { stdout, exit } = await caravan(['certificate', 'verify', path]);
    expect(exit, stdout).toBe(0);
    expect(ran.json.notMigrated.map(({ kind }) => kind).toSorted()).toEqual(['rows', 'trigger']);
  });

  it('that has no such schema is bad input', async () => {
    const { exit, json } = await verify('--target-schema', 'elsewhere');
    expect(exit).toBe(2);
    expect(json).toMatchObject({ status: 'invalid_input', error: { code: 'INPUT_INVALID' } });
  });
});
