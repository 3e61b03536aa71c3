import { describe, expect, it } from 'vitest';
import { faultOfExpression } from '../../databases/postgres/sql-guards.js';

describe('the guard of expressions', () => {
  it.each([
    `now()`,
    `'a;b'`,
    `'it''s -- no comment'`,
    `E'a\\';b'`,
    `"weird;name" > (1)`,
    `(a = 'x') AND (b <> ')')`,
    `'a'::text || E'\\\\'`,
    `price$1 > 0`,
  ])('takes %s', (expression) => {
    expect(faultOfExpression(expression)).toBeUndefined();
  });
  it.each([
    `1; DROP TABLE x`,
    `1) ; (2`,
    `1), ADD COLUMN x int DEFAULT (1`,
    `'open`,
    `"open`,
    `1 -- comment`,
    `1 /* comment */`,
    `$$a;b$$`,
    `$tag$a$tag$`,
    `'a\\'; DROP TABLE x; --'`,
    `E'a'\n'\\'; DROP TABLE x; --'`.replace(`\\'; DROP`, `'; DROP`),
    ``,
    `a\0b`,
  ])('refuses %j', (expression) => {
    expect(faultOfExpression(expression)).toBeTypeOf('string');
  });
  it('keeps the escape rule of a literal that goes on in the next line', () => {
    expect(faultOfExpression(`E'a'\n'\\';still inside'`)).toBeUndefined();
    expect(faultOfExpression(`E'a' || '\\';outside'`)).toBeTypeOf('string');
  });
});
