import type { BreakerState, CircuitBreakerSettings } from '../../contracts/executions.js';

interface Circuit {
  failures: number;
  /** Since when it is open; undefined: it is closed. */
  openedMs?: number | undefined;
  /** Open, and the one task is with the agent that says whether it may close. */
  onTrial?: boolean;
}

/** Told of a change. */
type Tell = (kind: 'agent.circuit_opened' | 'agent.circuit_closed', agentId: string, failures: number) => void;

/**
 * Agents that answer with nothing but failures are passed over for a while. An agent's circuit opens after so many
 * failures in a row; when its time is over the agent is given one task: success closes it, failure opens it again.
 * Without settings every circuit stays closed.
 */
export class CircuitBreaker {
  readonly #settings: CircuitBreakerSettings | undefined;
  readonly #tell: Tell;
  /** Of agents whose last answer was a failure. */
  readonly #circuits: Map<string, Circuit>;

  constructor(settings: CircuitBreakerSettings | undefined, tell: Tell, state: BreakerState = {}) {
    this.#settings = settings;
    this.#tell = tell;
    this.#circuits = new Map(Object.entries(state).map(([agentId, circuit]) => [agentId, { ...circuit }]));
  }

  /** Whether the agent may be given a task now. */
  allows(agentId: string): boolean {
    const circuit = this.#circuits.get(agentId);
    if (circuit?.openedMs === undefined) return true;
    return circuit.onTrial !== true && this.#leftMs(circuit.openedMs) <= 0;
  }

  /** The agent is given a task: if its circuit is open, this one decides. */
  given(agentId: string): void {
    const circuit = this.#circuits.get(agentId);
    if (circuit?.openedMs !== undefined) circuit.onTrial = true;
  }

  succeeded(agentId: string): void {
    const circuit = this.#circuits.get(agentId);
    this.#circuits.delete(agentId);
    if (circuit?.openedMs !== undefined) this.#tell('agent.circuit_closed', agentId, circuit.failures);
  }

  failed(agentId: string): void {
    if (this.#settings === undefined) return;
    const circuit = this.#circuits.get(agentId) ?? { failures: 0 };
    const failures = circuit.failures + 1;
    const isOpen = circuit.openedMs !== undefined || failures >= this.#settings.failureThreshold;
    this.#circuits.set(agentId, { failures, ...(isOpen && { openedMs: Date.now() }) });
    if (isOpen) this.#tell('agent.circuit_opened', agentId, failures);
  }

  /** It has the task no longer; whether it would have done it nobody knows. */
  freed(agentId: string): void {
    const circuit = this.#circuits.get(agentId);
    if (circuit !== undefined) circuit.onTrial = false;
  }

  /** Until the first of these agents may be tried; undefined: all of them are on trial, and will answer. */
  waitMs(agentIds: readonly string[]): number | undefined {
    const waits = agentIds.flatMap((agentId) => {
      const circuit = this.#circuits.get(agentId);
      return circuit?.openedMs === undefined || circuit.onTrial === true ? [] : [this.#leftMs(circuit.openedMs)];
    });
    return waits.length === 0 ? undefined : Math.max(1, Math.min(...waits));
  }

  /** Carried over continue-as-new. */
  snapshot(): BreakerState {
    return Object.fromEntries(
      [...this.#circuits].map(([agentId, { failures, openedMs }]) => [
        agentId,
        { failures, ...(openedMs === undefined ? {} : { openedMs }) },
      ]),
    );
  }

  #leftMs(openedMs: number): number {
    return openedMs + (this.#settings?.timeoutSeconds ?? 0) * 1000 - Date.now();
  }
}
