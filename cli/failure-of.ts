import { ConfigInvalid } from '../config/config.js';
import { CaravanFailure, FAILURES, reportOf } from '../contracts/failures.js';
import type { FailureReport } from '../contracts/failures.js';
import { reportOfThrown } from '../platform/temporal/failure-report.js';

/** What went wrong, in the terms of the catalogue, for anything that was thrown. */
export function reportOfError(error: unknown): FailureReport {
  if (error instanceof ConfigInvalid) return reportOf(new CaravanFailure('INPUT_INVALID', configParts(error), error));
  return reportOfThrown(error);
}

export function exitOf(report: FailureReport): number {
  return FAILURES[report.code].exit;
}

function configParts(error: ConfigInvalid) {
  return { attempted: 'use', on: error.variable, seen: error.message, next: 'Correct the variable.' };
}
