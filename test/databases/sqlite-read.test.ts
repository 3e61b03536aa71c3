import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { isText } from '../../activities/kora/text-checks.js';
import { STORAGE } from '../../databases/source.js';
import { database, mapping, readAll, reader, scanAll, source, storageOf, temporaryFile } from './sqlite-fixture.js';

test('the driver gives invalid UTF-8 as U+FFFD, keeps NUL and BOM, and reads 64 bits', () => {
  const db = new DatabaseSync(':memory:', { readBigInts: true, returnArrays: true });
  const row = db
    .prepare("SELECT CAST(x'61ff62' AS TEXT), 'a' || char(0) || 'b', char(65279) || 'x', -9223372036854775808")
    .get() as unknown as unknown[];
  db.close();
  expect(row).toEqual(['a\ufffdb', 'a\0b', '\ufeffx', -9223372036854775808n]);
});

const AWKWARD: readonly (readonly [sql: string, bytes: string | Buffer, storage: number])[] = [
  ["CAST(x'61ff62' AS TEXT)", Buffer.from([0x61, 0xff, 0x62]), STORAGE.text],
  ["CAST(x'96' AS TEXT)", Buffer.from([0x96]), STORAGE.text],
  ["CAST(x'eda080' AS TEXT)", Buffer.from([0xed, 0xa0, 0x80]), STORAGE.text],
  ["CAST(x'c080' AS TEXT)", Buffer.from([0xc0, 0x80]), STORAGE.text],
  ["CAST(x'61e4bd' AS TEXT)", Buffer.from([0x61, 0xe4, 0xbd]), STORAGE.text],
  ['char(65533)', '\ufffd', STORAGE.text],
  ["'a' || char(0) || 'b'", 'a\0b', STORAGE.text],
  ['char(65279)', '\ufeff', STORAGE.text],
  ["''", '', STORAGE.text],
  ["'tab\tback\\slash' || char(10)", 'tab\tback\\slash\n', STORAGE.text],
  ["'12'", '12', STORAGE.text],
  ["'Zürich 你好 🫡'", 'Zürich 你好 🫡', STORAGE.text],
  ['9223372036854775807', '9223372036854775807', STORAGE.integer],
  ['-9223372036854775807 - 1', '-9223372036854775808', STORAGE.integer],
  ['9007199254740991', '9007199254740991', STORAGE.integer],
  ['-9007199254740993', '-9007199254740993', STORAGE.integer],
  ['0', '0', STORAGE.integer],
  ['-1', '-1', STORAGE.integer],
  ['10', '10', STORAGE.integer],
  ['999', '999', STORAGE.integer],
  ['1000000000000000', '1000000000000000', STORAGE.integer],
  ['0.1', '0.1', STORAGE.real],
  ['0.1 + 0.2', '0.30000000000000004', STORAGE.real],
  ['1.0', '1', STORAGE.real],
  ['1e21', '1e+21', STORAGE.real],
  ['5e-324', '5e-324', STORAGE.real],
  ['1.7976931348623157e308', '1.7976931348623157e+308', STORAGE.real],
  ['-0.0', '0', STORAGE.real],
  ['9e999', 'Infinity', STORAGE.real],
  ['-9e999', '-Infinity', STORAGE.real],
  ["x'00ff00'", Buffer.from([0, 0xff, 0]), STORAGE.blob],
  ["x''", '', STORAGE.blob],
];

test.each(['UTF-8', 'UTF-16le', 'UTF-16be'])(
  'awkward values of a %s database are read byte for byte',
  async (encoding) => {
    const { path, writer } = database(
      `PRAGMA encoding = '${encoding}'; CREATE TABLE awkward (v); CREATE TABLE turned (v)`,
    );
    // A blob that is cast to text in a UTF-16 database is UTF-16: invalid UTF-8 cannot be stored there.
    const cases = encoding === 'UTF-8' ? AWKWARD : AWKWARD.filter(([sql]) => !sql.startsWith('CAST(x'));
    for (const [sql] of cases) writer.exec(`INSERT INTO awkward VALUES (${sql})`);
    // The first rows of a table are read one by one, the others in groups: each value in both ways.
    for (const [sql] of cases.toReversed()) writer.exec(`INSERT INTO turned VALUES (${sql})`);
    const table = mapping('awkward', { v: 'text' });
    const from = await reader(path);
    const expected = cases.map(([, bytes]) => [Buffer.from(bytes)]);
    expect(await readAll(from, table)).toEqual(expected);
    expect(await readAll(from, mapping('turned', { v: 'text' }))).toEqual(expected.toReversed());
    expect(await storageOf(from, table)).toEqual(cases.map(([, , storage]) => storage));
  },
);

test('invalid UTF-8 is read exactly in a table without a rowid, and where columns hide the rowid', async () => {
  const { path } = database(`
    CREATE TABLE bare (k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID;
    CREATE TABLE hidden (rowid TEXT, _rowid_ TEXT, oid TEXT);
    CREATE TABLE half ("RowId" TEXT, v TEXT);
    INSERT INTO bare VALUES (CAST(x'6bff' AS TEXT), CAST(x'76fe' AS TEXT));
    INSERT INTO hidden VALUES (CAST(x'6bff' AS TEXT), CAST(x'76fe' AS TEXT), 'x');
    INSERT INTO half VALUES (CAST(x'6bff' AS TEXT), CAST(x'76fe' AS TEXT))`);
  const from = await reader(path);
  const [key, value] = [Buffer.from([0x6b, 0xff]), Buffer.from([0x76, 0xfe])];
  expect(await readAll(from, mapping('bare', { k: 'text', v: 'text' }, { rowKey: ['k'] }))).toEqual([
    [key, value, key],
  ]);
  const hidden = mapping('hidden', { rowid: 'text', _rowid_: 'text' }, { rowKey: ['rowid'] });
  expect(await readAll(from, hidden)).toEqual([[key, value, key]]);
  expect(await readAll(from, mapping('half', { RowId: 'text', v: 'text' }))).toEqual([[key, value]]);
});

test('a row larger than the batch buffer and thousands of small ones are read whole', async () => {
  const { path } = database(`
    CREATE TABLE big (id INTEGER PRIMARY KEY, v);
    INSERT INTO big VALUES (1, zeroblob(9000000)), (2, printf('%.*c', 5000000, 'é'));
    WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO big SELECT i, 'v' || i FROM n`);
  const rows = await readAll(await reader(path), mapping('big', { v: 'text' }, { rowKey: ['id'] }));
  expect(rows).toHaveLength(20000);
  expect(rows[0]?.[0]?.length).toBe(9000000);
  expect(rows[19999]?.map(String)).toEqual(['v20000', '20000']);
});

test('long values among short ones end their batch early, and none is lost or mixed up', async () => {
  const { path } = database(`
    CREATE TABLE long (id INTEGER PRIMARY KEY, v, w REAL);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)
      INSERT INTO long SELECT 3 * i, CASE i % 3 WHEN 0 THEN printf('%.*c', 60000 + i, 'é') WHEN 1 THEN zeroblob(50000 + i) ELSE 'v' || i END, i / 4.0 FROM n`);
  const from = await reader(path);
  const table = mapping('long', { v: 'text', w: 'float8' }, { rowKey: ['id'] });
  let rows = 0;
  for await (const batch of from.read(table, {})) {
    expect(batch.bytes.length).toBeLessThan(8 << 20);
    for (let row = 0; row < batch.rows; row++) {
      const i = (rows += 1);
      const size = [2 * (60000 + i), 50000 + i, `v${String(i)}`.length][i % 3];
      const field = (at: number): Buffer => batch.bytes.subarray(batch.start[3 * row + at], batch.end[3 * row + at]);
      expect([field(0).length, field(1).toString(), field(2).toString()]).toEqual([size, String(i / 4), String(3 * i)]);
    }
  }
  expect(rows).toBe(900);
});

test('rows of several long values come whole, wherever they stand', async () => {
  const LONG = 700_000;
  const { path } = database(`
    CREATE TABLE several (id INTEGER PRIMARY KEY, a, b, tail);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
      INSERT INTO several SELECT i, CASE WHEN i IN (1, 40, 41, 42, 200, 300) THEN zeroblob(${String(LONG)} + i) END,
        CASE WHEN i IN (1, 40, 41, 42, 300) THEN printf('%.*c', ${String(LONG)} + i, 'b') ELSE i END, 't' || i FROM n`);
  const from = await reader(path);
  const table = mapping('several', { a: 'bytes', b: 'text', tail: 'text' }, { rowKey: ['id'] });
  const rows = await readAll(from, table);
  const lengths = rows.map(([a, b, tail, id]) => [a?.length ?? null, b?.length, String(tail), String(id)]);
  const expected = Array.from({ length: 300 }, (_, at) => {
    const i = at + 1;
    const isLong = [1, 40, 41, 42, 300].includes(i);
    const b = isLong ? LONG + i : String(i).length;
    return [isLong || i === 200 ? LONG + i : null, b, `t${String(i)}`, String(i)];
  });
  expect(lengths).toEqual(expected);
  const part = { ...table, chunkKey: { source: 'id', target: 'id', kind: 'integer' as const } };
  expect((await readAll(from, part, { lower: '40', upper: '43' })).map((row) => String(row[3]))).toEqual([
    '40',
    '41',
    '42',
  ]);
});

test('a batch that says that only ASCII stands between its fields is no text where one of them is none', async () => {
  const { path, writer } = database('CREATE TABLE pieces (a, b, c, d)');
  const fill = (from: number, a: string, b: string): void => {
    for (let id = from; id < from + 40; id += 1)
      writer.exec(`INSERT INTO pieces VALUES (${id === from + 30 ? `${a}, ${b}` : `'ä', 'é'`}, 1.5, ${String(id)})`);
  };
  const looks = async (): Promise<(boolean | undefined)[]> => {
    const seen: (boolean | undefined)[] = [];
    const columns = { a: 'text', b: 'text', c: 'float8', d: 'integer' } as const;
    for await (const { bytes, spaced } of (await reader(path)).read(mapping('pieces', columns), {}))
      seen.push(spaced === undefined ? undefined : isText(bytes, spaced));
    return seen;
  };
  fill(1, "'ö'", "'ü'");
  // The first rows are read one by one, and stand side by side.
  expect(await looks()).toEqual([undefined, true]);
  // Halves of one character.
  fill(41, "CAST(x'e4bd' AS TEXT)", "CAST(x'a0' AS TEXT)");
  expect(await looks()).toEqual([undefined, false]);
  fill(81, "'a' || char(0)", "'b'");
  expect(await looks()).toEqual([undefined, false, false]);
  fill(121, "printf('%.*c', 5000, 'é')", "'b'");
  expect(await looks()).toEqual([undefined, false, undefined]);
});

test('what SQLite prints for a real parses back to the same real, and so does what is read', async () => {
  const { path, writer } = database('CREATE TABLE reals (v)');
  const insert = writer.prepare('INSERT INTO reals VALUES (?)');
  const bits = new DataView(new ArrayBuffer(8));
  const values: number[] = [];
  // A fixed congruential sequence of bit patterns: every exponent, no chance.
  for (let index = 0, state = 1n; index < 20000; index++) {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    bits.setBigUint64(0, state);
    const value = index % 2 === 0 ? bits.getFloat64(0) : Number(state % 1000000n) / 100;
    if (Number.isFinite(value) && !Number.isInteger(value)) values.push(value);
  }
  writer.exec('BEGIN');
  for (const value of values) insert.run(value);
  writer.exec('COMMIT');
  const from = await reader(path);
  const rows = await readAll(from, mapping('reals', { v: 'float8' }));
  expect(rows.map(([text]) => Number(String(text)))).toEqual(values);
  const scanned = await scanAll(from, mapping('reals', { v: 'float8' }));
  expect(scanned.rows.map(([form]) => (form as Buffer).readDoubleBE())).toEqual(values);
});

test('chunks by their bounds are even and hold every row once, with gaps, odd keys and NULL', async () => {
  const { path } = database(`
    CREATE TABLE gaps (id INTEGER PRIMARY KEY, v);
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4999)
      INSERT INTO gaps SELECT CASE WHEN i < 2500 THEN i - 100 ELSE i * 1000003 END, i FROM n;
    CREATE TABLE keyed (k INT PRIMARY KEY, v);
    INSERT INTO keyed SELECT i.value, i.value FROM (SELECT v AS value FROM gaps LIMIT 3000) i;
    CREATE TABLE mixed (k INT PRIMARY KEY, v);
    INSERT INTO mixed SELECT k, v FROM keyed;
    INSERT INTO mixed VALUES (NULL, 'n'), ('word', 't'), (x'00', 'b'), (1.5, 'r')`);
  const from = await source(path);
  const chunks = async (name: string, key: string): Promise<number[]> => {
    const table = mapping(name, { v: 'text' }, { rowKey: [key], chunkKey: { source: key, kind: 'integer' } });
    const bounds = await from.chunkBounds(table);
    return rowsPerChunk(path, table, bounds);
  };
  expect(await chunks('gaps', 'id')).toEqual([1000, 1000, 1000, 1000, 1000]);
  expect(await chunks('gaps', 'rowid')).toEqual([1000, 1000, 1000, 1000, 1000]);
  expect(await chunks('keyed', 'k')).toEqual([1000, 1000, 1000]);
  expect(await chunks('mixed', 'k')).toEqual([3004]);
  const table = mapping('mixed', { v: 'text' }, { rowKey: ['k'], chunkKey: { source: 'k', kind: 'integer' } });
  expect(await rowsPerChunk(path, table, ['1000', '2000'])).toEqual([1002, 1000, 1002]);
});

async function rowsPerChunk(path: string, table: ReturnType<typeof mapping>, bounds: string[]): Promise<number[]> {
  const from = await reader(path);
  const sizes: number[] = [];
  const seen = new Set<string>();
  for (let chunk = 0; chunk <= bounds.length; chunk++) {
    const [lower, upper] = [bounds[chunk - 1], bounds[chunk]];
    const range = { ...(lower !== undefined && { lower }), ...(upper !== undefined && { upper }) };
    const rows = await readAll(from, table, range);
    const { keys } = await scanAll(from, table, range);
    expect(keys).toHaveLength(rows.length);
    for (const key of keys) seen.add(key);
    sizes.push(rows.length);
  }
  expect(seen.size).toBe(sizes.reduce((sum, size) => sum + size, 0));
  return sizes;
}

test('an abort ends reading and scanning at the next batch', async () => {
  const { path } = database(`CREATE TABLE t (v);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) INSERT INTO t SELECT i FROM n`);
  const from = await reader(path);
  const table = mapping('t', { v: 'integer' });
  for (const start of [
    (signal: AbortSignal) => from.read(table, {}, signal),
    (signal: AbortSignal) => from.scan(table, {}, { keys: false, signal }),
  ]) {
    const abort = new AbortController();
    const rows = start(abort.signal)[Symbol.asyncIterator]();
    expect((await rows.next()).done).toBe(false);
    abort.abort(new Error('stop'));
    await expect(rows.next()).rejects.toThrow('stop');
  }
});

// [edge 74]
test('a table or column that is gone is schema drift, named, and without the text of the driver', async () => {
  const { path } = database('CREATE TABLE t (v)');
  const from = await reader(path);
  for (const table of [mapping('t', { gone: 'text' }), mapping('gone', { v: 'text' })]) {
    await expect(readAll(from, table)).rejects.toMatchObject({ code: 'SCHEMA_DRIFT' });
    await expect(scanAll(from, table)).rejects.toMatchObject({ code: 'SCHEMA_DRIFT' });
  }
});

// [edge 79]
test('a file in a path with spaces, quotes and percent signs is opened as it is named', async () => {
  const { path } = database('CREATE TABLE t (v); INSERT INTO t VALUES (1)', temporaryFile(`a b'%20"?x=1.sqlite`));
  expect(await readAll(await reader(path), mapping('t', { v: 'integer' }))).toEqual([[Buffer.from('1')]]);
});
