import { describe, expect, it } from 'vitest';
import { checkDefinition } from '../../language/definition.js';
import { toldOf, withTasks } from './definition-texts.js';

const HEAD = 'name: x\norchestration_pattern: swarm\nagents: {a: {type: b}}\n';
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const withInput = (input: string): string => withTasks(`{id: a, agent: one, input: ${input}}`);
const json = (input: string): string =>
  `{"name": "x", "orchestration_pattern": "swarm", "agents": {"a": {"type": "b"}}, "tasks": [{"id": "t", "agent": "a", "input": ${input}}]}`;
const tasks = (count: number): object => ({
  name: 'x',
  orchestration_pattern: 'swarm',
  agents: { a: { type: 'b' } },
  tasks: Array.from({ length: count }, (_, at) => ({ id: String(at), agent: 'a' })),
});
/** Six levels of eight aliases. */
const bomb = `x:\n  - &a0 [x]\n${Array.from(
  { length: 6 },
  (_, at) =>
    `  - &a${String(at + 1)} [${Array(8)
      .fill(`*a${String(at)}`)
      .join(', ')}]`,
).join('\n')}\n`;
const bytes = (...parts: readonly (string | number)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([part]))));

describe('the limits of a definition', () => {
  const refused: readonly (readonly [string, string | Uint8Array | object, string])[] = [
    ['nothing', '', '1:1 it is empty'],
    ['space and comments', ' \n# nothing\n', '1:1 the definition is no map'],
    ['a list', '- a\n', '1:1 the definition is no map'],
    ['an empty workflow', 'workflow:\n', 'workflow'],
    ['4 MB of YAML', `${HEAD}description: ${'x'.repeat(4 * 1024 * 1024)}`, '1:1 it is larger than 4194304 bytes'],
    ['32 MB of JSON', `{"name": "${'x'.repeat(32 * 1024 * 1024)}"}`, '1:1 it is larger than 33554432 bytes'],
    ['bytes that are no UTF-8', bytes('name: ', 0xff, 0xfe), '1:1 it is not UTF-8'],
    ['UTF-16', Buffer.from('\uFEFFname: x', 'utf16le'), '1:1 it is not UTF-8'],
    ['half a character', 'name: \uD800', '1:1 it is not UTF-8'],
    ['half a character in JSON', json('"\\ud800"'), 'half a character'],
    ['a value that is no JSON', { name: 1n }, '1:1 it is no JSON'],
    ['tabs', 'name: x\nagents:\n\ta: b\n', 'indent with spaces'],
    ['32 levels', withInput(nested(30)), 'nested too deep'],
    ['32 levels of JSON', json(nested(30)), 'nested too deep'],
    ['20,000 levels', `a: ${'['.repeat(20_000)}`, '1:1 nested too deep'],
    ['20,000 levels of JSON', '['.repeat(20_000) + ']'.repeat(20_000), 'nested too deep'],
    ['20,000 levels in a block', '- '.repeat(20_000) + 'x', 'nested too deep'],
    ['levels behind aliases', `x: [&a ${nested(20)}, &b ${'['.repeat(20)}*a${']'.repeat(20)}]`, 'nested too deep'],
    ['51 aliases', `x: [&a 1, ${'*a, '.repeat(51)}]`, '1:211 more than 50 aliases'],
    ['an alias bomb', bomb, 'its aliases grow without end'],
    ['an alias of itself', 'x: &a [*a]', '1:8 an alias without an anchor before it'],
    ['a key twice', 'name: x\nname: y\n', '2:1 the key "name" is given twice'],
    ['a key twice in JSON', '{"name": 1,\n "name": 2}', '2:2 the key "name" is given twice'],
    ['a key twice, once escaped', '{"name": 1,\n "n\\u0061me": 2}', '2:2 the key "name" is given twice'],
    ['a key that is a list', '[a]: x\n', '1:1 a key must be a text'],
    ['a tag', 'name: !!js/function x\n', '1:7'],
    ['two documents', 'name: x\n---\nname: y\n', 'line'],
    ['a number that would change', withInput('12345678901234567890'), 'too large to be kept'],
    ['a number that would change, in JSON', json('12345678901234567890'), 'too large to be kept'],
    ['no number', withInput('.nan'), 'not finite'],
    ['a number without end, in JSON', json('1e999'), 'not finite'],
    ['an id of 201 characters', withTasks(`{id: ${'x'.repeat(201)}, agent: one}`), 'tasks.0.id'],
    ['a merge key', `${HEAD}<<: {tasks: []}\n`, 'has no field "<<"'],
    ['broken JSON', '{"name": "x" "y"}', '1:1'],
  ];
  it.each(refused)('refuse %s', (_, source, told) => {
    const all = toldOf(source).join('\n');
    if (told === 'line') expect(all).not.toBe('');
    else expect(all).toContain(told);
    expect(all.length).toBeLessThan(100_000);
  });

  it.each(['__proto__', 'constructor', 'prototype'])('refuse the name %s wherever a name can stand', (name) => {
    const told = toldOf(
      `${HEAD.replace('{a:', `{${name}: {type: b}, a:`)}inputs: {${name}: {type: string}}\n` +
        `tasks: [{id: ${name}, agent: a, input: {deep: [{${name}: 1}]}}]\n`,
    );
    expect(told.filter((line) => line.includes('reserved'))).toHaveLength(4);
    expect(toldOf(json(`{"${name}": {"polluted": true}}`)).join()).toContain(`the key "${name}" is reserved`);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('take what stands at them', () => {
    expect(toldOf(withInput(nested(29)))).toEqual([]);
    expect(toldOf(json(nested(29)))).toEqual([]);
    expect(toldOf(withInput(`[&a 1, ${'*a, '.repeat(50)}]`))).toEqual([]);
    expect(toldOf(withTasks(`{id: ${'x'.repeat(200)}, agent: one}`))).toEqual([]);
    expect(toldOf(withInput('9007199254740991'))).toEqual([]);
  });

  it('are 100,000 tasks, and more only as JSON', () => {
    const text = (count: number): string => `${HEAD}tasks: [${'0,'.repeat(count)}]\n`;
    expect(toldOf(text(100_001))).toEqual(['4:8 more than 100000 tasks (write so large a one as JSON)']);
    expect(toldOf(JSON.stringify(tasks(100_001)))).toEqual([]);
  });

  it('hold for a text that is wrong in every line: the first problems come soon, in order', () => {
    const bad = withTasks(...Array.from({ length: 5000 }, (_, at) => `{id: t${String(at)}, agent: x, nope: 1}`));
    const { problems } = checkDefinition(bad);
    expect(problems.length).toBeGreaterThan(100);
    expect(problems.length).toBeLessThan(2000);
    expect(problems[0]).toMatchObject({ line: 5 });
  });
});
