/** Valid definitions, the same for the same seed, that use every field of the language. */
class Chance {
  #seed: number;

  constructor(seed: number) {
    this.#seed = (seed * 7919) % 2_147_483_647;
  }

  below(limit: number): number {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return this.#seed % limit;
  }

  of<T>(...choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** The field, or nothing. */
  perhaps(name: string, make: () => unknown): Record<string, unknown> {
    return this.below(3) === 0 ? { [name]: make() } : {};
  }
}

const TEXTS = ['', 'x', 'null', '1e3', 'a: b # c', '- x', "it's", '"', 'ünï 😀', 'a\nb\n', '*a', '$${{ x }}', ' ', '~'];

function anything(chance: Chance, depth: number): unknown {
  const kind = chance.below(depth === 0 ? 5 : 7);
  if (kind === 0) return null;
  if (kind === 1) return chance.below(2) === 0;
  if (kind === 2) return chance.of(0, -1, 0.1, 1e-9, 123_456_789_012);
  if (kind < 5) return chance.of(...TEXTS);
  const items = Array.from({ length: chance.below(4) }, () => anything(chance, depth - 1));
  if (kind === 5) return items;
  return Object.fromEntries(items.map((item, at) => [`${chance.of('k', 'a b', 'on', '1')}${String(at)}`, item]));
}

function conduct(chance: Chance): Record<string, unknown> {
  return {
    ...chance.perhaps('timeout', () => chance.of<unknown>(1, 0.5, '90s', '5m', '1h30m', '2d')),
    ...chance.perhaps('retry_policy', () =>
      chance.of<unknown>(
        'none',
        'fixed',
        'linear_backoff',
        'exponential_backoff',
        {},
        { max_attempts: 2, non_retryable: ['X'] },
      ),
    ),
    ...chance.perhaps('capabilities', () => ['c']),
    ...chance.perhaps('resources', () => ({
      cpu: chance.of<unknown>(1, '250m', '2', 0.1),
      memory: chance.of<unknown>(1, '1Ki', '2G'),
    })),
  };
}

function undo(chance: Chance): Record<string, unknown> {
  return chance.perhaps('compensate_with', () => ({
    ...chance.perhaps('agent', () => 'two'),
    action: 'undo',
    ...conduct(chance),
  }));
}

/** Tasks whose references go to tasks before them, so that every one can be resolved. */
function tasks(chance: Chance, depth: number): Record<string, unknown>[] {
  const count = 1 + chance.below(6);
  return Array.from({ length: count }, (_, at) => {
    const before = at === 0 ? [] : [`${chance.of('t', 't')}${String(chance.below(at))}`];
    const read = before.map((id) => `tasks.${id}.output`);
    const isNested = depth > 0 && chance.below(6) === 0;
    return {
      id: `t${String(at)}`,
      ...(isNested ? { pattern: graph(chance, depth - 1) } : { agent: chance.of('one', 'two') }),
      depends_on: before,
      ...conduct(chance),
      ...chance.perhaps('description', () => chance.of(...TEXTS)),
      ...chance.perhaps('parallel', () => true),
      ...chance.perhaps('on_exhausted', () => chance.of('fail', 'compensate', 'escalate')),
      ...chance.perhaps('input', () => ({ a: anything(chance, 3), of: read.map((each) => `\${{ ${each} }}`) })),
      ...chance.perhaps('when', () => ['input.x == 1', ...read.map((each) => `has(${each}.ok)`)].join(' && ')),
      ...chance.perhaps('for_each', () => read[0] ?? '[1, 2]'),
      ...chance.perhaps('on_event', () => 'data.arrived'),
      ...chance.perhaps('estimate_seconds', () => 12.5),
      // A pattern has no agent of its own that could undo it.
      ...(isNested ? {} : undo(chance)),
      ...chance.perhaps('approval', () =>
        chance.of<unknown>(true, { text: 'sure?', deadline_seconds: '1d', roles: ['owner'] }),
      ),
      ...chance.perhaps('action', () => 'get'),
    };
  });
}

function graph(chance: Chance, depth: number): Record<string, unknown> {
  const pattern = chance.of('supervisor', 'hierarchical', 'handoff', 'swarm', 'network', 'custom');
  return {
    orchestration_pattern: pattern,
    ...(pattern === 'custom' ? { pattern: 'auction', pattern_options: { rounds: 3 } } : {}),
    // The first two can all that tasks may ask of them.
    agents: {
      one: { type: 'http', ...chance.perhaps('count', () => 4), capabilities: ['a', 'b', 'c'] },
      two: { type: 'human', capabilities: ['c'] },
      ...chance.perhaps('three', () => ({ type: 'human', ...chance.perhaps('capabilities', () => ['a', 'b']) })),
    },
    tasks: tasks(chance, depth),
  };
}

export function madeDefinition(seed: number): Record<string, unknown> {
  const chance = new Chance(seed);
  return {
    name: chance.of('n', 'null', '1.0', 'a name: with # signs'),
    ...chance.perhaps('version', () => chance.of('1.0.0', '1')),
    ...chance.perhaps('description', () => chance.of(...TEXTS)),
    ...graph(chance, 2),
    ...chance.perhaps('timeout', () => '2h'),
    ...chance.perhaps('inputs', () => ({ x: { type: 'integer', default: 1 }, y: { type: 'array', required: true } })),
    ...chance.perhaps('coordination', () => ({
      type: chance.of('hybrid', 'graph', 'event'),
      event_driven: ['as it comes', { on: 'lost', when: 'event.n > 1', release: ['t0'], replan: true }],
      graph_based: ['a -> b', { from: 'a' }],
    })),
    ...chance.perhaps('fault_tolerance', () => ({
      circuit_breaker: { failure_threshold: 2, timeout_seconds: '30s' },
      saga_pattern: chance.of<unknown>(
        { strategy: 'cascade' },
        { strategy: 'parallel', rollback_on_failure: false },
        { compensation_enabled: false },
      ),
    })),
  };
}
