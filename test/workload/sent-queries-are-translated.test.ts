import { describe, expect, it } from 'vitest';
import type { Catalogue } from '../../contracts/catalogue.js';
import type { MigrationMapping } from '../../contracts/mapping.js';
import type { Workload, WorkloadQuery } from '../../contracts/workload.js';
import { translateWorkload } from '../../activities/maba/queries/workload/translate-workload.js';
import { column, mapping, table } from '../databases/postgres-fixtures.js';
import { read } from './workload-fixtures.js';

const id = column('id', 'integer', { kind: 'integer', nullable: false, identity: { next: '9' } });
const key = (name: string) => ({ primaryKey: { name: `${name}_pkey`, columns: ['id'] } });
const TABLES = [
  table(
    'orders',
    [
      id,
      column('customer_id', 'integer', { kind: 'integer' }),
      column('note', 'text'),
      column('code', 'text'),
      column('paid', 'boolean', { kind: 'boolean' }),
      column('day', 'date', { kind: 'date' }),
      column('at', 'timestamp', { kind: 'timestamp' }),
      column('total', 'numeric(10,2)', { kind: 'decimal' }),
      column('state', 'orders_state', { kind: 'enum', limits: { labels: ['new', 'Sent'] } }),
    ],
    { ...key('orders'), uniqueKeys: [{ name: 'orders_code', columns: ['code'] }] },
  ),
  table('customers', [id, column('name', 'text', { source: 'Name' })], key('customers')),
  table('loose', [column('a', 'integer', { kind: 'integer' }), column('b', 'text')]),
];
const PLAN: MigrationMapping = mapping(TABLES);

function catalogue(engine: Catalogue['engine'] = 'mysql'): Catalogue {
  const tables = [...TABLES, table('left_out', [id])].map(({ source, columns }) => ({
    ...source,
    columns: columns.map(({ source: name }) => ({
      ...{ name, type: { base: 'text', declared: 'text' }, nullable: true },
      ...(name === 'note' && { collation: 'utf8mb4_general_ci' }),
    })),
    ...{ indexes: [], foreignKeys: [], checks: [], estimatedRows: 1, estimatedBytes: 1, transactional: true },
  }));
  return { engine, serverVersion: '8', database: 'shop', tables, objects: [], cannotSee: [], unreadable: [] };
}

async function translated(sql: string, dialect: Workload['dialect'] = 'mysql'): Promise<WorkloadQuery> {
  const workload = await read(sql, { dialect, format: 'sql' });
  const engine = dialect === 'mysql' ? 'mysql' : dialect;
  const [query] = translateWorkload(workload, { catalogue: catalogue(engine), migration: PLAN }).queries;
  if (query === undefined) throw new Error('there is no statement');
  return query;
}

/** The only column of a query on orders. */
async function expression(sql: string): Promise<string | null> {
  const { translated: made, detail } = await translated(`SELECT ${sql} AS x FROM orders`);
  return made?.slice('SELECT '.length, -' AS "x"\nFROM "orders"'.length).replaceAll('"orders".', '') ?? detail ?? null;
}

describe('an expression that an application of MySQL sends', () => {
  it.each([
    ['id + 1', '(CAST("id" AS bigint) + 1)'],
    [
      'code = 5',
      `(CAST((CASE WHEN "code" IS NULL THEN NULL ELSE coalesce(substring("code" FROM '^\\s*([-+]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][-+]?[0-9]+)?)'), '0') END) AS double precision) = 5)`,
    ],
    ["id = '12abc'", '("id" = 12)'],
    ['paid = TRUE', '("paid" = true)'],
    ['id = TRUE', '("id" = CAST(true AS integer))'],
    ["day > '2024-01-31 10:00:00'", `("day" > TIMESTAMP '2024-01-31 10:00:00')`],
    ['note <=> NULL', '("note" IS NOT DISTINCT FROM NULL)'],
    ["note REGEXP '^a.*b$'", `("note" ~* '^a.*b$')`],
    ["code NOT RLIKE 'a|b'", `("code" !~ 'a|b')`],
    ["BINARY note = 'A'", `("note" = 'A')`],
    ['id DIV 3', 'CAST(trunc(CAST("id" AS numeric) / nullif(CAST(3 AS numeric), 0)) AS bigint)'],
    ['id & 4', '(CAST("id" AS bigint) & CAST(4 AS bigint))'],
    ["DATE_ADD('2024-01-31', INTERVAL id DAY)", `CAST((DATE '2024-01-31' + ("id" * INTERVAL '1 day')) AS date)`],
    ['DAYOFWEEK(day)', '(CAST(extract(dow FROM "day") AS integer) + 1)'],
    ["SUBSTRING_INDEX(code, '-', 2)", `array_to_string((string_to_array("code", '-'))[1:2], '-')`],
    ['CAST(code AS CHAR(3))', 'left("code", 3)'],
    ['(id, code) IN ((1, 2))', null],
    ["(id, code) = (1, 'a')", `(("id" = 1 AND "code" = 'a'))`],
    ['id = ANY (SELECT a FROM loose)', '("id" = ANY (SELECT "loose"."a" AS "a"\nFROM "loose"))'],
    [
      'LAG(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)',
      'lag("id") OVER (ORDER BY "id" NULLS FIRST ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)',
    ],
  ])('%s', async (sql, made) => {
    if (made !== null) expect(await expression(sql)).toBe(made);
    else expect(await expression(sql)).toContain('CASE WHEN "code" IS NULL');
  });
});

describe('a read', () => {
  it.each([
    ['SELECT id FROM orders ORDER BY id DESC', 'total', [{ output: 0, descending: true, text: false }]],
    ['SELECT note FROM orders ORDER BY note', 'partial', [{ output: 0, descending: false, text: true }]],
    ['SELECT code FROM orders ORDER BY 1', 'total', [{ output: 0, descending: false, text: true }]],
    [
      'SELECT note FROM orders ORDER BY id, day',
      'total',
      [
        { descending: false, text: true },
        { descending: false, text: true },
      ],
    ],
    [
      'SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id',
      'partial',
      [{ output: 0, descending: false, text: false }],
    ],
    [
      'SELECT day, COUNT(*) FROM orders GROUP BY day ORDER BY day',
      'total',
      [{ output: 0, descending: false, text: false }],
    ],
    ['SELECT COUNT(*) FROM orders', 'total', []],
    ['SELECT day AS id, note FROM orders ORDER BY id', 'partial', [{ output: 0, descending: false, text: false }]],
    ['SELECT id FROM orders', 'none', []],
  ])('knows what fixes its order: %s', async (sql, fixed, keys) => {
    expect((await translated(sql)).orderBy).toEqual({ fixed, keys });
  });

  it('may have two columns of one name, and names its lists without an order', async () => {
    const query = await translated(
      "SELECT o.id, c.id, GROUP_CONCAT(o.code SEPARATOR ';') FROM orders o JOIN customers c ON c.id = o.customer_id GROUP BY o.id",
    );
    expect(query.translated).toContain('SELECT "o"."id" AS "id", min("c"."id") AS "id"');
    expect(query).toMatchObject({ lists: [{ output: 2, separator: ';' }], tables: ['shop.orders', 'shop.customers'] });
  });

  it.each([
    ['SELECT * FROM left_out', 'not_migrated', 'shop.left_out'],
    ['SELECT * FROM nothing', 'unknown_table', 'nothing'],
    ['SELECT * FROM other.orders', 'other_database', 'other'],
    [
      'SELECT note, day FROM orders GROUP BY day',
      'not_translated',
      '"note" is not fixed by GROUP BY: any value of the group may come',
    ],
    ['SELECT soundex(code) FROM orders', 'not_translated', 'the function "soundex" has no known counterpart'],
    [
      "SELECT code REGEXP '[[:<:]]a' FROM orders",
      'not_translated',
      'a regular expression that may mean something else in the target',
    ],
    [
      'SELECT DISTINCT note FROM orders ORDER BY day',
      'not_translated',
      'DISTINCT, ordered by what is not among its columns',
    ],
    ["SELECT MATCH(note) AGAINST ('hidden') FROM orders", 'not_parsed', '"(" is not expected (character 28)'],
    ["SELECT 'hidden' 'value' FROM", 'not_parsed', 'a text is not expected (character 17)'],
  ])('without a translation says why, and no value with it: %s', async (sql, reason, detail) => {
    expect(await translated(sql)).toMatchObject({ class: 'skipped', reason, detail, translated: null, run: '' });
  });

  it('takes a column of a joined table that GROUP BY fixes by its key, and none that an outer join leaves open', async () => {
    const from = 'FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY o.customer_id';
    expect((await translated(`SELECT c.Name, COUNT(*) ${from}`)).translated).toContain('min("c"."name") AS "name"');
    const open = 'FROM orders o LEFT JOIN customers c ON c.id = o.customer_id GROUP BY c.id';
    expect((await translated(`SELECT o.customer_id, COUNT(*) ${open}`)).reason).toBe('not_translated');
  });
});

describe('a write', () => {
  it.each([
    ["INSERT INTO orders (id, state, paid, total) VALUES (NULL, 'SENT', 1, '2.5'), (DEFAULT, 'new', 0, 3)", null],
    [
      "INSERT INTO orders (code, paid, total) VALUES ('a', 1, '2.5'), (DEFAULT, 0, 3)",
      `INSERT INTO "orders" ("code", "paid", "total") VALUES ('a', true, 2.5), (DEFAULT, false, 3)`,
    ],
    [
      'INSERT IGNORE INTO customers SET id = 0',
      'INSERT INTO "customers" ("id") VALUES (DEFAULT) ON CONFLICT DO NOTHING',
    ],
    [
      "INSERT INTO orders (code, total) VALUES ('a', 1) ON DUPLICATE KEY UPDATE total = total + VALUES(total)",
      `INSERT INTO "orders" ("code", "total") VALUES ('a', 1) ON CONFLICT ("code") DO UPDATE SET "total" = ("orders"."total" + "excluded"."total")`,
    ],
    [
      "REPLACE INTO customers (id, Name) VALUES (1, 'x')",
      `INSERT INTO "customers" ("id", "name") VALUES (1, 'x') ON CONFLICT ("id") DO UPDATE SET "name" = excluded."name"`,
    ],
    [
      "UPDATE orders SET note = 'x', paid = 0 WHERE id = 3",
      `UPDATE "orders" SET "note" = 'x', "paid" = false WHERE ("orders"."id" = 3)`,
    ],
    [
      'UPDATE orders o JOIN customers c ON c.id = o.customer_id SET o.note = c.Name WHERE o.id = 1',
      'UPDATE "orders" AS "old" SET "note" = "new"."v0" FROM (SELECT "o"."id" AS "k0", "c"."name" AS "v0" FROM "orders" AS "o" INNER JOIN "customers" AS "c" ON ("c"."id" = "o"."customer_id") WHERE ("o"."id" = 1)) AS "new" WHERE "old"."id" = "new"."k0"',
    ],
    [
      'DELETE FROM orders WHERE paid ORDER BY id LIMIT 2',
      'DELETE FROM "orders" WHERE ("id") IN (SELECT "orders"."id" FROM "orders" WHERE "orders"."paid" ORDER BY "orders"."id" NULLS FIRST LIMIT 2)',
    ],
    ['DELETE FROM loose WHERE a = 1', 'DELETE FROM "loose" WHERE ("loose"."a" = 1)'],
  ])('%s', async (sql, made) => {
    const query = await translated(sql);
    if (made === null) expect(query.detail).toContain('is put into "state"');
    else expect(query.translated?.replaceAll('\n', ' ')).toBe(made);
  });

  it.each([
    ['UPDATE loose SET a = 1 ORDER BY a LIMIT 1', /without a primary key/u],
    ['UPDATE orders SET id = 1 LIMIT 1', /a limit without an order/u],
    ['UPDATE orders SET total = 1, note = total', /has just set/u],
    ['UPDATE orders o, customers c SET o.note = 1, c.Name = 2', /several tables are changed/u],
    ["REPLACE INTO orders (id, code) VALUES (1, 'a')", /several unique keys/u],
    ["INSERT INTO orders (id, code) VALUES (1, 'a') ON DUPLICATE KEY UPDATE note = 'b'", /which key is meant/u],
    ["INSERT INTO orders (day) VALUES ('0000-00-00')", /a date that does not exist/u],
  ])('without a translation says why: %s', async (sql, detail) => {
    const query = await translated(sql);
    expect(query).toMatchObject({ class: 'skipped', reason: 'not_translated' });
    expect(query.detail).toMatch(detail);
  });

  it('takes its whole transaction with it', async () => {
    const workload = await read(
      'BEGIN; DELETE FROM loose; UPDATE left_out SET id = 2; COMMIT; DELETE FROM loose WHERE a = 1',
      { format: 'sql' },
    );
    const { queries, counts } = translateWorkload(workload, { catalogue: catalogue(), migration: PLAN });
    expect(counts).toMatchObject({ write: 1, skipped: { not_migrated: 2, transaction_control: 2 } });
    expect(queries.find(({ sql }) => sql === 'DELETE FROM loose')).toMatchObject({ class: 'skipped', transaction: 1 });
  });
});

describe('from PostgreSQL to PostgreSQL', () => {
  it.each([
    [
      'SELECT "Name", c.id::text FROM shop.customers c WHERE c."Name" = \'Name\' ORDER BY c.id',
      'SELECT "name", c.id::text FROM "customers" c WHERE c."name" = \'Name\' ORDER BY c.id',
      'total',
    ],
    ['UPDATE orders SET note = $$a$$ WHERE id = 1', 'UPDATE orders SET note = $$a$$ WHERE id = 1', 'none'],
    ['SELECT note AS id FROM orders ORDER BY id', 'SELECT note AS id FROM orders ORDER BY id', 'partial'],
    ['SELECT *, note FROM orders ORDER BY note', 'SELECT *, note FROM orders ORDER BY note', 'partial'],
  ])('names alone change: %s', async (sql, made, fixed) => {
    const query = await translated(sql, 'postgres');
    expect([query.translated, query.orderBy.fixed]).toEqual([made, fixed]);
  });
});
