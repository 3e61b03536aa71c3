import type { RunTask } from '../../../contracts/agents.js';
import { eventId } from '../../../contracts/executions.js';
import type { ExecutionEvent } from '../../../contracts/executions.js';
import { CaravanFailure } from '../../../contracts/failures.js';
import type { Log } from '../../../platform/telemetry/log.js';
import type { Store } from '../../../platform/store/store.js';

type Told = 'task.started' | 'task.completed' | 'task.failed';

/** Tells what happens to a task while it happens; see `openTaskTeller`. */
export interface TaskTeller {
  /** Runs the work and tells its begin and its end. */
  telling<T>(task: RunTask, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
  /** Resolves when everything is told. */
  settled(): Promise<void>;
}

/**
 * The events of a task from the worker that does it, so that they are seen before its workflow hears of the end. They
 * have the ids and the data that the workflow gives them (workflows/graph/dispatcher.ts): who tells first is believed,
 * who tells second is not heard. No task waits for it, and what is lost here the workflow tells.
 */
export function openTaskTeller({ store, log }: { readonly store: Store; readonly log: Log }): TaskTeller {
  const waiting = new Map<string, ExecutionEvent[]>();
  const telling = new Map<string, Promise<void>>();
  const tell = async (executionId: string): Promise<void> => {
    for (let events = waiting.get(executionId); events !== undefined; events = waiting.get(executionId)) {
      waiting.delete(executionId);
      await store.engine.executions.append(executionId, events).catch(() => {
        log.debug({ event: 'execution.not_told_of_task', executionId });
      });
    }
    telling.delete(executionId);
  };
  const add = (kind: Told, task: RunTask, reason?: string): void => {
    const { executionId } = task;
    const event = eventOf(kind, task, reason);
    waiting.set(executionId, [...(waiting.get(executionId) ?? []), event]);
    if (!telling.has(executionId)) telling.set(executionId, tell(executionId));
  };
  return {
    telling: async (task, signal, work) => {
      if (task.context.purpose !== 'run') return work();
      add('task.started', task);
      try {
        const result = await work();
        if (!signal.aborted) add('task.completed', task);
        return result;
      } catch (error) {
        // What was cancelled, or goes to another, is the workflow's to tell.
        if (!signal.aborted) add('task.failed', task, error instanceof CaravanFailure ? error.code : 'INTERNAL');
        throw error;
      }
    },
    settled: async () => {
      await Promise.all(telling.values());
    },
  };
}

function eventOf(kind: Told, task: RunTask, reason?: string): ExecutionEvent {
  const { executionId, taskId, attempt, agentType, context } = task;
  const partOf = context.partOf === undefined ? {} : { part_of: context.partOf };
  const named = { agent_id: `caravan/${agentType}`, agent: context.agent, ...partOf };
  return {
    executionId,
    id: eventId(kind, { task: taskId, attempt }),
    kind,
    at: new Date().toISOString(),
    taskId,
    attempt,
    data: reason === undefined ? named : { ...named, reason },
  };
}
