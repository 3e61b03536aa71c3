import { describe, expect, it } from 'vitest';
import { jsonCheckedColumn } from '../../activities/maba/mapping/checks.js';
import type { CatalogueColumn, SourceEngine } from '../../contracts/catalogue.js';
import { catalogueOf, column, draft, profileOf, table } from './catalogues.js';

type Default = NonNullable<CatalogueColumn['default']>;
const literal = (value: string | null): Default => ({ kind: 'literal', value });
const expression = (text: string): Default => ({ kind: 'expression', text });

function defaultOf(engine: SourceEngine, declared: string, given: Default) {
  const one = table('s', 't', { columns: [column('c', declared, { default: given })] });
  const { mapping, refused } = draft(catalogueOf(engine, [one]));
  return refused.length > 0
    ? 'refused'
    : (mapping.tables[0]?.columns[0]?.default ?? (mapping.notMigrated[0]?.kind === 'default' ? 'dropped' : 'none'));
}

describe('a default', () => {
  // [edge 3 12 17 70 78]
  it.each([
    ['mysql', 'int', literal('0'), '0'],
    ['mysql', 'int', literal('abc'), 'refused'],
    ['mysql', 'int', literal(null), 'none'],
    ['mysql', 'varchar(20)', literal('it\'s \\ "x"'), `'it''s \\ "x"'`],
    ['mysql', 'varchar(20)', literal('CURRENT_TIMESTAMP'), `'CURRENT_TIMESTAMP'`],
    ['mysql', 'decimal(5,2)', literal('4.99'), '4.99'],
    ['mysql', 'date', literal('0000-00-00'), 'dropped'],
    ['mysql', 'datetime', literal('2021-00-01 00:00:00'), 'dropped'],
    ['mysql', 'datetime', literal('2021-02-03 04:05:06'), `'2021-02-03 04:05:06'`],
    ['mysql', 'timestamp', literal('2021-02-03 04:05:06'), `'2021-02-03 04:05:06+00'`],
    ['mysql', 'timestamp(6)', expression('current_timestamp(6)'), 'CURRENT_TIMESTAMP(6)'],
    ['mysql', 'datetime', expression('now()'), 'LOCALTIMESTAMP'],
    ['mysql', 'date', expression('curdate()'), 'CURRENT_DATE'],
    ['mysql', 'bit(5)', literal('5'), `B'00101'`],
    ['mysql', 'bit(5)', literal("b'101'"), `B'00101'`],
    ['mysql', 'varchar(36)', expression('uuid()'), 'gen_random_uuid()::text'],
    ['mysql', 'uuid', expression('uuid()'), 'gen_random_uuid()'],
    ['mysql', 'binary(2)', expression('0x0aff'), `'\\x0aff'`],
    ['mysql', 'int', expression('(sleep(1))'), 'refused'],
    ['sqlite', 'DATETIME', expression('CURRENT_TIMESTAMP'), `date_trunc('second', timezone('UTC', CURRENT_TIMESTAMP))`],
    [
      'sqlite',
      'TEXT',
      expression("(datetime('now'))"),
      `to_char(timezone('UTC', CURRENT_TIMESTAMP), 'YYYY-MM-DD HH24:MI:SS')`,
    ],
    ['sqlite', 'DATE', expression("date('now')"), `timezone('UTC', CURRENT_TIMESTAMP)::date`],
    ['sqlite', 'INTEGER', expression("strftime('%s','now')"), `floor(date_part('epoch', CURRENT_TIMESTAMP))::bigint`],
    ['sqlite', 'TEXT', expression('lower(hex(randomblob(16)))'), `replace(gen_random_uuid()::text, '-', '')`],
    ['sqlite', 'INTEGER', expression('-1'), '-1'],
    ['sqlite', 'TEXT', expression('"x"'), `'x'`],
    ['sqlite', 'TEXT', expression("(julianday('now'))"), 'refused'],
  ] as const)('%s %s %o → %s', (engine, declared, given, expected) => {
    expect(defaultOf(engine, declared, given)).toBe(expected);
  });
});

function checkOf(engine: SourceEngine, text: string) {
  const flag = engine === 'sqlite' ? 'BOOLEAN' : 'tinyint(1)';
  const columns = [
    column('a', 'int'),
    column('Name', 'varchar(50)', { collation: 'utf8mb4_general_ci' }),
    column('flag', flag),
    column('doc', 'longtext'),
    column('d', 'date'),
  ];
  const checks = [
    { name: 'c', expression: text },
    { name: 'j', expression: 'json_valid(`doc`)' },
  ];
  const one = table('s', 't', { columns, checks: engine === 'sqlite' ? checks.slice(0, 1) : checks });
  const numbers = { integer: 10, real: 0, text: 0, blob: 0 };
  const profiles = [
    profileOf(one, {
      flag: { min: '0', max: '1', storage: numbers },
      a: { storage: numbers },
      d: { shapes: { date: 1 }, storage: { text: 10 } },
    }),
  ];
  const { mapping, refused } = draft(catalogueOf(engine, [one]), { profiles });
  return refused[0]?.reason ?? mapping.tables[0]?.checks[0]?.expression ?? 'covered';
}

describe('a check', () => {
  it.each([
    ['mysql', 'json_valid(` doc`)', ' doc'],
    ['mysql', '(json_valid(`a"b]`))', 'a"b]'],
    ['sqlite', 'json_valid("Doc") = 1', 'Doc'],
    ['mysql', 'json_valid(`doc`) and `n` > 0', undefined],
    ['mysql', 'json_valid(lower(`doc`))', undefined],
  ] as const)('in %s, %s keeps the column %j JSON', (engine, check, column) => {
    expect(jsonCheckedColumn(check, engine)).toBe(column);
  });

  it.each([
    ['mysql', '(`a` > 0 and `a` <= 10)', '"a" > 0 AND "a" <= 10'],
    ['mysql', "`Name` in (_utf8mb4\\'x\\',_utf8mb4'y')", `"name" IN ('x', 'y')`],
    ['mysql', '`a` between 1 and 5 or `a` is null', '"a" BETWEEN 1 AND 5 OR "a" IS NULL'],
    ['mysql', '`flag` in (0,1)', '"flag" IN (false, true)'],
    ['mysql', 'length(`Name`) < 5', 'octet_length("name") < 5'],
    ['mysql', "`Name` like 'A%'", `"name" ILIKE 'A%'`],
    ['mysql', '`a` / 2 > 1', '"a"::numeric / 2 > 1'],
    ['mysql', 'not(`a` = 1 or `a` = 2)', 'NOT ("a" = 1 OR "a" = 2)'],
    ['mysql', 'json_valid(`doc`)', 'covered'],
    ['mysql', '`a`', '"a" <> 0'],
    ['mysql', "`d` > '2020-01-01'", `"d" > '2020-01-01'`],
    ['mysql', "`a` regexp '^x'", 'the check has no translation: "regexp" is not expected'],
    ['mysql', 'sleep(1) = 0', 'the check has no translation: the function "sleep"'],
    ['mysql', '`flag` > 7', 'the check has no translation: a boolean is compared with another number than 0 and 1'],
    ['sqlite', 'length("Name") <= 5', 'char_length("name") <= 5'],
    ['sqlite', "[a] IN (1,2) AND name <> 'x'", `"a" IN (1, 2) AND "name" <> 'x'`],
    ['sqlite', `name LIKE 'a\\%'`, `"name" ILIKE 'a\\%' ESCAPE ''`],
    ['sqlite', "typeof(a) = 'integer'", '"a" IS NOT NULL'],
    ['sqlite', "typeof(a) in ('integer','null')", 'covered'],
    ['sqlite', 'a notnull', '"a" IS NOT NULL'],
    ['sqlite', 'a in (select 1)', 'the check has no translation: "select" is not expected'],
  ] as const)('%s %s → %s', (engine, text, expected) => {
    expect(checkOf(engine, text)).toBe(expected);
  });
});
