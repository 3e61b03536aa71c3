import { describe, expect, it } from 'vitest';
import { adoptPlan } from '../../activities/architect/adopt.js';
import { draftPlan } from '../../activities/architect/draft.js';
import { targetNeeds } from '../../activities/architect/target-needs.js';
import { fieldsOf } from '../../activities/worker/line-passer.js';
import type {
  Catalogue,
  CatalogueColumn,
  CatalogueSequence,
  CatalogueTable,
  NamedType,
} from '../../contracts/catalogue.js';
import type { PlanDocument } from '../../contracts/definition.schema.js';
import { nextBehind, setvalSql } from '../../databases/postgres/native-ddl.js';
import { nativeForm } from '../../databases/postgres/native-forms.js';
import { nativeIndexSql } from '../../databases/postgres/native-ddl.js';
import { nativeTypeSql, typeSql } from '../../databases/postgres/sql-guards.js';
import { movedBetween } from '../../databases/postgres/source/position.js';
import { catalogueOf, column, draft, table } from './catalogues.js';

const BUILT_IN = [
  ...['smallint', 'bigint', 'numeric(12,4)', 'numeric(3,-2)', 'real', 'double precision', 'money', 'boolean', 'text'],
  ...[
    'character varying(20)',
    'character(6)',
    'bytea',
    'date',
    'timestamp(3) without time zone',
    'interval day to second(3)',
  ],
  ...[
    'time with time zone',
    'json',
    'jsonb',
    'xml',
    'uuid',
    'bit(5)',
    'bit varying(9)',
    'inet',
    'cidr',
    'macaddr8',
    'point',
  ],
  ...[
    'tsvector',
    'tsquery',
    'pg_lsn',
    'int4range',
    'nummultirange',
    'integer[]',
    'timestamp with time zone[]',
    '"char"',
  ],
];

function named(name: string, more: Partial<NamedType> = {}): NamedType {
  return { schema: 'public', name, modifier: '', array: false, ...more };
}

function of(name: string, type: NamedType): CatalogueColumn {
  return { name, nullable: true, type: { base: type.name, declared: type.name, named: type } };
}

const standing = { partitions: 0, inherits: false, exclusions: [] };

function native(name: string, columns: readonly CatalogueColumn[], more: Partial<CatalogueTable> = {}): CatalogueTable {
  return table('public', name, { columns: [...columns], standing, ...more });
}

function fromPostgres(tables: readonly CatalogueTable[], more: Partial<Catalogue> = {}): Catalogue {
  return catalogueOf('postgres', tables, more);
}

function refusals(catalogue: Catalogue): [string, string][] {
  return draft(catalogue).refused.map(({ object, reason }) => [object, reason]);
}

const counter: CatalogueSequence = {
  schema: 'public',
  name: 't_id_seq',
  type: 'integer',
  start: '1',
  increment: '1',
  min: '1',
  max: '2147483647',
  cache: '1',
  cycle: false,
  next: '8',
};

describe('A plan from PostgreSQL', () => {
  it.each(BUILT_IN)('gives %s as it is, and its statement says no other type', (type) => {
    const { mapping, refused } = draft(fromPostgres([native('t', [column('c', type)])]));
    expect(refused).toEqual([]);
    expect(mapping.tables[0]?.columns[0]).toMatchObject({ type, kind: 'native', nullable: true });
    expect(nativeTypeSql(type, [], 'shadow')).toBe(type);
  });

  it('names types that somebody made without a schema, and makes what they are made of before them', () => {
    const types = [
      { schema: 'public', name: 'Mood', labels: ['a'], needs: [] },
      {
        schema: 'public',
        name: 'pair',
        attributes: [{ name: 'm', type: of('m', named('Mood', { array: true })).type }],
        needs: [],
      },
      { schema: 'public', name: 'idle', labels: ['x'], needs: [] },
    ];
    const columns = [
      of('p', named('pair')),
      of('g', named('geometry', { extension: 'postgis', modifier: '(Point,4326)' })),
    ];
    const { mapping } = draft(fromPostgres([native('t', columns)], { types }));
    expect(mapping.types).toEqual([
      { name: 'Mood', labels: ['a'] },
      { name: 'pair', labels: [], attributes: [{ name: 'm', type: '"Mood"[]' }] },
    ]);
    expect(mapping.extensions).toEqual(['postgis']);
    expect(mapping.tables[0]?.columns.map(({ type }) => type)).toEqual(['"pair"', '"geometry"(Point,4326)']);
    expect(mapping.notMigrated).toContainEqual({
      kind: 'type',
      name: 'public.idle',
      reason: 'no migrated table uses it',
    });
    expect(nativeTypeSql('"Mood"[]', mapping.types, 'shadow')).toBe('"shadow"."Mood"[]');
  });

  it.each([
    [
      'every value is the same bytes everywhere',
      ['bigint', 'numeric(12,4)', 'timestamp(3) without time zone'],
      'binary',
    ],
    ['an enum is its label', ['bigint', named('Mood')], 'binary'],
    ['an interval may mean another to an older server', ['interval'], undefined],
    ['an array names its elements by number', ['bigint', 'integer[]'], undefined],
    ['so does an array of enums', [named('Mood', { array: true })], undefined],
    ['so does a composite type', [named('pair')], undefined],
    ['an extension may change its bytes', [named('citext', { extension: 'citext' })], undefined],
  ])('passes rows in the binary form only where it is safe: %s', (_, declared, copyForm) => {
    const types = [
      { schema: 'public', name: 'Mood', labels: ['a'], needs: [] },
      { schema: 'public', name: 'pair', attributes: [{ name: 'm', type: column('m', 'integer').type }], needs: [] },
    ];
    const columns = declared.map((type, at) => {
      const name = `c${String(at)}`;
      return typeof type === 'string' ? column(name, type) : { ...of(name, type), name };
    });
    const { mapping } = draft(fromPostgres([native('t', columns)], { types }));
    expect(mapping.tables[0]?.copyForm).toBe(copyForm);
  });

  it('refuses by name what its things need and the target will not have', () => {
    const needs = [{ what: 'function f()' }];
    const one = native(
      't',
      [
        column('plain', 'integer'),
        of('who', named('regrole', { refused: 'it means something in one server only' })),
        { ...column('made', 'integer'), default: { kind: 'expression', text: 'f()', needs } },
        { ...column('sum', 'integer'), generated: { expression: 'f()', stored: true, needs } },
        { ...column('worded', 'text'), collation: 'public.german' },
        { ...column('counted', 'integer'), default: { kind: 'expression', text: `nextval('other.s'::regclass)` } },
      ],
      {
        checks: [{ name: 'holds', expression: 'f() > 1', needs }],
        indexes: [
          { name: 'fast', unique: false, method: 'btree', parts: [], definition: 'btree (f())', needs },
          { name: 'once', unique: true, method: 'btree', parts: [], definition: 'btree (f())', needs },
          { name: 'broken', unique: false, method: 'btree', parts: [], definition: '' },
        ],
      },
    );
    const heir = native('heir', [column('a', 'integer')], { standing: { ...standing, inherits: true } });
    expect(refusals(fromPostgres([one, heir])).map(([object]) => object)).toEqual([
      ...['who', 'made', 'sum', 'worded', 'counted'].map((name) => `public.t.${name}`),
      'public.heir',
      'public.t.once',
      'public.t.holds',
    ]);
    expect(draft(fromPostgres([one])).mapping.notMigrated.map(({ name }) => name)).toEqual([
      'public.t.fast',
      'public.t.broken',
    ]);
  });

  it('puts the schema in front of tables that share a name, and refuses what expressions could mistake', () => {
    const rooms = [
      native('room', [column('a', 'integer')]),
      table('attic', 'room', { columns: [column('a', 'integer')], standing }),
    ];
    const { mapping } = draft(fromPostgres(rooms));
    expect(mapping.tables.map(({ target }) => target.name)).toEqual(['public_room', 'attic_room']);
    expect(mapping.renamed.map(({ from }) => from)).toEqual(['public.room', 'attic.room']);
    expect(() => draft(fromPostgres([...rooms, native('attic_room', [column('a', 'integer')])]))).toThrow(
      'NAME_COLLISION',
    );
    const types = [{ schema: 'attic', name: 'wall', labels: ['x'], needs: [] }];
    expect(refusals(fromPostgres([native('wall', [column('a', 'integer')])], { types }))[0]?.[0]).toBe('attic.wall');
    expect(() => draft(fromPostgres(rooms), { identifiers: 'snake' })).toThrow('INPUT_INVALID');
  });

  it('takes sequences that something uses, and leaves those of tables that are not there', () => {
    const serial = {
      ...column('id', 'integer'),
      default: { kind: 'expression' as const, text: `nextval('t_id_seq'::regclass)` },
    };
    const sequences = [
      { ...counter, ownedBy: { schema: 'public', table: 't', column: 'id' } },
      { ...counter, name: 'gone', ownedBy: { schema: 'public', table: 'gone', column: 'id' } },
      { ...counter, name: 'free' },
      { ...counter, schema: 'attic', name: 'far' },
    ];
    const { mapping } = draft(fromPostgres([native('t', [serial])], { sequences }));
    expect(mapping.sequences?.map(({ name, ownedBy }) => [name, ownedBy?.table])).toEqual([
      ['t_id_seq', 't'],
      ['free', undefined],
    ]);
    expect(mapping.notMigrated.map(({ name }) => name)).toEqual(['attic.far']);
  });

  it('tells before anything is touched what an older server lacks', () => {
    const key = { name: 'one', unique: true, method: 'btree', parts: [{ column: 'r' }], constraint: true };
    const definition = 'UNIQUE NULLS NOT DISTINCT (r)';
    const one = native('t', [column('r', 'nummultirange')], { indexes: [{ ...key, definition }] });
    expect(targetNeeds(draft(fromPostgres([one])).mapping)).toEqual({
      extensions: [],
      collations: [],
      types: ['nummultirange'],
      newest: [{ what: 'one', version: 15 }],
    });
  });
});

describe('A plan from PostgreSQL that is given back', () => {
  const catalogue = fromPostgres([
    native('t', [{ ...column('id', 'integer'), nullable: false }, column('word', 'text'), column('span', 'interval')], {
      primaryKey: [{ column: 'id' }],
      standing: { ...standing, primaryKeyName: 't_pkey', primaryKeyDefinition: 'PRIMARY KEY (id)' },
      indexes: [
        { name: 'by_word', unique: false, method: 'btree', parts: [{ column: 'word' }], definition: 'btree (word)' },
      ],
      checks: [{ name: 'some', expression: 'id > 0' }],
    }),
  ]);
  const plan = (): PlanDocument => draftPlan({ name: 'given', mapping: draft(catalogue).mapping });
  const edited = (edit: (one: PlanDocument['migration']['tables'][number]) => void): PlanDocument => {
    const document = structuredClone(plan());
    for (const one of document.migration.tables) edit(one);
    return document;
  };

  it('may leave out an index, change a comment and the size of chunks', () => {
    const document = edited((one) => {
      one.indexes = [];
      one.comment = 'mine';
      one.chunkRows = 77;
    });
    expect(adoptPlan(document, catalogue).migration.tables[0]).toMatchObject({
      indexes: [],
      comment: 'mine',
      chunkRows: 77,
    });
  });

  it.each([
    ['another type', 'word', (one) => ((one.columns[1] as { type: string }).type = 'integer')],
    ['another index', 'by_word', (one) => ((one.indexes[0] as { definition: string }).definition = 'btree (id)')],
    ['another check', 'some', (one) => ((one.checks[0] as { expression: string }).expression = 'true')],
    ['another default', 'word', (one) => ((one.columns[1] as { default: string }).default = 'pg_read_file($$x$$)')],
    ['another row key', 'public.t', (one) => (one.rowKey = ['word'])],
    ['bytes for values that may not go so', 'passed as text', (one) => (one.copyForm = 'binary')],
    ['another name', 'public.t', (one) => (one.target = { ...one.target, name: 'u' })],
  ] satisfies [string, string, (one: PlanDocument['migration']['tables'][number]) => unknown][])(
    'may not say %s',
    (_, names, edit) => {
      expect(() => adoptPlan(edited(edit), catalogue)).toThrow(names);
    },
  );
});

describe('Words of PostgreSQL in a statement', () => {
  it('are one type or one definition, or refused', () => {
    for (const text of ['integer); DROP TABLE x; --', '"a" text', 'public.mood', '"a"(1); x', "text DEFAULT 'x'"])
      expect(() => nativeTypeSql(text, [], 'shadow'), text).toThrow('PLAN_INVALID');
    for (const text of ['btree (a); DROP TABLE x', 'btree (a) -- x', '(a)', 'btree (a', 'btree (a) WHERE $$x$$ = b'])
      expect(() => nativeIndexSql(text), text).toThrow('PLAN_INVALID');
    expect(nativeIndexSql(`gin ("A" gin_trgm_ops) WITH (fastupdate='off') WHERE ((b)::text = 'x;y'::text)`)).toContain(
      'x;y',
    );
  });

  it('name a type of the plan as it is called, with the blanks around its name', () => {
    const [plain] = draft(fromPostgres([native('t', [column('c', 'text')])])).mapping.tables[0]?.columns ?? [];
    if (plain === undefined) throw new Error('no column');
    const types = [{ name: ' starts', labels: ['a'] }];
    expect(typeSql({ ...plain, kind: 'enum', type: ' starts' }, types, 'shadow')).toBe('"shadow"." starts"');
    expect(() => typeSql({ ...plain, kind: 'enum', type: ' ends; --' }, types, 'shadow')).toThrow('PLAN_INVALID');
  });

  it('prove values by their binary form; as text only where that names types by number or holds a NaN', () => {
    expect(nativeForm('"c"', 'timestamp with time zone')).toBe('"c"');
    expect(nativeForm('"c"', 'integer[]')).toBe('"c"');
    expect(nativeForm('"c"', '"mood"[]')).toBe('"c"::text');
    expect(nativeForm('"c"', 'double precision[]')).toBe('"c"::text');
    expect(nativeForm('"c"', 'real')).toContain("'NaN'::float4");
  });
});

describe('A sequence', () => {
  it.each([
    [8n, 1n, undefined, 8n],
    [8n, 1n, 7n, 8n],
    [8n, 1n, 8n, 9n],
    [8n, 1n, 100n, 101n],
    [5n, 10n, 5n, 15n],
    [5n, 10n, 24n, 25n],
    [-5n, -2n, -9n, -11n],
    [-5n, -2n, 3n, -5n],
  ])('that gives %s next in steps of %s goes on behind %s, on its own steps', (next, increment, extreme, expected) => {
    expect(nextBehind(next, increment, extreme)).toBe(expected);
  });

  it('that is used up stays so', () => {
    expect(setvalSql('s', '11', { min: '1', max: '10' })).toBe(`pg_catalog.setval('s', 10, true)`);
    expect(setvalSql('s', '10', { min: '1', max: '10' })).toBe(`pg_catalog.setval('s', 10, false)`);
  });
});

describe('A line of COPY', () => {
  it('is taken apart as PostgreSQL put it together', () => {
    const line = String.raw`a\tb` + '\t' + String.raw`\N` + '\t\t' + String.raw`\\N\n\\.` + '\té\n';
    expect(fieldsOf(Buffer.from(line)).map((field) => field?.toString() ?? null)).toEqual([
      'a\tb',
      null,
      '',
      '\\N\n\\.',
      'é',
    ]);
    expect(fieldsOf(Buffer.from('\n'))).toEqual([Buffer.alloc(0)]);
  });
});

describe('A source that may have moved', () => {
  const at = (snapshot: string, text: string, alone: boolean) => ({
    place: { lsn: '0/1', snapshot },
    counters: { text, alone },
  });

  it.each([
    ['the same transactions', at('1:1:', 'a', false), at('1:1:', 'b', false), 'no'],
    ['other counters', at('1:1:', 'a', true), at('1:2:', 'b', true), 'yes'],
    ['the same counters while nobody is there', at('1:1:', 'a', false), at('1:2:', 'a', true), 'no'],
    ['the same counters while somebody is there', at('1:1:', 'a', true), at('1:2:', 'a', false), 'unknown'],
  ] as const)('with %s', (_, then, now, moved) => {
    expect(movedBetween(then, now)).toBe(moved);
  });
});
