import { describe, expect, it } from 'vitest';
import type { SourceEngine, SourceType } from '../../contracts/catalogue.js';
import type { ColumnProfile } from '../../contracts/profile.js';
import { raiseQuestions } from '../../activities/architect/questions.js';
import { catalogueOf, column, draft, profileOf, table, typeOf } from './catalogues.js';

interface Case {
  readonly declared: string;
  readonly type: string;
  readonly kind: string;
  readonly profile?: Partial<ColumnProfile>;
  readonly more?: Partial<SourceType>;
  readonly sample?: number;
}

function mapOne(engine: SourceEngine, { declared, profile, more, sample }: Case, answer?: string) {
  const one = table('s', 't', {
    columns: [{ ...column('c', declared), type: typeOf(declared, more) }, column('other', 'int')],
  });
  const profiles = [{ ...profileOf(one, { c: profile ?? {} }), sample: sample ?? 1 }];
  const catalogue = catalogueOf(engine, [one]);
  const answers: Record<string, string> = answer === undefined ? {} : { 'type:s.t.c': answer };
  const drafted = draft(catalogue, { profiles, answers });
  const [question] = raiseQuestions(catalogue, profiles, '2030-01-01T00:00:00Z');
  return {
    mapped: drafted.mapping.tables[0]?.columns.find(({ source }) => source === 'c'),
    refused: drafted.refused,
    question,
  };
}

const MYSQL: readonly Case[] = [
  { declared: 'tinyint(4)', type: 'smallint', kind: 'integer' },
  { declared: 'tinyint(1)', type: 'boolean', kind: 'boolean', profile: { min: '0', max: '1' } },
  { declared: 'tinyint(1)', type: 'boolean', kind: 'boolean', profile: { nulls: 10 } },
  { declared: 'tinyint(1)', type: 'smallint', kind: 'integer', profile: { min: '-128', max: '1' } },
  {
    declared: 'tinyint(1)',
    type: 'smallint',
    kind: 'integer',
    profile: { min: '0', max: '1', odd: { not_a_boolean: 1 } },
  },
  { declared: 'tinyint(1)', type: 'smallint', kind: 'integer', profile: { min: '0', max: '1' }, sample: 0.5 },
  { declared: 'tinyint(1) unsigned', type: 'boolean', kind: 'boolean', profile: { min: '1', max: '1' } },
  { declared: 'smallint(6)', type: 'smallint', kind: 'integer' },
  { declared: 'smallint(5) unsigned', type: 'integer', kind: 'integer' },
  { declared: 'mediumint(8) unsigned', type: 'integer', kind: 'integer' },
  { declared: 'int(1)', type: 'integer', kind: 'integer' },
  { declared: 'int(10) unsigned zerofill', type: 'bigint', kind: 'integer' },
  { declared: 'bigint(20)', type: 'bigint', kind: 'integer' },
  { declared: 'bigint(20) unsigned', type: 'numeric(20,0)', kind: 'integer' },
  { declared: 'decimal(65,30)', type: 'numeric(65,30)', kind: 'decimal' },
  { declared: 'decimal(5,0)', type: 'numeric(5)', kind: 'decimal' },
  { declared: 'float', type: 'real', kind: 'float4' },
  { declared: 'double', type: 'double precision', kind: 'float8' },
  { declared: 'char(3)', type: 'varchar(3)', kind: 'text' },
  { declared: 'varchar(255)', type: 'varchar(255)', kind: 'text' },
  // Texts that may mean bytes stay the texts that they are.
  { declared: 'varchar(32)', type: 'varchar(32)', kind: 'text', profile: { min: '0xCAFEBABE', max: 'aGVsbG8=' } },
  { declared: 'varchar(0)', type: 'text', kind: 'text' },
  { declared: 'longtext', type: 'text', kind: 'text' },
  { declared: 'date', type: 'date', kind: 'date' },
  { declared: 'datetime', type: 'timestamp(0)', kind: 'timestamp' },
  { declared: 'datetime(6)', type: 'timestamp(6)', kind: 'timestamp' },
  { declared: 'timestamp', type: 'timestamptz(3)', kind: 'timestamptz', more: { scale: 3 } },
  { declared: 'time', type: 'time(0)', kind: 'time', profile: { min: '00:00:00', max: '23:59:59' } },
  { declared: 'time(2)', type: 'interval', kind: 'interval', profile: { min: '-838:59:59.00', max: '01:00:00.00' } },
  { declared: 'time', type: 'interval', kind: 'interval', profile: { min: '00:00:00', max: '24:00:00' } },
  { declared: 'time', type: 'interval', kind: 'interval', profile: { min: '00:00:00', max: '01:00:00' }, sample: 0.1 },
  { declared: 'year(4)', type: 'smallint', kind: 'integer' },
  { declared: 'bit(1)', type: 'bit(1)', kind: 'bit' },
  { declared: 'bit(64)', type: 'bit(64)', kind: 'bit' },
  { declared: 'binary(16)', type: 'bytea', kind: 'bytes' },
  // Addresses of 4 and of 16 bytes, as much as anything else.
  { declared: 'varbinary(16)', type: 'bytea', kind: 'bytes' },
  { declared: 'mediumblob', type: 'bytea', kind: 'bytes' },
  { declared: 'json', type: 'json', kind: 'json' },
  { declared: 'uuid', type: 'uuid', kind: 'uuid' },
  { declared: 'inet4', type: 'inet', kind: 'inet' },
  { declared: 'inet6', type: 'inet', kind: 'inet' },
  ...[
    ...['geometry', 'point', 'linestring', 'polygon', 'multipoint', 'multilinestring', 'multipolygon'],
    ...['geometrycollection', 'geomcollection'],
  ].map((declared) => ({ declared, type: 'bytea', kind: 'geometry' })),
  { declared: 'vector(3)', type: 'bytea', kind: 'bytes' },
  { declared: 'varchar(9) /*M!100301 COMPRESSED*/', type: 'varchar(9)', kind: 'text' },
  { declared: 'set', type: 'text[]', kind: 'text_array', more: { labels: ['a', 'b'] } },
  { declared: 'enum', type: 't_c', kind: 'enum', more: { labels: ['a,b', "c'd", 'é'] } },
  { declared: 'enum', type: 'text', kind: 'text', more: { labels: ['x'.repeat(64)] } },
];

describe('a MySQL type', () => {
  // [edge 1 4 5 6 7 8 40 42 75]
  it.each(MYSQL)('$declared becomes $type ($kind)', (one) => {
    const { mapped, refused, question } = mapOne('mysql', one);
    expect(refused).toEqual([]);
    expect(question).toBeUndefined();
    expect(mapped).toMatchObject({ type: one.type, kind: one.kind });
    expect(mapped?.reasons.length).toBeGreaterThan(0);
  });

  it.each(['xmltype', 'whatever'])('%s is refused by name', (declared) => {
    const { refused } = mapOne('mysql', { declared, type: '', kind: '' });
    expect(refused).toEqual([{ object: 's.t.c', reason: `the type ${declared} has no mapping` }]);
  });

  it('set with a label that cannot be told from no label is refused', () => {
    const { refused } = mapOne('mysql', { declared: 'set', type: '', kind: '', more: { labels: ['', 'a'] } });
    expect(refused.map(({ object }) => object)).toEqual(['s.t.c']);
  });

  it('carries the limits of its target', () => {
    expect(mapOne('mysql', { declared: 'tinyint(4)', type: '', kind: '' }).mapped?.limits).toEqual({
      min: '-32768',
      max: '32767',
    });
    expect(mapOne('mysql', { declared: 'bigint unsigned', type: '', kind: '' }).mapped?.limits).toMatchObject({
      min: '0',
      max: '18446744073709551615',
    });
    expect(mapOne('mysql', { declared: 'decimal(5,2)', type: '', kind: '' }).mapped?.limits).toEqual({
      precision: 5,
      scale: 2,
    });
  });
});

const storage = (integer: number, real: number, text: number, blob: number) => ({ integer, real, text, blob });

const SQLITE: readonly Case[] = [
  { declared: 'INTEGER', type: 'bigint', kind: 'integer', profile: { storage: storage(10, 0, 0, 0) } },
  {
    declared: 'INT',
    type: 'double precision',
    kind: 'float8',
    profile: { storage: storage(5, 5, 0, 0), min: '1', max: '2' },
  },
  {
    declared: 'INT',
    type: 'numeric',
    kind: 'decimal',
    profile: { storage: storage(5, 5, 0, 0), max: '9007199254740999' },
  },
  { declared: 'BIGINT', type: 'text', kind: 'text', profile: { storage: storage(0, 0, 10, 0) } },
  {
    declared: 'BOOLEAN',
    type: 'boolean',
    kind: 'boolean',
    profile: { storage: storage(10, 0, 0, 0), min: '0', max: '1' },
  },
  {
    declared: 'BOOLEAN',
    type: 'bigint',
    kind: 'integer',
    profile: { storage: storage(10, 0, 0, 0), min: '0', max: '7' },
  },
  { declared: 'BOOLEAN', type: 'text', kind: 'text', profile: { storage: storage(0, 0, 10, 0), min: 'f', max: 't' } },
  {
    declared: 'tinyint(1)',
    type: 'boolean',
    kind: 'boolean',
    profile: { storage: storage(10, 0, 0, 0), min: '0', max: '1' },
  },
  {
    declared: 'NUMERIC(10,2)',
    type: 'numeric(10,2)',
    kind: 'decimal',
    profile: { storage: storage(2, 8, 0, 0), maxScale: 2, min: '0', max: '99.99' },
  },
  {
    declared: 'NUMERIC(10,2)',
    type: 'numeric',
    kind: 'decimal',
    profile: { storage: storage(2, 8, 0, 0), maxScale: 5, min: '0', max: '9' },
  },
  {
    declared: 'DECIMAL(4,2)',
    type: 'numeric',
    kind: 'decimal',
    profile: { storage: storage(10, 0, 0, 0), min: '0', max: '100' },
  },
  {
    declared: 'NUMERIC',
    type: 'double precision',
    kind: 'float8',
    profile: { storage: storage(0, 10, 0, 0), maxScale: 17, min: '0', max: '1' },
  },
  { declared: 'REAL', type: 'double precision', kind: 'float8', profile: { storage: storage(0, 10, 0, 0) } },
  {
    declared: 'NVARCHAR(160)',
    type: 'varchar(160)',
    kind: 'text',
    profile: { storage: storage(0, 0, 10, 0), maxLength: 160 },
  },
  { declared: 'VARCHAR(5)', type: 'text', kind: 'text', profile: { storage: storage(0, 0, 10, 0), maxLength: 6 } },
  {
    declared: 'VARCHAR(5)',
    type: 'text',
    kind: 'text',
    profile: { storage: storage(0, 0, 10, 0), maxLength: 5 },
    sample: 0.1,
  },
  { declared: 'TEXT', type: 'text', kind: 'text', profile: { storage: storage(0, 0, 10, 0) } },
  { declared: 'TEXT', type: 'bytea', kind: 'bytes', profile: { storage: storage(0, 0, 0, 10) } },
  { declared: 'BLOB', type: 'bytea', kind: 'bytes', profile: { storage: storage(0, 0, 2, 8) } },
  { declared: '', type: 'bigint', kind: 'integer', profile: { storage: storage(10, 0, 0, 0) } },
  { declared: '', type: 'text', kind: 'text', profile: { storage: storage(5, 0, 5, 0) } },
  { declared: 'STRING', type: 'text', kind: 'text', profile: { storage: storage(0, 0, 10, 0) } },
  { declared: 'DATE', type: 'date', kind: 'date', profile: { storage: storage(0, 0, 10, 0), shapes: { date: 1 } } },
  {
    declared: 'DATETIME',
    type: 'timestamp',
    kind: 'timestamp',
    profile: { storage: storage(0, 0, 10, 0), shapes: { date: 0.3, timestamp: 0.7 } },
  },
  {
    declared: 'DATE',
    type: 'timestamp',
    kind: 'timestamp',
    profile: { storage: storage(0, 0, 10, 0), shapes: { timestamp: 1 } },
  },
  {
    declared: 'DATETIME',
    type: 'text',
    kind: 'text',
    profile: { storage: storage(0, 0, 10, 0), odd: { impossible_date: 10 } },
  },
  {
    declared: 'DATETIME',
    type: 'bigint',
    kind: 'integer',
    profile: { storage: storage(10, 0, 0, 0), min: '1', max: '2' },
  },
];

describe('a SQLite type', () => {
  // [edge 77]
  it.each(SQLITE)('$declared holding $profile becomes $type', (one) => {
    const { mapped, refused, question } = mapOne('sqlite', one);
    expect(refused).toEqual([]);
    expect(question).toBeUndefined();
    expect(mapped).toMatchObject({ type: one.type, kind: one.kind });
  });
});

describe('a SQLite column that holds what its type does not take', () => {
  const dirty = (text: number): Case => ({
    ...{ declared: 'INTEGER', type: '', kind: '' },
    profile: { rows: 1000, storage: storage(1000 - text, 0, text, 0), min: '1', max: 'x' },
  });

  // [edge 76]
  it('asks, and keeps the number type by default below one value in a hundred', () => {
    const { mapped, question } = mapOne('sqlite', dirty(9));
    expect(question).toMatchObject({ id: 'type:s.t.c', options: ['number', 'text'], default: 'number' });
    expect(mapped).toMatchObject({ type: 'bigint', onInvalid: 'null' });
  });

  it('asks, and changes nothing by default at one in a hundred', () => {
    const { mapped, question } = mapOne('sqlite', dirty(10));
    expect(question?.default).toBe('text');
    expect(mapped?.type).toBe('text');
  });

  it('does as it was answered', () => {
    expect(mapOne('sqlite', dirty(9), 'text').mapped?.type).toBe('text');
    expect(mapOne('sqlite', dirty(10), 'number').mapped?.type).toBe('bigint');
  });

  it('asks about dates that are none, and about seconds since 1970', () => {
    const dates: Case = {
      ...{ declared: 'DATE', type: '', kind: '' },
      profile: { rows: 1000, storage: storage(0, 0, 1000, 0), odd: { zero_date: 1 }, shapes: { date: 0.999 } },
    };
    expect(mapOne('sqlite', dates).question).toMatchObject({ options: ['date', 'text'], default: 'date' });
    const seconds: Case = {
      ...{ declared: 'DATETIME', type: '', kind: '' },
      profile: { storage: storage(10, 0, 0, 0), min: '1600000000', max: '1700000000' },
    };
    expect(mapOne('sqlite', seconds).mapped?.type).toBe('bigint');
    expect(mapOne('sqlite', seconds, 'timestamp').mapped).toMatchObject({
      type: 'timestamp',
      transform: [{ op: 'from_unix_seconds' }],
    });
  });

  it('keeps a decimal text that no double holds in numeric, without a question', () => {
    const exact: Case = {
      ...{ declared: 'DECIMAL(30,20)', type: '', kind: '' },
      profile: { storage: storage(5, 0, 5, 0), odd: { wrong_storage: 5 }, maxScale: 20 },
    };
    const { mapped, question } = mapOne('sqlite', exact);
    expect(question).toBeUndefined();
    expect(mapped?.type).toBe('numeric');
  });
});
