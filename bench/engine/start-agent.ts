import { randomUUID } from 'node:crypto';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { NativeConnection } from '@temporalio/worker';
import { RUN_TASK } from '../../contracts/agents.js';
import type { RunTask } from '../../contracts/agents.js';
import type { Store } from '../../platform/store/store.js';

export interface Agent {
  stop(): Promise<void>;
}

const HEARTBEAT_MS = 10_000;
/** Tasks that one agent does at once; each execution gives it one at a time. */
const TASKS_AT_ONCE = 500;

/** Once per process. The SDK's core else writes its warnings to standard output, where only lines of JSON belong. */
export function quietRuntime(): void {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: 'ERROR', forward: {} } },
  });
}

/**
 * Registers, works, says that it lives. Also what the bench's agent processes are. `places`: agents that it registers,
 * all on its one queue.
 */
export async function startAgent(
  { store, native, namespace }: { store: Store; native: NativeConnection; namespace: string },
  { type, places = 1 }: { readonly type: string; readonly places?: number },
  work: (task: RunTask) => unknown,
): Promise<Agent> {
  const name = `${type}-${randomUUID().slice(0, 8)}`;
  const taskQueue = `agent-${name}`;
  const registrations = Array.from({ length: places }, (_, at) => ({
    ...{ id: `${name}-${String(at)}`, type, capabilities: [], version: '1.0.0', taskQueue, resources: {} },
    // The tasks of the bench are short: silence is a task that never reached it.
    heartbeatSeconds: HEARTBEAT_MS / 1000,
  }));
  const tellAll = async (): Promise<void> => {
    for (const registration of registrations) await store.engine.agents.put(registration);
  };
  const worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue,
    maxConcurrentActivityTaskExecutions: TASKS_AT_ONCE,
    activities: { [RUN_TASK]: async (task: RunTask) => ({ output: (await work(task)) ?? null }) },
  });
  const running = worker.run();
  await tellAll();
  const beat = setInterval(() => {
    tellAll().catch(() => undefined);
  }, HEARTBEAT_MS);
  return {
    stop: async () => {
      clearInterval(beat);
      for (const { id } of registrations) await store.engine.agents.remove(id);
      worker.shutdown();
      await running;
    },
  };
}
