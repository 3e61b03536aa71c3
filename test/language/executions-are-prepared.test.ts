import { describe, expect, it } from 'vitest';
import type { RegisteredAgent } from '../../contracts/agents.js';
import type { WorkflowDefinition } from '../../contracts/definition.js';
import { chooseAgents } from '../../language/allocation.js';
import { parseDefinition } from '../../language/definition.js';
import { inputOf } from '../../language/inputs.js';
import { agentOf, eventRulesOf, nestedDefinition, patternOptionsOf, sagaOf } from '../../language/prepare.js';
import { prepare } from '../../language/prepared.js';

const NOW = '2026-01-02T03:04:05.000Z';

function defined(yaml: string): WorkflowDefinition {
  return parseDefinition(yaml).definition;
}

/** The failure's text, which names everything that is wrong. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return 'nothing was refused';
}

const agent = (id: string, more: Partial<RegisteredAgent> = {}): RegisteredAgent => ({
  ...{ id, type: 'reader', capabilities: [], version: '1.0.0', taskQueue: `q-${id}`, resources: {} },
  ...{ registeredAt: NOW, lastHeartbeatAt: NOW, leaseUntil: NOW },
  ...more,
});

describe('the input of an execution', () => {
  const survey = defined(`
name: survey
orchestration_pattern: swarm
agents: {a: {type: reader}}
inputs:
  topic: {type: string, required: true}
  depth: {type: integer, default: 2}
  tags: {type: array}
  more: {type: object}
  fast: {type: boolean}
  share: {type: number}
tasks: [{id: t, agent: a}]`);

  it('is what was given, with defaults for what was not', () => {
    expect(inputOf(survey, { topic: 'x' })).toEqual({ topic: 'x', depth: 2 });
    const all = { topic: 'x', depth: 3, tags: [1], more: { a: 1 }, fast: true, share: 0.5 };
    expect(inputOf(survey, all)).toEqual(all);
  });

  it('is refused with everything that is wrong, and without a value', () => {
    const said = refusal(() => inputOf(survey, { depth: 1.5, tags: 'canary', more: [], fast: 0, other: 1 }));
    expect(said).toMatch(/^INPUT_INVALID/u);
    for (const wrong of ['"topic" is missing', '"depth" is no integer', '"tags" is no array', '"more" is no object'])
      expect(said).toContain(wrong);
    expect(said).toContain('"fast" is no boolean');
    expect(said).toContain('there is no input "other"');
    expect(said).not.toContain('canary');
    expect(refusal(() => inputOf(survey, [1]))).toContain('the input is no object');
    expect(refusal(() => inputOf(survey, { topic: 'x'.repeat(300_000) }))).toContain('larger than');
  });

  it('is anything where the definition says nothing', () => {
    const free = defined('{name: n, orchestration_pattern: swarm, agents: {a: {type: r}}, tasks: [{id: t, agent: a}]}');
    expect(inputOf(free, [1, 2])).toEqual([1, 2]);
    expect(inputOf(free, undefined)).toEqual({});
  });
});

describe('agents for a definition', () => {
  const two = defined(`
name: two
orchestration_pattern: swarm
agents:
  fast: {type: reader, count: 2, capabilities: [index]}
  asks: {type: human}
tasks: [{id: t, agent: fast}, {id: u, agent: asks}]`);

  it('are those that can, the idle ones first, with all that a call needs', () => {
    const able = { capabilities: ['index'] };
    const living = [agent('a', able), agent('b', { ...able, heartbeatSeconds: 5 }), agent('c', able), agent('d')];
    const chosen = chooseAgents(two, living, new Map([['a', 3]]));
    expect(chosen).toEqual({
      agents: [
        { agentId: 'b', agent: 'fast', type: 'reader', taskQueue: 'q-b', heartbeatSeconds: 5 },
        { agentId: 'c', agent: 'fast', type: 'reader', taskQueue: 'q-c' },
      ],
      lacking: [],
    });
  });

  it('that are missing are named with the reason; built-in ones never are', () => {
    const reasonWith = (living: readonly RegisteredAgent[], quota = {}): string[] =>
      chooseAgents(two, living, new Map(), quota).lacking.map(({ agent: name, reason }) => `${name}: ${reason}`);
    expect(reasonWith([])).toEqual(['fast: no agent of type "reader" is registered']);
    expect(reasonWith([agent('d')])).toEqual(['fast: no agent of type "reader" has the capabilities']);
    const able = agent('a', { capabilities: ['index'] });
    expect(reasonWith([able])).toEqual(['fast: there are not so many agents of type "reader"']);
  });
});

describe('a definition, prepared to run', () => {
  const whole = defined(`
name: whole
orchestration_pattern: supervisor
pattern_options: {max_rounds: 2}
agents:
  boss: {type: coordinator, capabilities: [judge]}
  reader: {type: reader, capabilities: [index]}
tasks:
  - {id: a, capabilities: [index], compensate_with: {action: undo, input: {x: 1}}, retry_policy: linear_backoff}
  - {id: b, agent: boss, depends_on: [a], approval: true, input: [1], action: sum, when: 'true'}
  - {id: c, depends_on: [b], pattern: {orchestration_pattern: swarm, agents: {own: {type: other}}, tasks: [{id: x, agent: own}]}}
coordination: {type: hybrid, event_driven: [a note, {on: late, release: [b]}]}
fault_tolerance: {saga_pattern: {strategy: cascade, steps: [a]}}`);

  it('has every default filled in, and each task an agent that can do it', () => {
    const { tasks, report } = prepare(whole);
    expect(report).toMatchObject({ tasks: 3, waves: 3, criticalPath: ['a', 'b', 'c'] });
    const [a, b, c] = tasks;
    expect(a).toMatchObject({ agent: 'reader', agentType: 'reader', retry: { growth: 'linear' } });
    expect(a?.compensateWith).toMatchObject({ agent: 'reader', input: { action: 'undo', x: 1 } });
    // An input that is no object has no place for the action.
    expect(b).toMatchObject({ agentType: 'coordinator', input: [1], approval: { text: 'Approve task "b"?' } });
    expect(c).toMatchObject({ nested: true, agentType: '' });
    expect(agentOf(whole.agents, { capabilities: ['nobody can'] })).toBe('');
  });

  it('knows who supervises, what is undone, and which events change it', () => {
    expect(patternOptionsOf(whole)).toEqual({ supervisor: 'boss', max_rounds: 2 });
    expect(sagaOf(whole)).toEqual({ strategy: 'cascade', steps: ['a'], rollback: true });
    expect(
      sagaOf({
        ...whole,
        fault_tolerance: { saga_pattern: { compensation_enabled: false, rollback_on_failure: true } },
      }),
    ).toBeUndefined();
    expect(sagaOf({ ...whole, tasks: [], fault_tolerance: {} })).toBeUndefined();
    expect(eventRulesOf(whole)).toMatchObject([{ on: 'late', release: ['b'] }]);
  });

  it('gives a task that is a pattern as a definition of its own, with the agents around it', () => {
    const nested = nestedDefinition(whole, 'c');
    expect(nested).toMatchObject({ name: 'whole/c', orchestration_pattern: 'swarm', coordination: { type: 'hybrid' } });
    expect(Object.keys(nested?.agents ?? {})).toEqual(['boss', 'reader', 'own']);
    expect(nestedDefinition(whole, 'a')).toBeUndefined();
  });

  it('is refused by name where it cannot be planned', () => {
    const cyclic = {
      ...whole,
      tasks: whole.tasks.map((task) => (task.id === 'a' ? { ...task, depends_on: ['b'] } : task)),
    };
    expect(refusal(() => prepare(cyclic))).toMatch(/^DEFINITION_INVALID.*a → b → a/u);
  });
});
