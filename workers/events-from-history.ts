import type { WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { RUN_TASK, isBuiltIn } from '../contracts/agents.js';
import type { RunTask } from '../contracts/agents.js';
import { eventId } from '../contracts/executions.js';
import type { ExecutionEvent, ExecutionEventKind } from '../contracts/executions.js';

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;
type HistoryEvent = NonNullable<History['events']>[number];

/** Of Temporal's kinds of timeout, the one that is the task's own: any other means that the agent is gone. */
const START_TO_CLOSE = 1;

/**
 * What an execution would have told of its tasks, from the history of a run that was ended before it could: the begin
 * of each attempt and its end, with the ids that the dispatcher gives them (workflows/graph/dispatcher.ts), so that what
 * is known already is left as it is. `agentOf`: who polls a queue, where that is known.
 */
export function eventsFromHistory(
  { events }: History,
  agentOf: (taskQueue: string) => string | undefined,
): ExecutionEvent[] {
  const asked = new Map<string, Asked>();
  return (events ?? []).flatMap((event) => {
    const begun = begin(event, agentOf);
    if (begun !== undefined) {
      asked.set(String(event.eventId), begun);
      return told('task.started', begun, event);
    }
    const { scheduledId, kind, reason } = end(event);
    const of = asked.get(scheduledId);
    return of === undefined ? [] : told(kind, of, event, reason);
  });
}

/** An attempt of a task. */
interface Asked {
  readonly task: RunTask;
  readonly agentId: string | undefined;
}

function begin(event: HistoryEvent, agentOf: (taskQueue: string) => string | undefined): Asked | undefined {
  const { activityType, input, taskQueue } = event.activityTaskScheduledEventAttributes ?? {};
  const [payload] = input?.payloads ?? [];
  if (activityType?.name !== RUN_TASK || payload === undefined) return undefined;
  const task = defaultPayloadConverter.fromPayload<RunTask>(payload);
  if (task.context.purpose !== 'run') return undefined;
  const { agentType } = task;
  return { task, agentId: isBuiltIn(agentType) ? `caravan/${agentType}` : agentOf(taskQueue?.name ?? '') };
}

interface Ended {
  readonly scheduledId: string;
  readonly kind: 'task.completed' | 'task.failed';
  readonly reason?: string;
}

function end({
  activityTaskCompletedEventAttributes: completed,
  activityTaskFailedEventAttributes: failed,
  activityTaskTimedOutEventAttributes: timedOut,
}: HistoryEvent): Ended {
  const scheduledId = String((completed ?? failed ?? timedOut)?.scheduledEventId ?? '');
  if (completed) return { scheduledId, kind: 'task.completed' };
  const { applicationFailureInfo } = failed?.failure ?? {};
  if (failed) return { scheduledId, kind: 'task.failed', reason: applicationFailureInfo?.type ?? 'failure' };
  const isOwn = Number(timedOut?.failure?.timeoutFailureInfo?.timeoutType) === START_TO_CLOSE;
  return { scheduledId, kind: 'task.failed', reason: isOwn ? 'timeout' : 'agent_lost' };
}

function told(
  kind: ExecutionEventKind,
  { task, agentId }: Asked,
  event: HistoryEvent,
  reason?: string,
): ExecutionEvent {
  const { executionId, taskId, attempt, context } = task;
  const { seconds, nanos } = event.eventTime ?? {};
  return {
    executionId,
    id: eventId(kind, { task: taskId, attempt }),
    kind,
    at: new Date(Number(seconds ?? 0) * 1000 + Math.floor((nanos ?? 0) / 1e6)).toISOString(),
    taskId,
    attempt,
    data: {
      ...(agentId !== undefined && { agent_id: agentId }),
      agent: context.agent,
      ...(context.partOf !== undefined && { part_of: context.partOf }),
      ...(reason !== undefined && { reason }),
    },
  };
}
