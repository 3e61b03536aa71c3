import { FAILURES } from '../../contracts/failures.js';
import type { FailureReport } from '../../contracts/failures.js';
import type { FinalStatus } from '../../contracts/migration.js';

/** `touched`: something was made in the target (and undone), so it is no longer only bad input. */
export function statusOf(report: FailureReport, touched: boolean): FinalStatus {
  if (report.code === 'CANCELLED') return 'cancelled';
  const { exit } = FAILURES[report.code];
  if (exit === 4 && !touched) return 'rejected';
  return exit === 2 && !touched ? 'invalid_input' : 'failed';
}
