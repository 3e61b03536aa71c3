import { WorkflowNotFoundError } from '@temporalio/client';
import { EXECUTION_SIGNALS } from '../contracts/execution-messages.js';
import { eventId, executionWorkflowId } from '../contracts/executions.js';
import type { ExecutionEvent } from '../contracts/executions.js';
import { FAILURES } from '../contracts/failures.js';
import type { SilentExecution } from '../platform/store/engine/engine-store.js';
import { signal } from './watch-agents.js';
import { eventsFromHistory } from './events-from-history.js';
import type { WorkerRuntime } from './runtime.js';

const INTERVAL_MS = 2000;
/** An execution that told something lately runs. */
const SILENT_SECONDS = 3;
/** One that was just made may not have been started yet. */
const MISSING_SECONDS = 15;
/** Executions that are looked at in one round, and at once. */
const ROUND = 160;
const AT_ONCE = 20;
/** Events that the store is told at once. */
const TOLD_AT_ONCE = 500;
/** Executions that are told that there may be a turn for them. */
const WOKEN = 20;

/**
 * `terminate`, a workflow's own timeouts, and the loss of Temporal's data run no code. Open executions whose workflow
 * is closed or gone get their missing end here: what the last run had not told yet of its tasks, from its history, the
 * end, their agents back, and the turn goes to the next. Old events of what has ended are deleted here as well.
 */
export function reconcileExecutions(runtime: WorkerRuntime): { stop(): void } {
  const { executions } = runtime.deps.store.engine;
  let after: string | undefined;
  let busy = false;
  const round = async (): Promise<void> => {
    const open = await executions.silent({ seconds: SILENT_SECONDS, limit: ROUND, ...(after && { after }) });
    after = open.length < ROUND ? undefined : open.at(-1)?.executionId;
    let ended = 0;
    for (let at = 0; at < open.length; at += AT_ONCE) {
      const looked = await Promise.all(open.slice(at, at + AT_ONCE).map((silent) => endIfGone(runtime, silent)));
      ended += looked.filter(Boolean).length;
    }
    if (ended > 0)
      for (const id of await executions.waiting(WOKEN)) await signal(runtime, id, EXECUTION_SIGNALS.admitted);
    await executions.prune(runtime.config.engine.eventRetentionHours);
  };
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    round()
      .catch(() => {
        runtime.log.debug({ event: 'executions.not_reconciled' });
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

/** True: its workflow is certainly over, and the store knows now. An unreachable server tells nothing. */
async function endIfGone(runtime: WorkerRuntime, { executionId, seconds }: SilentExecution): Promise<boolean> {
  const { client, deps, log } = runtime;
  let seen: string;
  let run: string;
  let untold: readonly ExecutionEvent[] = [];
  try {
    const { status, runId } = await client.workflow.getHandle(executionWorkflowId(executionId)).describe();
    if (status.name === 'RUNNING' || status.name === 'CONTINUED_AS_NEW') return false;
    [seen, run] = [status.name.toLowerCase(), runId];
    untold = await tasksOf(runtime, executionId, runId);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError) || seconds < MISSING_SECONDS) return false;
    [seen, run] = ['missing', 'none'];
  }
  const { executions } = deps.store.engine;
  // It may have told its end between the two looks.
  const row = await executions.get(executionId);
  if (row?.closedAt !== null) return false;
  const { means, next } = FAILURES.EXECUTION_TERMINATED;
  const end: ExecutionEvent = {
    executionId,
    id: eventId('workflow.execution_finished', { ordinal: `${run}/${String(row.lastSeq)}` }),
    kind: 'workflow.execution_finished',
    at: new Date().toISOString(),
    data: { status: 'failed', code: 'EXECUTION_TERMINATED', reason: 'terminated', workflow: seen },
  };
  for (let at = 0; at < untold.length; at += TOLD_AT_ONCE)
    await executions.append(executionId, untold.slice(at, at + TOLD_AT_ONCE));
  await executions.close({
    executionId,
    output: {},
    error: { code: 'EXECUTION_TERMINATED', message: `EXECUTION_TERMINATED: ${means}`, next },
    events: [end],
  });
  log.warn({ event: 'execution.terminated', executionId, seen });
  return true;
}

/** What the last run did of its tasks. Runs before it told everything before they went on as new. */
async function tasksOf(
  { client, deps }: WorkerRuntime,
  executionId: string,
  runId: string,
): Promise<readonly ExecutionEvent[]> {
  const history = await client.workflow.getHandle(executionWorkflowId(executionId), runId).fetchHistory();
  const held = Map.groupBy(await deps.store.engine.agents.allocationOf(executionId), ({ taskQueue }) => taskQueue);
  return eventsFromHistory(history, (taskQueue) => {
    const agents = held.get(taskQueue) ?? [];
    // Where several poll one queue nobody knows who had it.
    return agents.length === 1 ? agents[0]?.agentId : undefined;
  });
}
