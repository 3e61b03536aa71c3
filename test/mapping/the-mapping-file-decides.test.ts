import { describe, expect, it } from 'vitest';
import { resolveMapping } from '../../activities/maba/mapping/given/resolve.js';
import type { DraftedMapping } from '../../activities/architect/draft-mapping.js';
import { raiseQuestions } from '../../activities/architect/questions.js';
import type { Catalogue } from '../../contracts/catalogue.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { ColumnMapping } from '../../contracts/mapping.js';
import { parseMapping } from '../../language/mapping-file.js';
import { catalogueOf, column, draft, profileOf, table, tableIn } from './catalogues.js';

const CUSTOMER = table('shop', 'Customer', {
  columns: [
    column('id', 'int(11)', { nullable: false, autoIncrement: true }),
    column('email', 'varchar(200)', { nullable: false }),
    column('city', 'varchar(100)'),
    column('active', 'tinyint(1)', { nullable: false }),
  ],
  primaryKey: [{ column: 'id' }],
});
const ORDERS = table('shop', 'orders', {
  columns: [
    column('id', 'bigint(20) unsigned', { nullable: false }),
    column('customer_id', 'int(11)', { nullable: false }),
    column('total', 'decimal(10,2)'),
    column('paid_on', 'date', { nullable: false }),
    column('note', 'text'),
    column('place', 'geometry'),
    column('flag', 'tinyint(1)'),
  ],
  primaryKey: [{ column: 'id' }],
  foreignKeys: [
    {
      name: 'of_customer',
      columns: ['customer_id'],
      targetSchema: 'shop',
      targetTable: 'Customer',
      targetColumns: ['id'],
      onDelete: 'NO ACTION',
      onUpdate: 'NO ACTION',
    },
  ],
});
const SHOP = catalogueOf('mariadb', [
  CUSTOMER,
  { ...ORDERS, columns: ORDERS.columns.filter(({ name }) => name !== 'place') },
]);
const PROFILES = SHOP.tables.map((each) =>
  profileOf(each, { paid_on: { odd: { zero_date: 3 } }, active: { min: '0', max: '1' }, flag: { min: '0', max: '1' } }),
);

function draftWith(yaml: string, catalogue: Catalogue = SHOP): DraftedMapping {
  const read = parseMapping(`caravan_mapping: 1\n${yaml}`);
  const { given, problems } = resolveMapping(read.file, catalogue);
  read.refuse(problems);
  const drafted = draft(catalogue, { profiles: PROFILES, given });
  read.refuse(drafted.misfits);
  return drafted;
}

function columnIn(drafted: DraftedMapping, source: string, name: string): ColumnMapping {
  const found = tableIn(drafted.mapping, source).columns.find((each) => each.source === name);
  if (!found) throw new Error(`no column ${name}`);
  return found;
}

function failureOf(yaml: string): CaravanFailure {
  try {
    draftWith(yaml);
  } catch (error) {
    if (error instanceof CaravanFailure) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('The mapping file', () => {
  it('names tables and columns, and keys follow them', () => {
    const { mapping } = draftWith(`
rename:
  tables: {shop.orders: purchase, Customer: Client}
  columns: {orders.total: amount, Customer.id: orders}
`);
    const orders = tableIn(mapping, 'orders');
    expect(orders.target).toEqual({ schema: 'public', name: 'purchase' });
    expect(orders.columns.map(({ target }) => target)).toContain('amount');
    expect(orders.foreignKeys).toMatchObject([
      { targetTable: { schema: 'public', name: 'Client' }, targetColumns: ['orders'] },
    ]);
    expect(tableIn(mapping, 'Customer').primaryKey?.columns).toEqual(['orders']);
    expect(mapping.renamed).toContainEqual({ from: 'orders', to: 'purchase', reason: 'the mapping file says so' });
  });

  it('casts by column, then by the type as declared, then by its base', () => {
    const drafted = draftWith(`
cast:
  tinyint: integer
  tinyint(1): smallint
  orders.flag: boolean
  shop.orders.total: NUMERIC ( 14, 2 )
`);
    expect(columnIn(drafted, 'Customer', 'active')).toMatchObject({ type: 'smallint', kind: 'integer' });
    expect(columnIn(drafted, 'orders', 'flag')).toMatchObject({ type: 'boolean', transform: [{ op: 'to_boolean' }] });
    expect(columnIn(drafted, 'orders', 'total')).toMatchObject({
      type: 'numeric(14,2)',
      limits: { precision: 14, scale: 2 },
      reasons: expect.arrayContaining(['the mapping file says so']) as string[],
    });
  });

  it('gives a cast column no chunks of its own order, and asks nothing about it', () => {
    const keyed = table('main', 'log', {
      columns: [column('at', 'TEXT', { nullable: false }), column('seen', 'INTEGER')],
      primaryKey: [{ column: 'at' }],
    });
    const catalogue = catalogueOf('sqlite', [keyed]);
    const storage = { storage: { integer: 5, real: 0, text: 5, blob: 0 } };
    const profiles = [profileOf(keyed, { seen: storage, at: { storage: { integer: 0, real: 0, text: 10, blob: 0 } } })];
    const { given } = resolveMapping(
      parseMapping('caravan_mapping: 1\ncast: {log.at: bigint, log.seen: text}').file,
      catalogue,
    );
    const { mapping } = draft(catalogue, { profiles, given });
    expect(tableIn(mapping, 'log')).toMatchObject({ rowKey: ['at'], columns: [{ kind: 'integer' }, { type: 'text' }] });
    expect(tableIn(mapping, 'log').chunkKey).toBeUndefined();
    const deadline = new Date(0).toISOString();
    expect(raiseQuestions(catalogue, profiles, deadline).map(({ id }) => id)).toContain('type:main.log.seen');
    expect(raiseQuestions(catalogue, profiles, deadline, given).map(({ id }) => id)).not.toContain(
      'type:main.log.seen',
    );
  });

  it('says what becomes of odd values; NOT NULL stays where something is kept of them', () => {
    const plain = draftWith('exclude: [nothing]');
    expect(columnIn(plain, 'orders', 'paid_on')).toMatchObject({ nullable: true, onInvalid: 'null' });
    const used = draftWith(`
values:
  date: {zero_date: {use: '1970-01-01'}, otherwise: quarantine}
  orders.note: {nul_character: remove, invalid_utf8: {decode: cp1252}}
`);
    expect(columnIn(used, 'orders', 'paid_on')).toMatchObject({
      nullable: false,
      onInvalid: 'quarantine',
      values: { zero_date: { do: 'use', value: '1970-01-01' } },
    });
    expect(columnIn(used, 'orders', 'note').values).toEqual({
      nul_character: { do: 'remove' },
      invalid_utf8: { do: 'decode', from: 'cp1252' },
    });
    expect(columnIn(draftWith('values: {date: quarantine}'), 'orders', 'paid_on')).toMatchObject({
      nullable: false,
      onInvalid: 'quarantine',
    });
  });

  it('rewrites texts, and filters rows, which are then listed as left behind', () => {
    const drafted = draftWith(`
decode: {Customer.city: cp1252}
transforms: {Customer.email: [trim, lower, {replace: '@old', with: '@new'}], Customer.city: [trim]}
filter: {orders: "total > 0 AND paid_on >= '2020-01-01'"}
`);
    const ops = (name: string): string[] => columnIn(drafted, 'Customer', name).transform.map(({ op }) => op);
    expect(ops('email')).toEqual(['trim', 'lower', 'replace', 'as_is']);
    expect(ops('city')).toEqual(['decode', 'trim', 'as_is']);
    const { filter } = tableIn(drafted.mapping, 'orders');
    expect(filter).toEqual({
      where: '"total" > 0 AND "paid_on" >= \'2020-01-01\'',
      sql: "((`total` > 0) AND (`paid_on` >= '2020-01-01'))",
    });
    expect(drafted.mapping.notMigrated).toContainEqual({
      kind: 'rows',
      name: 'shop.orders',
      reason: `only rows that meet its filter are moved: ${filter?.where ?? ''}`,
    });
  });

  it('tells everything that does not fit the source at once, each with its line, column and a hint', () => {
    const failure = failureOf(`rename:
  tables: {ordres: purchase}
  columns: {orders.totl: amount, orders.id: ctid}
cast:
  tinyint(2): smallint
  orders.paid_on: boolean
  orders.total: money
filter:
  orders: status = 'x'
transforms:
  customer.email: [trim]
`);
    expect(failure.code).toBe('MAPPING_INVALID');
    const told = failure.seen.split('; ');
    expect(told).toEqual([
      'line 3, column 12: the source has no table "ordres" among those that are included (did you mean "orders"?)',
      'line 4, column 13: the source has no column "orders.totl" in the tables that are included (did you mean "orders.total"?)',
      'line 4, column 45: "ctid" is a system column of PostgreSQL (choose another name)',
      expect.stringMatching(
        /^line 6, column 3: the source has no column and no type "tinyint\(2\)" .*did you mean "tinyint/,
      ),
      'line 7, column 19: shop.orders.paid_on: values of the type date have no proven way to boolean (see docs/mapping-file.md)',
      'line 8, column 17: shop.orders.total: "money" is no type that a plan may name (see docs/mapping-file.md)',
      'line 10, column 11: there is no column "status" (see docs/mapping-file.md)',
      'line 12, column 3: the source has no column "customer.email" in the tables that are included (did you mean "Customer.email"?)',
    ]);
  });

  it.each([
    [
      'values: {orders.total: {nul_character: remove}}',
      /line 2, column 24: .*kind decimal, and none of them is a nul_character/,
    ],
    ['values: {orders.note: {invalid_utf8: remove}}', /"remove" is for nul_character in texts/],
    ["values: {orders.paid_on: {zero_date: {use: 'soon'}}}", /has not the form of a date/],
    ['values: {orders.paid_on: fail}', /holds 3 zero date without a faithful form, and it says to fail/],
    ['values: {orders.paid_on: {zero: null}}', /has no field "zero"/],
    ['transforms: {orders.total: [trim]}', /only texts are rewritten/],
    ['transforms: {orders.note: [shout]}', /line 2, column 28/],
    ['transforms: {orders.paid_on: [from_unix_seconds]}', /for values of SQLite/],
    ['castt: {}', /has no field "castt" \(did you mean "cast"\?\)/],
    ['decode: {Customer.city: utf7}', /must be "cp1252"/],
    ['rename: {tables: {orders: same, Customer: same}}', /orders has this name too/],
    ['cast: {orders.total: "numeric(9999,2)"}', /PostgreSQL has no numeric\(9999,2\)/],
  ])('refuses %s', (yaml, seen) => {
    const failure = failureOf(yaml);
    expect(failure.code).toBe('MAPPING_INVALID');
    expect(failure.seen).toMatch(seen);
  });

  it('leaves a generated column plain where values of its table are changed: the server would reckon others', () => {
    const sums = table('shop', 'sums', {
      columns: [
        column('a', 'int(11)'),
        column('b', 'int(11)', { generated: { expression: '`a` + 1', stored: true } }),
        column('word', 'varchar(9)'),
      ],
    });
    const catalogue = catalogueOf('mariadb', [sums]);
    const generatedIn = (yaml: string): string | undefined =>
      columnIn(draftWith(yaml, catalogue), 'sums', 'b').generated;
    expect(generatedIn('rename: {columns: {sums.a: c}}')).toBe('"c" + 1');
    expect(generatedIn('values: {sums.a: {out_of_range: {use: "0"}}}')).toBeUndefined();
    expect(generatedIn('transforms: {sums.word: [trim]}')).toBeUndefined();
  });

  it('may not part the two ends of a foreign key', () => {
    expect(draftWith('cast: {orders.customer_id: varchar(20)}').refused).toEqual([
      {
        object: 'shop.orders.of_customer',
        reason: expect.stringContaining('does not compare (varchar(20), integer)') as string,
      },
    ]);
    expect(draftWith('cast: {orders.customer_id: bigint}').refused).toEqual([]);
  });

  it('turns a type into another that it would not have become', () => {
    const inet = table('shop', 'hosts', {
      columns: [column('address', '', { type: { base: 'inet6', declared: 'inet6' } })],
    });
    const catalogue = catalogueOf('mariadb', [inet]);
    expect(columnIn(draft(catalogue), 'hosts', 'address').type).toBe('inet');
    const drafted = draftWith('cast: {inet6: text}', catalogue);
    expect(drafted.refused).toEqual([]);
    expect(columnIn(drafted, 'hosts', 'address').type).toBe('text');
  });
});
