import { describe, expect, it } from 'vitest';
import { CaravanFailure } from '../../contracts/failures.js';
import type { IdentifierRule } from '../../activities/maba/mapping/names.js';
import { applyRule, NAME_BYTES, targetNames } from '../../activities/maba/mapping/names.js';
import { catalogueOf, column, draft, table, typeOf } from './catalogues.js';

function named(sources: readonly string[], rule: IdentifierRule, columns = false) {
  const { names, renamed } = targetNames(sources, { rule, what: columns ? 'column' : 'table', columns });
  return { list: sources.map((source) => names.get(source) ?? ''), renamed };
}

describe('a name in the target', () => {
  it.each([
    ['lower', 'OrderDetails', 'orderdetails'],
    ['lower', 'ÄpfelÉ', 'ÄpfelÉ'],
    ['snake', 'OrderDetails', 'order_details'],
    ['snake', 'HTTPServerID', 'http_server_id'],
    ['snake', 'bl@b2 -x', 'bl_b2_x'],
    ['snake', '😀', '😀'],
    ['preserve', 'OrderDetails', 'OrderDetails'],
  ] as const)('under %s: %s → %s', (rule, from, to) => {
    expect(applyRule(from, rule)).toBe(to);
  });

  // [edge 67]
  it('keeps the twin that is spelled like the target, in any order, and lists the other', () => {
    const first = named(['Order', 'order'], 'lower');
    expect(first.list[1]).toBe('order');
    expect(first.list[0]).toMatch(/^order_[0-9a-f]{8}$/);
    expect(named(['order', 'Order'], 'lower').list).toEqual([...first.list].reverse());
    expect(first.renamed).toEqual([{ from: 'Order', to: first.list[0], reason: 'another table is named "order"' }]);
  });

  // [edge 68]
  it('is cut by bytes, never inside a character, and twins stay apart', () => {
    const twins = ['a'.repeat(70) + 'x', 'a'.repeat(70) + 'y', '😀'.repeat(20)];
    const { list } = named(twins, 'lower');
    expect(new Set(list).size).toBe(3);
    for (const name of list) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(NAME_BYTES);
    expect(list[2]).toMatch(/^(?:😀)+_[0-9a-f]{8}$/u);
    expect(named(twins, 'lower').list).toEqual(list);
  });

  it('is never a system column', () => {
    expect(named(['ctid', 'XMIN', 'xmin_'], 'lower', true).list).toEqual([
      'ctid_',
      expect.stringMatching(/^xmin_[0-9a-f]{8}$/),
      'xmin_',
    ]);
    expect(named(['ctid'], 'lower').list).toEqual(['ctid']);
  });

  it.each([[['a'.repeat(64)]], [['ctid']]])('under preserve is an error that names both: %s', (sources) => {
    expect(() => named(sources, 'preserve', true)).toThrow(CaravanFailure);
    try {
      named(sources, 'preserve', true);
    } catch (error) {
      expect(error).toMatchObject({ code: 'NAME_COLLISION', facts: { names: [sources[0], expect.any(String)] } });
    }
  });

  it('is unique, within its bytes, and the same in every order, for random names', () => {
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const alphabet = ['a', 'A', 'b', '_', '-', ' ', 'é', '😀', 'Z', '1'];
    for (let round = 0; round < 200; round += 1) {
      const words = Array.from({ length: 1 + random(12) }, () =>
        Array.from({ length: 1 + random(round % 2 ? 3 : 40) }, () => alphabet[random(10)]).join(''),
      );
      const sources = [...new Set(words)];
      for (const rule of ['lower', 'snake'] as const) {
        const { list } = named(sources, rule);
        expect(new Set(list).size).toBe(sources.length);
        expect(list.every((name) => Buffer.byteLength(name) <= NAME_BYTES && name.length > 0)).toBe(true);
        expect(named([...sources].reverse(), rule).list).toEqual([...list].reverse());
      }
    }
  });

  // [edge 25 63]
  it('is shared by indexes and types of the whole schema', () => {
    const index = { name: 'orders', unique: false, method: 'btree', parts: [{ column: 'id' }] };
    const one = table('s', 'orders', { columns: [column('id', 'int')], indexes: [index] });
    const two = table('s', 'lines', { columns: [column('id', 'int')], indexes: [{ ...index, name: 'ix' }] });
    const three = table('s', 'more', { columns: [column('id', 'int')], indexes: [{ ...index, name: 'ix' }] });
    const { mapping } = draft(catalogueOf('mysql', [one, two, three]));
    expect(mapping.tables.map((each) => each.indexes[0]?.name)).toEqual(['orders_orders', 'lines_ix', 'more_ix']);
    expect(mapping.renamed.map(({ from }) => from)).toEqual(['s.orders.orders', 's.lines.ix', 's.more.ix']);
    const labelled = { ...column('state', 'enum'), type: typeOf('enum', { labels: ['x'] }) };
    const typed = table('s', 'orders', { columns: [labelled] });
    const twin = table('s', 'orders_state', { columns: [labelled] });
    const { types } = draft(catalogueOf('mysql', [typed, twin])).mapping;
    expect(types.map(({ name }) => name)).toEqual(['orders_orders_state', 'orders_state_state']);
  });
});
