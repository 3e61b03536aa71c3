import { describe, expect, it } from 'vitest';
import { FORMATS } from '../../activities/kora/rules/formats.js';
import { decided } from '../../activities/validator/rules/given.js';
import { parseMapping } from '../../language/mapping-file.js';
import { libraryOf } from '../../activities/kora/rules/library.js';
import { compareDecimals } from '../../activities/kora/decimals.js';
import { DependencyTally, SumTally, UniqueTally } from '../../activities/kora/rules/tallies.js';
import { readable } from '../../activities/kora/rules/values.js';
import { mined, namesOf, sampleOf, tableNamed, times } from './rule-fixtures.js';
import { column } from '../record/record-fixtures.js';

const day = (at: number): string =>
  `2025-${String(1 + (at % 12)).padStart(2, '0')}-${String(1 + (at % 28)).padStart(2, '0')}`;
const found = async (...args: Parameters<typeof mined>): Promise<string[]> => namesOf(await mined(...args));
const one = (columns: string, values: readonly (string | null | undefined)[]): Promise<string[]> =>
  found([
    sampleOf(
      tableNamed('t', ['id bigint', columns]),
      values.map((value, at) => [String(at), value]),
    ),
  ]);

describe('a rule of one row', () => {
  it('says that what has happened lies not in the future, and counts the rows that do', async () => {
    const table = tableNamed('users', ['id bigint', 'created_at timestamp', 'expires_at timestamp']);
    const rows = times(100, (at) => [
      String(at),
      at < 3 ? '2099-01-01 00:00:00' : `${day(at)} 10:00:00`,
      '2099-01-01 00:00:00',
    ]);
    const [proposal, ...others] = (await mined([sampleOf(table, rows)])).filter(
      ({ rule }) => rule.kind === 'not_in_future',
    );
    expect(others).toEqual([]);
    expect(proposal?.rule).toMatchObject({
      columns: ['created_at'],
      support: 100,
      counterExamples: 3,
      sample: 1,
      state: 'proposed',
    });
    expect(proposal?.examples).toEqual(times(3, () => ['2099-01-01 00:00:00']));
  });

  it('leaves a day for zones: a time of tomorrow morning is now somewhere', async () => {
    expect(
      await one(
        'created_at timestamp',
        times(50, () => '2026-03-02 02:00:00'),
      ),
    ).toEqual(['not_in_future(created_at)']);
    expect(
      await one(
        'created_at timestamp',
        times(50, () => '2026-03-03 00:00:00'),
      ),
    ).toEqual([]);
  });

  it('says that amounts are not negative, but of balances and coordinates nothing', async () => {
    const numbers = times(60, (at) => (at === 0 ? '-3.50' : `${String(at)}.00`));
    expect(await one('unit_price numeric(10,2)', numbers)).toEqual(['not_negative(unit_price)']);
    expect(await one('price_change numeric(10,2)', numbers)).toEqual([]);
    expect(await one('latitude numeric(10,2)', numbers)).toEqual([]);
    expect(
      await one(
        'unit_price numeric(10,2)',
        times(60, (at) => `-0.0${String(at % 1)}`),
      ),
    ).toEqual(['not_negative(unit_price)']);
  });

  it('orders columns by their names, and times without one by all of their rows', async () => {
    const table = tableNamed('bookings', [
      'id bigint',
      'start_date date',
      'end_date date',
      'due date',
      'reminder date',
    ]);
    const rows = times(80, (at) => [
      String(at),
      day(at),
      at === 1 ? '2024-01-01' : '2027-12-31',
      '2027-01-01',
      '2026-12-31',
    ]);
    const orders = (await found([sampleOf(table, rows)])).filter((name) => name.startsWith('ordered'));
    expect(orders).toContain('ordered(start_date,end_date)');
    expect(orders).toContain('ordered(reminder,due)');
    expect(orders).not.toContain('ordered(end_date,start_date)');
  });

  it('lists few values, takes rare ones for mistakes, and keeps them out of what is open', async () => {
    const values = times(1000, (at) => (at === 7 ? 'secret-typo' : at % 2 === 0 ? 'paid' : 'open'));
    const rows = values.map((value, at) => [String(at), value]);
    const [proposal] = await mined([sampleOf(tableNamed('orders', ['id bigint', 'status text']), rows)]);
    expect(proposal?.rule).toMatchObject({
      kind: 'one_of',
      values: ['open', 'paid'],
      counterExamples: 1,
      support: 1000,
    });
    const open = { ...proposal?.rule, values: undefined };
    expect(JSON.stringify(open)).not.toMatch(/paid|secret/);
    expect(
      await one(
        'status text',
        times(100, (at) => `state ${String(at)}`),
      ),
    ).toEqual([]);
    expect(await one('status text', ['a', 'b', 'a'])).toEqual([]);
  });

  it.each([
    ['email', 'a.b+c@example.org', 'no at.example.org'],
    ['phone', '+49 (30) 901820-0', 'call me'],
    ['iban', 'DE89 3704 0044 0532 0130 00', 'DE88 3704 0044 0532 0130 00'],
    ['postal_code', 'SW1A 1AA', 'no number'],
    ['json', '{"a": [1]}', '{"a": [1'],
    ['url', 'https://example.org/a?b=c', 'example.org'],
    ['uuid', '00000000-0000-4000-8000-00000000000f', '00000000-0000-4000-8000-00000000000'],
  ] as const)('knows the form %s', async (format, good, bad) => {
    expect(FORMATS[format](good)).toBe(true);
    expect(FORMATS[format](bad)).toBe(false);
    const name = format === 'postal_code' ? 'zip' : format;
    const values = times(40, (at) => (at === 0 ? bad : at === 1 ? '' : at === 2 ? null : good));
    expect(await one(`${name} text`, values)).toContain(`format:${format}(${name})`);
  });

  it('is quick with texts that were made to be slow', () => {
    const startedMs = performance.now();
    for (const isOfForm of Object.values(FORMATS)) {
      for (const text of [
        'a@'.repeat(2000),
        `a@${'a.'.repeat(2000)}`,
        '1 '.repeat(2000),
        `a@${'a-'.repeat(120)}.`,
        '['.repeat(4000),
      ])
        isOfForm(text);
    }
    expect(performance.now() - startedMs).toBeLessThan(500);
  });

  it('wants a currency where an amount is', async () => {
    const table = tableNamed('orders', ['id bigint', 'total numeric(10,2)', 'currency text']);
    const rows = times(60, (at) => [String(at), at === 0 ? null : '5.00', at === 0 ? null : at === 1 ? null : 'EUR']);
    const rule = (await mined([sampleOf(table, rows)])).find(
      (proposal) => proposal.rule.kind === 'currency_with_amount',
    )?.rule;
    expect(rule).toMatchObject({ columns: ['total', 'currency'], support: 59, counterExamples: 1 });
  });

  it('does not judge what has no form, and says nothing of an empty table', async () => {
    expect(
      await one(
        'created_at timestamp',
        times(50, () => undefined),
      ),
    ).toEqual([]);
    expect(await one('created_at timestamp', [])).toEqual([]);
    expect(await one('created_at timestamp', ['2020-01-01 00:00:00'])).toEqual([]);
  });
});

describe('a rule of many rows', () => {
  it('tells pairs that no two rows share, where chance would have made some', async () => {
    const table = tableNamed('enrolments', ['id bigint', 'student_id bigint', 'course_id bigint', 'note text']);
    const rows = times(100, (at) => [String(at), String(at % 10), String(Math.floor(at / 10)), 'x']);
    expect(await found([sampleOf(table, rows)])).toContain('unique_together(student_id,course_id)');
    const trivial = times(100, (at) => [String(at), String(at), String(at + 7), 'x']);
    expect(await found([sampleOf(table, trivial)])).not.toContain('unique_together(student_id,course_id)');
    const keyed = { ...table, uniqueKeys: [{ name: 'k', columns: ['student_id', 'course_id'] }] };
    expect(await found([sampleOf(keyed, rows)])).not.toContain('unique_together(student_id,course_id)');
  });

  it('tells a total that is the sum of its lines, by the link and the product that fit', async () => {
    const orders = tableNamed('orders', ['OrderId bigint', 'total numeric(10,2)']);
    const lines = tableNamed('lines', ['LineId bigint', 'OrderId bigint', 'qty integer', 'unit_price numeric(10,2)']);
    const lineRows = times(120, (at) => [String(at), String(at % 40), String(1 + (at % 3)), '0.10']);
    const totals = times(40, (order) => {
      const cents = lineRows
        .filter(([, of]) => of === String(order))
        .reduce((sum, row) => sum + 10 * Number(row[2]), 0);
      return [String(order), order === 5 ? '99.99' : (cents / 100).toFixed(2)];
    });
    const all = [sampleOf(orders, totals), sampleOf(lines, lineRows)];
    const rule = (await mined(all)).find((proposal) => proposal.rule.kind === 'sum_of_lines')?.rule;
    expect(rule).toMatchObject({
      table: 'shop.orders',
      columns: ['total'],
      parameters: { lines: 'shop.lines', key: ['OrderId'], lineKey: ['OrderId'], amount: ['unit_price', 'qty'] },
      support: 40,
      counterExamples: 1,
    });
    const lineSample = all[1];
    const partly = [all[0], Object.assign(sampleOf(lines, lineRows), { whole: false })].filter(
      (sample) => sample !== undefined,
    );
    const sums = async (more: Parameters<typeof mined>[1]): Promise<boolean> =>
      (await mined(partly, more)).some((proposal) => proposal.rule.kind === 'sum_of_lines');
    expect(await sums({})).toBe(false);
    expect(await sums({ lines: new Map(lineSample === undefined ? [] : [[lineSample.name, lineSample]]) })).toBe(true);
  });

  it('tells a column that decides another', async () => {
    const table = tableNamed('addresses', ['id bigint', 'postal_code text', 'city text']);
    const rows = times(200, (at) => [
      String(at),
      `1000${String(at % 20)}`,
      at === 3 ? 'Elsewhere' : `City ${String(at % 15)}`,
    ]);
    const wild = times(200, (at) => [String(at), `1000${String(at % 20)}`, `City ${String((at * 7) % 13)}`]);
    const decided = rows.map(([id, code, city], at) => [id, code, at === 3 ? city : `City ${code ?? ''}`]);
    expect(await found([sampleOf(table, decided)])).toContain('functional_dependency(postal_code,city)');
    expect(await found([sampleOf(table, wild)])).not.toContain('functional_dependency(postal_code,city)');
  });

  it('is counted the same in whatever order the rows come, and in however many passes', () => {
    const rows = times(500, (at) => [String(at % 50), at % 17 === 0 ? 'odd' : 'even']);
    const inParts = (parts: number, order: readonly string[][]): { rows: number; broken: number }[] =>
      [UniqueTally, DependencyTally].map((Tally) => {
        const counts = times(parts, (part) => {
          const tally = new Tally({ part, parts });
          for (const row of order) tally.add(row);
          return tally.count();
        });
        const sum = (of: 'rows' | 'broken'): number => counts.reduce((total, count) => total + count[of], 0);
        return { rows: sum('rows'), broken: sum('broken') };
      });
    const whole = inParts(1, rows);
    expect(whole).toEqual([
      { rows: 500, broken: 420 },
      { rows: 500, broken: 30 },
    ]);
    expect(inParts(7, rows.toReversed())).toEqual(whole);
  });

  it('sums exactly, rounds as the total does, and does not judge a line without an amount', () => {
    const tally = new SumTally(2);
    for (const amount of ['0.1', '0.2', '9007199254740993.001']) tally.addLine(['1'], [amount]);
    tally.addLine(['2'], ['1.005', '1']);
    tally.addLine(['3'], [null]);
    tally.addLine(['3'], ['1']);
    expect(tally.addRow(['1'], '9007199254740993.30')).toBe(false);
    expect(tally.addRow(['2'], '1.01')).toBe(false);
    expect(tally.addRow(['3'], '7')).toBe(false);
    expect(tally.addRow(['4'], '7')).toBe(false);
    expect(tally.addRow(['1'], '9007199254740993.31')).toBe(true);
    expect(tally.count()).toEqual({ rows: 3, broken: 1 });
    expect(compareDecimals('10000000000000000000000.1', '10000000000000000000000.09')).toBeGreaterThan(0);
  });
});

describe('values of PostgreSQL', () => {
  const hex = (type: string, bytes: string): string | undefined =>
    readable(column({ type, kind: 'native' })).read(Buffer.from(bytes, 'hex'));

  it.each([
    ['integer', 'fffffff6', '-10'],
    ['bigint', '7fffffffffffffff', '9223372036854775807'],
    ['numeric(12,4)', '0003000140000004000109290fa0', '-12345.4'],
    ['numeric', '0000000000000002', '0'],
    ['numeric', '0001ffff0000000203e8', '0.1'],
    ['numeric', '00000000c0000000', undefined],
    ['date', '00000001', '2000-01-02'],
    ['date', '7fffffff', undefined],
    ['timestamp without time zone', '00000000000f4240', '2000-01-01 00:00:01.000'],
    ['text', '6162', 'ab'],
  ])('of type %s are read as they are: %s', (type, bytes, text) => {
    expect(hex(type, bytes)).toBe(text);
  });
});

describe('a mapping file', () => {
  const table = tableNamed('t', ['id bigint', 'price numeric(10,2)']);
  const rows = times(100, (at) => [String(at), at < 40 ? '-1.00' : '1.00']);
  const textOf = (part: string, id: string): string => `caravan_mapping: 1\nrules:\n  ${part}: ['${id}']\n`;

  it('decides by ids, also about a rule that the data alone would not support, and names what is not there', async () => {
    const id = '8f44f3f9e218dc0f';
    expect(await mined([sampleOf(table, rows)])).toEqual([]);
    const [asked] = await mined([sampleOf(table, rows)], { wanted: new Set([id]) });
    expect(asked?.rule).toMatchObject({ id, counterExamples: 40, state: 'proposed' });
    if (asked === undefined) return;
    const states = (part: string): unknown[] =>
      decided([asked], parseMapping(textOf(part, id))).map(({ rule }) => [rule.state, rule.by]);
    expect(states('accept')).toEqual([['accepted', 'mapping file']]);
    expect(states('drop')).toEqual([['dropped', 'mapping file']]);
    expect(() => states('quarantine')).toThrow('not told apart while they are copied');
    expect(() => decided([asked], parseMapping(textOf('accept', 'ffffffffffffffff')))).toThrow('ffffffffffffffff');
  });
});

describe('the library', () => {
  const table = tableNamed('products', ['id bigint', 'unit_prices numeric(10,2)']);
  const dirty = sampleOf(
    table,
    times(100, (at) => [String(at), at % 4 === 0 ? '-1.00' : '1.00']),
  );
  const signature = 'not_negative|unit_price:number:fraction';
  const facts = (catches: number, falseAlarms: number): ReturnType<typeof libraryOf> =>
    libraryOf([
      ...times(catches, () => ({ signature, numbers: { catches: 1 } })),
      ...times(falseAlarms, () => ({ signature, numbers: { falseAlarms: 1 } })),
    ]);

  it('knows a rule by stemmed names, class and shape, and by no value', async () => {
    const clean = sampleOf(
      table,
      times(100, (at) => [String(at), '1.00']),
    );
    expect((await mined([clean])).map((one) => one.signature)).toEqual([signature]);
  });

  it('proposes what was right before, even where much of the data breaks it', async () => {
    expect(await mined([dirty])).toEqual([]);
    const [proposal] = await mined([dirty], { library: facts(1, 0) });
    expect(proposal?.rule).toMatchObject({ kind: 'not_negative', origin: 'library', counterExamples: 25 });
  });

  it('retires what only cries wolf, and then the miner is silent, too', async () => {
    const clean = sampleOf(
      table,
      times(100, (at) => [String(at), '1.00']),
    );
    expect(facts(0, 1)).toEqual([]);
    expect(await mined([clean], { library: facts(0, 1) })).toHaveLength(1);
    expect(await mined([clean], { library: facts(0, 2) })).toEqual([]);
    expect(await mined([clean], { library: facts(2, 2) })).toHaveLength(1);
    expect(await mined([clean], { library: facts(2, 3) })).toEqual([]);
  });
});
