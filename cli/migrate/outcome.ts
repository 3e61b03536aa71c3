import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import { EXIT_CODES } from '../../contracts/migration.js';
import type { FinalStatus, MigrationReport, MigrationResult } from '../../contracts/migration.js';
import { CaravanFailure, FAILURES } from '../../contracts/failures.js';
import type { FailureReport } from '../../contracts/failures.js';
import type { Evidence } from '../../platform/certificate/body.js';
import type { Store } from '../../platform/store/store.js';
import { exitOf, reportOfError } from '../failure-of.js';
import { patient } from '../patience.js';

/** How a followed migration came to its end, or why it is not followed any longer. */
export type Ending =
  | { readonly kind: 'completed'; readonly result: MigrationResult }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** Promoted, but a later step is still being retried. */
  | { readonly kind: 'pending' }
  /** The command was told to leave; the migration goes on. */
  | { readonly kind: 'left' };

export interface Outcome {
  readonly report: MigrationReport;
  readonly exit: number;
}

const EXIT_PENDING = 6;

/** The report and exit code of an ending. The store's report is the truth where there is one. */
export async function outcomeOf(store: Store, handle: WorkflowHandle, ending: Ending): Promise<Outcome> {
  const { workflowId: migrationId } = handle;
  if (ending.kind === 'left') return unfinishedOutcome(migrationId, LEFT);
  if (ending.kind === 'pending') return { report: await promotedReport(store, migrationId), exit: EXIT_PENDING };
  if (ending.kind === 'failed' && isUnreachable(ending.error)) return unfinishedOutcome(migrationId, LOST);
  const stored = isAbandoned(ending) ? undefined : await patient(() => store.migrations.report(migrationId));
  if (stored !== undefined) return { report: stored, exit: exitOfReport(stored) };
  const promotion = await patient(() => store.migrations.promotion(migrationId));
  if (promotion !== undefined) return brokenAfterPivot(store, migrationId, ending);
  if (isAbandoned(ending)) return unfinishedOutcome(migrationId, ABANDONED);
  const report = unwrittenReport(migrationId, ending);
  return { report, exit: exitOfReport(report) };
}

function isUnreachable(error: unknown): boolean {
  return error instanceof CaravanFailure && error.code === 'STACK_UNREACHABLE';
}

function exitOfReport({ status, certificate }: MigrationReport): number {
  const promoted = status === 'proven' || status === 'proven_with_exceptions';
  return promoted && certificate === null ? EXIT_PENDING : EXIT_CODES[status];
}

/** Ended from outside, without running any code of its own: nothing was undone. */
function isAbandoned(ending: Ending): boolean {
  if (ending.kind !== 'failed' || !(ending.error instanceof WorkflowFailedError)) return false;
  return ending.error.cause instanceof TerminatedFailure || ending.error.cause instanceof TimeoutFailure;
}

/** The one line of `--json`: the documented fields, in the documented order, and no others. */
export function reportLine(report: MigrationReport): string {
  const { migrationId, status, tables, notMigrated, findings, certificate, phases, copy, error } = report;
  return JSON.stringify({
    migrationId,
    status,
    tables: tables.map((table) => pick(table, TABLE_FIELDS)),
    notMigrated: notMigrated.map((object) => pick(object, ['kind', 'name', 'reason'])),
    findings: findings.map((finding) => pick(finding, ['code', 'kind', 'object', 'count', 'disposition'])),
    certificate,
    phases,
    copy: pick(copy, ['rows', 'bytes', 'seconds', 'rowsPerSecond']),
    ...(error === undefined ? {} : { error: pick(error, ['code', 'message', 'next']) }),
  });
}

const TABLE_FIELDS = [
  'source',
  'target',
  'sourceRows',
  'targetRows',
  'quarantinedRows',
  'changedValues',
  'sourceHash',
  'targetHash',
] as const;

function pick<Whole extends object, Name extends keyof Whole>(whole: Whole, names: readonly Name[]): Pick<Whole, Name> {
  return Object.fromEntries(names.map((name) => [name, whole[name]])) as Pick<Whole, Name>;
}

/** A report with nothing in it but how it ended: also for what ended before anything was started. */
export function emptyReport(migrationId: string, status: FinalStatus, error?: FailureReport): MigrationReport {
  return {
    migrationId,
    status,
    tables: [],
    notMigrated: [],
    findings: [],
    certificate: null,
    phases: {},
    copy: { rows: 0, bytes: 0, seconds: 0, rowsPerSecond: 0 },
    ...(error === undefined ? {} : { error }),
  };
}

/** The outcome of an error that was met before, or instead of, following a migration. */
export function outcomeOfError(migrationId: string, thrown: unknown): Outcome {
  const error = reportOfError(thrown);
  const exit = exitOf(error);
  const status = statusOfExit(exit, error);
  return { report: emptyReport(migrationId, status, error), exit };
}

function statusOfExit(exit: number, error: FailureReport): FinalStatus {
  if (error.code === 'CANCELLED') return 'cancelled';
  if (exit === EXIT_CODES.invalid_input) return 'invalid_input';
  if (exit === EXIT_CODES.rejected) return 'rejected';
  return exit === EXIT_CODES.undo_incomplete ? 'undo_incomplete' : 'failed';
}

/** The workflow ended, and its report is not in the store: what the workflow itself said. */
function unwrittenReport(
  migrationId: string,
  ending: Extract<Ending, { kind: 'completed' | 'failed' }>,
): MigrationReport {
  if (ending.kind === 'failed') {
    const cancelled = ending.error instanceof WorkflowFailedError && ending.error.cause instanceof CancelledFailure;
    const { report } = outcomeOfError(migrationId, ending.error);
    return cancelled ? { ...report, status: 'cancelled' } : report;
  }
  const { status, certificate } = ending.result;
  return { ...emptyReport(migrationId, status), certificate };
}

/** Ended without its report, but after the pivot: the tables are in place, a later step is not done. */
async function brokenAfterPivot(store: Store, migrationId: string, ending: Ending): Promise<Outcome> {
  const report = await promotedReport(store, migrationId);
  const error = ending.kind === 'failed' ? reportOfError(ending.error) : undefined;
  return { report: error === undefined ? report : { ...report, error }, exit: EXIT_PENDING };
}

/** The report of a migration that was promoted and has not written its own: from the evidence frozen before. */
async function promotedReport({ migrations }: Store, migrationId: string): Promise<MigrationReport> {
  const [tables, copied, span, frozen] = await patient(() =>
    Promise.all([
      migrations.tables(migrationId),
      migrations.copied(migrationId),
      migrations.copyTime(migrationId),
      migrations.evidence(migrationId),
    ]),
  );
  const { findings = [], notMigrated = [], decision } = (frozen ?? {}) as Partial<Evidence>;
  const rows = copied.reduce((sum, table) => sum + table.rows, 0);
  const bytes = copied.reduce((sum, table) => sum + table.bytes, 0);
  const seconds = span === undefined ? 0 : (span.endedMs - span.startedMs) / 1000;
  const isClean = findings.every(({ disposition }) => disposition !== 'accepted');
  return {
    ...emptyReport(migrationId, isClean ? 'proven' : 'proven_with_exceptions'),
    tables,
    findings,
    notMigrated,
    ...(decision === undefined ? {} : { approvedBy: decision.by }),
    copy: { rows, bytes, seconds, rowsPerSecond: seconds === 0 ? 0 : Math.round(rows / seconds) },
  };
}

type Unfinished = (migrationId: string) => FailureReport;

const LEFT: Unfinished = (migrationId) => ({
  code: 'UNDO_INCOMPLETE',
  message: `UNDO_INCOMPLETE: the command left before migration "${migrationId}" had ended; it goes on while its stack runs.`,
  next: `Follow it again with the same options and --workflow-id ${migrationId}.`,
});
const LOST: Unfinished = (migrationId) => ({
  code: 'STACK_UNREACHABLE',
  message: `STACK_UNREACHABLE: migration "${migrationId}" could not be followed to its end; it goes on when its stack runs again.`,
  next: `Start the stack, then follow it with the same options and --workflow-id ${migrationId}.`,
});
const ABANDONED: Unfinished = (migrationId) => ({
  code: 'UNDO_INCOMPLETE',
  message: `UNDO_INCOMPLETE: migration "${migrationId}" was ended from outside, so it could not undo anything.`,
  next: FAILURES.UNDO_INCOMPLETE.next,
});

/** It is not known to be undone: something may be left in the target. */
function unfinishedOutcome(migrationId: string, why: Unfinished): Outcome {
  const report = emptyReport(migrationId, 'undo_incomplete', why(migrationId));
  return { report, exit: EXIT_CODES.undo_incomplete };
}

/** The outcome of an error that was met after the migration had started. */
export function outcomeOfLateError(migrationId: string, thrown: unknown): Outcome {
  return isUnreachable(thrown) ? unfinishedOutcome(migrationId, LOST) : outcomeOfError(migrationId, thrown);
}
