import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TableMapping } from '../../contracts/mapping.js';
import { keyIdentity, rowIdentity } from '../../databases/canonical.js';
import { quantileOf } from '../../databases/fingerprint/distribution.js';
import { openSession } from '../../databases/mysql/connect.js';
import { readRows } from '../../databases/mysql/read.js';
import { openMysqlSource } from '../../databases/mysql/source.js';
import type { KeyRange, Source } from '../../databases/source.js';
import { openSqliteSource } from '../../databases/sqlite/source.js';
import { database } from './sqlite-fixture.js';
import { hasMariadb, startPrivateMariadb, type PrivateMariadb } from './mariadb.js';
import { AWKWARD, AWKWARD_COLUMNS, fieldsOf, mappingOf, readEvery, scanEvery } from './mysql-fixtures.js';

describe.skipIf(!hasMariadb)('rows of a MySQL-like source', () => {
  let server: PrivateMariadb;
  let source: Source;
  const awkward = mappingOf(
    { schema: 'rows_db', name: 'awkward', columns: AWKWARD_COLUMNS },
    { rowKey: ['id'], chunkKey: { source: 'id', target: 'id', kind: 'integer' } },
  );

  beforeAll(async () => {
    server = await startPrivateMariadb();
    await server.script(AWKWARD);
    await server.script(`USE rows_db;
      CREATE TABLE gaps (id BIGINT UNSIGNED PRIMARY KEY, v INT);
      INSERT INTO gaps SELECT 18446744073709551615 - seq * seq, seq FROM seq_0_to_4999;
      CREATE TABLE pairs (a INT, b INT, PRIMARY KEY (a, b)); INSERT INTO pairs SELECT seq DIV 100, seq FROM seq_0_to_999;
      INSERT INTO pairs SELECT 3, 10000 + seq FROM seq_1_to_2500;
      CREATE TABLE dated (at DATETIME(6) PRIMARY KEY); INSERT INTO dated SELECT '2020-01-01' + INTERVAL seq SECOND FROM seq_1_to_3000;
      CREATE TABLE wide (id BIGINT PRIMARY KEY, a INT NOT NULL, b BIGINT, price DECIMAL(12,2), ratio DOUBLE, born DATE, made DATETIME(3),
        state ENUM('new','open','closed'), said ENUM('', 'yes') NOT NULL, email VARCHAR(80), title VARCHAR(120), flag TINYINT(1), note TEXT);
      INSERT INTO wide SELECT seq, seq * 7 % 100003, IF(seq % 13 = 0, NULL, seq * 1234567), (seq % 100000) / 100, seq / 7,
        '1970-01-01' + INTERVAL seq % 20000 DAY, '2001-01-01' + INTERVAL seq * 17 SECOND, ELT(1 + seq % 3, 'new', 'open', 'closed'), IF(seq % 2, '', 'yes'),
        CONCAT('user', seq, '@example.org'), CONCAT('Título naïve 日本語 ', seq), seq % 2, REPEAT('lorem ipsum ', 1 + seq % 4)
        FROM seq_1_to_500000;
      ANALYZE TABLE wide;
      CREATE TABLE strange (id INT PRIMARY KEY, born DATE, clock TIME, flag TINYINT(1), e ENUM('a'), t VARCHAR(50), mail VARCHAR(50), raw BLOB);
      SET sql_mode = 'NO_ENGINE_SUBSTITUTION';
      INSERT INTO strange VALUES (1, '0000-00-00', '25:00:00', 2, 'zzz', CONCAT('a', CHAR(0 USING utf8mb4)), 'a@b.org', x'00'),
        (2, '2021-00-01', '10:00:00', 1, 'a', CONVERT(CONVERT(x'c383c2a9' USING utf8mb4) USING utf8mb4), 'c@d.org', x'0102'),
        (3, '0000-05-05', NULL, 0, 'a', 'é', 'nobody', NULL), (4, '2020-01-01', NULL, -1, NULL, NULL, NULL, NULL);`);
    source = await openMysqlSource(server.endpoint('rows_db'));
  }, 120_000);

  afterAll(async () => {
    await source.close();
    await server.stop();
  });

  const readAll = (table: TableMapping, range: KeyRange = {}) => readEvery(source, table, range);
  const scanAll = (table: TableMapping, range: KeyRange = {}) => scanEvery(source, table, range);

  async function countRows(table: TableMapping, range: KeyRange): Promise<number> {
    let rows = 0;
    for await (const batch of (await source.openReader()).read(table, range)) rows += batch.rows;
    return rows;
  }

  // [edge 13]
  test('the copy gets awkward values byte by byte, then the row key', async () => {
    const [first, second, third, fourth] = await readAll(awkward);
    const text = (row: (Buffer | null)[] | undefined): (string | undefined)[] =>
      (row ?? []).map((value) => value?.toString());
    expect(text(first)).toEqual([
      '1',
      'tab\tnul\0line\n\\N 🫡',
      'café',
      first?.[3]?.toString(),
      first?.[4]?.toString(),
      '18446744073709551615',
      '12345678901234567890123456789012345.123456789012345678901234567890',
      '1.2345677614212036',
      '0.1',
      '9223372036854775809',
      '1',
      '2020-02-29',
      '2020-01-31 12:34:56.120',
      '2020-01-31 12:34:56.000001',
      '23:59:59.999999',
      '-838:59:59.000000',
      'b,c',
      'x,y z',
      '2155',
      '1',
      first?.[20]?.toString(),
      '{"a": [1, "\\u00e9"]}',
      '1',
    ]);
    expect([first?.[3], first?.[4], first?.[20]].map((value) => value?.toString('hex'))).toEqual([
      '00ff0a0d5c',
      'deadbeef',
      '00112233445566778899aabbccddeeff',
    ]);
    expect(text(second).slice(6, 20)).toEqual([
      '0.000000000000000000000000000000',
      '16777215',
      '5e-324',
      '0',
      '0',
      '0000-00-00',
      '2021-00-01 00:00:00.000',
      '0000-00-00 00:00:00.000000',
      '25:00:00.000000',
      '00:00:00.500000',
      '',
      '',
      '0',
      '2',
    ]);
    expect(second?.[1]?.length).toBe(0);
    expect(third?.slice(1, -1).every((value) => value === null)).toBe(true);
    expect(text(fourth).slice(1, 12)).toEqual([
      '日本',
      '€',
      '\u0001',
      '\u0001',
      '7',
      '-0.500000000000000000000000000000',
      expect.stringMatching(/^-3\.39999995214436\d*e38$/),
      '1.7976931348623157e308',
      '5',
      '1',
      '0007-01-05',
    ]);
  });

  test('copy and proof know a row without a key by the same identity, whatever is in it', async () => {
    const keyless = { ...awkward, rowKey: undefined, chunkKey: undefined };
    const read = await readAll(keyless);
    expect(read[0]).toHaveLength(keyless.columns.length);
    const { keys } = await scanAll(keyless);
    expect(keys).toEqual(read.map((row) => rowIdentity(row, () => 0)));
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('the proof gives the canonical form, and what has none in its kind is marked odd with the text that the copy gets', async () => {
    const { rows } = await scanAll(awkward);
    const show = (index: number) =>
      fieldsOf(rows[index] ?? Buffer.alloc(0)).map((value) => (Buffer.isBuffer(value) ? value.toString() : value));
    const first = fieldsOf(rows[0] ?? Buffer.alloc(0));
    const hex = (field: number): string => (first[field] as Buffer).toString('hex');
    expect(show(0).slice(0, 3)).toEqual(['1', { odd: 'tab\tnul\0line\n\\N 🫡' }, 'café']);
    expect([hex(3), hex(4), hex(7), hex(8), hex(20)]).toEqual([
      '00ff0a0d5c',
      'deadbeef',
      '3f9e0651',
      '3fb999999999999a',
      '00112233445566778899aabbccddeeff',
    ]);
    expect(show(0).slice(5, 7)).toEqual([
      '18446744073709551615',
      '12345678901234567890123456789012345.12345678901234567890123456789',
    ]);
    expect(show(0).slice(9, 17)).toEqual([
      `1${'0'.repeat(62)}1`,
      '1',
      '2020-02-29',
      '2020-01-31 12:34:56.120000',
      '2020-01-31 12:34:56.000001',
      '23:59:59.999999',
      '-3020399000000',
      'b,c',
    ]);
    expect(hex(17)).toBe('0000000178' + '00000003' + '79207a');
    expect(show(0).slice(18, 20)).toEqual(['2155', '1']);
    expect(show(1)).toEqual([
      '2',
      '',
      '',
      '',
      '',
      '0',
      '0',
      Buffer.from('4b7fffff', 'hex').toString(),
      Buffer.from('0000000000000001', 'hex').toString(),
      '0'.repeat(64),
      '0',
      { odd: '0000-00-00' },
      { odd: '2021-00-01 00:00:00.000' },
      { odd: '0000-00-00 00:00:00.000000' },
      { odd: '25:00:00.000000' },
      '500000',
      { odd: '' },
      '',
      '0',
      { odd: '2' },
      Buffer.alloc(16).toString(),
      'null',
    ]);
    expect(
      show(2)
        .slice(1)
        .every((value) => value === null),
    ).toBe(true);
    expect(show(3).slice(11, 18)).toEqual([
      '0007-01-05',
      '9999-12-31 23:59:59.000000',
      '1970-01-01 00:00:01.000000',
      '00:00:00.000000',
      '3020399000000',
      '',
      '\0\0\0\u0001x',
    ]);
  });

  test('keys of the proof are the identity of exactly the bytes that the copy gets as the key', async () => {
    const table = mappingOf(
      { schema: 'rows_db', name: 'awkward', columns: ['t text'] },
      { rowKey: ['id', 'u', 'f', 'b', 'y', 'at', 'bin', 'd'] },
    );
    const read = await readAll(table);
    const { keys } = await scanAll(table);
    expect(keys).toEqual(read.map((row) => keyIdentity(row.slice(1).map((value) => value ?? Buffer.alloc(0)))));
  });

  test('copy and proof agree on typical data, and a value that was changed between them shows', async () => {
    const wide = mappingOf(
      {
        schema: 'rows_db',
        name: 'wide',
        columns: [
          'id integer',
          'a integer',
          'b integer',
          'price decimal',
          'born date',
          'made timestamp',
          'state enum',
          'email text',
          'title text',
          'flag boolean',
          'note text',
        ],
      },
      { rowKey: ['id'], chunkKey: { source: 'id', target: 'id', kind: 'integer' } },
    );
    const range = { lower: '1000', upper: '9000' };
    const canonical = (kind: string, text: string): string => {
      if (kind === 'decimal') return text.replace(/\.?0+$/, '');
      return kind === 'timestamp' ? `${text}000` : text;
    };
    const read = await readAll(wide, range);
    const expected = read.map((row) =>
      row.slice(0, 11).map((value, field) => value && canonical(wide.columns[field]?.kind ?? '', value.toString())),
    );
    const seen = async () =>
      (await scanAll(wide, range)).rows.map((row) =>
        fieldsOf(row).map((value) => (value as Buffer | null) && (value as Buffer).toString()),
      );
    expect(read).toHaveLength(8000);
    expect(await seen()).toEqual(expected);
    await server.script("UPDATE wide SET title = CONCAT(title, ' ') WHERE id = 4321", 'rows_db');
    const changed = (await seen()).filter((row, index) => JSON.stringify(row) !== JSON.stringify(expected[index]));
    expect(changed.map((row) => row[0])).toEqual(['4321']);
  });

  // [edge 50 52]
  test('chunks are even in rows, ascending, distinct, and cover the table: gaps, beyond 2^63, equal keys, dates', async () => {
    const cases = [
      { name: 'gaps', column: 'id', kind: 'integer', rows: 5000, chunks: 5 },
      { name: 'pairs', column: 'a', kind: 'integer', rows: 3500, chunks: undefined },
      { name: 'dated', column: 'at', kind: 'timestamp', rows: 3000, chunks: 3 },
    ] as const;
    for (const { name, column, kind, rows, chunks } of cases) {
      const table = mappingOf(
        { schema: 'rows_db', name, columns: [`${column} ${kind}`] },
        { chunkKey: { source: column, target: column, kind }, rowKey: [column] },
      );
      const bounds = await source.chunkBounds(table);
      const edges = [undefined, ...bounds, undefined];
      const counts: number[] = [];
      for (let chunk = 0; chunk <= bounds.length; chunk++) {
        const lower = edges[chunk];
        const upper = edges[chunk + 1];
        counts.push(
          await countRows(table, { ...(lower !== undefined && { lower }), ...(upper !== undefined && { upper }) }),
        );
      }
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(rows);
      expect(new Set(bounds).size).toBe(bounds.length);
      if (kind === 'integer') expect([...bounds].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))).toEqual(bounds);
      if (chunks !== undefined) expect(counts).toEqual(Array.from({ length: chunks }, () => rows / chunks));
    }
  });

  test('a bound that is not a key is refused before it reaches the server', async () => {
    await expect(readAll(awkward, { lower: '1 OR 1=1' })).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  test('a consumer that lags stops the server and not the memory', async () => {
    const session = await openSession(server.endpoint('rows_db'));
    const wide = mappingOf({ schema: 'rows_db', name: 'wide', columns: ['id integer', 'note text', 'title text'] });
    const rows = readRows(session, { table: wide, range: {} });
    await rows.next();
    const watcher = await server.connect('rows_db');
    const state = async (): Promise<string> => {
      const [found] = await watcher.query('SELECT STATE AS state FROM information_schema.PROCESSLIST WHERE ID = ?', [
        session.connection.threadId,
      ]);
      return (found as { state: string }[])[0]?.state ?? '';
    };
    while (!(await state()).startsWith('Writing to net')) await new Promise((done) => setImmediate(done));
    const { stream } = session.connection as unknown as { stream: { bytesRead: number } };
    expect(stream.bytesRead).toBeLessThan(8 << 20);
    await rows.return(undefined);
    // The query was killed from beside; the connection lives.
    expect(session.usable).toBe(true);
    expect((await session.query('SELECT 1 AS one'))[0]?.one).toBe('1');
    await watcher.end();
    await session.close();
  });

  test('an abort ends a read and a scan with its reason', async () => {
    const wide = mappingOf({ schema: 'rows_db', name: 'wide', columns: ['id integer', 'note text'] });
    const reader = await source.openReader();
    for (const rows of [
      (signal: AbortSignal) => reader.read(wide, {}, signal),
      (signal: AbortSignal) => reader.scan(wide, {}, { keys: false, signal }),
    ]) {
      const abort = new AbortController();
      const work = async (): Promise<void> => {
        for await (const batch of rows(abort.signal)) if (batch.rows > 0) abort.abort(new Error('enough'));
      };
      await expect(work()).rejects.toThrow('enough');
      await expect(work()).rejects.toThrow('enough');
    }
  });

  // [edge 34]
  test('a fingerprint counts what is odd and tells shapes, never values of texts beyond the extremes', async () => {
    const { tables } = await source.catalogue();
    const strange = tables.find((table) => table.name === 'strange');
    const wide = tables.find((table) => table.name === 'wide');
    if (!strange || !wide) throw new Error('no tables');
    const profile = await source.profile(strange, { sampleAbove: 1000 });
    const column = (name: string) => profile.columns.find((each) => each.column === name);
    expect(profile).toMatchObject({ rows: 4, exact: true, sample: 1 });
    expect(column('born')?.odd).toEqual({ zero_date: 1, impossible_date: 1, out_of_range: 1 });
    expect(column('clock')).toMatchObject({ nulls: 2, odd: { out_of_range: 1 } });
    expect(column('flag')?.odd).toEqual({ not_a_boolean: 2 });
    expect(column('e')?.odd).toEqual({ bad_label: 1 });
    expect(column('t')?.odd).toEqual({ nul_character: 1, mojibake: 1 });
    expect(column('mail')?.shapes?.email).toBeCloseTo(2 / 3, 3);
    expect(column('raw')).toMatchObject({ minLength: 1, maxLength: 2, distinct: 2 });
    expect(column('raw')?.min).toBeUndefined();
    const sampled = await source.profile(wide, { sampleAbove: 10_000 });
    expect(sampled).toMatchObject({ exact: false, sample: expect.closeTo(0.02, 2) as number });
    expect(sampled.columns.find((each) => each.column === 'state')?.distinct).toBe(3);
    expect(sampled.columns.filter(({ odd }) => odd !== undefined)).toEqual([]);
    expect(sampled.columns.find((each) => each.column === 'id')?.distinct).toBeGreaterThan(400_000);
    const id = sampled.columns.find((each) => each.column === 'id')?.fingerprint;
    expect(id?.rows).toBe(10_000);
    expect(id?.numbers?.max).toBeGreaterThan(450_000);
    expect(id?.numbers && quantileOf(id.numbers, 0.5)).toBeGreaterThan(200_000);
  });

  test('the sketches of awkward values are those that SQLite makes of the same values', async () => {
    const file =
      database(`CREATE TABLE same (id INTEGER PRIMARY KEY, n NUMERIC, r REAL, t TEXT, long TEXT, at DATETIME, b BLOB);
      INSERT INTO same VALUES (1, 7.5, 0.1, 'é', NULL, '2020-01-31 12:34:56.120', x'00ff'), (2, -3, 1e-7, '', 'x', NULL, x''), (3, NULL, 1e21, '日本', NULL, '1999-12-31', NULL)`);
    file.writer.exec(
      `UPDATE same SET long = replace(hex(zeroblob(3000)), '0', 'é') WHERE id = 1; UPDATE same SET b = zeroblob(5000) WHERE id = 3`,
    );
    await server.script(`USE rows_db; CREATE OR REPLACE TABLE same (id INT ZEROFILL PRIMARY KEY, n DECIMAL(20,6), r DOUBLE, t VARCHAR(40) CHARACTER SET utf8mb3, \`long\` TEXT, at DATETIME(6), b BLOB);
      INSERT INTO same VALUES (1, 7.5, 0.1, 'é', REPEAT('é', 6000), '2020-01-31 12:34:56.120', x'00ff'), (2, -3, 1e-7, '', 'x', NULL, ''),
        (3, NULL, 1e21, '日本', NULL, '1999-12-31', REPEAT(x'00', 5000))`);
    const other = await openSqliteSource({ engine: 'sqlite', path: file.path });
    const [mine, theirs] = await Promise.all(
      [source, other].map(async (each) => {
        const table = (await each.catalogue()).tables.find(({ name }) => name === 'same');
        if (!table) throw new Error('no table');
        return (await each.profile(table, { sampleAbove: 1000 })).columns;
      }),
    );
    await other.close();
    for (const [index, { column, fingerprint }] of (mine ?? []).entries()) {
      // A date without a time is midnight in one and a date in the other.
      const { top, distinct, ...rest } = theirs?.[index]?.fingerprint ?? {};
      expect(fingerprint, column).toMatchObject(rest);
      if (column !== 'at') expect(fingerprint, column).toMatchObject({ top, distinct });
    }
    expect(mine).toHaveLength(7);
  });

  test('throughput of 500,000 rows with 12 columns is told', async () => {
    const wide = mappingOf(
      {
        schema: 'rows_db',
        name: 'wide',
        columns: [
          'id integer',
          'a integer',
          'b integer',
          'price decimal',
          'ratio float8',
          'born date',
          'made timestamp',
          'state enum',
          'email text',
          'title text',
          'flag boolean',
          'note text',
        ],
      },
      { rowKey: ['id'] },
    );
    const reader = await source.openReader();
    const rates: string[] = [];
    for (const [name, rows] of [
      ['read', () => reader.read(wide, {})],
      ['scan', () => reader.scan(wide, {}, { keys: false })],
    ] as const) {
      const begun = performance.now();
      let count = 0;
      for await (const batch of rows()) count += batch.rows;
      expect(count).toBe(500_000);
      rates.push(`${name} ${String(Math.round(count / (performance.now() - begun)))}k rows/s`);
    }
    process.stdout.write(`${rates.join(', ')}\n`);
  });
});
