import { describe, expect, it } from 'vitest';
import { Random } from '../../cli/demo/random.js';
import { planGraph } from '../../language/planner/plan-graph.js';
import { createPlanCache, planKey } from '../../language/planner/plan-cache.js';
import type { Available, PlannerAgent, PlannerInput, RegisteredAgent } from '../../language/planner/types.js';
import { agent, input, planned, planOf, randomGraph, SEEDS, shuffled, task } from './planner-fixtures.js';

function registered(id: string, more: Partial<RegisteredAgent> = {}): RegisteredAgent {
  return { id, type: 'worker', capabilities: [], resources: {}, ...more };
}

/** One task for each declared agent, so that all of them are wanted. */
function forAgents(agents: readonly PlannerAgent[], available: Available): PlannerInput {
  return input(
    agents.map(({ name }) => task(`of ${name}`, [], { agent: name })),
    { agents, available },
  );
}

function randomAllocation(seed: number): PlannerInput {
  const random = new Random(seed, 'allocation');
  const skills = (): string[] => ['read', 'write', 'judge'].filter(() => random.chance(40));
  const resources = (): { cpu: number } => ({ cpu: random.integer(1, 4) * 500 });
  const type = (): string => random.pick(['worker', 'judge']);
  const agents = Array.from({ length: random.integer(1, 4) }, (_, at) =>
    agent(`part${String(at)}`, {
      type: type(),
      count: random.integer(1, 3),
      capabilities: skills(),
      resources: resources(),
    }),
  );
  const pool = Array.from({ length: random.integer(1, 9) }, (_, at) =>
    registered(`a${String(at)}`, { type: type(), capabilities: skills(), resources: resources() }),
  );
  // One that can be anything of each type: nobody is without anyone.
  const all = ['worker', 'judge'].map((each) =>
    registered(`all ${each}`, { type: each, capabilities: ['read', 'write', 'judge'] }),
  );
  return forAgents(agents, { agents: [...pool, ...all] });
}

function canTake(part: PlannerAgent, one: RegisteredAgent): boolean {
  const isAble = part.capabilities.every((name) => one.capabilities.includes(name));
  return part.type === one.type && isAble && (one.resources.cpu ?? Infinity) >= (part.resources.cpu ?? 0);
}

/** The most parts that can be filled, by trying for each registered agent every part. */
function mostByTrying(parts: readonly PlannerAgent[], pool: readonly RegisteredAgent[]): number {
  const known = new Map<string, number>();
  const most = (at: number, left: readonly number[]): number => {
    const one = pool[at];
    if (one === undefined) return 0;
    const key = `${String(at)}:${left.join()}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    let best = most(at + 1, left);
    parts.forEach((part, position) => {
      const open = left[position] ?? 0;
      if (open > 0 && canTake(part, one)) best = Math.max(best, 1 + most(at + 1, left.with(position, open - 1)));
    });
    known.set(key, best);
    return best;
  };
  return most(
    0,
    parts.map(({ count }) => count),
  );
}

describe('allocation', () => {
  it.each(SEEDS)('gives each part only agents that can take it, each once, and as many as possible (%i)', (seed) => {
    const given = randomAllocation(seed);
    const pool = given.available?.agents ?? [];
    const { allocated = [], lacking = [] } = planned(given).allocation ?? {};
    const ids = allocated.flatMap(({ agentIds }) => agentIds);
    expect(new Set(ids).size).toBe(ids.length);
    allocated.forEach(({ agentIds }, position) => {
      const part = given.agents[position] ?? agent('none');
      expect(agentIds.length).toBeLessThanOrEqual(part.count);
      for (const id of agentIds) {
        const one = pool.find((each) => each.id === id);
        expect(one && canTake(part, one), `${id} as ${part.name}`).toBe(true);
      }
    });
    expect(ids.length).toBe(mostByTrying(given.agents, pool));
    const wanted = given.agents.reduce((sum, { count }) => sum + count, 0);
    expect(lacking.reduce((sum, each) => sum + each.wanted - each.allocated, 0)).toBe(wanted - ids.length);
  });

  it('moves parts rather than say that one lacks', () => {
    const any = agent('any', { type: 'worker', resources: { cpu: 500 } });
    const writer = agent('writer', { type: 'worker', capabilities: ['write'] });
    const available = {
      agents: [
        registered('able', { capabilities: ['write'], resources: { cpu: 1000 } }),
        registered('plain', { resources: { cpu: 4000 } }),
      ],
    };
    // "any" wants more of the machine and so chooses first; what fits it best is the only one who can write.
    const { allocation } = planned(forAgents([any, writer], available));
    expect(allocation?.lacking).toEqual([]);
    expect(allocation?.allocated).toEqual([
      { agent: 'any', agentIds: ['plain'] },
      { agent: 'writer', agentIds: ['able'] },
    ]);
  });

  it('takes the agent that fits best, and the first by id of those that fit alike', () => {
    const agents = [
      registered('c', { resources: { cpu: 8000 } }),
      registered('b', { resources: { cpu: 1000 } }),
      registered('a', { resources: { cpu: 1000 } }),
    ];
    const { allocation } = planned(forAgents([agent('worker', { resources: { cpu: 900 } })], { agents }));
    expect(allocation?.allocated).toEqual([{ agent: 'worker', agentIds: ['a'] }]);
  });

  it('says how many lack, and why', () => {
    const parts = [
      agent('worker', { count: 3 }),
      agent('costly', { type: 'worker', count: 2, resources: { cpu: 1000 } }),
    ];
    const agents = ['a', 'b', 'c', 'd'].map((id) => registered(id));
    const byCount = planned(forAgents(parts, { agents })).allocation?.lacking;
    expect(byCount).toEqual([{ agent: 'worker', type: 'worker', wanted: 3, allocated: 2, reason: 'count' }]);
    const quota = { cpu: 1500 };
    const byQuota = planned(forAgents(parts, { agents: [...agents, registered('e')], quota })).allocation?.lacking;
    expect(byQuota).toEqual([{ agent: 'costly', type: 'worker', wanted: 2, allocated: 1, reason: 'quota' }]);
  });

  it('refuses a graph with a task that nobody who is registered can run, and says what fails', () => {
    const parts = [agent('p', { type: 'worker', capabilities: ['write'], resources: { cpu: 1000 } })];
    const write = { capabilities: ['write'] };
    const cases: [string, RegisteredAgent[]][] = [
      ['type', [registered('a', { type: 'judge' })]],
      ['health', [registered('a', { ...write, health: 0.4 })]],
      ['capabilities', [registered('a', { capabilities: ['read'] })]],
      ['resources', [registered('a', { ...write, resources: { cpu: 999 } }), registered('b')]],
    ];
    for (const [reason, agents] of cases) {
      const { plan, problems } = planGraph(forAgents(parts, { agents }));
      expect(plan).toBeNull();
      expect(problems).toEqual([
        { code: 'no_agent', agent: 'p', type: 'worker', reason, tasks: ['of p'], position: 0 },
      ]);
    }
    const { problems } = planGraph(forAgents(parts, { quota: { cpu: 999 } }));
    expect(problems).toMatchObject([{ code: 'over_quota', task: 'of p', wanted: 1000, most: 999 }]);
  });

  it('finds 1,000 of 10,000 registered agents', () => {
    const agents = Array.from({ length: 10_000 }, (_, at) =>
      registered(`a${String(at)}`, { type: `type${String(at % 10)}`, resources: { cpu: 100 + (at % 77) } }),
    );
    const parts = Array.from({ length: 10 }, (_, at) =>
      agent(`p${String(at)}`, { type: `type${String(at)}`, count: 100 }),
    );
    const { allocation } = planned(forAgents(parts, { agents }));
    expect(allocation?.lacking).toEqual([]);
    expect(allocation?.allocated.map(({ agentIds }) => agentIds.length)).toEqual(Array(10).fill(100));
  });
});

/** The same facts, said in another order. */
function reordered(given: PlannerInput, seed: number): PlannerInput {
  const random = new Random(seed, 'order');
  const entries = <Value>(record: Readonly<Record<string, Value>> | undefined): Record<string, Value> =>
    Object.fromEntries(shuffled(Object.entries(record ?? {}), random));
  const agents = given.available?.agents?.map((each) => ({
    ...each,
    capabilities: shuffled(each.capabilities, random),
  }));
  return {
    ...given,
    history: {
      tasks: { test: entries(given.history?.tasks?.['test']) },
      agentTypes: entries(given.history?.agentTypes),
    },
    events: shuffled(given.events ?? [], random),
    available: { ...given.available, ...(agents && { agents: shuffled(agents, random) }) },
  };
}

function withFacts(given: PlannerInput): PlannerInput {
  return {
    ...given,
    tasks: given.tasks.map((each) => ({ ...each, estimateSeconds: undefined })),
    history: {
      tasks: { test: { a: { p50Seconds: 2 }, 'of part0': { meanSeconds: 3 } } },
      agentTypes: { worker: { p50Seconds: 4 }, judge: { p50Seconds: 5 } },
    },
    events: ['x', 'y', 'z'],
  };
}

describe('a plan', () => {
  it.each(SEEDS)(
    'is the same whatever the order of registered agents, capabilities, events and history (%i)',
    (seed) => {
      const given = withFacts(randomAllocation(seed));
      expect(planned(reordered(given, seed))).toEqual(planned(given));
      expect(planned(given)).toEqual(planned(structuredClone(given)));
    },
  );
});

describe('the cache of plans', () => {
  const hash = (text: string): string => text;

  it('gives the same plan for the same facts in any order, and another for any other fact', () => {
    const cache = createPlanCache(10);
    const given = withFacts(randomAllocation(7));
    const key = (of: PlannerInput): string => planKey('hash', of, hash);
    const first = cache.plan(key(given), given);
    const again = reordered(given, 3);
    expect(cache.plan(key(again), again)).toBe(first);
    const others: PlannerInput[] = [
      { ...given, events: ['x'] },
      { ...given, events: undefined },
      { ...given, available: { ...given.available, quota: { cpu: 9000 } } },
      { ...given, available: { ...given.available, agents: given.available?.agents?.slice(1) } },
      { ...given, available: { ...given.available, minHealth: 0.9 } },
      { ...given, history: { ...given.history, agentTypes: { worker: { p50Seconds: 6 } } } },
    ];
    expect(new Set([given, ...others].map(key)).size).toBe(others.length + 1);
    expect(planKey('other', given, hash)).not.toBe(key(given));
  });

  it('keeps no more than its limit, and those that were asked for last', () => {
    const cache = createPlanCache(2);
    const given = randomGraph(1);
    const ask = (key: string): unknown => planOf(cache.plan(key, given));
    const a = ask('a');
    const b = ask('b');
    expect(ask('a')).toBe(a);
    ask('c');
    expect(cache.size).toBe(2);
    expect(ask('a')).toBe(a);
    expect(ask('b')).not.toBe(b);
    expect(() => createPlanCache(0)).toThrow(RangeError);
  });
});
