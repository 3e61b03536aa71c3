import { AGENT_FORGOTTEN_SECONDS } from '../contracts/agents.js';
import { EXECUTION_SIGNALS } from '../contracts/execution-messages.js';
import { executionWorkflowId } from '../contracts/executions.js';
import type { WorkerRuntime } from './runtime.js';

const INTERVAL_MS = 2000;

/** A word to an execution. One that is over needs none. */
export async function signal(
  { client, log }: WorkerRuntime,
  executionId: string,
  name: string,
  input?: unknown,
): Promise<void> {
  try {
    await client.workflow
      .getHandle(executionWorkflowId(executionId))
      .signal(name, ...(input === undefined ? [] : [input]));
  } catch {
    log.debug({ event: 'execution.not_told', executionId, signal: name });
  }
}

/**
 * Tells executions which of their agents fell silent, and forgets agents that were silent for long (RG-3). While the
 * store was away nobody could say that he lives: after that, and at the start, everybody has a lease's time to say so.
 */
export function watchAgents(runtime: WorkerRuntime): { stop(): void } {
  const { agents } = runtime.deps.store.engine;
  const { agentLeaseSeconds } = runtime.config.engine;
  const told = new Set<string>();
  let busy = false;
  const oneLease = (): number => performance.now() + agentLeaseSeconds * 1000;
  let judgesFromMs = oneLease();
  const look = async (): Promise<void> => {
    const lost = await agents.lost(agentLeaseSeconds);
    if (performance.now() < judgesFromMs) return;
    const current = new Set(lost.map(({ executionId, agentId }) => `${executionId} ${agentId}`));
    for (const key of told) if (!current.has(key)) told.delete(key);
    for (const { executionId, agentId } of lost) {
      const key = `${executionId} ${agentId}`;
      if (told.has(key)) continue;
      told.add(key);
      await signal(runtime, executionId, EXECUTION_SIGNALS.agentLost, { agentId });
    }
    await agents.forget(Math.max(AGENT_FORGOTTEN_SECONDS, agentLeaseSeconds));
  };
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    look()
      .catch(() => {
        judgesFromMs = oneLease();
        runtime.log.debug({ event: 'agents.not_watched' });
      })
      .finally(() => (busy = false));
  }, INTERVAL_MS);
  timer.unref();
  return {
    stop: () => {
      clearInterval(timer);
    },
  };
}
