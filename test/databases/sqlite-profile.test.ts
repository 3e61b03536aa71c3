import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import type { ColumnProfile, TableProfile } from '../../contracts/profile.js';
import { quantileOf } from '../../databases/fingerprint/distribution.js';
import { HyperLogLog } from '../../databases/fingerprint/hyperloglog.js';
import { DistinctCounter } from '../../databases/sqlite/distinct.js';
import { isMojibake, shapeOf } from '../../databases/sqlite/text-shapes.js';
import { corpus, database, source, tableOf } from './sqlite-fixture.js';

async function profileOf(sql: string, sampleAbove = 1000): Promise<TableProfile> {
  const opened = await source(database(sql).path);
  return opened.profile(tableOf(await opened.catalogue(), 't'), { sampleAbove });
}

function column(profile: TableProfile, name: string): ColumnProfile {
  const found = profile.columns.find((candidate) => candidate.column === name);
  if (!found) throw new Error(`no column ${name}`);
  return found;
}

test('counts, extremes, moments, lengths and scale are exact', async () => {
  const profile = await profileOf(`CREATE TABLE t (n INTEGER, r REAL, s TEXT, b BLOB, big INTEGER);
    INSERT INTO t VALUES (1, 0.5, 'é', x'00', 9223372036854775807), (2, 0.125, 'zz🫡', x'0001', -9223372036854775808),
      (6, 1e-7, 'a', NULL, 0), (NULL, NULL, NULL, NULL, NULL)`);
  expect(profile).toMatchObject({ rows: 4, exact: true, sample: 1, schema: 'main', table: 't' });
  expect(column(profile, 'n')).toMatchObject({
    rows: 4,
    nulls: 1,
    distinct: 3,
    min: '1',
    max: '6',
    mean: 3,
    maxScale: 0,
  });
  expect(column(profile, 'n').variance).toBeCloseTo(14 / 3);
  expect(column(profile, 'n').storage).toEqual({ integer: 3, real: 0, text: 0, blob: 0 });
  expect(column(profile, 'r')).toMatchObject({ min: '1e-7', max: '0.5', maxScale: 7 });
  expect(column(profile, 's')).toMatchObject({ min: 'a', max: 'é', minLength: 1, maxLength: 3, averageLength: 5 / 3 });
  expect(column(profile, 'b')).toMatchObject({ distinct: 2, minLength: 1, maxLength: 2 });
  expect(column(profile, 'b').min).toBeUndefined();
  expect(column(profile, 'big')).toMatchObject({ min: '-9223372036854775808', max: '9223372036854775807' });
});

test('odd values are counted by cause', async () => {
  const profile =
    await profileOf(`CREATE TABLE t (n INTEGER, d DATE, flag BOOLEAN, name TEXT, price NUMERIC(8,2), note TEXT);
    INSERT INTO t VALUES
      ('lots-of-it', '2019-02-30', 1, 'ZÃ¼rich', 'n/a', 'ZÃ¼rich is fine as a note, 2019-02-30'),
      (1.5, '0000-00-00', 2, 'a' || char(0), 1.25, '2019-02-30'),
      (1, '2020-02-29', 'yes', CAST(x'ff' AS TEXT), 2, 'x'),
      (x'00', 'unknown', 0, 'Zürich', 3, 'y')`);
  const odd = (name: string): unknown => column(profile, name).odd;
  expect(odd('n')).toEqual({ wrong_storage: 3, not_a_number: 1 });
  expect(odd('d')).toEqual({ impossible_date: 2, zero_date: 1 });
  expect(odd('flag')).toEqual({ not_a_boolean: 2 });
  expect(odd('name')).toEqual({ mojibake: 1, nul_character: 1, invalid_utf8: 1 });
  expect(odd('price')).toEqual({ wrong_storage: 1, not_a_number: 1 });
  expect(odd('note')).toEqual({ mojibake: 1 });
});

test('dates are looked for in any column whose texts are mostly dates in form', async () => {
  const profile = await profileOf(`CREATE TABLE t (d TEXT);
    INSERT INTO t VALUES ('2020-01-01'), ('2020-01-02 10:00:00'), ('2020-02-30'), ('0000-00-00'), ('n/a')`);
  expect(column(profile, 'd').odd).toEqual({ impossible_date: 1, zero_date: 1 });
  expect(column(profile, 'd').shapes).toEqual({ date: 0.6, timestamp: 0.2 });
});

test.each([
  ['a.b@example.org', 'email'],
  ['https://example.org/?a=b', 'url'],
  ['+49 30 1234-567', 'phone'],
  ['+4930123456789', 'phone'],
  ['2024-02-29', 'date'],
  ['2024-02-29T10:11:12Z', 'timestamp'],
  ['-12', 'integer'],
  ['12.50', 'decimal'],
  ['6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'uuid'],
  ['{"a":[1]}', 'json'],
  ['{not json', undefined],
  ['2023-02-29', 'date'],
  ['Straße 5', undefined],
  ['', undefined],
])('"%s" has the shape %s', (text, shape) => {
  expect(shapeOf(text)).toBe(shape);
});

test('double-encoded text is told from text with accents', () => {
  for (const text of ['ZÃ¼rich', 'cafÃ©', 'â‚¬ 5', 'ä½\u00a0å¥½', 'ÐŸÑ€Ð¸Ð²ÐµÑ‚'])
    expect(isMojibake(text), text).toBe(true);
  for (const text of ['Zürich', 'Ärger', 'café', '€ 5', '你好', 'plain', 'Ã', 'naïve café']) {
    expect(isMojibake(text), text).toBe(false);
  }
});

test('distinct values are exact while few, and estimated within three per cent beyond', () => {
  const counter = new DistinctCounter();
  for (let index = 0; index < 10_000; index++) counter.add(index % 5000);
  expect(counter.count()).toBe(5000);
  for (let index = 0; index < 400_000; index++) counter.add(`user${String(index)}@example.org`);
  expect(counter.exact).toBe(false);
  expect(Math.abs(counter.count() / 405_000 - 1)).toBeLessThan(0.03);
});

test('over the limit a stated sample is taken from all over the table', async () => {
  const profile = await profileOf(`CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO t SELECT i, 'v' || i FROM n`);
  expect(profile).toMatchObject({ rows: 20000, exact: false });
  const id = column(profile, 'id');
  expect(id.rows).toBe(Math.round(profile.sample * 20000));
  expect(id.rows).toBeGreaterThan(900);
  expect(id.rows).toBeLessThanOrEqual(1000);
  expect(Number(id.min)).toBe(1);
  expect(Number(id.max)).toBeGreaterThan(19_000);
});

test('a profile can be aborted', async () => {
  const opened = await source(database('CREATE TABLE t (v)').path);
  const table = tableOf(await opened.catalogue(), 't');
  const profiling = opened.profile(table, { sampleAbove: 10, signal: AbortSignal.abort(new Error('stop')) });
  await expect(profiling).rejects.toThrow('stop');
});

const chinook = corpus('chinook/chinook.sqlite');
test.skipIf(!chinook)('Chinook is profiled whole (skipped without the corpus)', async () => {
  const opened = await source(chinook ?? '');
  const profile = await opened.profile(tableOf(await opened.catalogue(), 'Customer'), { sampleAbove: 1000 });
  expect(column(profile, 'Email').shapes?.email).toBe(1);
  expect(column(profile, 'CustomerId')).toMatchObject({ distinct: 59, min: '1', max: '59' });
  expect(column(profile, 'Phone').shapes?.phone).toBeGreaterThan(0.9);
});

test.skipIf(!chinook)('the sketches of Chinook say what SQL finds (skipped without the corpus)', async () => {
  const opened = await source(chinook ?? '');
  const profile = await opened.profile(tableOf(await opened.catalogue(), 'Track'), { sampleAbove: 1_000_000 });
  const writer = new DatabaseSync(chinook ?? '', { readOnly: true });
  onTestFinished(() => {
    writer.close();
  });
  const all = (sql: string): Record<string, unknown>[] => writer.prepare(sql).all();
  for (const { column: name, fingerprint, distinct } of profile.columns) {
    if (!fingerprint) throw new Error(`no fingerprint of ${name}`);
    const [found] = all(
      `SELECT count(*) AS rows, count(*) - count(${name}) AS nulls, count(DISTINCT ${name}) AS different FROM Track`,
    );
    expect(fingerprint).toMatchObject({ rows: found?.rows, nulls: found?.nulls });
    expect(distinct).toBe(found?.different);
    const sketched = HyperLogLog.fromText(fingerprint.distinct).count();
    expect(Math.abs(sketched / Number(found?.different) - 1), name).toBeLessThan(0.05);
    const counts = new Map(
      all(`SELECT CAST(${name} AS TEXT) AS value, count(*) AS n FROM Track WHERE ${name} IS NOT NULL GROUP BY 1`).map(
        (row) => [row.value, Number(row.n)],
      ),
    );
    for (const { value, count, error } of fingerprint.top.values) {
      if (value.length >= 60) continue;
      const real = counts.get(value) ?? 0;
      expect(real, `${name} ${value}`).toBeLessThanOrEqual(count);
      expect(real, `${name} ${value}`).toBeGreaterThanOrEqual(count - error);
    }
  }
  const milliseconds = all('SELECT Milliseconds AS n FROM Track ORDER BY 1').map(({ n }) => Number(n));
  const { numbers } = column(profile, 'Milliseconds').fingerprint ?? {};
  const mean = milliseconds.reduce((sum, value) => sum + value, 0) / milliseconds.length;
  expect(numbers).toMatchObject({ count: milliseconds.length, min: milliseconds[0], max: milliseconds.at(-1) });
  expect(numbers?.mean).toBeCloseTo(mean, 6);
  for (const share of [0.1, 0.5, 0.9]) {
    const value = numbers ? quantileOf(numbers, share) : NaN;
    expect(milliseconds.filter((each) => each <= value).length / milliseconds.length).toBeCloseTo(share, 1.5);
  }
  const lengths = all('SELECT length(Name) AS n FROM Track').map(({ n }) => Number(n));
  const histogram = column(profile, 'Name').fingerprint?.lengthHistogram ?? [];
  for (const [bucket, count] of histogram.entries()) {
    expect(count).toBe(lengths.filter((length) => Math.ceil(Math.log2(length + 1)) === bucket).length);
  }
  const [ascii] = all("SELECT count(*) AS n FROM Track WHERE Name NOT GLOB '*[^ -~]*' AND Name GLOB '*[^0-9]*'");
  expect(column(profile, 'Name').fingerprint?.characters?.ascii).toBe(ascii?.n);
});

test('of a large table the sketches see rows from all over it, and texts of megabytes by their beginning', async () => {
  const profile = await profileOf(
    `CREATE TABLE t (id INTEGER PRIMARY KEY, big TEXT, born DATE);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 45000)
    INSERT INTO t SELECT i, CASE WHEN i % 15000 = 1 THEN replace(hex(zeroblob(1000000)), '0', 'é') || i END, date('2000-01-01', '+' || i || ' days') FROM n`,
    1_000_000,
  );
  const [id, big, born] = profile.columns.map(({ fingerprint }) => fingerprint);
  expect([id?.rows, big?.rows, born?.rows]).toEqual([9000, 9000, 9000]);
  expect(id?.numbers).toMatchObject({ min: 1, max: 44_996 });
  expect(big).toMatchObject({
    nulls: 8997,
    lengths: { count: 3, min: 2_000_001, max: 2_000_005 },
    characters: { latin: 3 },
  });
  expect(born?.numbers).toMatchObject({ count: 9000, min: Date.parse('2000-01-02') / 1000 });
});
