import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession } from '../../databases/postgres/connect.js';
import type { Session } from '../../databases/postgres/connect.js';
import { CopyInto, copyField } from '../../databases/postgres/copy-into.js';
import { installedServers, startTestServer } from '../databases/postgres-server.js';
import type { TestServer } from '../databases/postgres-server.js';
import { column, encodeAll, randomOf, tableOf } from './record-fixtures.js';
import type { ColumnSpec, SourceValue } from './record-fixtures.js';

const SEED = 20_260_215;
const COUNT = 3000;
type Random = (below: number) => number;

const KEY = column({ type: 'integer', kind: 'integer', nullable: false }, 'id');
const digits = (random: Random, most: number): string =>
  Array.from({ length: 1 + random(most) }, () => String(random(random(3) === 0 ? 2 : 10))).join('');
const sign = (random: Random): string => (random(2) === 0 ? '-' : '');
const two = (value: number): string => String(value).padStart(2, '0');
const clock = (random: Random): string => `${two(random(24))}:${two(random(60))}:${two(random(60))}`;
const fraction = (random: Random, most: number): string =>
  most === 0 || random(3) === 0 ? '' : `.${digits(random, most)}`;
/** Days of the proleptic Gregorian calendar, month ends and leap years more often than chance. */
function day(random: Random): string {
  const year = [random(9999) + 1, (random(99) + 1) * 100, 2000, 1][random(4)] ?? 1;
  const month = 1 + random(12);
  const last = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(random(3) === 0 ? last : 1 + random(last))}`;
}
const doubles = Buffer.alloc(8);
function double(random: Random): number {
  for (let at = 0; at < 8; at += 1) doubles[at] = random(256);
  const value = doubles.readDoubleBE();
  return Number.isFinite(value) ? value : 0.1;
}
function words(random: Random, alphabet: string, most: number): string {
  const characters = Array.from(alphabet);
  return Array.from({ length: random(most + 1) }, () => characters[random(characters.length)] ?? '').join('');
}

interface Claim {
  readonly spec: ColumnSpec;
  /** The source's text of a value, which is also what PostgreSQL reads as text, unless `asText` says it otherwise. */
  readonly make: (random: Random) => string;
  readonly edges?: readonly string[];
  readonly asText?: (value: string) => string;
  /** Where the server began to know the type. */
  readonly since?: number;
}

const integers = (bits: bigint): string[] =>
  [0n, 1n, -1n, 1n << 31n, 1n << 32n, 1n << 53n, 10n ** 9n, 10n ** 15n, 10n ** 18n, 1n << bits].flatMap((value) =>
    [-1n, 0n, 1n].flatMap((by) => [String(value + by), String(-value + by)]),
  );
const bitText = (value: string, width: number): string => BigInt(value).toString(2).padStart(width, '0');
const arrayText = (value: string): string =>
  value === ''
    ? '{}'
    : `{${value
        .split(',')
        .map((each) => JSON.stringify(each))
        .join(',')}}`;

const CLAIMS: readonly Claim[] = [
  ...[
    ['smallint', 4, 15n],
    ['integer', 9, 31n],
    ['bigint', 18, 63n],
  ].map(([type, most, bits]): Claim => ({
    spec: { type: String(type), kind: 'integer' },
    make: (random) => sign(random) + digits(random, Number(most)),
    edges: [...integers(BigInt(bits ?? 0n)), '-0', '007', `${'0'.repeat(30)}12`, `-${'0'.repeat(30)}12345`],
  })),
  {
    spec: { type: 'numeric(20,0)', kind: 'integer' },
    make: (random) => digits(random, 20),
    edges: ['18446744073709551615', ...integers(63n)],
  },
  ...['numeric', 'numeric(30,10)', 'numeric(65,0)', 'numeric(9,9)', 'numeric(1000,500)'].map((type): Claim => {
    const edges = ['0', '-0', '0.00', '-0.000', '.5', '5.', '00012.50', '9999', '10000', '0.0001', '0.00001', '1e5'];
    const more = ['1.50e1', '1.5e-3', '-12345e-9', '0e9', '0.000e2', '100000000.000000001', `0.${'0'.repeat(300)}1`];
    return {
      spec: { type, kind: 'decimal' },
      make: (random) => {
        const exponent = random(5) > 0 ? '' : `e${sign(random)}${String(random(12))}`;
        return `${sign(random)}${random(4) === 0 ? '' : digits(random, 25)}.${digits(random, 12)}${exponent}`;
      },
      edges: [...edges, ...more, '9'.repeat(65), `-${'9'.repeat(30)}.${'9'.repeat(10)}`],
    };
  }),
  {
    spec: { type: 'numeric(5,-2)', kind: 'decimal' },
    make: (random) => `${sign(random)}${digits(random, 5)}00`,
    since: 15,
  },
  {
    spec: { type: 'double precision', kind: 'float8' },
    make: (random) =>
      random(2) === 0 ? String(double(random)) : `${sign(random)}${digits(random, 9)}${fraction(random, 8)}`,
    edges: ['-0', '-0.0', '0', '5e-324', '1.7976931348623157e308', '9007199254740993', '999999999999999', '0.1', '5.'],
  },
  {
    spec: { type: 'real', kind: 'float4' },
    make: (random) => String(Math.fround(double(random) % 1e30) || random(2 ** 24) / 2 ** random(30)),
    edges: ['-0', '1.401298464324817e-45', '3.4028234663852886e38', '16777216', '0.5', '0.10000000149011612'],
  },
  {
    spec: { type: 'boolean', kind: 'boolean', transform: [{ op: 'to_boolean' }] },
    make: (random) => String(random(2)),
  },
  ...['text', 'varchar(40)'].map((type): Claim => ({
    spec: { type, kind: 'text' },
    make: (random) => words(random, 'ab \\\t\n\r"\',{}é漢😀\u0001\u007f', 40),
    edges: ['', '\\N', '\\.', ' trailing  ', 'NULL'],
  })),
  {
    spec: { type: 'bytea', kind: 'bytes', transform: [{ op: 'to_bytea' }] },
    make: (random) => words(random, 'ab\0\\\u00ff\u0100', 90),
    asText: (value) => String.raw`\x` + Buffer.from(value).toString('hex'),
  },
  { spec: { type: 'date', kind: 'date' }, make: day, edges: ['0001-01-01', '9999-12-31', '2000-02-29', '1999-12-31'] },
  ...['', '(0)', '(3)', '(6)'].flatMap((precision) =>
    (['timestamp', 'timestamptz'] as const).map((kind): Claim => ({
      spec: { type: kind + precision, kind },
      make: (random) =>
        `${day(random)} ${clock(random)}${fraction(random, precision === '' ? 6 : Number(precision[1]))}`,
      edges: ['0001-01-01 00:00:00', '9999-12-31 23:59:59', '1999-12-31 23:59:59', '2000-01-01 00:00:00', '1970-01-01'],
      asText: kind === 'timestamp' ? (value) => value : (value) => `${value}+00`,
    })),
  ),
  ...['time(6)', 'time(0)'].map((type): Claim => ({
    spec: { type, kind: 'time' },
    make: (random) => clock(random) + fraction(random, Number(type[5])),
    edges: ['00:00:00', '23:59:59'],
  })),
  ...['interval', 'interval(3)'].map((type): Claim => ({
    spec: { type, kind: 'interval' },
    make: (random) => {
      const hours = String(random(random(2) === 0 ? 24 : 99_999_999)).padStart(2, '0');
      return `${sign(random)}${hours}:${two(random(60))}:${two(random(60))}${fraction(random, type === 'interval' ? 6 : 3)}`;
    },
    edges: ['838:59:59', '-838:59:59', '-00:00:00', '00:00:00', '99999999:59:59'],
  })),
  {
    spec: { type: 'json', kind: 'json' },
    make: (random) =>
      JSON.stringify({ [words(random, 'aé"\\', 4)]: [double(random), null, words(random, '漢\t ', 9)] }),
    edges: [' {"a": 1, "a" : 2}\n', '1e999', '"\\ud800"'],
  },
  {
    spec: { type: 'text[]', kind: 'text_array', transform: [{ op: 'split_comma' }] },
    make: (random) => words(random, 'a,é"\\ {}', 12),
    edges: ['', ',', 'NULL', 'a', 'a,', ',a'],
    asText: arrayText,
  },
  ...[1, 7, 8, 9, 31, 53, 63, 64].map((width): Claim => ({
    spec: { type: `bit(${String(width)})`, kind: 'bit', transform: [{ op: 'to_bits', width }] },
    make: (random) => String(BigInt.asUintN(width, (BigInt(random(2 ** 31)) << 33n) ^ BigInt(random(2 ** 31)))),
    edges: ['0', '1', String((1n << BigInt(width)) - 1n)],
    asText: (value) => bitText(value, width),
  })),
  {
    spec: { type: 'uuid', kind: 'uuid' },
    make: (random) => {
      const hex = Array.from({ length: 32 }, () => '0123456789abcdefABCDEF'[random(22)] ?? '').join('');
      return random(2) === 0 ? hex : hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    },
  },
  {
    spec: { type: 'shop.state', kind: 'enum', limits: { labels: ['new', 'größe', 'a\\b'] } },
    make: (random) => ['new', 'größe', 'a\\b'][random(3)] ?? 'new',
  },
];

/** The text of each value goes through the server's own input; ours through its binary form. Both must be one value. */
describe.each(installedServers())('on the %s server the binary form says what the text says', (binaries) => {
  let server: TestServer;
  let session: Session;
  let version: number;

  beforeAll(async () => {
    server = await startTestServer(binaries);
    session = await openSession(await server.database(), 'binary test');
    await session.run('CREATE SCHEMA shop');
    await session.run(`CREATE TYPE shop.state AS ENUM ('new', 'größe', 'a\\b')`);
    const [row] = await session.rows("SELECT current_setting('server_version_num')::int / 10000 AS v");
    version = Number(row?.['v']);
  }, 60_000);
  afterAll(async () => {
    await session.close();
    await server.stop();
  });

  async function fill(table: string, form: 'binary' | 'text', copy: Buffer): Promise<void> {
    const into = new CopyInto(session, `shop.${table} (id, v)`, form);
    await into.write(copy);
    await into.end();
  }

  for (const { spec, make, edges = [], asText = String, since = 0 } of CLAIMS) {
    it(spec.type, async ({ skip }) => {
      if (version < since) skip();
      const { type } = spec;
      const random = randomOf(SEED);
      const values = [...edges, ...Array.from({ length: COUNT }, () => make(random))];
      const rows = values.map((value, id): SourceValue[] => [String(id), value, String(id)]);
      const { copy, encoder } = encodeAll(tableOf([KEY, column(spec)], { rowKey: ['id'] }), rows);
      expect(encoder.quarantined).toEqual([]);
      await session.run(`DROP TABLE IF EXISTS shop.a, shop.b; CREATE TABLE shop.a (id integer PRIMARY KEY, v ${type});
        CREATE TABLE shop.b (LIKE shop.a INCLUDING ALL)`);
      await fill('a', 'binary', copy);
      // What KORA did not let pass is NULL; the others must be there.
      const [passed] = await session.rows(
        "SELECT coalesce(string_agg(id::text, ' '), '') AS ids FROM shop.a WHERE v IS NOT NULL",
      );
      const there = new Set((passed?.['ids'] ?? '').split(' ').map(Number));
      expect(there.size).toBe(values.length - encoder.changed.length);
      expect(there.size).toBeGreaterThan(values.length / 20);
      const lines = values.map((value, id) => `${String(id)}\t${there.has(id) ? copyField(asText(value)) : '\\N'}\n`);
      await fill('b', 'text', Buffer.from(lines.join('')));
      const send = type.replace(/\(.*/, '');
      const differing = await session.rows(`SELECT a.id, a.v::text AS ours, b.v::text AS theirs
        FROM shop.a FULL JOIN shop.b USING (id) WHERE a.v::text COLLATE "C" IS DISTINCT FROM b.v::text
        ${send === 'json' ? '' : 'OR a.v IS DISTINCT FROM b.v'} LIMIT 5`);
      expect(differing.map(({ id, ...texts }) => ({ source: values[Number(id)], ...texts }))).toEqual([]);
    });
  }
});
