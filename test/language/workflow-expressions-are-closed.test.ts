import { describe, expect, it } from 'vitest';
import type { CelScope } from '../../language/expressions/cel.js';
import { evaluateCel, fanOutOf, fillTemplates, parseCel, referencesOf } from '../../language/expressions/cel.js';

const scope: CelScope = {
  input: { n: 3, name: 'Ann', list: [1, 2, 3], none: null, deep: { a: [{ b: true }] } },
  tasks: { 'a b': { output: 7 }, split: { output: { topics: ['x', 'y'] } } },
  big: Array.from({ length: 10_000 }, (_, at) => at),
};
const valueOf = (text: string): unknown => {
  const result = evaluateCel(text, scope);
  return result.ok ? result.value : result;
};
const problemOf = (text: string): string => {
  const result = evaluateCel(text, scope);
  if (result.ok) throw new Error(`"${text.slice(0, 80)}" gave a value`);
  return `${String(result.at)}: ${result.problem}`;
};

describe('an expression', () => {
  it.each<readonly [string, unknown]>([
    ['1 + 2 * 3 - 4 / 8', 6.5],
    ['-(2 - 5) % 2', 1],
    ['input.n >= 3 && input.name == "Ann" || false', true],
    ['input.n > 5 ? "big" : input.n > 2 ? "fair" : "small"', 'fair'],
    ['tasks["a b"].output', 7],
    ['input.deep.a[0].b', true],
    ['input.none', null],
    ['has(input.none) && !has(input.gone) && has(tasks["split"].output)', true],
    ['2 in input.list && "n" in input && !("x" in input)', true],
    ['input.list == [1, 2, 3]', true],
    ['input.list.map(x, x * 2).filter(x, x > 2)', [4, 6]],
    ['input.list.all(x, x > 0) && input.list.exists(x, x == 2) && input.list.exists_one(x, x == 2)', true],
    ['[1] + [2]', [1, 2]],
    ["'it\\'s \\u00e9' + \"!\"", "it's é!"],
    ['size(input.list) + size("abc") + input.size()', 11],
    ['range(3)', [0, 1, 2]],
    ['split("a,b", ",").join("-") + string(1) + string(true)', 'a-b1true'],
    ['int("41.9") + double("1.5")', 42.5],
    ['input.name.lowerAscii().startsWith("a") && "abc".contains("b") && "abc".endsWith("c")', true],
    ['keys(input.deep)', ['a']],
    ['"a" < "b" && "Z" < "a"', true],
  ])('gives a value: %s', (text, value) => {
    expect(valueOf(text)).toEqual(value);
  });

  it.each([
    ['1 +', '3: it ends too early'],
    ['input.n; drop', '7: ";" is not expected'],
    ['a = 1', '2: "=" is not expected'],
    ['input.gone', '6: there is no field "gone"'],
    ['nothing', '0: there is no "nothing"'],
    ['input.list[3]', '10: there is no such item'],
    ['1 + "a"', '2: a number and a text cannot be added'],
    ['1 && true', '0: true or false is needed, not a number'],
    ['1 / 0', '2: a division by zero'],
    ['1e308 * 10', '6: the number is not finite'],
    ['int("0x10")', '0: the text is no number'],
    ['input.name.matches("(a+)+$")', '11: there is no function "matches"'],
    ['"a', '0: a text without an end'],
    ['size(1, 2)', '0: "size" takes 1 values, not 2'],
    ['12345678901234567890', '0: a number that is too large'],
  ])('says what is wrong, and where: %s', (text, problem) => {
    expect(problemOf(text)).toBe(problem);
  });

  it.each([
    '__proto__',
    'input.__proto__',
    'input.constructor',
    'input["__proto__"]',
    'input["const" + "ructor"]',
    'input.list["length"]',
    'input.list.length',
    'input.name.length',
    'input.toString',
    'input["hasOwnProperty"]',
    'has(input.x.y)',
    'this',
    'globalThis',
    'process.exit()',
    'eval("1")',
    'Date()',
    'now()',
    'input.list.map(__proto__, 1)',
    'tasks.split.output.topics.constructor("x")()',
    '`${1}`',
    'input.name[0]',
    '(() => 1)()',
    'input.list.push(1)',
  ])('reaches nothing but its scope: %s', (text) => {
    expect(evaluateCel(text, scope).ok).toBe(false);
  });

  it('does not see what a prototype lends to a scope', () => {
    const lent = Object.create({ secret: 1 }) as CelScope;
    expect(evaluateCel('secret', lent).ok).toBe(false);
    expect(evaluateCel('x.secret', { x: lent }).ok).toBe(false);
    expect(evaluateCel('has(x.secret) || "secret" in x', { x: lent })).toEqual({ ok: true, value: false });
  });

  // The limit of the test is the guarantee: each ends soon.
  it.each([
    ['a long text', `1${' + 1'.repeat(600)}`, 'longer than 2000 characters'],
    ['deep parentheses', '('.repeat(900) + '1' + ')'.repeat(900), 'nested too deep'],
    ['deep signs', '!'.repeat(1900) + 'true', 'nested too deep'],
    ['deep lists', '['.repeat(900), 'nested too deep'],
    ['deep choices', 'true ? 1 : '.repeat(170) + '1', 'nested too deep'],
    ['a long chain', `1${'+1'.repeat(900)}`, 'too many operators'],
    ['many fields', `input${'.a'.repeat(900)}`, 'too many fields'],
    ['loops in loops', 'big.map(a, big.map(b, big.map(c, a + b + c)))', 'more than 200000 steps'],
    ['a growing list', 'range(6000) + range(6000)', 'a list of more than 10000 items'],
    ['a large range', 'range(1000000000)', 'a list of more than 10000 items'],
    [
      'a doubling text',
      `${'['.repeat(1)}"x"]${'.map(s, s + s + s + s + s + s + s + s + s + s + s + s + s + s + s + s)'.repeat(10)}`,
      'a text of more than 262144 characters',
    ],
    ['large comparisons', 'big.all(x, big == big)', 'more than 200000 steps'],
  ])('is limited: %s', (_, text, problem) => {
    expect(problemOf(text)).toContain(problem);
  });

  it('compares nothing that nests without end', () => {
    const deep = (depth: number): CelScope[string] =>
      Array.from({ length: depth }).reduce<CelScope[string]>((inner) => [inner], 1);
    expect(evaluateCel('a == b', { a: deep(50), b: deep(50) })).toEqual({ ok: true, value: true });
    expect(evaluateCel('a == b', { a: deep(50_000), b: deep(50_000) })).toMatchObject({ ok: false });
  });

  it('fans out to a list, and to no more than 10,000 parts', () => {
    expect(fanOutOf('tasks.split.output.topics', scope)).toEqual({ ok: true, items: ['x', 'y'] });
    expect(fanOutOf('big', scope)).toMatchObject({ ok: true });
    expect(fanOutOf('big', { big: Array.from({ length: 10_001 }, () => 0) })).toMatchObject({ ok: false });
    expect(fanOutOf('input', scope)).toMatchObject({ ok: false, problem: 'a list is needed, not a map' });
  });

  it('tells what it reads', () => {
    const parsed = parseCel('tasks.a.output.x[input.n] + tasks["b"].output.map(v, v + item).size() + size(tasks[v].z)');
    if (!parsed.ok) throw new Error(parsed.problem);
    expect(
      parsed.expressions.flatMap((cel) => referencesOf(cel)).map(({ root, path }) => [root, ...path].join('.')),
    ).toEqual(['tasks.a.output.x', 'input.n', 'tasks.b.output', 'item', 'tasks', 'v']);
  });
});

describe('a text with expressions', () => {
  it('keeps the type of one that stands alone, and prints those in a longer text', () => {
    const value = {
      list: '${{ input.list }}',
      text: ['n=${{ input.n }}, ${{ "}}" + input.name }}', '$${{ input.n }}', 'plain $ {{ }}'],
    };
    expect(fillTemplates(value, scope)).toEqual({
      ok: true,
      value: { list: [1, 2, 3], text: ['n=3, }}Ann', '${{ input.n }}', 'plain $ {{ }}'] },
    });
  });

  it('says where it is wrong', () => {
    expect(fillTemplates({ a: ['x', 'y ${{ input.gone }}'] }, scope)).toEqual({
      ok: false,
      problem: 'there is no field "gone"',
      at: 12,
      path: ['a', 1],
    });
    expect(fillTemplates('${{ 1', scope)).toMatchObject({ ok: false, problem: '"}}" is missing' });
    expect(fillTemplates('a ${{ input.list }}', scope)).toMatchObject({ problem: 'a list has no text form' });
  });

  it('has one budget for a whole value', () => {
    const many = Array.from({ length: 100 }, () => '${{ big.map(x, x + 1) }}');
    expect(fillTemplates(many, scope)).toMatchObject({ ok: false, problem: 'more than 200000 steps' });
  });
});
