import { ApplicationFailure, CancelledFailure, CompleteAsyncError } from '@temporalio/activity';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import type { Context } from '@temporalio/activity';
import { CaravanFailure, FAILURES } from '../contracts/failures.js';
import type { Log } from '../platform/telemetry/log.js';

/** Attempts after which an error that is in no catalogue (a defect) is no longer retried. */
const MAX_DEFECT_ATTEMPTS = 5;

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
  if (error instanceof CaravanFailure) {
    log.warn({ event: 'activity.failed', code: error.code, ...ids });
    return ApplicationFailure.create({
      type: error.code,
      message: error.message,
      nonRetryable: error.disposition !== 'retryable',
      details: [{ next: error.next, ...error.facts }],
    });
  }
  const name = error instanceof Error ? error.name : typeof error;
  log.error({ event: 'activity.defect', error: name, stack: stackOf(error), ...ids });
  return ApplicationFailure.create({
    type: 'INTERNAL',
    message: `INTERNAL: ${FAILURES.INTERNAL.means} (${name} in ${info.activityType}) ${FAILURES.INTERNAL.next}`,
    nonRetryable: info.attempt >= MAX_DEFECT_ATTEMPTS,
  });
}

/** Frames only: the first line of a stack is the message, which may hold values. */
function stackOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return error.stack?.split('\n').filter((line) => /^\s+at /.test(line)).slice(0, 8).join('\n');
}
