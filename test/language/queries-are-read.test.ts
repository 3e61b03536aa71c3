import { describe, expect, it } from 'vitest';
import type { Dialect } from '../../language/expressions.js';
import { parseQuery } from '../../language/expressions/queries/query-parser.js';
import type { Query, QueryBody, Select } from '../../language/expressions/queries/tree.js';

function read(text: string, dialect: Dialect = 'mysql'): { query: Query; columns: readonly string[] } {
  const parsed = parseQuery(text, dialect);
  if (!parsed.ok) throw new Error(`${parsed.problem} at ${String(parsed.at)}`);
  return parsed;
}

function selectOf(body: QueryBody): Select {
  if (body.node !== 'select') throw new Error(`a ${body.node}`);
  return body;
}

/** The first expression of a SELECT, without what is plain. */
function expression(text: string, dialect: Dialect = 'mysql'): unknown {
  const [item] = selectOf(read(`select ${text} from t`, dialect).query.body).items;
  return item && !item.star ? item.expression : undefined;
}

const column = (...path: string[]) => ({ node: 'extended', extension: { kind: 'path', path, quoted: false } });

describe('A query', () => {
  it('may be the view around it, with names for its columns', () => {
    const texts = [
      'CREATE VIEW v AS SELECT a FROM t',
      'create temp view if not exists main.v as select a from t',
      'CREATE TEMPORARY VIEW "v" (x, "y z") AS SELECT a, b FROM t',
    ];
    expect(texts.map((text) => read(text, 'sqlite').columns)).toEqual([[], [], ['x', 'y z']]);
  });

  it('has sets, each with what stands in parentheses, an order and a limit', () => {
    const { query } = read(
      'select all a from t union distinct select b from u intersect (select c from v order by c limit 1) except select d from w order by 1 desc nulls last, 2 asc nulls first limit 5 offset 2',
      'postgres',
    );
    const ops: string[] = [];
    for (let body: QueryBody = query.body; body.node === 'set'; body = body.left) ops.push(body.op);
    expect(ops).toEqual(['EXCEPT', 'INTERSECT', 'UNION']);
    expect(query.orderBy.map(({ descending, nulls }) => [descending, nulls])).toEqual([
      [true, 'LAST'],
      [false, 'FIRST'],
    ]);
    expect([query.limit, query.offset]).toEqual([
      { node: 'number', text: '5' },
      { node: 'number', text: '2' },
    ]);
  });

  it('has common tables, and queries in FROM with names for their columns', () => {
    const { query } = read('with x (a) as (select 1), y as (select 2) select x.*, d.b from x, (select 3) as d (b)');
    expect(query.with.map(({ name, columns }) => [name, columns])).toEqual([
      ['x', ['a']],
      ['y', []],
    ]);
    const { items, from } = selectOf(query.body);
    expect(items[0]).toEqual({ star: true, table: 'x' });
    expect(from).toMatchObject([
      { node: 'table', name: 'x' },
      { node: 'derived', alias: 'd', columns: ['b'] },
    ]);
  });

  it('joins in every way that it knows', () => {
    const { query } = read(
      'select * from a join b using (id) inner join c on a.x = c.x left outer join d on 1 right join e on 1 full join f on 1 cross join g straight_join h',
    );
    const kinds: unknown[] = [];
    let [relation] = selectOf(query.body).from;
    while (relation?.node === 'join') {
      kinds.push(relation.using ?? relation.kind);
      relation = relation.left;
    }
    expect(kinds).toEqual(['INNER', 'CROSS', 'FULL', 'RIGHT', 'LEFT', 'INNER', ['id']]);
  });

  it('groups, filters groups, and takes distinct rows', () => {
    const select = selectOf(
      read('select distinct a as x, b y from `db`.`t` where c group by a, b having count(*) > 1').query.body,
    );
    expect(select).toMatchObject({ distinct: true, from: [{ schema: 'db', name: 't' }], where: column('c') });
    expect(select.items.map((item) => !item.star && item.alias)).toEqual(['x', 'y']);
    expect(select.groupBy).toEqual([column('a'), column('b')]);
    expect(select.having).toMatchObject({ node: 'binary', op: '>' });
  });
});

describe('An operand of a query', () => {
  const call = (name: string, more: object = {}) => ({
    node: 'extended',
    extension: { kind: 'function', name, ...more },
  });

  it.each([
    ['cast(a as signed integer)', call('cast', { word: 'signed' })],
    ['cast(a as char(5) character set utf8mb4)', call('cast', { word: 'char(5)' })],
    ['convert(a, decimal(10,2))', call('cast', { word: 'decimal(10,2)' })],
    ['convert(a using utf8mb4)', call('convert', { word: 'utf8mb4' })],
    ['extract(year from a)', call('extract', { word: 'year' })],
    ['timestampdiff(DAY, a, b)', call('timestampdiff', { word: 'day', args: [column('a'), column('b')] })],
    [
      'substring(a from 2 for 3)',
      call('substring', { args: [column('a'), { node: 'number', text: '2' }, { node: 'number', text: '3' }] }),
    ],
    ['substr(a, 2)', call('substring', { args: [column('a'), { node: 'number', text: '2' }] })],
    ['count(distinct a, b)', call('count', { distinct: true, args: [column('a'), column('b')] })],
    ['count(*)', call('count', { star: true })],
    ["group_concat(a order by b desc separator '|')", call('group_concat', { separator: '|' })],
    ['sum(a) over (partition by b order by c)', call('sum', { over: { partitionBy: [column('b')] } })],
    ['rank() over (order by c)', call('rank', { over: { partitionBy: [] } })],
    ['interval -2 day', { node: 'extended', extension: { kind: 'interval', unit: 'day' } }],
    ['case a when 1 then 2 end', { node: 'extended', extension: { kind: 'case', operand: column('a') } }],
    [
      'case when a then 1 else 2 end',
      { node: 'extended', extension: { kind: 'case', otherwise: { node: 'number', text: '2' } } },
    ],
    ['exists (select 1)', { node: 'extended', extension: { kind: 'exists' } }],
    ['((select 1))', { node: 'extended', extension: { kind: 'subquery' } }],
    ['a in (select 1)', { node: 'in', items: [{ node: 'extended', extension: { kind: 'subquery' } }] }],
    ['`db`.`t`.a', { node: 'extended', extension: { kind: 'path', path: ['db', 't', 'a'], quoted: false } }],
    ['null', { node: 'null' }],
    ['current_timestamp', { node: 'keyword' }],
  ])('%s', (text, tree) => {
    expect(expression(text)).toMatchObject(tree);
  });

  it.each([
    ['case end', 'mysql'],
    ['interval 2 moons', 'mysql'],
    ['a.1', 'mysql'],
    ['extract(1 from a)', 'mysql'],
    ['group_concat(a separator b)', 'mysql'],
    ['from', 'mysql'],
    ["interval '1 day'", 'postgres'],
    ['a order', 'sqlite'],
  ] as const)('%s is refused', (text, dialect) => {
    expect(parseQuery(`select ${text} from t`, dialect)).toMatchObject({ ok: false });
  });

  it.each([
    'select',
    'create table t (a)',
    'select a from',
    'with recursive as (select 1) select 1',
    'select a from (t',
    'select 1 limit',
  ])('and so is the text %s', (text) => {
    expect(parseQuery(text, 'sqlite')).toMatchObject({ ok: false });
  });
});
