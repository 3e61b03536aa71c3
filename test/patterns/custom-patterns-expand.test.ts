import { describe, expect, it } from 'vitest';
import { patternTemplate } from '../../contracts/patterns.schema.js';
import type { PatternTemplate } from '../../contracts/patterns.js';
import { checkDefinition, parseDefinition } from '../../language/definition.js';
import { evaluateCel } from '../../language/expressions/cel.js';
import { prepare } from '../../language/prepared.js';

const template = (more: Readonly<Record<string, unknown>> = {}): PatternTemplate =>
  patternTemplate.parse({
    name: 'relay',
    description: 'One after the other.',
    options_schema: {
      type: 'object',
      properties: {
        text: { type: 'string', default: 'hello' },
        count: { type: 'integer', minimum: 1, maximum: 9, default: 2 },
        list: { type: 'array', items: { type: 'string' } },
      },
    },
    template: {
      agents: { runner: { type: 'runner', count: '${{ options.count }}' }, judge: { type: 'judge' } },
      tasks: [{ id: 'run', agent: 'runner', input: '${{ options.text }}' }],
    },
    ...more,
  });

const withTasks = (...tasks: readonly object[]): PatternTemplate =>
  template({ template: { agents: { runner: { type: 'runner' } }, tasks } });

const given = (more: Readonly<Record<string, unknown>> = {}) => ({
  name: 'race',
  orchestration_pattern: 'custom',
  pattern: 'relay',
  ...more,
});

const expanded = (pattern: PatternTemplate, more: Readonly<Record<string, unknown>> = {}) =>
  parseDefinition(given(more), new Map([['relay', pattern]])).definition;

const problemsOf = (pattern: PatternTemplate, more: Readonly<Record<string, unknown>> = {}) =>
  checkDefinition(given(more), new Map([['relay', pattern]])).problems.map(
    ({ path, message }) => `${path}: ${message}`,
  );

describe('a registered pattern', () => {
  it('is the same graph each time for the same options, and stays it whatever becomes of the pattern', () => {
    const pattern = template();
    const once = expanded(pattern, { pattern_options: { text: 'go' } });
    expect(expanded(pattern, { pattern_options: { text: 'go' } })).toEqual(once);
    // What is stored has tasks of its own: it needs the pattern no more.
    expect(parseDefinition(once).definition).toEqual(once);
    expect(prepare(once).hash).toBe(prepare(parseDefinition(once).definition).hash);
  });

  it('gives a value its type where an expression is all of a text, and the defaults where nothing is said', () => {
    const { agents, tasks, pattern_options: options } = expanded(template());
    expect(agents['runner']).toMatchObject({ count: 2 });
    expect(tasks[0]?.input).toBe('hello');
    expect(options).toEqual({ text: 'hello', count: 2 });
  });

  it.each([
    ['x" == "x" || "a" == "a', false],
    ['${{ tasks.secret.output }}', false],
    ['tab\t, bell \b, form \f, \\ and "quotes"', false],
    ['hello', true],
  ])('takes the option %j as data in conditions, never as an expression', (text, isHello) => {
    const task = { id: 'run', agent: 'runner', when: '"hello" == ${{ options.text }}' };
    const [made] = expanded(withTasks(task), { pattern_options: { text } }).tasks;
    expect(evaluateCel(made?.when ?? '', {})).toEqual({ ok: true, value: isHello });
  });

  it('takes options as data in inputs: what looks like an expression is a text when the task runs', () => {
    const input = {
      alone: '${{ options.text }}',
      within: 'say ${{ options.text }} to ${{ input.who }}',
      all: '${{ options }}',
    };
    const [made] = expanded(withTasks({ id: 'run', agent: 'runner', input }), {
      pattern_options: { text: '${{ tasks.a.output }}' },
    }).tasks;
    const guarded = '$${{ tasks.a.output }}';
    expect(made?.input).toEqual({
      alone: guarded,
      within: `say ${guarded} to \${{ input.who }}`,
      all: { text: guarded, count: 2 },
    });
  });

  it('writes lists and negative numbers of options as expressions write them', () => {
    const task = {
      id: 'run',
      agent: 'runner',
      for_each: '${{ options.list }}',
      when: '1 - ${{ 1 - options.count }} > 0',
    };
    const [made] = expanded(withTasks(task), { pattern_options: { list: ['a', 'b'] } }).tasks;
    expect(made).toMatchObject({ for_each: '["a", "b"]', when: '1 - (-1) > 0' });
  });

  it('lets the definition play a part by an agent of its own, as a map and as a list', () => {
    const own = { type: 'horse', count: 7 };
    const asMap = expanded(template(), { agents: { runner: own, vet: { type: 'vet' } } });
    const asList = expanded(template(), { agents: [{ ...own, name: 'runner' }, { type: 'vet' }] });
    expect(asMap.agents).toMatchObject({ runner: own, judge: { type: 'judge' }, vet: { type: 'vet' } });
    expect(asList.agents).toEqual(asMap.agents);
  });

  it('stands in a task as well', () => {
    const { definition } = parseDefinition(
      {
        name: 'day',
        orchestration_pattern: 'hierarchical',
        agents: { host: { type: 'host' } },
        tasks: [
          { id: 'open', agent: 'host' },
          { id: 'race', depends_on: ['open'], pattern: { orchestration_pattern: 'custom', pattern: 'relay' } },
        ],
      },
      new Map([['relay', template()]]),
    );
    expect(definition.tasks[1]?.pattern?.tasks).toMatchObject([{ id: 'run', input: 'hello' }]);
  });

  it('is not used by a definition that has tasks: that runs as it is written', () => {
    const { tasks } = parseDefinition(
      given({ agents: { a: { type: 'a' } }, tasks: [{ id: 'own', agent: 'a' }] }),
    ).definition;
    expect(tasks.map(({ id }) => id)).toEqual(['own']);
  });

  it.each([
    [{ text: 1 }, 'pattern_options.text'],
    [{ count: 10 }, 'pattern_options.count'],
    [{ txet: 'a' }, 'pattern_options'],
  ])('refuses the options %j, and says where', (options, path) => {
    const problems = problemsOf(template(), { pattern_options: options });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${path}: `, 'u'));
  });

  it('refuses an expression that reads options and something else, and one that cannot be evaluated', () => {
    const inputs = [
      '${{ options.text + input.a }}',
      '${{ options.gone }}',
      '${{ options.text + 1 }}',
      'a ${{ options }} b',
    ];
    const tasks = inputs.map((input, at) => ({ id: `t${String(at)}`, agent: 'runner', input }));
    expect(problemsOf(withTasks(...tasks)).map((problem) => problem.split(':')[0])).toEqual(
      inputs.map((_, at) => `tasks.${String(at)}.input`),
    );
  });

  it('is named when it is not there, at its place', () => {
    const checked = checkDefinition('name: race\norchestration_pattern: custom\npattern: relay\n');
    expect(checked).toMatchObject({ patterns: ['relay'], problems: [{ line: 3, path: 'pattern' }] });
  });

  it('cannot make more tasks than a definition may have', () => {
    const many = withTasks(...Array.from({ length: 1000 }, (_, at) => ({ id: `t${String(at)}`, agent: 'runner' })));
    const tasks = Array.from({ length: 101 }, (_, at) => ({
      id: `n${String(at)}`,
      pattern: { orchestration_pattern: 'custom', pattern: 'relay' },
    }));
    const { problems } = checkDefinition(
      { name: 'too much', orchestration_pattern: 'hierarchical', tasks },
      new Map([['relay', many]]),
    );
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]?.message).toContain('too much');
  });
});

describe('the options of a built-in pattern', () => {
  it.each([
    ['supervisor', { supervisor: 'nobody' }, 'pattern_options.supervisor: there is no agent "nobody"'],
    ['supervisor', { max_rounds: 0 }, 'pattern_options.max_rounds: Too small: expected number to be >0'],
    ['network', { rounds: 3 }, 'pattern_options: Unrecognized key: "rounds"'],
  ])('are checked: %s, %j', (orchestration_pattern, pattern_options, problem) => {
    const { problems } = checkDefinition({
      name: 'checked',
      orchestration_pattern,
      pattern_options,
      agents: { a: { type: 'a' } },
      tasks: [{ id: 't', agent: 'a' }],
    });
    expect(problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([problem]);
  });
});
