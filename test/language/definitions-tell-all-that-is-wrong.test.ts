import { describe, expect, it } from 'vitest';
import { CaravanFailure } from '../../contracts/failures.js';
import { parseDefinition } from '../../language/definition.js';
import { problemsOf, RESEARCH, toldOf, withTasks } from './definition-texts.js';

describe('a definition that is not valid', () => {
  it('is told with all its problems at once, each with its place and what to do', () => {
    const text = `workflow:
  name: research
  version: 1.0
  orchestration_pattern: supervizor
  agents:
    boss: {type: coordinator, resources: {cpu: lots, memory: 512Mi}}
    worker: {type: research, cuont: 3}
  tasks:
    - {id: split, agent: bos, timeout: soon, retry_policy: exponential}
    - {id: split, agent: worker, depends_on: [splitt, split]}
    - id: work
      agent: worker
      depends_on: [work]
      input: {topic: "\${{ tasks.join.output }}"}
    - {id: join, agent: worker, depends_on: [work], table: a.b, action: table.copy}
  colour: red
`;
    expect(toldOf(text)).toEqual([
      '3:12 workflow.version: Invalid input: expected string, received number (put it in quotes)',
      '4:26 workflow.orchestration_pattern: it must be "supervisor" or "hierarchical" or "handoff" or "swarm" or "network" or "custom" (did you mean "supervisor"?)',
      '6:48 workflow.agents.boss.resources.cpu: it must be a number of cores, or a quantity such as "500m" or "2" (correct it)',
      '7:30 workflow.agents.worker has no field "cuont" (did you mean "count"?)',
      '9:26 there is no agent "bos" (did you mean "boss"?)',
      '9:40 workflow.tasks.0.timeout: it must be seconds, or a duration such as "60s", "5m" or "1h30m", and at most a year (correct it)',
      '9:60 workflow.tasks.0.retry_policy: it must be "none" or "fixed" or "linear_backoff" or "exponential_backoff", or an object (did you mean "exponential_backoff"?)',
      '10:12 another task has the id "split" (give it an id of its own)',
      '10:47 there is no task "splitt" (did you mean "split"?)',
      '10:55 the task depends on itself (remove it)',
      '13:20 the task depends on itself (remove it)',
      '14:22 the task "join" need not be done by then (add "join" to depends_on)',
      '15:60 "table" needs "migration" (it belongs to migration plans only)',
      '15:73 the action "table.copy" needs "migration" (it belongs to migration plans only)',
      '16:3 workflow has no field "colour" (remove it)',
    ]);
  });

  it('is one failure of the catalogue, and shows no value that stands in the text', () => {
    const text = withTasks('{id: a, agent: one, timeout: "hunter2-secret"}');
    try {
      parseDefinition(text);
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof CaravanFailure)) throw error;
      expect(error).toMatchObject({ code: 'DEFINITION_INVALID', facts: { line: 5, columnNumber: 34 } });
      expect(error.message).not.toContain('hunter2');
    }
  });

  it('has the places of JSON, too', () => {
    const text = JSON.stringify(
      { name: 'x', orchestration_pattern: 'swarm', tasks: [{ id: 'a', agent: 'no' }] },
      null,
      2,
    );
    expect(toldOf(text)).toEqual(['7:16 there is no agent "no" (add it to "agents")']);
    expect(toldOf(JSON.parse(text) as object)).toEqual(['7:13 there is no agent "no" (add it to "agents")']);
    expect(toldOf('{\n "name": "x",\n "namee": 1,\n}')).toContain(
      '3:2 definition has no field "namee" (did you mean "name"?)',
    );
  });

  const rules: readonly (readonly [string, string, string])[] = [
    ['an agent that is missing', '{id: a}', 'the task has no agent'],
    ['a compensation by nobody', '{id: a, agent: one, compensate_with: {agent: tow}}', 'there is no agent "tow"'],
    ['what has no compensation', '{id: a, agent: one, reversible: false, compensate_with: {}}', 'has no compensation'],
    ['a bad expression', '{id: a, agent: one, when: "1 +"}', 'it ends too early (character 4)'],
    ['an unknown name', '{id: a, agent: one, when: "inptu.x == 1"}', 'reads "inptu"'],
    ['an item of nothing', '{id: a, agent: one, input: "${{ item }}"}', 'reads "item"'],
    ['its own output', '{id: a, agent: one, when: "tasks.a.output"}', 'the task reads its own output'],
    ['a task that is computed', '{id: a, agent: one, when: "tasks[input.x].output"}', 'does not name the task'],
    ['a field of a task', '{id: a, agent: one, depends_on: [], when: "tasks.b.outptu == 1"}', 'no "outptu"'],
    [
      'a pattern without its name',
      '{id: a, pattern: {orchestration_pattern: custom, tasks: [{id: b, agent: one}]}}',
      'needs its name',
    ],
    [
      'an agent of a nested task',
      '{id: a, pattern: {orchestration_pattern: swarm, tasks: [{id: b, agent: none}]}}',
      'there is no agent "none"',
    ],
  ];
  it.each(rules)('is refused with %s', (_, task, message) => {
    expect(toldOf(withTasks(task)).join('\n')).toContain(message);
  });

  it('orders its pivots, and undoes nothing behind them', () => {
    const two = withTasks('{id: a, agent: one, pivot: true}', '{id: b, agent: one, pivot: true}');
    expect(toldOf(two)).toEqual([
      '6:32 it and the pivot "a" are in no order (let one depend on the other, or keep one of them)',
    ]);
    const behind = withTasks(
      '{id: reserve, agent: one, compensate_with: {action: release}}',
      '{id: charge, agent: one, depends_on: [reserve], pivot: true}',
      '{id: ship, agent: one, depends_on: [charge], compensate_with: {action: return}}',
      '{id: mail, agent: one, depends_on: [reserve], reversible: false}',
      '{id: print, agent: one, depends_on: [ship], reversible: false}',
    );
    expect(problemsOf(behind).map(({ line, path }) => [line, path])).toEqual([
      [7, 'tasks.2.compensate_with'],
      [8, 'tasks.3.reversible'],
    ]);
  });

  it('reads of a task only what is done by then, through any number of steps and out of a pattern', () => {
    const text = withTasks(
      '{id: a, agent: one}',
      '{id: b, agent: one, depends_on: [a]}',
      '{id: c, agent: one, depends_on: [b], when: "tasks.a.output.ok"}',
      '{id: d, agent: one, depends_on: [a], when: "tasks.b.output.ok"}',
      '{id: e, depends_on: [c], for_each: tasks.a.output, pattern: {orchestration_pattern: handoff, tasks: [{id: f, agent: one, input: ["${{ item }}", "${{ tasks.a.output }}", "${{ tasks.d.output }}"]}]}}',
      '{id: g, agent: one, compensate_with: {input: {made: "${{ tasks.g.output.id }}"}}}',
    );
    expect(problemsOf(text).map(({ path }) => path)).toEqual(['tasks.3.when', 'tasks.4.pattern.tasks.0.input.2']);
  });

  it('uses only inputs that it declares, and defaults that fit', () => {
    const text =
      withTasks('{id: a, agent: one, input: "${{ input.topc }}"}') + 'inputs:\n  topic: {type: string, default: 3}\n';
    expect(toldOf(text)).toEqual([
      '5:32 there is no input "topc" (did you mean "topic"?)',
      '7:34 the default is no string (let it be of the type it is for)',
    ]);
  });

  it('names tasks and agents of its rules', () => {
    const text =
      withTasks('{id: a, agent: one}') +
      'coordination: {type: hybrid, event_driven: [{on: lost, when: "evnt.x", release: [b], reroute: {task: a, agent: too}}]}\n' +
      'fault_tolerance: {saga_pattern: {strategy: selective, steps: [c]}}\n';
    expect(problemsOf(text).map(({ path, hint }) => [path.split('.').slice(-2).join('.'), hint])).toEqual([
      ['0.when', 'did you mean "event"?'],
      ['release.0', 'did you mean "a"?'],
      ['reroute.agent', 'did you mean "two"?'],
      ['steps.0', 'did you mean "a"?'],
    ]);
  });

  it('is not taken for a plan when it is none, nor a plan for less', () => {
    expect(toldOf(RESEARCH.replace('workflow:', 'workflow:\n  caravan_plan: 1')).join('\n')).toContain(
      'workflow.migration: it is missing',
    );
  });
});
