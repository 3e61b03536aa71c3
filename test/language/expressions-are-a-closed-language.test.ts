import { describe, expect, it } from 'vitest';
import { guardExpression, parseExpression, printExpression } from '../../language/expressions.js';

const columns = ['a', 'b', 'Order'];

describe('the guard', () => {
  it.each([
    ['a > 0 AND b IS NOT NULL', '"a" > 0 AND "b" IS NOT NULL'],
    ['A = 1', '"a" = 1'],
    ['"Order" = 1', '"Order" = 1'],
    [`a::text || 'it''s'`, `"a"::text || 'it''s'`],
    ['(a + b) * 2 > -(-1)', '("a" + "b") * 2 > -(-1)'],
    ['NOT (a = 1) = true', 'NOT ("a" = 1) = true'],
    [`a LIKE 'x' ESCAPE '!'`, `"a" LIKE 'x' ESCAPE '!'`],
    ['a IS DISTINCT FROM b', '"a" IS DISTINCT FROM "b"'],
    ['CAST(a AS numeric(10,2)) > 1', '"a"::numeric(10,2) > 1'],
  ])('takes %s', (text, printed) => {
    expect(guardExpression(text, columns)).toMatchObject({ ok: true, text: printed });
    expect(guardExpression(printed, columns)).toMatchObject({ ok: true, text: printed });
  });

  it.each([
    'a = 1; DROP TABLE x',
    'a = 1 -- x',
    'a /* x */ = 1',
    '(SELECT 1) = 1',
    'a IN (SELECT 1)',
    'EXISTS (SELECT 1)',
    'pg_sleep(10) = 1',
    'lo_import($$x$$) = 1',
    "E'\\'' = a",
    'a = $1',
    'c = 1',
    'public.f(a)',
    "a::regclass = 'x'",
    "a = 'x",
    '',
    'a = ',
    'CASE WHEN a = 1 THEN b END = 1',
    'a OPERATOR(pg_catalog.=) 1',
    'a = ANY (ARRAY[1])',
    "a ~ '(x+x+)+y'",
    '---1',
  ])('refuses %s', (text) => {
    expect(guardExpression(text, columns).ok).toBe(false);
  });

  it('refuses what is nested without end, and what is too long', () => {
    for (const text of [
      '('.repeat(4000) + '1' + ')'.repeat(4000),
      'NOT '.repeat(2000) + 'true',
      `a = '${'x'.repeat(20_000)}'`,
    ]) {
      expect(guardExpression(text, columns).ok).toBe(false);
    }
  });

  it('prints what parses to the same tree, for random trees', () => {
    let seed = 11;
    const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const make = (depth: number): string => {
      if (depth === 0) return ['"a"', '1', `'x''y'`, 'NULL', 'true'][random(5)] ?? '1';
      const inner = (): string => `(${make(depth - 1)})`;
      const forms = [
        () => `${inner()} AND ${inner()}`,
        () => `${inner()} OR ${inner()}`,
        () => `NOT ${inner()}`,
        () => `${inner()} - ${inner()}`,
        () => `${inner()} || ${inner()}`,
        () => `${inner()} = ${inner()}`,
        () => `${inner()} NOT IN (${make(depth - 1)}, 2)`,
        () => `${inner()} BETWEEN ${inner()} AND ${inner()}`,
        () => `-${inner()}`,
        () => `lower(${make(depth - 1)})`,
        () => `${inner()} IS NOT NULL`,
        () => `${inner()}::text`,
      ];
      return (forms[random(forms.length)] ?? inner)();
    };
    for (let round = 0; round < 500; round += 1) {
      const parsed = parseExpression(make(1 + (round % 4)), 'postgres');
      if (!parsed.ok) throw new Error(parsed.problem);
      expect(parseExpression(printExpression(parsed.expression), 'postgres')).toEqual(parsed);
    }
  });
});
