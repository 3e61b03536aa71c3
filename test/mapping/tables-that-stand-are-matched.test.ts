import { describe, expect, it } from 'vitest';
import type { CatalogueTable } from '../../contracts/catalogue.js';
import type { ColumnMapping, MigrationMapping } from '../../contracts/mapping.js';
import { draftStanding } from '../../activities/maba/mapping/standing/draft.js';
import { resolveMapping } from '../../activities/maba/mapping/given/resolve.js';
import { compileTransform } from '../../activities/maba/compile-transform.js';
import { fillingOrder } from '../../databases/postgres/standing/order.js';
import type { StandingColumn, StandingTable } from '../../databases/standing.js';
import type { ColumnProfile } from '../../contracts/profile.js';
import { table as mappedTable } from '../databases/postgres-fixtures.js';
import { catalogueOf, column, profileOf, table } from './catalogues.js';

function own(name: string, columns: readonly StandingColumn[], more: Partial<StandingTable> = {}): StandingTable {
  return { name, columns, keys: [], foreignKeys: [], ...more };
}

function stands(name: string, type: string, more: Partial<StandingColumn> = {}): StandingColumn {
  return { name, type, nullable: true, ...more };
}

interface Given {
  readonly engine?: 'mysql' | 'sqlite';
  readonly identifiers?: 'lower' | 'preserve' | 'snake';
  readonly file?: Omit<Parameters<typeof resolveMapping>[0], 'caravan_mapping'>;
  readonly profiles?: Readonly<Record<string, Partial<ColumnProfile>>>;
}

function drafted(tables: readonly CatalogueTable[], standing: readonly StandingTable[], given: Given = {}) {
  const { engine = 'mysql', identifiers = 'lower', file, profiles } = given;
  const catalogue = catalogueOf(engine, tables);
  const input = {
    catalogue,
    profiles: tables.map((each) => profileOf(each, profiles)),
    answers: {},
    targetSchema: 'app',
    identifiers,
    learned: [],
    ...(file && { given: resolveMapping({ caravan_mapping: 1, ...file }, catalogue).given }),
  };
  return draftStanding(input, standing);
}

function misfitsOf(...args: Parameters<typeof drafted>): readonly string[] {
  const draft = drafted(...args);
  return 'misfits' in draft ? draft.misfits : [];
}

function mappingOf(...args: Parameters<typeof drafted>): MigrationMapping {
  const draft = drafted(...args);
  if ('misfits' in draft) throw new Error(draft.misfits.join('; '));
  return draft.drafted.mapping;
}

/** One column of the source into one of the target. */
function into(declared: string, target: StandingColumn, given: Given = {}): ColumnMapping | string {
  const source = table('shop', 't', { columns: [column('c', declared)] });
  const draft = drafted([source], [own('t', [{ ...target, name: 'c' }])], given);
  if ('misfits' in draft) return draft.misfits.join('; ');
  const [mapped] = draft.drafted.mapping.tables;
  const [found] = mapped?.columns ?? [];
  if (mapped === undefined || found === undefined) throw new Error('no column');
  // Whatever is planned can be written.
  expect(compileTransform(mapped)).toHaveLength(1);
  return found;
}

describe('names of tables that stand', () => {
  const one = (name: string, columnName = 'Id'): CatalogueTable =>
    table('shop', name, { columns: [column(columnName, 'int(11)')] });
  const targetsOf = (source: string, targets: readonly string[], given: Given = {}): string[] =>
    mappingOf(
      [one(source)],
      targets.map((name) => own(name, [stands('id', 'integer')])),
      given,
    ).tables.map(({ target }) => target.name);

  it('are found by the rule for identifiers, then as they are, then without regard to case', () => {
    expect(targetsOf('OrderItem', ['OrderItem', 'orderitem', 'order_item'])).toEqual(['orderitem']);
    expect(targetsOf('OrderItem', ['OrderItem', 'orderitem', 'order_item'], { identifiers: 'snake' })).toEqual([
      'order_item',
    ]);
    expect(targetsOf('OrderItem', ['OrderItem', 'orderitem'], { identifiers: 'preserve' })).toEqual(['OrderItem']);
    expect(targetsOf('OrderItem', ['OrderItem'])).toEqual(['OrderItem']);
    expect(targetsOf('orderitem', ['OrderItem'])).toEqual(['OrderItem']);
  });

  it('are what the mapping file says, and nothing else then', () => {
    expect(targetsOf('a', ['a', 'b'], { file: { rename: { tables: { a: 'b' } } } })).toEqual(['b']);
    const wrong = misfitsOf([one('a')], [own('a', [stands('id', 'integer')])], {
      file: { rename: { tables: { a: 'A' }, columns: { 'a.Id': 'ID' } } },
    });
    expect(wrong).toEqual(['shop.a: the target has no table "A"']);
  });

  it('are told where there is none, more than one, or one for two', () => {
    expect(misfitsOf([one('ORDERs')], [own('Orders', []), own('oRders', [])], { identifiers: 'preserve' })).toEqual([
      'shop.ORDERs: the target has more than one table of this name that differ in case',
    ]);
    expect(misfitsOf([one('a'), one('A')], [own('a', [stands('id', 'integer')])])).toEqual([
      'shop.A: shop.a goes into the target\'s table "a" too',
    ]);
    const twice = table('shop', 't', { columns: [column('x', 'int'), column('X', 'int')] });
    expect(misfitsOf([twice], [own('t', [stands('x', 'integer')])])).toEqual([
      'shop.t: two columns of it would be "x"',
    ]);
  });

  it('tells all misfits at once', () => {
    const source = table('shop', 't', { columns: [column('a', 'point'), column('b', 'int'), column('gone', 'int')] });
    const target = own('t', [stands('a', 'point'), stands('b', 'money'), stands('must', 'text', { nullable: false })], {
      obstacle: 'it is partitioned',
    });
    expect(misfitsOf([source, one('missing')], [target])).toEqual([
      'shop.t.a: values of the type point have no proven way to point',
      'shop.t.b: values of the type int have no proven way to money',
      'shop.t.gone: the target\'s table "t" has no column "gone"',
      'shop.t: the target\'s table "t": it is partitioned',
      'shop.t: the target\'s column "t.must" is NOT NULL without a default, and the source has no such column',
      'shop.missing: the target has no table "missing"',
    ]);
  });
});

describe('columns of tables that stand', () => {
  it('keep their own type, by the way that leads there', () => {
    const ways: readonly [string, string, Partial<ColumnMapping>][] = [
      ['varchar(20)', 'varchar', { kind: 'text', limits: {} }],
      ['varchar(20)', 'varchar(20)', { kind: 'text', limits: { maxCharacters: 20 } }],
      ['varchar(20)', 'character(20)', { kind: 'text', limits: { maxCharacters: 20 } }],
      ['varchar(20)', 'citext', { kind: 'text', limits: {} }],
      ['int(11)', 'bigint', { kind: 'integer' }],
      ['bigint(20)', 'integer', { kind: 'integer' }],
      ['decimal(10,0)', 'numeric(10,0)', { kind: 'decimal' }],
      ['decimal(10,2)', 'numeric', { kind: 'decimal' }],
      ['tinyint(4)', 'boolean', { kind: 'boolean', transform: [{ op: 'to_boolean' }] }],
      ['datetime(3)', 'timestamptz(6)', { kind: 'timestamptz' }],
      ['json', 'jsonb', { kind: 'json' }],
      ['longtext', 'jsonb', { kind: 'json' }],
      ['char(36)', 'uuid', { kind: 'uuid' }],
      ['binary(16)', 'uuid', { kind: 'uuid' }],
      ['inet6', 'inet', { kind: 'inet' }],
      ['point', 'bytea', { kind: 'geometry', transform: [{ op: 'to_ewkb' }] }],
    ];
    for (const [declared, type, wanted] of ways)
      expect(into(declared, stands('c', type)), `${declared} → ${type}`).toMatchObject({ type, ...wanted });
    expect(into('varchar(9)', stands('c', 'role', { labels: ['a', 'b'] }))).toMatchObject({
      type: 'role',
      kind: 'enum',
      limits: { labels: ['a', 'b'] },
    });
  });

  it('refuse what copy and proof know no way for', () => {
    const none = (declared: string, type: string, more: Partial<StandingColumn> = {}): unknown =>
      into(declared, stands('c', type, more));
    for (const type of ['integer[]', 'money', 'xml', 'public.address', 'varchar[]', 'time with time zone'])
      expect(none('varchar(20)', type)).toContain(`no proven way to ${type}`);
    expect(none('int', 'date')).toContain('no proven way to date');
    expect(none('int', 'role', { labels: ['1'] })).toContain('no proven way to the enum type role');
  });

  it('take NULL for a value that does not fit only where they may be NULL', () => {
    expect(into('bigint(20)', stands('c', 'integer'))).toMatchObject({ nullable: true, onInvalid: 'null' });
    expect(into('bigint(20)', stands('c', 'integer', { nullable: false }))).toMatchObject({
      nullable: false,
      onInvalid: 'quarantine',
    });
    const file = { values: { 't.c': { otherwise: 'fail' } } } as const;
    expect(into('bigint(20)', stands('c', 'integer'), { file })).toMatchObject({ onInvalid: 'fail' });
  });

  it('are refused where nothing of the source would arrive', () => {
    const nulls = { profiles: { c: { nulls: 10, distinct: 0 } } };
    expect(into('int', stands('c', 'integer', { nullable: false }), nulls)).toContain('nothing but NULL');
    const texts = { engine: 'sqlite', profiles: { c: { storage: { text: 10 } } } } as const;
    expect(into('TEXT', stands('c', 'integer'), texts)).toContain('none of its values fits integer');
    const seconds = {
      engine: 'sqlite',
      profiles: { c: { storage: { integer: 10 }, min: '100000', max: '200000' } },
    } as const;
    expect(into('INTEGER', stands('c', 'timestamp'), seconds)).toContain('none of its values fits timestamp');
    expect(
      into('INTEGER', stands('c', 'timestamp'), {
        ...seconds,
        file: { transforms: { 't.c': [{ op: 'from_unix_seconds' }] } },
      }),
    ).toMatchObject({ type: 'timestamp', transform: [{ op: 'from_unix_seconds' }] });
    const zeros = { profiles: { c: { odd: { zero_date: 10 } } } };
    expect(into('datetime', stands('c', 'timestamp'), zeros)).toMatchObject({ onInvalid: 'null' });
    expect(into('datetime', stands('c', 'timestamp', { nullable: false }), zeros)).toContain('column is NOT NULL');
    const instead = {
      ...zeros,
      file: { values: { 't.c': { zero_date: { do: 'use', value: '1970-01-01' } } } },
    } as const;
    expect(into('datetime', stands('c', 'timestamp', { nullable: false }), instead)).toMatchObject({ nullable: false });
    // What a person would be asked of such a column, its target answers.
    expect(into('DATETIME', stands('c', 'timestamp'), seconds)).toMatchObject({
      transform: [{ op: 'from_unix_seconds' }],
    });
  });

  it('say in the plan why some values may not fit', () => {
    const reasonsOf = (found: ColumnMapping | string): string =>
      typeof found === 'string' ? found : found.reasons.join('; ');
    expect(reasonsOf(into('datetime(6)', stands('c', 'timestamp(3)')))).toContain('6 digits of a second');
    expect(reasonsOf(into('decimal(12,4)', stands('c', 'numeric(10,4)')))).toContain('wider than numeric(10,4)');
    expect(reasonsOf(into('varchar(9)', stands('c', 'varchar(5)'), { profiles: { c: { maxLength: 9 } } }))).toContain(
      'texts of 9 characters seen, 5 fit',
    );
    expect(
      reasonsOf(into('bigint(20)', stands('c', 'smallint'), { profiles: { c: { min: '1', max: '40000' } } })),
    ).toContain('values beyond smallint seen');
    expect(into('int(11)', stands('c', 'integer'))).toMatchObject({ confidence: 1 });
  });

  it('bring neither keys nor defaults of the source, and list what the target has not', () => {
    const source = table('shop', 't', {
      columns: [
        column('id', 'int(11)', { nullable: false, autoIncrement: true }),
        column('n', 'int(11)', { default: { kind: 'literal', value: '1' }, comment: 'x' }),
        column('g', 'int(11)', { generated: { expression: 'n + 1', stored: true } }),
      ],
      primaryKey: [{ column: 'id' }],
      indexes: [
        { name: 'by_n', unique: false, method: 'btree', parts: [{ column: 'n' }] },
        { name: 'one_g', unique: true, method: 'btree', parts: [{ column: 'g' }] },
      ],
      checks: [{ name: 'c', expression: 'nobody_can_translate(n)' }],
      nextIdentity: '77',
    });
    const target = own(
      't',
      [
        stands('id', 'integer', { nullable: false, fills: 'sequence' }),
        stands('n', 'integer'),
        stands('g', 'integer', { fills: 'generated' }),
        stands('made', 'timestamptz', { nullable: false, fills: 'default' }),
        stands('note', 'text'),
      ],
      {
        keys: [
          { columns: ['id'], unique: true },
          { columns: ['n'], unique: true },
        ],
      },
    );
    const mapping = mappingOf([source], [target, own('other', [])]);
    expect(mapping).toMatchObject({ mode: 'data-only', untouched: ['other'], views: [], renamed: [] });
    const [mapped] = mapping.tables;
    expect(mapped).toMatchObject({
      uniqueKeys: [],
      indexes: [],
      checks: [],
      rowKey: ['id'],
      leftToTarget: [
        { column: 'g', by: 'generated' },
        { column: 'made', by: 'default' },
        { column: 'note', by: 'null' },
      ],
    });
    expect(mapped?.primaryKey).toBeUndefined();
    expect(mapped?.columns.map(({ target: name }) => name)).toEqual(['id', 'n']);
    expect(mapped?.columns[0]?.identity).toEqual({ next: '77' });
    expect(mapped?.columns.map(({ default: sql }) => sql)).toEqual([undefined, undefined]);
    expect(mapping.notMigrated.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'unique key shop.t.one_g',
      'check shop.t.c',
      'comment shop.t',
      'default shop.t.n',
      'column shop.t.g',
    ]);
  });
});

describe('the order in which tables that stand are filled', () => {
  it('puts what is referenced first, and lets only circles wait', () => {
    const tables = ['leaf', 'middle', 'root', 'one', 'two', 'self'].map((name) => mappedTable(name, []));
    const key = (name: string, referenced: string) => ({
      table: name,
      referenced,
      constraint: `${name}_${referenced}`,
    });
    const keys = [
      key('leaf', 'middle'),
      key('middle', 'root'),
      key('one', 'two'),
      key('two', 'one'),
      key('self', 'self'),
    ];
    const order = fillingOrder(tables, keys);
    expect(order.tables.map(({ target }) => target.name)).toEqual(['root', 'middle', 'leaf', 'two', 'one', 'self']);
    expect(order.waiting).toEqual([key('two', 'one')]);
  });
});
