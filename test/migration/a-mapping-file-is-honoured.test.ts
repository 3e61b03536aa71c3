import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { PlanDocument } from '../../contracts/definition.schema.js';
import { hasMariadb, startPrivateMariadb } from '../databases/mariadb.js';
import { objectsIn, startMigrate, testFolder, urlOf } from './fixtures.js';
import type { TestFolder } from './fixtures.js';
import { caravan, freshDatabase } from './harness.js';
import type { Ran, TestDatabase } from './harness.js';

const SHOP = `
  CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT, email TEXT UNIQUE);
  CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer, status TEXT NOT NULL,
    total DECIMAL(9,2), paid_on DATE NOT NULL, seen INTEGER,
    due_on TEXT NOT NULL DEFAULT '2024-03-01', sent_on TEXT NOT NULL DEFAULT '2024-03-01');
  CREATE TABLE note (body TEXT);
  CREATE TABLE audit (id INTEGER PRIMARY KEY);
  INSERT INTO customer VALUES
    (1, 'ann', 'KÃ¶ln', ' Ann@Example.org'), (2, CAST(x'62006f62' AS TEXT), 'Köln', 'bob@example.org'),
    (3, CAST(x'7a6fe980' AS TEXT), NULL, NULL);
  INSERT INTO orders (id, customer_id, status, total, paid_on, seen) SELECT value, 1 + value % 2, CASE WHEN value % 3 = 0 THEN 'void' ELSE 'o''k\\' END, value / 4.0,
      CASE WHEN value % 100 = 1 THEN '0000-00-00' ELSE '2024-02-29' END, 1700000000 + value
    FROM (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 3000) SELECT value FROM n);
  UPDATE orders SET sent_on = 'soon' WHERE id = 2;
  INSERT INTO note VALUES ('  x '), ('  x '), ('y'), (''), (NULL);`;

const MAPPING = `
caravan_mapping: 1
exclude: [audit]
rename:
  schemas: {main: sales}
  tables: {orders: purchase}
  columns: {orders.total: amount}
cast:
  orders.total: numeric(14,2)
  orders.seen: timestamptz
  orders.paid_on: date
  orders.due_on: date
  orders.sent_on: date
filter:
  orders: status <> 'void' AND id <= 2500
values:
  orders.paid_on: {zero_date: {use: '1970-01-01'}}
  orders.due_on: 'null'
  orders.sent_on: 'null'
  customer.name: {nul_character: remove, invalid_utf8: {decode: cp1252}}
transforms:
  orders.seen: [from_unix_seconds]
  customer.email: [trim, lower]
  note.body: [trim, empty_to_null]
decode:
  customer.city: cp1252
`;

describe('A mapping file', () => {
  let folder: TestFolder;
  let source: string;
  let target: TestDatabase;
  let ran: Ran;

  beforeAll(async () => {
    folder = testFolder();
    source = folder.sqlite('shop', SHOP);
    target = await freshDatabase();
    const mapping = folder.write('mapping.yaml', MAPPING);
    ran = await startMigrate({ source, target: target.url }, '--mapping', mapping, '--yes').ended;
  });
  afterAll(async () => {
    folder.remove();
    await target.drop();
  });

  it('decides names, types and schema, and its result is proven', async () => {
    expect(ran.exit, JSON.stringify(ran.json.error ?? ran.stderr)).toBe(3);
    expect(ran.json.status).toBe('proven_with_exceptions');
    expect(ran.json.tables.map((table) => table.target).sort()).toEqual([
      'sales.customer',
      'sales.note',
      'sales.purchase',
    ]);
    for (const table of ran.json.tables) expect(table.targetHash).toBe(table.sourceHash);
    const [seen] = await target.query(
      'SELECT amount::text, extract(epoch FROM seen)::bigint AS at FROM sales.purchase WHERE id = 1',
    );
    expect(seen).toEqual({ amount: '0.25', at: '1700000001' });
    const types = await target.query(
      `SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS strict FROM pg_attribute
        WHERE attrelid = 'sales.purchase'::regclass AND attname IN ('amount', 'paid_on', 'due_on', 'sent_on') ORDER BY 1`,
    );
    expect(types).toEqual([
      { name: 'amount', type: 'numeric(14,2)', strict: false },
      { name: 'due_on', type: 'date', strict: true },
      { name: 'paid_on', type: 'date', strict: true },
      { name: 'sent_on', type: 'date', strict: false },
    ]);
  });

  it('may give NOT NULL away, which is so only where a value became NULL', () => {
    const relaxed = ran.json.findings.filter(({ code }) => code === 'not_null_relaxed');
    expect(relaxed).toMatchObject([{ object: 'main.orders.sent_on', count: 1, disposition: 'listed' }]);
  });

  it('moves the rows that meet the filter, and no others', async () => {
    const database = new DatabaseSync(source.replace('sqlite:', ''));
    const [kept] = database.prepare("SELECT count(*) AS n FROM orders WHERE status <> 'void' AND id <= 2500").all();
    database.close();
    const orders = ran.json.tables.find((table) => table.source === 'main.orders');
    expect(orders).toMatchObject({ sourceRows: kept?.['n'], targetRows: kept?.['n'], quarantinedRows: 0 });
    const [there] = await target.query(
      "SELECT count(*) AS n, count(*) FILTER (WHERE status = 'void') AS void, max(id) AS last FROM sales.purchase",
    );
    expect(there).toEqual({ n: String(kept?.['n']), void: '0', last: '2500' });
    const left = ran.json.notMigrated.find(({ kind }) => kind === 'rows');
    expect(left).toMatchObject({ name: 'main.orders' });
    expect(left?.reason).toContain('"status" <> \'void\'');
    const certificate = readFileSync(ran.json.certificate ?? '', 'utf8');
    expect(certificate).toContain('rows of main.orders that meet its filter');
    expect(certificate).toContain('Not all rows of main.orders were migrated');
  });

  it('decides what becomes of values, each of which is named', async () => {
    expect(await target.query('SELECT id, name, city, email FROM sales.customer ORDER BY id')).toEqual([
      { id: '1', name: 'ann', city: 'Köln', email: 'ann@example.org' },
      { id: '2', name: 'bob', city: 'Köln', email: 'bob@example.org' },
      { id: '3', name: 'zoé€', city: null, email: null },
    ]);
    const [zero] = await target.query(
      "SELECT count(*) FILTER (WHERE paid_on = '1970-01-01') AS used, count(*) FILTER (WHERE paid_on IS NULL) AS gone FROM sales.purchase",
    );
    expect(zero).toEqual({ used: '17', gone: '0' });
    const bodies = await target.query('SELECT body, count(*) AS n FROM sales.note GROUP BY 1 ORDER BY 1');
    expect(bodies).toEqual([
      { body: 'x', n: '2' },
      { body: 'y', n: '1' },
      { body: null, n: '2' },
    ]);
    const changed = ran.json.findings.filter(({ code }) => code === 'values_changed');
    expect(changed.map(({ object, count }) => [object, count]).sort()).toEqual([
      ['main.customer.city', 1],
      ['main.customer.email', 1],
      ['main.customer.name', 2],
      ['main.note.body', 3],
      ['main.orders.paid_on', 17],
      ['main.orders.sent_on', 1],
    ]);
  });

  it('is refused with line and column, before anything is touched, when it does not fit', async () => {
    const other = await freshDatabase();
    const refusedWith = async (name: string, text: string, ...more: string[]): Promise<Ran> =>
      startMigrate({ source, target: other.url }, '--mapping', folder.write(name, text), '--yes', ...more).ended;
    const wrong = await refusedWith('wrong.yaml', 'caravan_mapping: 1\nrename:\n  tables: {nowhere: x}\nfliter: {}\n');
    expect(wrong.exit).toBe(2);
    expect(wrong.json.error?.message).toMatch(/line 4, column 1: .*no field "fliter" \(did you mean "filter"\?\)/);
    const stranger = await refusedWith('stranger.yaml', 'caravan_mapping: 1\nrename:\n  tables: {nowhere: x}\n');
    expect(stranger.exit, stranger.stderr).toBe(2);
    expect(stranger.json).toMatchObject({ status: 'invalid_input', error: { code: 'MAPPING_INVALID' } });
    expect(stranger.json.error?.message).toMatch(/line 3, column 12: the source has no table "nowhere"/);
    const glob = await refusedWith('glob.yaml', 'caravan_mapping: 1\nexclude: [old_*]\n');
    expect(glob.json.error?.message).toMatch(/line 2, column 11: no table of the source meets "old_\*"/);
    expect(await objectsIn(other)).toEqual([]);
    await other.drop();
  });

  it('stands whole in the plan, which can be given back and then says everything', async () => {
    const out = join(folder.path, 'plan.yaml');
    const mapping = folder.write('again.yaml', MAPPING);
    const made = await caravan(['plan', '--source', source, '--mapping', mapping, '--out', out]);
    expect(made.exit, made.stderr).toBe(0);
    const yaml = readFileSync(out, 'utf8');
    expect(yaml).toContain('where: "\\"status\\" <> \'void\' AND \\"id\\" <= 2500"');
    const forged = yaml.replace(/sql: .*/, 'sql: 1 = 1; DROP TABLE orders');
    expect(forged).not.toBe(yaml);
    const edited = folder.write('edited.yaml', forged);
    const back = await caravan([
      'migrate',
      '--dry-run',
      '--source',
      source,
      '--plan',
      edited,
      '--out',
      join(folder.path, 'back.yaml'),
    ]);
    expect(back.exit, back.stderr).toBe(0);
    const tablesOf = (text: string): unknown => (parse(text) as PlanDocument).migration.tables;
    expect(tablesOf(readFileSync(join(folder.path, 'back.yaml'), 'utf8'))).toEqual(tablesOf(yaml));
  });
});

/** Every way from a type of MySQL that a cast may go: column, source type, target type, values. */
const CASTS: readonly (readonly [string, string, string, string])[] = [
  ['SMALLINT', 'bigint', '-32768', '7'],
  ['INT UNSIGNED', 'numeric(14,2)', '4294967295', '0'],
  ['BIGINT', 'text', '-9223372036854775808', '12'],
  ['TINYINT(1)', 'boolean', '1', '0'],
  ['YEAR', 'integer', '1999', '2155'],
  ['DECIMAL(9,2)', 'text', '-1.50', '1234567.00'],
  ['DECIMAL(9,0)', 'bigint', '12', '-7'],
  ['DOUBLE', 'numeric', '0.1', '-1.5e-7'],
  ['FLOAT', 'double precision', '0.25', '16777215'],
  ['VARCHAR(40)', 'integer', "'-0042'", "'7'"],
  ['VARCHAR(40)', 'numeric(9,3)', "'12.500'", "'-0.1'"],
  ['VARCHAR(40)', 'double precision', "'2.5'", "'-100'"],
  ['VARCHAR(40)', 'boolean', "'1'", "'0'"],
  ['VARCHAR(40)', 'date', "'2024-02-29'", "'1999-12-31 00:00:00'"],
  ['VARCHAR(40)', 'timestamp(3)', "'2024-02-29 10:11:12.5'", "'2024-02-29'"],
  ['VARCHAR(40)', 'timestamptz', "'2024-02-29T10:11:12'", "'0001-01-01 00:00:00'"],
  ['VARCHAR(40)', 'time', "'10:11:12'", "'23:59:59.25'"],
  ['VARCHAR(40)', 'uuid', "'6ccd780c-baba-1026-9564-5b8c656024db'", "'6CCD780CBABA102695645B8C656024DB'"],
  ['VARCHAR(40)', 'json', '\'{"a": 1}\'', "'[]'"],
  ['VARCHAR(40)', 'bytea', "'é'", "''"],
  ['VARCHAR(40)', 'text[]', "'a,b'", "''"],
  ["ENUM('x','y')", 'varchar(5)', "'x'", "'y'"],
  ["SET('x','y')", 'text', "'x,y'", "''"],
  ['DATE', 'timestamp', "'2024-02-29'", "'0001-01-01'"],
  ['DATE', 'text', "'2024-02-29'", "'9999-12-31'"],
  ['DATETIME(6)', 'date', "'2024-02-29 00:00:00'", "'1000-01-01'"],
  ['DATETIME(3)', 'timestamptz(3)', "'2024-02-29 10:11:12.125'", "'1969-12-31 23:59:59'"],
  ['TIMESTAMP', 'text', "'2024-02-29 10:11:12'", "'1970-01-02 00:00:00'"],
  ['TIME(3)', 'interval', "'-838:59:59'", "'00:00:01.5'"],
  ['TIME', 'text', "'838:59:59'", "'-00:00:01'"],
  ['BIT(8)', 'integer', "b'10000001'", "b'0'"],
  ['BIT(1)', 'boolean', "b'1'", "b'0'"],
  ['BINARY(16)', 'uuid', 'UNHEX(REPEAT("00ff",8))', 'UNHEX(REPEAT("61",16))'],
  ['VARBINARY(20)', 'text', "'é'", "''"],
  ['INET6', 'text', "'::1'", "'ff00::12'"],
  ['JSON', 'text', '\'{"a":[1, 2]}\'', "'null'"],
];

describe.skipIf(!hasMariadb)(`A cast${hasMariadb ? '' : ' (no MariaDB on this machine)'}`, () => {
  it('keeps every value that it can, names those that it cannot, and is proven either way', async () => {
    const server = await startPrivateMariadb();
    const folder = testFolder();
    const target = await freshDatabase();
    try {
      const columns = CASTS.map(([type], at) => `c${String(at)} ${type} NULL`);
      const rows = [2, 3].map(
        (place, at) => `(${String(at + 1)}, 'o''k\\\\', ${CASTS.map((cast) => cast[place]).join(', ')})`,
      );
      const odd = `(3, 'o''k\\\\', ${CASTS.map(([type]) => (type === 'VARCHAR(40)' ? "'no such thing'" : 'NULL')).join(', ')})`;
      const out = rows.map((row) => row.replace(/^\((\d)/, '(1$1').replace("o''k", 'void'));
      const insert = `INSERT INTO t VALUES ${[...rows, odd, ...out].join(', ')}`;
      await server.script(
        `CREATE DATABASE shop; USE shop; SET time_zone = '+00:00'; CREATE TABLE t (id INT PRIMARY KEY, word VARCHAR(9), ${columns.join(', ')}); ${insert};`,
      );
      const casts = CASTS.map(([, type], at) => `  t.c${String(at)}: ${type}`).join('\n');
      const yaml = `caravan_mapping: 1\ncast:\n${casts}\nfilter: {t: "word = 'o''k\\\\' AND id < 10"}\n`;
      const ends = { source: urlOf(server.endpoint('shop')), target: target.url };
      const ran = await startMigrate(ends, '--mapping', folder.write('casts.yaml', yaml), '--yes').ended;
      expect(ran.exit, JSON.stringify(ran.json.error ?? ran.stderr)).toBe(3);
      const [table] = ran.json.tables;
      expect(table).toMatchObject({ sourceRows: 3, targetRows: 3, quarantinedRows: 0 });
      expect(table?.sourceHash).toBe(table?.targetHash);
      // Texts that are no JSON, no number, no date; as bytes and as a list of words they are what they were.
      const odds = CASTS.filter(([type, to]) => type === 'VARCHAR(40)' && !['bytea', 'text[]'].includes(to));
      expect(table?.changedValues, JSON.stringify(ran.json.findings)).toBe(odds.length);
      const [first] = await target.query(`SELECT row_to_json(t)::text AS row FROM t WHERE id = 1`);
      const row = JSON.parse(String(first?.['row'])) as Record<string, unknown>;
      const at = (type: string, to: string): unknown =>
        row[`c${String(CASTS.findIndex((cast) => cast[0] === type && cast[1] === to))}`];
      expect(at('VARCHAR(40)', 'integer')).toBe(-42);
      expect(at('DOUBLE', 'numeric')).toBe(0.1);
      expect(at('TIME(3)', 'interval')).toBe('-838:59:59');
      expect(at('BIT(8)', 'integer')).toBe(129);
      expect(at('BINARY(16)', 'uuid')).toBe('00ff00ff-00ff-00ff-00ff-00ff00ff00ff');
      expect(at('DATETIME(3)', 'timestamptz(3)')).toMatch(/^2024-02-29T10:11:12.125/);
    } finally {
      folder.remove();
      await target.drop();
      await server.stop();
    }
  });
});
