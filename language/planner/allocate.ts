import type { Demand } from './demand.js';
import type {
  Allocation,
  Available,
  LackingAgents,
  LackReason,
  PlannerAgent,
  RegisteredAgent,
  Resources,
} from './types.js';

const MIN_HEALTH = 0.5;

/**
 * Gives each declared agent its `count` of registered ones: of its type, with all its capabilities, at least its
 * resources, and healthy. A registered agent gets one part. Who wants most chooses first, and takes what fits it best;
 * where that leaves somebody without, parts are moved as long as that helps, so that nothing lacks which need not.
 * The order in which agents are registered does not matter.
 */
export function allocateAgents(demand: Demand, available: Available): Allocation {
  return new Allocator(demand, available).run();
}

/** Why no registered agent at all can take the part; undefined when one can. */
export function whyNobody(demand: Demand, available: Available, position: number): PartLack | undefined {
  const agent = demand.agents[position];
  if (agent === undefined) return undefined;
  return lackOf(agent, demand.perAgent[position] ?? NOTHING, available);
}

type PartLack = Exclude<LackReason, 'count' | 'quota'>;
const NOTHING: Required<Resources> = { cpu: 0, memory: 0 };

function lackOf(
  { type, capabilities }: PlannerAgent,
  wanted: Required<Resources>,
  { agents = [], minHealth = MIN_HEALTH }: Available,
): PartLack | undefined {
  const typed = agents.filter((agent) => agent.type === type);
  if (typed.length === 0) return 'type';
  const healthy = typed.filter((agent) => (agent.health ?? 1) >= minHealth);
  if (healthy.length === 0) return 'health';
  const able = healthy.filter((agent) => isAble(agent, capabilities));
  if (able.length === 0) return 'capabilities';
  return able.some((agent) => isLarge(agent, wanted)) ? undefined : 'resources';
}

function isAble(agent: RegisteredAgent, capabilities: readonly string[]): boolean {
  return capabilities.every((name) => agent.capabilities.includes(name));
}

function isLarge({ resources }: RegisteredAgent, wanted: Required<Resources>): boolean {
  return (resources.cpu ?? Infinity) >= wanted.cpu && (resources.memory ?? Infinity) >= wanted.memory;
}

class Allocator {
  readonly #demand: Demand;
  readonly #available: Available;
  /** Healthy ones, each once, sorted by id. */
  readonly #registered: readonly RegisteredAgent[];
  /** For each declared agent, positions of registered ones that can take its part: the best fit first. */
  readonly #candidates: readonly (readonly number[])[];
  /** For each registered one, the declared agent whose part it has; -1: none. */
  readonly #part: Int32Array;
  readonly #given: Int32Array;
  /** Parts that the quota still bore when it was asked. */
  readonly #borne: Int32Array;

  constructor(demand: Demand, available: Available) {
    const { agents = [], minHealth = MIN_HEALTH } = available;
    this.#demand = demand;
    this.#available = available;
    const byId = new Map(agents.filter(({ health = 1 }) => health >= minHealth).map((agent) => [agent.id, agent]));
    this.#registered = [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    this.#candidates = demand.agents.map((_, position) => this.#fitting(position));
    this.#part = new Int32Array(this.#registered.length).fill(-1);
    this.#given = new Int32Array(demand.agents.length);
    this.#borne = this.#bear();
  }

  run(): Allocation {
    for (const position of this.#hardestFirst()) {
      for (const candidate of this.#candidates[position] ?? []) {
        if (!this.#wants(position)) break;
        if (this.#part[candidate] === -1) this.#give(candidate, position);
      }
    }
    // A part that cannot be filled by moving others stays so, whatever is moved later.
    this.#demand.agents.forEach((_, position) => {
      while (this.#wants(position) && this.#moveFor(position));
    });
    return { allocated: this.#allocated(), lacking: this.#lacking() };
  }

  #fitting(position: number): number[] {
    const agent = this.#demand.agents[position];
    const wanted = this.#demand.perAgent[position] ?? NOTHING;
    if (agent === undefined) return [];
    const fits: number[] = [];
    this.#registered.forEach((registered, at) => {
      if (registered.type !== agent.type) return;
      if (isAble(registered, agent.capabilities) && isLarge(registered, wanted)) fits.push(at);
    });
    // The least that is left over; what has no limit is the largest of all.
    const size = (at: number, what: 'cpu' | 'memory'): number => this.#registered[at]?.resources[what] ?? Infinity;
    const skills = (at: number): number => this.#registered[at]?.capabilities.length ?? 0;
    const less = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);
    return fits.sort(
      (a, b) =>
        less(size(a, 'cpu'), size(b, 'cpu')) ||
        less(size(a, 'memory'), size(b, 'memory')) ||
        less(skills(a), skills(b)) ||
        a - b,
    );
  }

  #hardestFirst(): number[] {
    const { agents, perAgent } = this.#demand;
    const of = (position: number): Required<Resources> => perAgent[position] ?? NOTHING;
    const skills = (position: number): number => agents[position]?.capabilities.length ?? 0;
    return agents
      .map((_, position) => position)
      .sort((a, b) => of(b).cpu - of(a).cpu || of(b).memory - of(a).memory || skills(b) - skills(a) || a - b);
  }

  /** How many of each the quota bears: one of each first, in the document's order, then the rest in the same order. */
  #bear(): Int32Array {
    const { agents, perAgent } = this.#demand;
    const left = { cpu: this.#available.quota?.cpu ?? Infinity, memory: this.#available.quota?.memory ?? Infinity };
    const borne = new Int32Array(agents.length);
    const take = (position: number, upTo: number): void => {
      const { cpu, memory } = perAgent[position] ?? NOTHING;
      while ((borne[position] ?? 0) < upTo && cpu <= left.cpu && memory <= left.memory) {
        left.cpu -= cpu;
        left.memory -= memory;
        borne[position] = (borne[position] ?? 0) + 1;
      }
    };
    agents.forEach(({ count }, position) => {
      take(position, Math.min(1, count));
    });
    agents.forEach(({ count }, position) => {
      take(position, count);
    });
    return borne;
  }

  #wants(position: number): boolean {
    return (this.#given[position] ?? 0) < (this.#borne[position] ?? 0);
  }

  #give(registered: number, position: number): void {
    this.#part[registered] = position;
    this.#given[position] = (this.#given[position] ?? 0) + 1;
  }

  /** Looks, breadth first, for a chain of moves that ends at a free agent; true when one was made. */
  #moveFor(wanting: number): boolean {
    /** For each declared agent that was reached: the registered one that it would give up, and to whom. */
    const reached = new Map<number, { gives: number; to: number }>([[wanting, { gives: -1, to: -1 }]]);
    const queue = [wanting];
    for (const position of queue) {
      for (const candidate of this.#candidates[position] ?? []) {
        const owner = this.#part[candidate] ?? -1;
        if (owner === -1) {
          this.#makeMoves(reached, position, candidate);
          return true;
        }
        if (reached.has(owner)) continue;
        reached.set(owner, { gives: candidate, to: position });
        queue.push(owner);
      }
    }
    return false;
  }

  #makeMoves(reached: ReadonlyMap<number, { gives: number; to: number }>, last: number, free: number): void {
    let position = last;
    this.#part[free] = position;
    for (let move = reached.get(position); move !== undefined && move.to !== -1; move = reached.get(position)) {
      this.#part[move.gives] = move.to;
      position = move.to;
    }
    this.#given[position] = (this.#given[position] ?? 0) + 1;
  }

  #allocated(): Allocation['allocated'] {
    const ids: string[][] = this.#demand.agents.map(() => []);
    this.#registered.forEach(({ id }, at) => ids[this.#part[at] ?? -1]?.push(id));
    return this.#demand.agents.map(({ name }, position) => ({ agent: name, agentIds: ids[position] ?? [] }));
  }

  #lacking(): LackingAgents[] {
    return this.#demand.agents.flatMap((agent, position) => {
      const allocated = this.#given[position] ?? 0;
      if (allocated >= agent.count) return [];
      const overQuota = allocated === this.#borne[position] ? 'quota' : undefined;
      const nobody = lackOf(agent, this.#demand.perAgent[position] ?? NOTHING, this.#available);
      const reason = nobody ?? overQuota ?? 'count';
      return [{ agent: agent.name, type: agent.type, wanted: agent.count, allocated, reason }];
    });
  }
}
