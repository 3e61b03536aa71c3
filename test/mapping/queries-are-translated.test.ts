import { describe, expect, it } from 'vitest';
import type { KnownRelations, Relation } from '../../activities/maba/queries/scope.js';
import { translateQuery } from '../../activities/maba/queries/translate-query.js';
import { Untranslatable } from '../../activities/maba/queries/typed.js';
import type { SqlType } from '../../activities/maba/queries/typed.js';
import { parseQuery } from '../../language/expressions/queries/query-parser.js';

const column = (name: string, type: SqlType, target = name) => ({ source: name, target, type });
const TABLES: Readonly<Record<string, Relation>> = {
  orders: {
    name: 'orders',
    primaryKey: ['id'],
    columns: [
      column('id', { sort: 'integer', scale: 0 }),
      column('Total', { sort: 'decimal', scale: 2 }, 'total'),
      column('weight', { sort: 'float' }),
      column('paid', { sort: 'boolean' }),
      column('state', { sort: 'enum', labels: ['new', 'Sent'], folds: true }),
      column('note', { sort: 'text', folds: true }),
      column('code', { sort: 'text' }),
      column('day', { sort: 'date' }),
      column('at', { sort: 'timestamp' }),
      column('picture', { sort: 'bytes' }),
    ],
  },
  lines: {
    name: 'lines',
    columns: [column('order_id', { sort: 'integer', scale: 0 }), column('item', { sort: 'text' })],
  },
};
const relations: KnownRelations = { find: (_schema, name) => TABLES[name] };

function translated(sql: string, engine: 'mysql' | 'sqlite' = 'mysql'): string {
  const parsed = parseQuery(sql, engine);
  if (!parsed.ok) throw new Error(`${parsed.problem} at ${String(parsed.at)}`);
  const made = translateQuery(
    parsed.query,
    { engine, relations, columnName: (name) => name.toLowerCase() },
    parsed.columns,
  );
  return made.sql.replaceAll('\n', ' ');
}

/** The only column of a query on `orders`. */
function expression(sql: string, engine: 'mysql' | 'sqlite' = 'mysql'): string {
  const made = translated(`select ${sql} as x from orders`, engine);
  return made.slice('SELECT '.length, -' AS "x" FROM "orders"'.length);
}

describe('an expression of MySQL', () => {
  it.each([
    ['concat(code, id)', '("orders"."code" || CAST("orders"."id" AS text))'],
    ["concat(`db`.`orders`.`code`,_utf8mb4' ')", `("orders"."code" || ' ')`],
    ['if(paid, 1, 2)', '(CASE WHEN "orders"."paid" THEN 1 ELSE 2 END)'],
    ['if(id, 1, null)', '(CASE WHEN ("orders"."id" <> 0) THEN 1 ELSE NULL END)'],
    ['ifnull(total, 0)', 'coalesce("orders"."total", 0)'],
    ['total / id', 'round(CAST("orders"."total" AS numeric) / nullif("orders"."id", 0), 6)'],
    ['id % 3', '("orders"."id" % nullif(3, 0))'],
    ['weight / 2', '(CAST("orders"."weight" AS double precision) / nullif(CAST(2 AS double precision), 0))'],
    ['paid + 1', '(CAST("orders"."paid" AS integer) + 1)'],
    ["state = 'SENT'", `("orders"."state" = 'Sent')`],
    ["note = 'Hello'", `(lower("orders"."note") = lower('Hello'))`],
    ["code = 'Hello'", `("orders"."code" = 'Hello')`],
    ["note like 'a%'", `("orders"."note" COLLATE "default" ILIKE 'a%')`],
    ["id = '7'", '("orders"."id" = 7)'],
    ["day > '2024-01-31'", `("orders"."day" > '2024-01-31')`],
    ['paid = 1', '("orders"."paid" = true)'],
    ['length(code)', 'octet_length("orders"."code")'],
    ['char_length(code)', 'char_length("orders"."code")'],
    ["date_format(at, '%Y-%m week')", `to_char("orders"."at", 'YYYY-MM "w""e""e""k"')`],
    ['year(day)', 'CAST(extract(year FROM "orders"."day") AS integer)'],
    ['day + interval 1 month', `CAST(("orders"."day" + INTERVAL '1 month') AS date)`],
    ['date_sub(at, interval 2 hour)', `("orders"."at" - INTERVAL '2 hour')`],
    ['datediff(day, at)', '(CAST("orders"."day" AS date) - CAST("orders"."at" AS date))'],
    ['cast(id as char charset utf8mb4)', 'CAST("orders"."id" AS text)'],
    ['greatest(id, 2)', '(CASE WHEN "orders"."id" IS NULL OR 2 IS NULL THEN NULL ELSE greatest("orders"."id", 2) END)'],
    [
      "case state when 'new' then code else 'x' end",
      `(CASE WHEN "orders"."state" = 'new' THEN "orders"."code" ELSE 'x' END)`,
    ],
    ['code in (select item from lines)', '("orders"."code" IN (SELECT "lines"."item" AS "item" FROM "lines"))'],
    ['count(*) over (partition by code)', 'count(*) OVER (PARTITION BY "orders"."code")'],
    [
      'not exists (select 1 from lines l where l.order_id = orders.id)',
      '(NOT EXISTS (SELECT 1 AS "1" FROM "lines" AS "l" WHERE ("l"."order_id" = "orders"."id")))',
    ],
  ])('%s', (sql, made) => {
    expect(expression(sql)).toBe(made);
  });

  it.each([
    ['now()', 'its result depends on the clock'],
    ['rand()', 'its result is random'],
    ['soundex(code)', 'the function "soundex" has no known counterpart'],
    ['picture + 1', 'arithmetic on a value of the sort "bytes"'],
    ["state = 'gone'", 'an enum is compared with a text that is none of its labels'],
    ['paid = 2', 'a boolean is compared with another number than 0 and 1'],
    ["date_format(at, '%U')", 'the date format "%U"'],
    ['nothing', 'there is no column "nothing"'],
    ['concat(weight)', 'a text is made of a value of the sort "float", whose text form differs'],
    ['picture = code', 'a value of the sort "bytes" is compared with one of the sort "text"'],
  ])('%s has no translation, and it is said why', (sql, reason) => {
    expect(() => expression(sql)).toThrow(new Untranslatable(reason));
  });
});

describe('an expression of SQLite', () => {
  it.each([
    ['code || id', '("orders"."code" || CAST("orders"."id" AS text))'],
    ['id / 2', '("orders"."id" / nullif(2, 0))'],
    ["strftime('%Y', at)", `to_char("orders"."at", 'YYYY')`],
    ['avg(id)', 'avg(CAST("orders"."id" AS double precision))'],
    ["group_concat(code, ';')", `string_agg("orders"."code", ';')`],
    ["code like 'a%'", `("orders"."code" COLLATE "default" ILIKE 'a%' ESCAPE '')`],
    ['"no such column"', `CAST('no such column' AS text)`],
  ])('%s', (sql, made) => {
    expect(expression(sql, 'sqlite')).toBe(made);
  });
});

describe('a query', () => {
  it.each([
    [
      'puts a column that MySQL does not want grouped under an aggregate, and none of a table grouped by its key',
      'select id, code, min(item), item from orders join lines on order_id = id group by id',
      'SELECT "orders"."id" AS "id", "orders"."code" AS "code", min("lines"."item") AS "min(item)", min("lines"."item") AS "item" FROM "orders" INNER JOIN "lines" ON ("lines"."order_id" = "orders"."id") GROUP BY "orders"."id"',
    ],
    [
      'orders NULL first, as MySQL does, and by an alias',
      'select id as n from orders order by n desc, code',
      'SELECT "orders"."id" AS "n" FROM "orders" ORDER BY "n" DESC NULLS LAST, "orders"."code" NULLS FIRST',
    ],
    [
      'keeps an expression that GROUP BY names',
      'select year(day), count(*) as n from orders group by year(day) having n > 1',
      'SELECT CAST(extract(year FROM "orders"."day") AS integer) AS "year(day)", count(*) AS "n" FROM "orders" GROUP BY CAST(extract(year FROM "orders"."day") AS integer) HAVING (count(*) > 1)',
    ],
    [
      'orders the parts of a list by their bytes, without regard to case where the source has none',
      "select group_concat(code order by note desc separator '; ') as x from orders",
      `SELECT string_agg("orders"."code", '; ' ORDER BY upper("orders"."note") COLLATE "C" DESC NULLS LAST) AS "x" FROM "orders"`,
    ],
    [
      'takes unions, queries in FROM, common tables and limits',
      'with big as (select id from orders where total > 5) select d.id from (select id from big) d union all select order_id from lines order by 1 limit 2, 3',
      'WITH "big" AS (SELECT "orders"."id" AS "id" FROM "orders" WHERE ("orders"."total" > 5)) SELECT "d"."id" AS "id" FROM (SELECT "big"."id" AS "id" FROM "big") AS "d" UNION ALL SELECT "lines"."order_id" AS "order_id" FROM "lines" ORDER BY 1 NULLS FIRST LIMIT 3 OFFSET 2',
    ],
    [
      'takes joins in parentheses as MySQL keeps them',
      'select a.id from ((orders a join lines b on(a.id = b.order_id)) left join (lines c join lines d on(c.item = d.item)) on(c.order_id = a.id))',
      'SELECT "a"."id" AS "id" FROM "orders" AS "a" INNER JOIN "lines" AS "b" ON ("a"."id" = "b"."order_id") LEFT JOIN ("lines" AS "c" INNER JOIN "lines" AS "d" ON ("c"."item" = "d"."item")) ON ("c"."order_id" = "a"."id")',
    ],
    [
      'writes out a star',
      'select l.* from lines as l',
      'SELECT "l"."order_id" AS "order_id", "l"."item" AS "item" FROM "lines" AS "l"',
    ],
  ])('%s', (_name, sql, made) => {
    expect(translated(sql)).toBe(made);
  });

  it.each([
    ['select id from orders; drop table orders', /";" is not part of the language/],
    ['select id from orders -- all', /comments are not allowed/],
    ['select id from orders group by id with cube', /"cube" is not expected/],
    ['select id into outfile "x" from orders', /"into" is not expected/],
    ['delete from orders', /"delete" is not expected/],
    [`select ${'('.repeat(200)}1${')'.repeat(200)}`, /nested too deep/],
  ])('refuses %.60s', (sql, problem) => {
    expect(() => translated(sql)).toThrow(problem);
  });
});
