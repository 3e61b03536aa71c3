import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { ColumnMapping } from '../../contracts/mapping.js';
import { keyIdentity, rowIdentity } from '../../databases/canonical.js';
import { database, mapping, readAll, reader, scanAll, storageOf } from './sqlite-fixture.js';

type Kind = ColumnMapping['kind'] | Partial<ColumnMapping>;
const ODD = Symbol('odd');
const unix = (kind: ColumnMapping['kind']): Partial<ColumnMapping> => ({
  kind,
  transform: [{ op: 'from_unix_seconds' }],
});

const FORMS: readonly (readonly [kind: Kind, sql: string, form: string | Buffer | typeof ODD])[] = [
  ['integer', '-42', '-42'],
  ['integer', '1.0', ODD],
  ['integer', "'lots-of-it'", ODD],
  ['decimal', '7', '7'],
  ['decimal', '7.5', '7.5'],
  ['decimal', '1e-7', '0.0000001'],
  ['decimal', '1.25e22', '12500000000000000000000'],
  ['decimal', '9e999', ODD],
  ['decimal', "'-007.50'", '-7.5'],
  ['decimal', "'-0.00'", '0'],
  ['decimal', "'+1.5e3'", '1500'],
  ['decimal', "'.5'", '0.5'],
  ['decimal', "'25e-3'", '0.025'],
  ['decimal', "'1,5'", ODD],
  ['decimal', "'.'", ODD],
  ['decimal', "'12 EUR'", ODD],
  ['float8', '1.5', Buffer.from('3ff8000000000000', 'hex')],
  ['float8', '2', Buffer.from('4000000000000000', 'hex')],
  ['float8', '9e999', Buffer.from('7ff0000000000000', 'hex')],
  ['float8', '9007199254740993', ODD],
  ['float4', '1.5', Buffer.from('3fc00000', 'hex')],
  ['float4', '0.1', ODD],
  ['boolean', '1', '1'],
  ['boolean', '2', ODD],
  ['boolean', "'true'", ODD],
  ['boolean', "'1'", '1'],
  ['boolean', "x'31'", ODD],
  ['text', "'Zürich'", 'Zürich'],
  ['text', '12', '12'],
  ['text', '0.1 + 0.2', '0.30000000000000004'],
  ['text', "'a' || char(0)", ODD],
  ['text', "CAST(x'ff' AS TEXT)", ODD],
  ['text', "x'61'", ODD],
  ['bytes', "x'00ff'", Buffer.from([0, 0xff])],
  ['bytes', "'text'", 'text'],
  ['bytes', '1', ODD],
  ['date', "'2024-02-29'", '2024-02-29'],
  ['date', "'2024-02-29 00:00:00'", '2024-02-29'],
  ['date', "'2024-02-29 00:00:01'", ODD],
  ['date', "'2023-02-29'", ODD],
  ['date', "'1900-02-29'", ODD],
  ['date', "'0000-00-00'", ODD],
  ['date', "'2023-00-10'", ODD],
  ['date', "'2023-04-31'", ODD],
  ['date', '19000', ODD],
  ['timestamp', "'2024-02-29'", '2024-02-29 00:00:00.000000'],
  ['timestamp', "'2024-02-29 10:11'", '2024-02-29 10:11:00.000000'],
  ['timestamp', "'2024-02-29T10:11:12.5Z'", '2024-02-29 10:11:12.500000'],
  ['timestamp', "'2024-02-29 10:11:12.123456'", '2024-02-29 10:11:12.123456'],
  ['timestamp', "'2024-02-29 10:11:12.1234567'", ODD],
  ['timestamp', "'2024-02-29 24:00:00'", ODD],
  ['timestamp', "'2024-02-29 10:11:12.5+02:00'", '2024-02-29 08:11:12.500000'],
  ['timestamptz', "'2024-02-29 22:11-03:30'", '2024-03-01 01:41:00.000000'],
  ['date', "'2024-02-29T00:00:00+02:00'", '2024-02-29'],
  [unix('timestamp'), '1700000000', '2023-11-14 22:13:20.000000'],
  [unix('timestamp'), '-1', '1969-12-31 23:59:59.000000'],
  [unix('timestamptz'), '1', '1970-01-01 00:00:01.000000'],
  [unix('timestamp'), '1.25', ODD],
  [unix('timestamp'), '99999999999999', ODD],
  [unix('timestamp'), "'2024-01-01'", ODD],
  [unix('date'), '86400', '1970-01-02'],
  [unix('date'), '86401', ODD],
  ['time', "'10:11:12.5'", '10:11:12.500000'],
  ['time', "'10:11'", ODD],
  ['time', "'25:00:00'", ODD],
  ['json', `'{"a": 1}'`, '{"a": 1}'],
  ['uuid', "'6BA7B810-9dad-11d1-80b4-00c04fd430c8'", Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex')],
  ['uuid', "x'6ba7b8109dad11d180b400c04fd430c8'", Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex')],
  ['uuid', "x'00'", ODD],
  [{ kind: 'bit', transform: [{ op: 'to_bits', width: 4 }] }, '5', '0101'],
  ['text_array', "'a,é'", Buffer.from('0000000161' + '00000002c3a9', 'hex')],
];

test('every kind has its canonical form, and what has none is odd with its raw bytes', async () => {
  const { path, writer } = database('CREATE TABLE forms (id INTEGER PRIMARY KEY)');
  for (const [index, [, sql]] of FORMS.entries()) {
    writer.exec(`ALTER TABLE forms ADD COLUMN c${String(index)}`);
    writer.exec(`INSERT INTO forms (id, c${String(index)}) VALUES (${String(index)}, ${sql})`);
  }
  const from = await reader(path);
  for (const [index, [kind, sql, form]] of FORMS.entries()) {
    const table = mapping('forms', { [`c${String(index)}`]: kind }, { rowKey: ['id'] });
    const [value] = (await scanAll(from, table)).rows[index] ?? [];
    if (form === ODD) expect(value, sql).toHaveProperty('odd');
    else expect(value, `${JSON.stringify(kind)} ${sql}`).toEqual(Buffer.from(form));
  }
});

test('read and scan agree on ordinary values, and on the identity of each key', async () => {
  const { path } = database(`
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, total NUMERIC(10,2), at TEXT, photo BLOB);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
    INSERT INTO orders SELECT i, CASE i % 5 WHEN 0 THEN NULL ELSE 'Łukasz ' || i END, i,
      strftime('%Y-%m-%d %H:%M:%S', 1700000000 + i * 61, 'unixepoch'), CAST(i AS BLOB) FROM n`);
  const kinds = { id: 'integer', customer: 'text', total: 'decimal', photo: 'bytes' } as const;
  const table = mapping('orders', kinds, { rowKey: ['id', 'customer'] });
  const from = await reader(path);
  const read = await readAll(from, table);
  const scanned = await scanAll(from, table);
  expect(scanned.rows).toEqual(read.map((row) => row.slice(0, 4)));
  const keys = read.map((row) => keyIdentity(row.slice(4).map((field) => field ?? Buffer.alloc(0))));
  expect(scanned.keys).toEqual(keys);
});

test('keys of every storage class have the identity of the bytes that are read', async () => {
  const { path } = database(`CREATE TABLE t (k, v);
    INSERT INTO t VALUES (1, 1), (0.5, 1), (1e300, 1), ('é', 1), (x'ff00', 1), (NULL, 1), (CAST(x'ff' AS TEXT), 1)`);
  const from = await reader(path);
  const table = mapping('t', { v: 'integer' }, { rowKey: ['k', 'rowid'] });
  const read = await readAll(from, table);
  const keys = read.map(([, k, rowid]) => keyIdentity([k ?? Buffer.alloc(0), rowid ?? Buffer.alloc(0)]));
  expect((await scanAll(from, table)).keys).toEqual(keys);
  expect(keys[0]).toBe(hash('sha256', Buffer.from('0000000131' + '0000000131', 'hex'), 'hex').slice(0, 32));
});

test.each([
  ['UTF-8', "CAST(x'61ff' AS TEXT)"],
  ['UTF-16be', "CAST(x'd8000041' AS TEXT)), (CAST(x'0041ff' AS TEXT)), (CAST(x'd83edee1dc00' AS TEXT)"],
  ['UTF-16le', "CAST(x'00dc4100e9' AS TEXT)"],
])('copy and proof know a row without a key by the same identity in %s', async (encoding, illFormed) => {
  const { path } = database(`PRAGMA encoding = '${encoding}'; CREATE TABLE t (a, b);
    INSERT INTO t (a) VALUES (1), ('1'), (x'31'), (1.0), (0.1 + 0.2), (-1e999), (NULL), (''), (x''), ('Zürich 🫡'), ('a' || char(0)), (${illFormed});
    INSERT INTO t SELECT NULL, a FROM t`);
  const table = mapping('t', { a: 'text', b: 'bytes' });
  const from = await reader(path);
  const read = await readAll(from, table);
  const storage = await storageOf(from, table);
  const { keys } = await scanAll(from, table);
  expect(keys).toEqual(read.map((row, at) => rowIdentity(row, (field) => storage[2 * at + field] ?? 0)));
  expect(new Set(keys).size, 'only (NULL, NULL) is there twice').toBe(keys.length - 1);
});

test('a UTF-16 database has the same canonical form', async () => {
  const { path } = database(`PRAGMA encoding = 'UTF-16be'; CREATE TABLE t (a TEXT, b BLOB, c, d);
    INSERT INTO t VALUES ('Zürich 🫡', x'00ff', 0.1, NULL), (CAST(x'd800' AS TEXT), x'', 12, NULL)`);
  const table = mapping('t', { a: 'text', b: 'bytes', c: 'decimal', d: 'text' });
  const { rows } = await scanAll(await reader(path), table);
  expect(rows[0]).toEqual([Buffer.from('Zürich 🫡'), Buffer.from([0, 0xff]), Buffer.from('0.1'), null]);
  expect(rows[1]?.[0]).toHaveProperty('odd');
});

test('a table of a hundred columns is scanned whole', async () => {
  const names = Array.from({ length: 100 }, (_, index) => `c${String(index)}`);
  const { path } = database(`CREATE TABLE wide (${names.join(', ')});
    INSERT INTO wide VALUES (${names.map((_, index) => String(index)).join(', ')})`);
  const table = mapping('wide', Object.fromEntries(names.map((name) => [name, 'integer' as const])));
  const { rows } = await scanAll(await reader(path), table);
  expect(rows[0]?.map(String)).toEqual(names.map((_, index) => String(index)));
});
