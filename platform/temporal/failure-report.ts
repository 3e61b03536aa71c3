import {
  ServiceError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { CaravanFailure, FAILURES, isFailureCode, reportOf } from '../../contracts/failures.js';
import type { FailureReport } from '../../contracts/failures.js';
import { redactUrl } from '../secrets/endpoint-url.js';
import { isAway } from './away.js';

/** What went wrong, in the terms of the catalogue, for anything that Temporal or the store threw. */
export function reportOfThrown(error: unknown): FailureReport {
  if (error instanceof CaravanFailure) return reportOf(error);
  const fromWorkflow = failureInside(error);
  if (fromWorkflow !== undefined) return fromWorkflow;
  if (error instanceof WorkflowNotFoundError) return reportOf(unknownMigration(error.workflowId));
  if (isAway(error) || error instanceof ServiceError) return reportOf(unreachable(error));
  return reportOf(internal(error));
}

/** The catalogued failure that a workflow or one of its activities ended with. */
function failureInside(error: unknown): FailureReport | undefined {
  if (error instanceof WorkflowFailedError || error instanceof WorkflowUpdateFailedError)
    return failureInside(error.cause);
  if (error instanceof CancelledFailure)
    return { code: 'CANCELLED', message: FAILURES.CANCELLED.means, next: FAILURES.CANCELLED.next };
  if (error instanceof ApplicationFailure && typeof error.type === 'string' && isFailureCode(error.type)) {
    const { type: code, message } = error;
    const given = message.startsWith(code) ? message : `${code}: ${FAILURES[code].means} ${message}`;
    return { code, message: redactUrl(given.trim()), next: nextOf(error) ?? FAILURES[code].next };
  }
  return error instanceof Error && error.cause !== undefined ? failureInside(error.cause) : undefined;
}

/** Failures of activities carry their advice in their first detail. */
function nextOf(error: ApplicationFailure): string | undefined {
  const detail: unknown = error.details?.[0];
  if (typeof detail !== 'object' || detail === null) return undefined;
  const { next } = detail as { next?: unknown };
  return typeof next === 'string' ? next : undefined;
}

export function unknownMigration(migrationId: string): CaravanFailure {
  return new CaravanFailure('MIGRATION_UNKNOWN', {
    attempted: 'find the migration',
    on: migrationId,
    seen: 'none with this id is there',
    next: 'Look at "caravan list".',
  });
}

function unreachable(error: unknown): CaravanFailure {
  const seen = error instanceof Error ? redactUrl(error.message) : 'no answer';
  return new CaravanFailure('STACK_UNREACHABLE', { attempted: 'use', on: 'the stack', seen }, error);
}

function internal(error: unknown): CaravanFailure {
  const seen =
    error instanceof Error ? `${error.name}: ${redactUrl(error.message)}` : 'something that is no error was thrown';
  return new CaravanFailure('INTERNAL', { attempted: 'run', on: 'the command', seen }, error);
}
