import { describe, expect, it } from 'vitest';
import { checkPattern } from '../../language/try-pattern.js';

/** A pattern whose parts a test changes. */
function pattern(more: Readonly<Record<string, string>> = {}): string {
  const parts = {
    name: 'relay',
    description: 'A task with the text that it is given.',
    options_schema: '{type: object, properties: {text: {type: string}}, required: [text]}',
    template: '{agents: {one: {type: worker}}, tasks: [{id: only, agent: one, input: "${{ options.text }}"}]}',
    sample: '{options: {text: hello}, inputs: {city: Bern, many: [1], none: null}}',
    ...more,
  };
  return Object.entries(parts)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
}

const problems = (text: string): string[] =>
  checkPattern(text).problems.map(({ line, column, message }) => `${String(line)}:${String(column)} ${message}`);

describe('the text of a pattern', () => {
  it('is tried on its sample, and comes out as it is stored', () => {
    const checked = checkPattern(pattern());
    if (checked.pattern === undefined) throw new Error('it was refused');
    expect([checked.problems, checked.pattern.name, checked.pattern.version]).toEqual([[], 'relay', '1.0.0']);
    expect(checked.prepared.definition.tasks).toMatchObject([{ id: 'only', input: 'hello' }]);
  });

  it('is refused where it is no map, is no pattern, or has a name that is taken', () => {
    expect(problems('just a text')).toEqual([expect.stringContaining('the pattern is no map')]);
    expect(problems('a: [')).toHaveLength(1);
    expect(problems(pattern({ name: 'swarm' }))).toEqual([expect.stringMatching(/^1:7 .*built-in pattern/u)]);
    expect(problems(pattern({ colour: 'red' }))).toEqual([expect.stringMatching(/^6:1 .*no field "colour"/u)]);
  });

  it('is refused with the place of what its sample shows to be wrong: in the template, in the options', () => {
    const template =
      '{agents: {one: {type: worker}}, tasks: [{id: a, agent: two}, {id: b, agent: one, depends_on: [c]}]}';
    expect(problems(pattern({ template }))).toEqual([
      expect.stringMatching(/^4:.* there is no agent "two"/u),
      expect.stringMatching(/^4:.* "c"/u),
    ]);
    expect(problems(pattern({ sample: '{options: {text: 7}}' }))).toEqual([expect.stringMatching(/^5:/u)]);
    const circle =
      '{agents: {one: {type: worker}}, tasks: [{id: a, agent: one, depends_on: [b]}, {id: b, agent: one, depends_on: [a]}]}';
    expect(problems(pattern({ template: circle })).join()).toMatch(/a → b|b → a/u);
  });
});
