import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashSent } from '../../activities/validator/hash-sent.js';
import type { ColumnMapping, TableMapping } from '../../contracts/mapping.js';
import { openSession as openMysql, type MysqlSession } from '../../databases/mysql/connect.js';
import { sentRows } from '../../databases/mysql/sent/scan.js';
import { openSession as openPostgres, type Session } from '../../databases/postgres/connect.js';
import { scanSent } from '../../databases/postgres/sent-scan.js';
import { SENT_HEAD_BYTES, SENT_ROW } from '../../databases/sent-form.js';
import type { CanonicalBatch, SentStream } from '../../databases/source.js';
import { hasMariadb, startPrivateMariadb, type PrivateMariadb } from '../databases/mariadb.js';
import { column, table } from '../databases/postgres-fixtures.js';
import { startTestServer, type TestServer } from '../databases/postgres-server.js';
import { randomOf } from './record-fixtures.js';

/** A row of one field, as it is sent. */
function sent(text: string): Buffer {
  const row = Buffer.alloc(SENT_HEAD_BYTES + 4 + text.length);
  row[0] = SENT_ROW;
  row.writeUInt32BE(row.length - 1, 1);
  row.writeUInt16BE(1, 5);
  row.writeUInt32BE(text.length, SENT_HEAD_BYTES);
  row.write(text, SENT_HEAD_BYTES + 4);
  return row;
}

async function* batches(rows: readonly Buffer[], size: number): AsyncGenerator<CanonicalBatch> {
  for (let at = 0; at < rows.length; at += size) {
    const some = rows.slice(at, at + size);
    let length = 0;
    const end = Int32Array.from(some, (row) => (length += row.length));
    const bytes = Buffer.concat(some);
    yield await Promise.resolve({ rows: some.length, bytes, end, keys: [] });
    bytes.fill(0xee);
  }
}

const END = Buffer.from([SENT_ROW, 0, 0, 0, 6, 0xff, 0xff]);

/** The target's rows and what ends them, in pieces of so many bytes. */
function stream(rows: readonly Buffer[], size: number): SentStream {
  const all = Buffer.concat([...rows, END]);
  let at = 0;
  return {
    next: () => {
      at += size;
      return Promise.resolve(all.subarray(at - size, at));
    },
    async *rest(seen) {
      const left = await Promise.resolve(Buffer.concat([seen, all.subarray(at)]));
      const found: Buffer[] = [];
      for (let from = 0; !left.subarray(from).equals(END); from += 1 + left.readUInt32BE(from + 1))
        found.push(left.subarray(from + SENT_HEAD_BYTES, from + 1 + left.readUInt32BE(from + 1)));
      yield* batches(found, 3);
    },
  };
}

describe('rows compared as the target sends them', () => {
  const random = randomOf(12);
  const rows = Array.from({ length: 60 }, () => sent(`row ${String(random(40))}`));
  const changed = rows.map((row, at) => (at === 41 ? sent('row 99') : row));
  const cases: readonly (readonly [title: string, target: readonly Buffer[], equal: boolean])[] = [
    ['the same rows in the same order', rows, true],
    ['the same rows in another order', [...rows].reverse(), true],
    ['another order from the middle on', [...rows.slice(0, 30), ...rows.slice(30).reverse()], true],
    ['one changed value', changed, false],
    ['a row less', rows.filter((_, at) => at !== 7), false],
    ['a row less at the end', rows.slice(0, -1), false],
    ['a row more at the end', [...rows, sent('row 1')], false],
    ['one row twice instead of another', rows.map((row, at) => (at === 3 ? (rows[4] ?? row) : row)), false],
    ['no row at all', [], false],
  ];
  it.each(cases)('%s', async (_title, target, equal) => {
    const hashes = new Set<string | undefined>();
    for (const size of [1, 7, 60])
      for (const piece of [1, 5, 64, 10_000]) {
        const hash = await hashSent(batches(rows, size), stream(target, piece));
        expect(hash?.count).toBe(equal ? rows.length : undefined);
        hashes.add(hash?.hex());
      }
    // However it is cut, and whatever the order in the target.
    expect(hashes).toEqual(
      new Set([(await hashSent(batches(rows, 60), stream(rows, 64)))?.hex()].map((hex) => (equal ? hex : undefined))),
    );
  });

  it('takes two empty sides for equal', async () => {
    expect((await hashSent(batches([], 1), stream([], 1)))?.count).toBe(0);
  });
});

/** Kind, source's type, target's type, values in SQL that both servers read, and one that differs from the first. */
type Line = readonly [
  kind: ColumnMapping['kind'],
  source: string,
  target: string,
  values: readonly string[],
  other: string,
];

const LINES: readonly Line[] = [
  ['integer', 'TINYINT', 'smallint', ['-128', '127', '0'], '-127'],
  ['integer', 'SMALLINT UNSIGNED', 'integer', ['65535', '0', '256'], '65534'],
  ['integer', 'MEDIUMINT', 'integer', ['-8388608', '8388607', '-1'], '8388608'],
  ['integer', 'INT UNSIGNED', 'bigint', ['4294967295', '0', '65536'], '-1'],
  [
    'integer',
    'BIGINT',
    'bigint',
    ['-9223372036854775808', '9223372036854775807', '-4294967296'],
    '-9223372036854775807',
  ],
  ['integer', 'YEAR', 'smallint', ['1901', '2155', '2000'], '1902'],
  ['decimal', 'DECIMAL(12,2)', 'numeric(12,2)', ['-12.50', '0.00', '10000.00'], '12.50'],
  ['decimal', 'DECIMAL(38,10)', 'numeric(38,10)', ['0.0000000001', '-12345678.0001000000', '99999999.9999999999'], '0'],
  ['decimal', 'DECIMAL(65,0)', 'numeric', ['100000000', '-1', '12345678901234567890'], '10000'],
  ['decimal', 'DECIMAL(20,6)', 'numeric', ['1.500000', '0.000000', '20000.000001'], '1.500001'],
  ['float8', 'DOUBLE', 'double precision', ['0.1', '5e-324', '-1.7976931348623157e308'], '0.10000000000000002'],
  ['float4', 'FLOAT', 'real', ['1.2345678', '16777215', '-3.4e38'], '1.2345679'],
  ['boolean', 'TINYINT(1)', 'boolean', ["'1'", "'0'", "'1'"], "'0'"],
  ['boolean', 'BIT(1)', 'boolean', ['TRUE', 'FALSE', 'TRUE'], 'FALSE'],
  ['text', 'VARCHAR(40)', 'text', ["''", "'日本 🫡'", "'a b'"], "' '"],
  ['text', 'LONGTEXT', 'text', [`'${'long '.repeat(9000)}'`, "'é'", "''"], "'long'"],
  ['text', 'VARCHAR(40) CHARACTER SET latin1', 'varchar(40)', ["'café'", "''", "'z'"], "'cafe'"],
  ['enum', "ENUM('a','b c')", 'mood', ["'a'", "'b c'", "'a'"], "'b c'"],
  ['bytes', 'BLOB', 'bytea', ["'abc'", "''", "'z'"], "'abd'"],
  ['date', 'DATE', 'date', ["'0001-01-01'", "'9999-12-31'", "'2000-02-29'"], "'0001-01-02'"],
  [
    'timestamp',
    'DATETIME',
    'timestamp(0)',
    ["'1999-12-31 23:59:59'", "'2000-01-01 00:00:00'", "'9999-12-31 23:59:59'"],
    "'1999-12-31 23:59:58'",
  ],
  [
    'timestamp',
    'DATETIME(6)',
    'timestamp(6)',
    ["'0001-01-01 00:00:00.000001'", "'1969-12-31 23:59:59.999999'", "'2024-02-29 12:00:00'"],
    "'0001-01-01 00:00:00.000002'",
  ],
  [
    'timestamptz',
    'TIMESTAMP(3)',
    'timestamptz(3)',
    ["'2001-02-03 04:05:06.789'", "'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'"],
    "'2001-02-03 04:05:06.788'",
  ],
];

describe.skipIf(!hasMariadb)('values of both servers as they are sent', () => {
  let mariadb: PrivateMariadb;
  let postgres: TestServer;
  let source: MysqlSession;
  let target: Session;

  const id = column('id', 'bigint', { kind: 'integer', nullable: false });
  const columns = LINES.map(([kind, , type], at) =>
    column(`c${String(at)}`, type, { kind, limits: kind === 'enum' ? { labels: ['a', 'b c'] } : {} }),
  );
  const key = { rowKey: ['id'], chunkKey: { source: 'id', target: 'id', kind: 'integer' } } as const;
  const all: TableMapping = table('all_kinds', [id, ...columns], { ...key, rowKey: ['id'] });

  const compare = async (of: TableMapping): Promise<number | undefined> => {
    const rows = await sentRows(source, { table: of, range: { lower: '1', upper: '9' }, signal: undefined });
    if (rows === undefined) throw new Error('the table is not sent');
    const place = { schema: 'public', table: of, range: { lower: '1', upper: '9' }, signal: undefined };
    return (await scanSent(target, place, (stream) => hashSent(rows, stream)))?.count;
  };

  beforeAll(async () => {
    mariadb = await startPrivateMariadb();
    postgres = await startTestServer('embedded');
    const rows = [0, 1, 2].map(
      (row) => `(${String(row + 1)}, ${LINES.map(([, , , values]) => values[row]).join(', ')})`,
    );
    const insert = `INSERT INTO all_kinds VALUES ${rows.join(', ')}, (4${', NULL'.repeat(LINES.length)})`;
    const names = LINES.map((_, at) => `c${String(at)}`);
    const own = LINES.map(([, type], at) => `${String(names[at])} ${type} NULL`).join(', ');
    await mariadb.script(
      `CREATE DATABASE shop CHARACTER SET utf8mb4; USE shop; SET NAMES utf8mb4; SET time_zone = '+00:00';
       CREATE TABLE all_kinds (id BIGINT PRIMARY KEY, ${own}); ${insert};`,
    );
    source = await openMysql(mariadb.endpoint('shop'));
    target = await openPostgres(await postgres.database(), 'sent');
    const types = LINES.map(([, , type], at) => `${String(names[at])} ${type === 'mood' ? 'public.mood' : type}`).join(
      ', ',
    );
    await target.run(`CREATE TYPE public.mood AS ENUM ('a', 'b c')`);
    await target.run(
      `CREATE TABLE public.all_kinds (id bigint PRIMARY KEY, ${types}); ${insert.replace('INTO ', 'INTO public.')}`,
    );
  }, 120_000);

  afterAll(async () => {
    await source.close();
    await target.close();
    await mariadb.stop();
    await postgres.stop();
  });

  it('are the same bytes where they are equal: of every kind, at its ends, and NULL', async () => {
    for (const of of columns) expect([of.type, await compare({ ...all, columns: [id, of] })]).toEqual([of.type, 4]);
    expect(await compare(all)).toBe(4);
  });

  it('are other bytes where one value differs, of any kind, or is NULL on one side', async () => {
    for (const [at, [, , type, , other]] of LINES.entries()) {
      const name = `c${String(at)}`;
      for (const [row, value] of [
        [1, other],
        [2, 'NULL'],
        [4, other],
      ] as const) {
        await target.run(`BEGIN; UPDATE public.all_kinds SET ${name} = ${value} WHERE id = ${String(row)}`);
        expect([type, row, await compare(all)]).toEqual([type, row, undefined]);
        await target.run('ROLLBACK');
      }
    }
    expect(await compare(all)).toBe(4);
  });
});
