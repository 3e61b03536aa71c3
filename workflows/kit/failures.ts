import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  TimeoutFailure,
  isCancellation,
} from '@temporalio/workflow';
import { FAILURES, isFailureCode } from '../../contracts/failures.js';
import type { FailureCode, FailureReport } from '../../contracts/failures.js';

/** Unwraps activity and child failures down to what was thrown; never by message text. */
export function rootOf(error: unknown): unknown {
  let cause: unknown = error;
  while ((cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure) && cause.cause !== undefined) {
    cause = cause.cause;
  }
  return cause;
}

/** The failure's code from the catalogue, or undefined for a timeout, a cancellation or a foreign failure. */
export function codeOf(error: unknown): FailureCode | undefined {
  return codeOfRoot(rootOf(error));
}

function codeOfRoot(root: unknown): FailureCode | undefined {
  const type = root instanceof ApplicationFailure ? root.type : undefined;
  return type != null && isFailureCode(type) ? type : undefined;
}

/** True when no process answered: the queue's process is gone, or it stopped heartbeating. */
export function isProcessGone(error: unknown): boolean {
  return rootOf(error) instanceof TimeoutFailure;
}

export function isRetryable(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && FAILURES[code].disposition === 'retryable';
}

/** What goes to the report: the catalogue's words for foreign failures, never a driver's text. */
export function reportFailure(error: unknown): FailureReport {
  if (isCancellation(error)) return fromCatalogue('CANCELLED');
  const last = rootOf(error);
  // Time ran out while it was tried again and again: the reason is what the last attempt met.
  const root = last instanceof TimeoutFailure && last.cause instanceof ApplicationFailure ? last.cause : last;
  const code = codeOfRoot(root);
  if (code === undefined) return fromCatalogue('INTERNAL');
  const message = root instanceof ApplicationFailure ? root.message : FAILURES[code].means;
  const next = root instanceof ApplicationFailure ? nextOf(root) : undefined;
  return { code, message, next: next ?? FAILURES[code].next };
}

function nextOf(failure: ApplicationFailure): string | undefined {
  const [detail] = failure.details ?? [];
  const next = (detail as { next?: unknown } | undefined)?.next;
  return typeof next === 'string' ? next : undefined;
}

function fromCatalogue(code: FailureCode): FailureReport {
  return { code, message: `${code}: ${FAILURES[code].means}`, next: FAILURES[code].next };
}

/** Most leftovers that a report names. */
const LEFT_TOLD = 20;

/** What is left comes first, by name; then why it was to be undone. */
export function undoIncomplete(
  cause: FailureReport,
  undone: { readonly left: readonly string[]; readonly failures: readonly FailureReport[] },
): FailureReport {
  const { means, next } = FAILURES.UNDO_INCOMPLETE;
  const more = undone.left.length > LEFT_TOLD ? [`${String(undone.left.length - LEFT_TOLD)} more`] : [];
  const left = undone.left.length === 0 ? [] : [`Left: ${[...undone.left.slice(0, LEFT_TOLD), ...more].join(', ')}.`];
  const failures = undone.failures.map(({ message }) => message);
  const message = [`UNDO_INCOMPLETE: ${means}`, ...left, ...failures, `It was undone because of: ${cause.message}`];
  return { code: 'UNDO_INCOMPLETE', message: message.join(' '), next };
}

/** A failure of the catalogue, thrown by workflow code. */
export function failure(code: FailureCode, seen: string): ApplicationFailure {
  const { means, next } = FAILURES[code];
  return ApplicationFailure.create({
    type: code,
    message: `${code}: ${means} ${seen} ${next}`,
    nonRetryable: true,
    details: [{ next }],
  });
}

export function failureFromReport(report: FailureReport): ApplicationFailure {
  return ApplicationFailure.create({
    type: report.code,
    message: report.message,
    nonRetryable: true,
    details: [{ next: report.next }],
  });
}
