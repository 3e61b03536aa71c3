import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { WorkflowDefinition } from '../../contracts/definition.js';
import { retryOf } from '../../contracts/definition.js';
import { checkDefinition, parseDefinition, writeDefinition } from '../../language/definition.js';
import { RESEARCH, withTasks } from './definition-texts.js';
import { madeDefinition } from './made-definitions.js';

const LISTED = RESEARCH.replace('supervisor: {type: coordinator,', '- {name: supervisor, type: coordinator,').replace(
  'researcher: {type: research,',
  '- {type: research, name: researcher,',
);
const BARE = RESEARCH.replace('workflow:\n', '').replaceAll(/^ {2}/gm, '');

describe('a definition', () => {
  it('may be written with or without the outer key, its agents as map or list, as YAML, JSON or bytes', () => {
    const { definition, hash } = parseDefinition(RESEARCH);
    const json = JSON.stringify(parse(RESEARCH));
    for (const form of [LISTED, BARE, json, `\uFEFF${RESEARCH}`, Buffer.from(json), parse(BARE) as object]) {
      expect(parseDefinition(form)).toMatchObject({ definition, hash });
    }
    expect(definition).toEqual({
      name: 'research',
      version: '1.0.0',
      orchestration_pattern: 'supervisor',
      agents: {
        supervisor: {
          type: 'coordinator',
          count: 1,
          capabilities: ['planning'],
          resources: { cpu: 0.5, memory: 536_870_912 },
        },
        researcher: {
          type: 'research',
          count: 3,
          capabilities: ['search_web'],
          resources: { cpu: 1, memory: 1_073_741_824 },
        },
      },
      tasks: [
        { id: 'decompose', agent: 'supervisor', depends_on: [], timeout: 60, retry_policy: 'exponential_backoff' },
        { id: 'research', agent: 'researcher', depends_on: ['decompose'], parallel: true },
        { id: 'synthesize', agent: 'supervisor', depends_on: ['research'] },
      ],
      coordination: {
        type: 'hybrid',
        event_driven: ['task_completed', 'data arrives'],
        graph_based: ['decompose'],
      },
      fault_tolerance: {
        circuit_breaker: { failure_threshold: 5, timeout_seconds: 60 },
        saga_pattern: { compensation_enabled: true, rollback_on_failure: true },
      },
    } satisfies WorkflowDefinition);
  });

  it('knows where its parts stand', () => {
    expect(parseDefinition(RESEARCH).positionOf(['tasks', 1, 'agent'])).toEqual({ line: 10, column: 29 });
    expect(parseDefinition(BARE).positionOf(['tasks', 1, 'agent'])).toEqual({ line: 9, column: 27 });
  });

  it('has the same hash for any layout, and another for any other meaning', () => {
    const { hash } = parseDefinition(RESEARCH);
    expect(parseDefinition(RESEARCH.replace('timeout: 60,', 'timeout: 1m,   # a minute\n        ')).hash).toBe(hash);
    expect(parseDefinition(RESEARCH.replace('timeout: 60', 'timeout: 61')).hash).not.toBe(hash);
  });

  it('keeps the order of keys and the values of anything that it does not know the form of', () => {
    const input = { z: 1, a: [null, true, -0.5, '${{ input.x }}', { deep: 'no: yes' }], '': '' };
    const text = withTasks(`{id: a, agent: one, input: ${JSON.stringify(input)}}`);
    expect(JSON.stringify(parseDefinition(text).definition.tasks[0]?.input)).toBe(JSON.stringify(input));
  });

  it('comes back as it was written, for 150 definitions that say all that can be said', () => {
    for (let seed = 1; seed <= 150; seed += 1) {
      const given = madeDefinition(seed);
      const first = checkDefinition(JSON.stringify(given));
      expect(first.problems, `seed ${String(seed)}`).toEqual([]);
      const { definition, hash } = parseDefinition(JSON.stringify(given));
      const written = writeDefinition(definition);
      expect(parseDefinition(written), `seed ${String(seed)}`).toMatchObject({ definition, hash });
      expect(writeDefinition(parseDefinition(written).definition)).toBe(written);
    }
  });

  it('gives every retry policy a meaning', () => {
    expect(retryOf(undefined)).toEqual(retryOf('exponential_backoff'));
    expect(retryOf('none').max_attempts).toBe(1);
    expect(retryOf('fixed').backoff_coefficient).toBe(1);
    expect(retryOf('linear_backoff').growth).toBe('linear');
    const text = withTasks('{id: a, agent: one, retry_policy: {max_attempts: 7}}');
    expect(retryOf(parseDefinition(text).definition.tasks[0]?.retry_policy)).toEqual({
      ...retryOf('exponential_backoff'),
      max_attempts: 7,
    });
  });
});
