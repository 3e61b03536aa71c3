import type { Demand } from './demand.js';
import { countBefore } from './dependency-index.js';
import type { DependencyIndex } from './dependency-index.js';
import { MinHeap } from './min-heap.js';
import type { ProfileStep, Resources } from './types.js';

/** Steps of a profile that are kept. */
export const PROFILE_STEPS = 500;

export interface ScheduleInput {
  readonly index: DependencyIndex;
  readonly milliseconds: Float64Array;
  /** Whoever has the longest way before it goes first. */
  readonly tail: Float64Array;
  readonly demand: Demand;
  readonly quota: Resources | undefined;
}

export interface Schedule {
  /** Milliseconds. */
  readonly start: Float64Array;
  readonly total: number;
  readonly peak: { readonly tasks: number; readonly cpu: number; readonly memory: number };
  readonly profile: readonly ProfileStep[];
}

/**
 * List scheduling: whenever something ends, ready tasks start by the longest way that lies before them, as far as their
 * agents and the quota go. A task that must wait for agents holds back only tasks of the same agents; one that must wait
 * for the quota holds back all, or a large task would starve. Agents that are declared, not those allocated, count.
 */
export function makeSchedule(input: ScheduleInput): Schedule {
  return new ListSchedule(input).run();
}

class ListSchedule {
  readonly #input: ScheduleInput;
  readonly #start: Float64Array;
  readonly #waiting: Int32Array;
  /** Nodes by rank, and the rank of each: 0 goes first. */
  readonly #byRank: Int32Array;
  readonly #rank: Int32Array;
  readonly #free: Int32Array;
  /** Ranks of ready tasks, for each agent. */
  readonly #ready: readonly MinHeap[];
  /** Ranks that may be the first of an agent with something free; some are out of date. */
  readonly #heads = new MinHeap();
  readonly #running: MinHeap;
  readonly #used = { tasks: 0, cpu: 0, memory: 0 };
  readonly #peak = { tasks: 0, cpu: 0, memory: 0 };
  readonly #profile: ProfileStep[] = [];

  constructor(input: ScheduleInput) {
    const { index, milliseconds, tail, demand } = input;
    const count = index.ids.length;
    this.#input = input;
    this.#start = new Float64Array(count);
    this.#waiting = countBefore(index);
    this.#byRank = Int32Array.from({ length: count }, (_, node) => node).sort(
      (a, b) => (tail[b] ?? 0) - (tail[a] ?? 0) || a - b,
    );
    this.#rank = new Int32Array(count);
    this.#byRank.forEach((node, rank) => (this.#rank[node] = rank));
    this.#free = Int32Array.from(demand.agents, (agent) => Math.max(1, agent.count));
    this.#ready = demand.agents.map(() => new MinHeap());
    const endOf = (node: number): number => (this.#start[node] ?? 0) + (milliseconds[node] ?? 0);
    this.#running = new MinHeap((a, b) => endOf(a) < endOf(b) || (endOf(a) === endOf(b) && a < b));
  }

  run(): Schedule {
    const { milliseconds } = this.#input;
    this.#waiting.forEach((left, node) => {
      if (left === 0) this.#release(node);
    });
    let now = 0;
    for (;;) {
      this.#startWhatFits(now);
      if (this.#profile.at(-1)?.atSeconds === now / 1000) this.#profile.pop();
      this.#profile.push({ atSeconds: now / 1000, ...this.#used });
      const first = this.#running.peek();
      if (first === undefined) break;
      now = (this.#start[first] ?? 0) + (milliseconds[first] ?? 0);
      this.#endAll(now);
    }
    return { start: this.#start, total: now, peak: this.#peak, profile: mergedSteps(this.#profile) };
  }

  #release(node: number): void {
    const rank = this.#rank[node] ?? 0;
    const ready = this.#readyOf(node);
    ready?.push(rank);
    if (ready?.peek() === rank) this.#heads.push(rank);
  }

  #startWhatFits(now: number): void {
    const { demand, quota } = this.#input;
    for (let rank = this.#heads.peek(); rank !== undefined; rank = this.#heads.peek()) {
      const node = this.#byRank[rank] ?? 0;
      const ready = this.#readyOf(node);
      const fits = (demand.slots[node] ?? 1) <= (this.#free[demand.agentOf[node] ?? 0] ?? 0);
      // Not the first of its agents any more, or it waits for them: it comes back when one of them is free.
      if (ready?.peek() !== rank || !fits) {
        this.#heads.pop();
        continue;
      }
      const cpu = this.#used.cpu + (demand.cpu[node] ?? 0);
      const memory = this.#used.memory + (demand.memory[node] ?? 0);
      const inQuota = cpu <= (quota?.cpu ?? Infinity) && memory <= (quota?.memory ?? Infinity);
      // Alone everything fits: what does not is a problem, and there is no schedule. Sums of fractions may be off a hair.
      if (!inQuota && this.#used.tasks > 0) return;
      this.#heads.pop();
      ready.pop();
      this.#begin(node, now);
      const next = ready.peek();
      if (next !== undefined) this.#heads.push(next);
    }
  }

  #begin(node: number, now: number): void {
    this.#start[node] = now;
    this.#take(node, 1);
    this.#running.push(node);
    for (const what of ['tasks', 'cpu', 'memory'] as const) {
      this.#peak[what] = Math.max(this.#peak[what], this.#used[what]);
    }
  }

  #endAll(now: number): void {
    const { index, milliseconds } = this.#input;
    const { after, afterStart } = index;
    for (let node = this.#running.peek(); node !== undefined; node = this.#running.peek()) {
      if ((this.#start[node] ?? 0) + (milliseconds[node] ?? 0) > now) return;
      this.#running.pop();
      this.#take(node, -1);
      const next = this.#readyOf(node)?.peek();
      if (next !== undefined) this.#heads.push(next);
      for (let edge = afterStart[node] ?? 0; edge < (afterStart[node + 1] ?? 0); edge += 1) {
        const follower = after[edge] ?? 0;
        const left = (this.#waiting[follower] ?? 0) - 1;
        this.#waiting[follower] = left;
        if (left === 0) this.#release(follower);
      }
    }
  }

  /** Takes (1) or gives back (-1) what a task uses. */
  #take(node: number, sign: 1 | -1): void {
    const { agentOf, slots, cpu, memory } = this.#input.demand;
    const agent = agentOf[node] ?? 0;
    this.#free[agent] = (this.#free[agent] ?? 0) - sign * (slots[node] ?? 1);
    this.#used.tasks += sign;
    this.#used.cpu += sign * (cpu[node] ?? 0);
    this.#used.memory += sign * (memory[node] ?? 0);
    if (this.#used.tasks > 0) return;
    this.#used.cpu = 0;
    this.#used.memory = 0;
  }

  #readyOf(node: number): MinHeap | undefined {
    return this.#ready[this.#input.demand.agentOf[node] ?? 0];
  }
}

/** Neighbours become one step with the most of each. */
function mergedSteps(steps: readonly ProfileStep[]): ProfileStep[] {
  const size = Math.ceil(steps.length / PROFILE_STEPS);
  if (size <= 1) return [...steps];
  const merged: ProfileStep[] = [];
  steps.forEach((step, position) => {
    const last = merged.at(-1);
    if (last === undefined || position % size === 0) merged.push(step);
    else {
      merged[merged.length - 1] = {
        atSeconds: last.atSeconds,
        tasks: Math.max(last.tasks, step.tasks),
        cpu: Math.max(last.cpu, step.cpu),
        memory: Math.max(last.memory, step.memory),
      };
    }
  });
  return merged;
}
