import {
  ActivityCancellationType,
  ChildWorkflowCancellationType,
  ParentClosePolicy,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { ActivityOptions, ChildWorkflowOptions, LocalActivityOptions } from '@temporalio/workflow';
import { HEARTBEATS_MISSED, RUN_TASK } from '../../contracts/agents.js';
import type { RunTask, TaskOutput } from '../../contracts/agents.js';
import type {
  ArchitectActivities,
  MetaActivities,
  NotifyActivities,
  ScoutActivities,
  ValidatorActivities,
  WorkerActivities,
} from '../../contracts/activities.js';
import type { EngineActivities } from '../../contracts/engine-activities.js';
import { QUEUES } from '../../contracts/queues.js';
import { SHORTAGES } from './shortages.js';

/** Retry and timeout profiles: named data, one file. Activities mark their own failures as not retryable. */
const retry = { initialInterval: '200 ms', backoffCoefficient: 2, maximumInterval: '10 s' } as const;

/** Decisions and records: short. */
const CONTROL: ActivityOptions = { taskQueue: QUEUES.control, startToCloseTimeout: '60 s', retry };

/** A table that is read at a crawl, for its source is spared, takes as long as it takes: heartbeats tell of death. */
const LONGEST = '30 d';

/** Long work on a shared queue: alive every second, dead after three. */
const BULK: ActivityOptions = {
  startToCloseTimeout: LONGEST,
  heartbeatTimeout: '3 s',
  retry,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
};

/**
 * Work that only one process can do, on its own queue. One attempt: a retry would wait on a dead queue for ever; the
 * workflow decides what comes next.
 */
const BOUND: ActivityOptions = {
  startToCloseTimeout: LONGEST,
  scheduleToStartTimeout: '2 s',
  heartbeatTimeout: '3 s',
  retry: { maximumAttempts: 1 },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
};

export const meta = (summary: string): MetaActivities => proxyActivities<MetaActivities>({ ...CONTROL, summary });
export const architect = (summary: string): ArchitectActivities =>
  proxyActivities<ArchitectActivities>({ ...CONTROL, startToCloseTimeout: '10 min', summary });
export const scout = (summary: string): ScoutActivities =>
  proxyActivities<ScoutActivities>({ ...BULK, taskQueue: QUEUES.copy, summary });
export const worker = (summary: string): WorkerActivities =>
  proxyActivities<WorkerActivities>({ ...BULK, taskQueue: QUEUES.copy, summary });
/** Builds the shadow, and promotes it. What a server has no more of is not tried again in silence: `kit/shortages.ts`. */
export const builder = (summary: string): WorkerActivities =>
  proxyActivities<WorkerActivities>({
    ...BULK,
    taskQueue: QUEUES.copy,
    retry: { ...retry, nonRetryableErrorTypes: [...SHORTAGES] },
    summary,
  });
/** A target that is gone for good must not keep a cancelled migration waiting: the janitor undoes what is left. */
export const undoer = (summary: string): WorkerActivities =>
  proxyActivities<WorkerActivities>({
    ...BULK,
    taskQueue: QUEUES.copy,
    scheduleToCloseTimeout: '10 min',
    startToCloseTimeout: '10 min',
    summary,
  });
/** Somebody waits for what it looks up: it does not wait for a target that is away. */
export const inspector = (summary: string): WorkerActivities =>
  proxyActivities<WorkerActivities>({ ...BULK, taskQueue: QUEUES.copy, scheduleToCloseTimeout: '2 min', summary });
/** Somebody waits for a row that is looked for: as `inspector`, but a large table may have to be read. */
export const tracer = (summary: string): ValidatorActivities =>
  proxyActivities<ValidatorActivities>({
    ...BULK,
    taskQueue: QUEUES.verify,
    retry: { maximumAttempts: 3 },
    scheduleToCloseTimeout: '1 h',
    startToCloseTimeout: '1 h',
    summary,
  });
/** Opens what the proof is of: as `builder`. */
export const prover = (summary: string): ValidatorActivities =>
  proxyActivities<ValidatorActivities>({
    ...BULK,
    taskQueue: QUEUES.verify,
    retry: { ...retry, nonRetryableErrorTypes: [...SHORTAGES] },
    summary,
  });
export const validator = (summary: string): ValidatorActivities =>
  proxyActivities<ValidatorActivities>({ ...BULK, taskQueue: QUEUES.verify, summary });
/** Only the outbox is written here, on the control queue: a migration never waits for the notify workers. */
export const amani = (summary: string): NotifyActivities => proxyActivities<NotifyActivities>({ ...CONTROL, summary });

/** Activities of the one process that holds a snapshot. */
export const boundWorker = (queue: string, summary: string): WorkerActivities =>
  proxyActivities<WorkerActivities>({ ...BOUND, taskQueue: queue, summary });
export const boundValidator = (queue: string, summary: string): ValidatorActivities =>
  proxyActivities<ValidatorActivities>({ ...BOUND, taskQueue: queue, summary });

/**
 * Bookkeeping of an execution, off its critical path. Short, and without a heartbeat: what a killed worker had begun is
 * begun again after this time, and an execution that ends waits for it.
 */
const BOOKKEEPING: ActivityOptions = { ...CONTROL, startToCloseTimeout: '10 s' };
export const engine = (summary: string): EngineActivities =>
  proxyActivities<EngineActivities>({ ...BOOKKEEPING, summary });

/** Bookkeeping that the workflow task itself does: it costs the server nothing. Short, since the task waits for it. */
const AT_ONCE: LocalActivityOptions = { startToCloseTimeout: '10 s', localRetryThreshold: '5 s', retry };
export const engineAtOnce: EngineActivities = proxyLocalActivities<EngineActivities>(AT_ONCE);

export interface AgentCall {
  readonly queue: string;
  /** Caravan's own workers do it. */
  readonly builtIn: boolean;
  /** Seconds of this attempt. */
  readonly timeoutSeconds: number;
  /** Of an agent that heartbeats: how often, seconds. */
  readonly heartbeatSeconds?: number | undefined;
  readonly summary: string;
  /** A cancel asks the agent to stop and waits until it has, or until the attempt's time is over. Default: it does not wait. */
  readonly awaited?: boolean;
}

/**
 * An agent that does not begin what it is given is gone. Once it works, its registration tells whether it lives. One
 * that says that it heartbeats is also missed where the server handed it a task that never reached it.
 */
const REGISTERED: ActivityOptions = { scheduleToStartTimeout: '10 s' };
/** Our own workers: a full queue is no death, and a dead process is seen by its heartbeats. */
const BUILT_IN: ActivityOptions = { heartbeatTimeout: '10 s' };

/**
 * One attempt of a task by one agent. The engine decides what comes next, since the next attempt may be another
 * agent's.
 */
export function callAgent(call: AgentCall, input: RunTask): Promise<TaskOutput> {
  const agents = proxyActivities<Record<typeof RUN_TASK, (input: RunTask) => Promise<TaskOutput>>>({
    ...(call.builtIn ? BUILT_IN : REGISTERED),
    taskQueue: call.queue,
    startToCloseTimeout: call.timeoutSeconds * 1000,
    ...(call.heartbeatSeconds !== undefined && {
      heartbeatTimeout: Math.ceil(call.heartbeatSeconds * HEARTBEATS_MISSED * 1000),
    }),
    retry: { maximumAttempts: 1 },
    cancellationType:
      call.awaited === true
        ? ActivityCancellationType.WAIT_CANCELLATION_COMPLETED
        : ActivityCancellationType.TRY_CANCEL,
    summary: call.summary,
  });
  return agents[RUN_TASK](input);
}

/**
 * Children: a short workflow task timeout, so that a killed control worker costs seconds; a terminated parent asks
 * them to stop, so that nothing goes on writing.
 */
export const CHILD = {
  taskQueue: QUEUES.control,
  workflowTaskTimeout: '3 s',
  cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
  parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
} as const satisfies ChildWorkflowOptions;
