import { ApplicationFailure, CancelledFailure, CompleteAsyncError } from '@temporalio/activity';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import type { Context } from '@temporalio/activity';
import type { MetaActivities, WorkerActivities } from '../contracts/activities.js';
import { CaravanFailure, FAILURES } from '../contracts/failures.js';
import type { Log } from '../platform/telemetry/log.js';

/** Attempts after which an error that is in no catalogue (a defect) is no longer retried. */
const MAX_DEFECT_ATTEMPTS = 5;

/** Steps after the pivot: there is no way back, so they are tried until they succeed, whatever is wrong. */
const FORWARD_ONLY: readonly string[] = ['archiveSidecar', 'signCertificate', 'learn', 'closeMigration'] satisfies (
  keyof MetaActivities | keyof WorkerActivities
)[];

/**
 * What crosses the activity border: a code of the catalogue, names and counts. A driver's message text can carry row
 * values (PostgreSQL's DETAIL and CONTEXT do), so it stays in this process.
 */
export function failureInterceptor(context: Context, log: Log): ActivityInboundCallsInterceptor {
  return {
    async execute(input, next) {
      try {
        return await next(input);
      } catch (error) {
        if (error instanceof CancelledFailure || error instanceof CompleteAsyncError) throw error;
        throw toApplicationFailure(error, context, log);
      }
    },
  };
}

function toApplicationFailure(error: unknown, { info }: Context, log: Log): ApplicationFailure {
  const ids = { activity: info.activityType, workflowId: info.workflowExecution?.workflowId, attempt: info.attempt };
  if (error instanceof ApplicationFailure) return error;
  const forwardOnly = FORWARD_ONLY.includes(info.activityType);
  if (error instanceof CaravanFailure) {
    log.warn({ event: 'activity.failed', code: error.code, ...ids });
    return ApplicationFailure.create({
      type: error.code,
      message: error.message,
      nonRetryable: error.disposition !== 'retryable' && !forwardOnly,
      details: [{ next: error.next, ...error.facts }],
    });
  }
  const name = error instanceof Error ? error.name : typeof error;
  log.error({ event: 'activity.defect', error: name, stack: stackOf(error), ...ids });
  return ApplicationFailure.create({
    type: 'INTERNAL',
    message: `INTERNAL: ${FAILURES.INTERNAL.means} (${name} in ${info.activityType}) ${FAILURES.INTERNAL.next}`,
    nonRetryable: info.attempt >= MAX_DEFECT_ATTEMPTS && !forwardOnly,
  });
}

/** Frames only: the first line of a stack is the message, which may hold values. */
function stackOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return error.stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8)
    .join('\n');
}
