import { condition } from '@temporalio/workflow';
import type { AllocatedAgent } from '../../contracts/agents.js';
import type { CircuitBreaker } from './circuit-breaker.js';

/** How tasks find an agent among those that are equal: each has its share, or whoever is idle takes what is left. */
export type Sharing = 'share' | 'pool';

/** How long an agent that did not begin its task is passed over, milliseconds. */
const PASSED_OVER_MS = 10_000;

interface Held extends AllocatedAgent {
  busy: boolean;
  /** Tasks it was given so far. */
  given: number;
}

/** Answers of an agent. */
export type Answered = 'output' | 'failed';

/**
 * The agents that an execution holds. Each does one task at a time. Under `share` a task is promised to the agent
 * that was given least and waits for it; under `pool` (swarm) it goes to the first that is idle.
 */
export class AgentPool {
  #agents: Held[];
  readonly #sharing: Sharing;
  readonly #breaker: CircuitBreaker;
  /** Agents that did not begin what they were given, and when that was seen. */
  readonly #passedOver = new Map<string, number>();
  /** Since when nobody answered, by name; only of names that lack somebody. */
  readonly #lackingSince = new Map<string, number>();

  constructor(agents: readonly AllocatedAgent[], sharing: Sharing, breaker: CircuitBreaker) {
    this.#breaker = breaker;
    this.#agents = agents.map((agent) => ({ ...agent, busy: false, given: 0 }));
    this.#sharing = sharing;
  }

  get all(): readonly AllocatedAgent[] {
    return this.#agents;
  }

  has(agent: string): boolean {
    return this.#agents.some((held) => held.agent === agent);
  }

  /** Agents that stand for this name of the definition. */
  count(agent: string): number {
    return this.#agents.filter((held) => held.agent === agent).length;
  }

  /** Replaces what is held; agents that stay keep what they do. */
  replace(agents: readonly AllocatedAgent[]): void {
    this.#agents = agents.map(
      (agent) =>
        this.#agents.find(({ agentId, agent: name }) => agentId === agent.agentId && name === agent.agent) ?? {
          ...agent,
          busy: false,
          given: 0,
        },
    );
  }

  /** False: it is not held. */
  lose(agentId: string): boolean {
    const before = this.#agents.length;
    this.#agents = this.#agents.filter((held) => held.agentId !== agentId);
    return this.#agents.length < before;
  }

  /** It is not asked for a while; then again, where nobody else can: it may have been busy, or have come back. */
  passOver(agentId: string): void {
    this.lose(agentId);
    this.#passedOver.set(agentId, Date.now());
  }

  get passedOver(): readonly string[] {
    return [...this.#passedOver].filter(([, atMs]) => Date.now() - atMs < PASSED_OVER_MS).map(([agentId]) => agentId);
  }

  /** The moment since which the name lacks an agent that answers; now, when it was not so before. */
  lackingSince(agent: string): number {
    const sinceMs = this.#lackingSince.get(agent) ?? Date.now();
    this.#lackingSince.set(agent, sinceMs);
    return sinceMs;
  }

  answered({ agent, agentId }: AllocatedAgent, answer: Answered): void {
    this.#lackingSince.delete(agent);
    if (answer === 'output') this.#breaker.succeeded(agentId);
    else this.#breaker.failed(agentId);
  }

  /** The time of a pause does not count. */
  forgetLacks(): void {
    this.#lackingSince.clear();
  }

  /**
   * Resolves with an agent, now busy; undefined when none of this name is left. Agents whose circuit is open are passed
   * over. While all of them are, it waits until one may be tried; who is in a hurry takes one of them then.
   */
  async take(agent: string, isInHurry: () => boolean = () => false): Promise<AllocatedAgent | undefined> {
    for (;;) {
      const named = this.#agents.filter((held) => held.agent === agent);
      if (named.length === 0) return undefined;
      const able = named.filter(({ agentId }) => this.#breaker.allows(agentId));
      if (able.length === 0 && !isInHurry()) {
        await this.#untilAllowed(named, isInHurry);
        continue;
      }
      const candidates = able.length > 0 ? able : named;
      const chosen = this.#sharing === 'pool' ? candidates.find(({ busy }) => !busy) : least(candidates);
      if (chosen !== undefined) {
        chosen.given += 1;
        // Promised: it is waited for, unless it is lost, or passed over, meanwhile.
        const isThere = (): boolean =>
          this.#agents.includes(chosen) && (isInHurry() || this.#breaker.allows(chosen.agentId));
        await condition(() => !chosen.busy || !isThere());
        if (!chosen.busy && isThere()) {
          chosen.busy = true;
          this.#breaker.given(chosen.agentId);
          return chosen;
        }
      } else {
        await condition(() => this.#idle(agent, isInHurry()) || !this.has(agent));
      }
    }
  }

  /** One of them may be given a task, or somebody came or went. */
  async #untilAllowed(named: readonly Held[], isInHurry: () => boolean): Promise<void> {
    const held = this.#agents;
    const isOver = (): boolean =>
      this.#agents !== held || isInHurry() || named.some(({ agentId }) => this.#breaker.allows(agentId));
    const waitMs = this.#breaker.waitMs(named.map(({ agentId }) => agentId));
    if (waitMs === undefined) await condition(isOver);
    else await condition(isOver, waitMs);
  }

  free(agentId: string, agent: string): void {
    const held = this.#agents.find((one) => one.agentId === agentId && one.agent === agent);
    if (held !== undefined) held.busy = false;
    this.#breaker.freed(agentId);
  }

  #idle(agent: string, isInHurry: boolean): boolean {
    return this.#agents.some(
      (held) => held.agent === agent && !held.busy && (isInHurry || this.#breaker.allows(held.agentId)),
    );
  }
}

function least(agents: readonly Held[]): Held | undefined {
  return agents.reduce<Held | undefined>(
    (best, held) => (best === undefined || held.given < best.given ? held : best),
    undefined,
  );
}
