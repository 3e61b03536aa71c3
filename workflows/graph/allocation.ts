import { CancellationScope, condition, sleep } from '@temporalio/workflow';
import type { AllocatedAgent } from '../../contracts/agents.js';
import type { AllocationAnswer } from '../../contracts/engine-activities.js';
import { failure } from '../kit/failures.js';
import { engine as store } from '../kit/profiles.js';
import type { Engine } from './engine.js';

/** Between two looks for agents, milliseconds. */
const ALLOCATION_MS = 1000;

type Parts = Pick<Engine, 'executionId' | 'opened' | 'pool' | 'events'>;

/** Finds agents for what an execution lacks. */
export class Allocation {
  readonly #parts: Parts;
  readonly #isPaused: () => boolean;
  /** Looks for an agent of a name, shared by all tasks that lack it. */
  readonly #replacing = new Map<string, Promise<void>>();
  /** Calls that look for agents now: while there is one, what is held may change. */
  looking = 0;

  constructor(parts: Parts, isPaused: () => boolean) {
    this.#parts = parts;
    this.#isPaused = isPaused;
  }

  /** All that the definition wants, in the time that an allocation may take; for as long as it is paused. */
  async resume(): Promise<void> {
    const { pool } = this.#parts;
    pool.forgetLacks();
    const agents = await this.#find(Date.now(), () => this.#isPaused());
    if (this.#isPaused()) pool.replace(agents);
  }

  /** Takes who is there now. */
  async renew(): Promise<void> {
    const { agents } = await this.#look();
    this.#parts.pool.replace(agents);
  }

  /** Somebody for this name. One look for all tasks that lack the agent; each waits no longer than it is wanted itself. */
  async replace(agent: string): Promise<void> {
    const running = this.#replacing.get(agent) ?? CancellationScope.nonCancellable(() => this.#replace(agent));
    this.#replacing.set(agent, running);
    // Whoever waits for it hears of a failure; when nobody waits any more it is of no use.
    running.catch(() => undefined);
    await Promise.race([running, CancellationScope.current().cancelRequested]);
  }

  async #replace(agent: string): Promise<void> {
    const { pool, events } = this.#parts;
    try {
      pool.replace(await this.#find(pool.lackingSince(agent), undefined, agent));
      events.add('workflow.replanned', { data: { reason: 'agent_lost', agent } });
    } finally {
      this.#replacing.delete(agent);
    }
  }

  async #find(
    sinceMs: number,
    isWanted: (() => boolean) | undefined,
    wanted?: string,
  ): Promise<readonly AllocatedAgent[]> {
    const { opened } = this.#parts;
    for (;;) {
      // While it is paused it holds nobody.
      if (wanted !== undefined) await condition(() => !this.#isPaused());
      const { agents, lacking } = await this.#look();
      const missing = wanted === undefined ? lacking[0] : lacking.find(({ agent }) => agent === wanted);
      // An agent of the name that is there does the work of one that is not.
      if (missing === undefined || agents.some(({ agent }) => agent === missing.agent)) return agents;
      if (isWanted?.() === false) return agents;
      if (Date.now() - sinceMs >= opened.allocationSeconds * 1000)
        throw failure('ALLOCATION_FAILED', `Agent "${missing.agent}": ${missing.reason}.`);
      await sleep(ALLOCATION_MS, { summary: `no agent can play ${missing.agent} yet` });
    }
  }

  async #look(): Promise<AllocationAnswer> {
    const { executionId, pool } = this.#parts;
    this.looking += 1;
    try {
      return await store('find agents').allocateAgents({ executionId, lost: pool.passedOver });
    } finally {
      this.looking -= 1;
    }
  }
}
