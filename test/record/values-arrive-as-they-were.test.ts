import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CopyInto } from '../../databases/postgres/copy-into.js';
import { openSession } from '../../databases/postgres/connect.js';
import type { Session } from '../../databases/postgres/connect.js';
import type { IssueName } from '../../contracts/record.js';
import { JSON_DEPTH_MAX } from '../../activities/kora/json-check.js';
import { RowSetHash } from '../../activities/validator/row-hash.js';
import { CopySink } from '../../activities/worker/byte-sink.js';
import { RowEncoder } from '../../activities/worker/row-encoder.js';
import { compileTransform } from '../../activities/maba/compile-transform.js';
import type { ByteSink, FieldCodec } from '../../contracts/record.js';
import { startTestServer } from '../databases/postgres-server.js';
import type { TestServer } from '../databases/postgres-server.js';
import { batchOf, column, compileChecks, encodeAll, openSeal, randomOf, tableOf } from './record-fixtures.js';
import type { ColumnSpec, SourceValue } from './record-fixtures.js';
import { ADDRESSES } from './address-cases.js';
import { NUMBERS } from './number-cases.js';
import { TEXTS } from './text-cases.js';
import { TIMES } from './time-cases.js';
import type { Outcome } from './value-cases.js';

let server: TestServer;
let session: Session;

beforeAll(async () => {
  server = await startTestServer('embedded');
  session = await openSession(await server.database(), 'record test');
  await session.run('CREATE SCHEMA shop');
  await session.run(`CREATE TYPE shop.state AS ENUM ('new', 'it''s', 'größe', 'a\\b')`);
});
afterAll(async () => {
  await session.close();
  await server.stop();
});

const KEY = column({ type: 'integer', kind: 'integer', nullable: false }, 'id');

function withKey(spec: ColumnSpec): ReturnType<typeof tableOf> {
  return tableOf([KEY, column(spec)], { rowKey: ['id'] });
}

async function copied(type: string, copy: Buffer): Promise<Map<number, string | null>> {
  await session.run(`DROP TABLE IF EXISTS shop.things; CREATE TABLE shop.things (id integer PRIMARY KEY, v ${type})`);
  const into = new CopyInto(session, 'shop.things (id, v)', 'binary');
  await into.write(copy);
  await into.end();
  const rows = await session.rows('SELECT id, v::text AS v FROM shop.things ORDER BY id');
  return new Map(rows.map((row) => [Number(row['id']), row['v'] ?? null]));
}

/** Encodes, copies and reads back; for each value the target's text, or the ledgered reason. */
async function outcomes(spec: ColumnSpec, values: readonly SourceValue[]): Promise<Outcome[]> {
  const rows = values.map((value, id): SourceValue[] => [String(id), value, String(id)]);
  const { copy, encoder } = encodeAll(withKey(spec), rows);
  expect(encoder.quarantined).toEqual([]);
  const stored = await copied(spec.type, copy);
  expect(stored.size).toBe(values.length);
  const reasons = new Map(encoder.changed.map((entry) => [keyOf(entry.key), entry.rule as IssueName]));
  return values.map((_, id) => {
    const issue = reasons.get(id);
    if (issue === undefined) return stored.get(id) ?? null;
    expect(stored.get(id)).toBeNull();
    return { issue };
  });
}

function keyOf(sealed: Buffer): number {
  const [field] = JSON.parse(sealed.toString().replace(/^[^|]*\|/, '')) as [string];
  return Number(Buffer.from(field, 'base64').toString());
}

describe('a value arrives as it was, or the ledger has it', () => {
  for (const { title, spec, values } of [...NUMBERS, ...TEXTS, ...TIMES, ...ADDRESSES]) {
    // [edge 19]
    it(title, async () => {
      const seen = await outcomes(
        spec,
        values.map(([source]) => source),
      );
      expect(seen).toEqual(values.map(([, outcome]) => outcome));
    });
  }
});

describe('random values arrive as they were', () => {
  const SEED = 20_260_101;
  const COUNT = 400;

  async function roundTrip(spec: ColumnSpec, make: (random: (below: number) => number) => string): Promise<void> {
    const random = randomOf(SEED);
    const values = Array.from({ length: COUNT }, () => make(random));
    expect(await outcomes(spec, values)).toEqual(values);
  }

  it('texts of any characters', async () => {
    const awkward = [
      '\\',
      '\t',
      '\n',
      '\r',
      '\\.',
      '\\N',
      '\v',
      '\b',
      '\f',
      '"',
      "'",
      ',',
      '\x7f',
      'é',
      '漢',
      '😀',
      '\u{10ffff}',
      '\ufeff',
      'NULL',
    ];
    await roundTrip({ type: 'text', kind: 'text' }, (random) =>
      Array.from({ length: random(12) }, () => awkward[random(awkward.length)] ?? '').join(''),
    );
  });

  it('doubles', async () => {
    const random = randomOf(SEED);
    const view = Buffer.alloc(8);
    const values: { source: string; bytes: string }[] = [];
    while (values.length < COUNT) {
      for (let at = 0; at < 8; at += 1) view[at] = random(256);
      const double = view.readDoubleBE();
      if (Number.isFinite(double)) values.push({ source: String(double), bytes: view.toString('hex') });
    }
    const { copy } = encodeAll(
      withKey({ type: 'double precision', kind: 'float8' }),
      values.map(({ source }, id) => [String(id), source, String(id)]),
    );
    await copied('double precision', copy);
    const rows = await session.rows("SELECT encode(float8send(v), 'hex') AS v FROM shop.things ORDER BY id");
    expect(rows.map((row) => row['v'])).toEqual(values.map(({ bytes }) => bytes));
  });

  it('floats, in the digits of the double that they are', async () => {
    const random = randomOf(SEED);
    const view = Buffer.alloc(4);
    const values: { source: string; bytes: string }[] = [];
    while (values.length < COUNT) {
      for (let at = 0; at < 4; at += 1) view[at] = random(256);
      const float = view.readFloatBE();
      if (Number.isFinite(float))
        values.push({ source: Object.is(float, -0) ? '-0' : String(float), bytes: view.toString('hex') });
    }
    const { copy, encoder } = encodeAll(
      withKey({ type: 'real', kind: 'float4' }),
      values.map(({ source }, id) => [String(id), source, String(id)]),
    );
    expect(encoder.changed).toEqual([]);
    await copied('real', copy);
    const rows = await session.rows("SELECT encode(float4send(v), 'hex') AS v FROM shop.things ORDER BY id");
    expect(rows.map((row) => row['v'])).toEqual(values.map(({ bytes }) => bytes));
  });

  it('seconds since 1970', async () => {
    const random = randomOf(SEED);
    const seconds = Array.from({ length: COUNT }, () => -62_135_596_800 + random(2 ** 31) * 146 + random(146));
    const spec: ColumnSpec = { type: 'timestamp', kind: 'timestamp', transform: [{ op: 'from_unix_seconds' }] };
    const seen = await outcomes(
      spec,
      seconds.map((value) => ({ bytes: String(value), storage: 'integer' })),
    );
    expect(seen).toEqual(seconds.map((value) => new Date(value * 1000).toISOString().slice(0, 19).replace('T', ' ')));
  });

  it('JSON: what passes is taken, and what is refused would be refused', async () => {
    const random = randomOf(SEED);
    const seeds = [
      '{"a":[1,-2.5e+3,true,null,"x\\u0041\\n"],"b":{}}',
      '[0,"\\ud800",{"":[]},1E9]',
      ' "é\\/" ',
      '-0.10e-2',
    ];
    const marks = [
      '"',
      '\\',
      ',',
      ':',
      '{',
      '}',
      '[',
      ']',
      '0',
      '1',
      '-',
      '.',
      'e',
      'u',
      'n',
      ' ',
      '\t',
      '\u0001',
      '+',
      '\u00a0',
    ];
    const values = Array.from({ length: COUNT }, () => {
      const seed = seeds[random(seeds.length)] ?? '';
      const at = random(seed.length + 1);
      return seed.slice(0, at) + (marks[random(marks.length)] ?? '') + seed.slice(at + random(2));
    });
    const seen = await outcomes({ type: 'json', kind: 'json' }, values);
    await session.run(`CREATE OR REPLACE FUNCTION shop.takes(t text) RETURNS boolean LANGUAGE plpgsql AS
      $$ BEGIN PERFORM t::json; RETURN true; EXCEPTION WHEN others THEN RETURN false; END $$`);
    const rows = await session.rows(
      'SELECT shop.takes(t) AS v FROM unnest($1::text[]) WITH ORDINALITY AS u(t, n) ORDER BY n',
      [values],
    );
    expect(seen.map((outcome) => typeof outcome === 'string')).toEqual(rows.map((row) => row['v'] === 't'));
    expect(seen.filter((outcome) => typeof outcome === 'string').length).toBeGreaterThan(20);
    expect(seen.every((outcome, index) => typeof outcome !== 'string' || outcome === values[index])).toBe(true);
  });

  it('JSON as deep as is let through', async () => {
    const deep = '[{"a":'.repeat(JSON_DEPTH_MAX / 2) + '1' + '}]'.repeat(JSON_DEPTH_MAX / 2);
    const seen = await outcomes({ type: 'json', kind: 'json' }, [deep, `[${deep}]`, '['.repeat(100_000)]);
    expect(seen).toEqual([deep, { issue: 'out_of_range' }, { issue: 'out_of_range' }]);
  });
});

describe('a codec that goes wrong changes what arrives', () => {
  const after =
    (codec: FieldCodec, spoil: (out: Uint8Array, from: number, sink: ByteSink) => void): FieldCodec =>
    (...field) => {
      const sink = field[4];
      const from = sink.length;
      const issue = codec(...field);
      spoil(sink.bytes, from, sink);
      return issue;
    };
  const drop = (_out: Uint8Array, _from: number, sink: ByteSink): void => {
    sink.length -= 1;
  };
  /** Flips a bit of the byte that stands so far from the end. */
  const flip =
    (fromEnd = 1, bit = 1): typeof drop =>
    (out, _from, sink) => {
      const at = sink.length - fromEnd;
      out[at] = (out[at] ?? 0) ^ bit;
    };
  const label = (out: Uint8Array, from: number): void => {
    out.set(Buffer.from(String.raw`a\b`), from);
  };
  const blank = (_out: Uint8Array, _from: number, sink: ByteSink): void => {
    sink.ensure(1);
    sink.bytes[sink.length++] = 0x20;
  };
  const bits: ColumnSpec = { type: 'bit(4)', kind: 'bit', transform: [{ op: 'to_bits', width: 4 }] };
  const unix: ColumnSpec = { type: 'timestamp', kind: 'timestamp', transform: [{ op: 'from_unix_seconds' }] };
  const state: ColumnSpec = { type: 'shop.state', kind: 'enum', limits: { labels: ['new'] } };
  /** Every codec, with what the column's type does not round away. */
  const sabotages: readonly (readonly [title: string, ColumnSpec, value: string, typeof drop])[] = [
    ['a bigint is off by one', { type: 'bigint', kind: 'integer' }, '1234567890', flip()],
    ['an integer is off by one', { type: 'integer', kind: 'integer' }, '123456', flip()],
    ['a smallint is off by one', { type: 'smallint', kind: 'integer' }, '1234', flip()],
    ['a digit of a decimal is another', { type: 'numeric(8,2)', kind: 'decimal' }, '12.34', flip(2)],
    ['the sign of a decimal is another', { type: 'numeric(8,2)', kind: 'decimal' }, '12.34', flip(8, 0x40)],
    ['the last bit of a double is another', { type: 'double precision', kind: 'float8' }, '0.1', flip()],
    ['the last bit of a real is another', { type: 'real', kind: 'float4' }, '0.5', flip()],
    ['a byte is dropped', { type: 'text', kind: 'text' }, 'some text', drop],
    ['a trailing blank is dropped', { type: 'varchar(20)', kind: 'text' }, 'some ', drop],
    ['a blank stands for the empty text', { type: 'text', kind: 'text' }, '', blank],
    ['a label is another', state, 'new', label],
    ['a digit in JSON is another', { type: 'json', kind: 'json' }, '{"a":1}', flip(2)],
    ['a bool is swapped', { type: 'boolean', kind: 'boolean' }, '1', flip()],
    ['a byte of bytea is another', { type: 'bytea', kind: 'bytes' }, 'bytes', flip()],
    ['a day is another', { type: 'date', kind: 'date' }, '2024-02-29', flip()],
    ['a second is another', { type: 'timestamp(0)', kind: 'timestamp' }, '2024-02-29 12:30:44', flip(3, 0x10)],
    ['an instant is another', { type: 'timestamptz', kind: 'timestamptz' }, '2024-02-29 12:30:44.5', flip()],
    ['seconds since 1970 are others', unix, '1700000000', flip(3, 0x10)],
    ['a millisecond is another', { type: 'time(3)', kind: 'time' }, '12:30:44.5', flip(2, 8)],
    ['a duration is another', { type: 'interval', kind: 'interval' }, '-838:59:59', flip(9)],
    ['a member of a set is another', { type: 'text[]', kind: 'text_array' }, 'a,b', flip()],
    ['a bit is flipped', bits, '10', flip(1, 0x10)],
    ['a uuid is another', { type: 'uuid', kind: 'uuid' }, '123e4567-e89b-12d3-a456-426614174000', flip()],
  ];

  async function hashOf(spec: ColumnSpec, value: string, spoil?: typeof drop): Promise<string> {
    const table = withKey(spec);
    const [key, codec] = compileTransform(table);
    if (key === undefined || codec === undefined) throw new Error('not compiled');
    const codecs = [key, spoil ? after(codec, spoil) : codec];
    const encoder = new RowEncoder(table, { checks: compileChecks(table), codecs }, openSeal);
    const sink = new CopySink();
    expect(encoder.encode(batchOf([['1', value, '1']]), 0, sink)).toBe(true);
    await copied(spec.type, Buffer.concat(sink.take()));
    const [row] = await session.rows("SELECT coalesce('=' || v::text, 'NULL') AS v FROM shop.things");
    const rows = new RowSetHash();
    rows.add(Buffer.from(row?.['v'] ?? ''));
    return rows.hex();
  }

  for (const [title, spec, value, spoil] of sabotages) {
    it(title, async () => {
      const sound = await hashOf(spec, value);
      expect(await hashOf(spec, value)).toBe(sound);
      expect(await hashOf(spec, value, spoil)).not.toBe(sound);
    });
  }
});
