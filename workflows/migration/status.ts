import type { CaughtUp } from '../../contracts/activities.js';
import { FAILURES } from '../../contracts/failures.js';
import type { FailureCode, FailureReport } from '../../contracts/failures.js';
import type { FinalStatus, Finding, MigrationResult } from '../../contracts/migration.js';
import { countText, plain } from '../kit/visibility.js';

/** `touched`: something was made in the target (and undone), so it is no longer only bad input. */
export function statusOf(report: FailureReport, touched: boolean): FinalStatus {
  if (report.code === 'CANCELLED') return 'cancelled';
  const { exit } = FAILURES[report.code];
  if (exit === 4 && !touched) return 'rejected';
  return exit === 2 && !touched ? 'invalid_input' : 'failed';
}

/** What a proof failed by: rows that differ, or rows that are equal and that the target's own tables refuse. */
export function unequalCode(findings: readonly Finding[]): FailureCode {
  return findings.some(({ code }) => code === 'constraint_violated') ? 'TARGET_REFUSES_ROWS' : 'NOT_EQUAL';
}

/** Chunks that were copied without KORA, and what was found when it was back. */
export function caughtUpNote({ chunks, rows, differing }: CaughtUp): string {
  const again = differing === 0 ? '' : `; ${countText(differing)} did not stand and were copied again`;
  return `KORA caught up with ${countText(chunks)} chunks, ${countText(rows)} rows${again}`;
}

/** How a migration ended, in lines for people. */
export function endingNotes(result: MigrationResult, error: FailureReport | undefined): string[] {
  const { tables, rows, quarantinedRows, changedValues, exceptions, certificate } = result;
  const notes: string[] = [];
  if (certificate !== null) {
    const proven = `${countText(rows)} rows in ${countText(tables)} ${tables === 1 ? 'table' : 'tables'} proven equal`;
    const but = `${countText(quarantinedRows)} rows quarantined, ${countText(changedValues)} values changed`;
    notes.push(`${proven}; ${but}, ${countText(exceptions)} exceptions accepted`, `certificate \`${certificate}\``);
  }
  if (error !== undefined) {
    notes.push(plain(error.message));
    if (!error.message.includes(error.next)) notes.push(plain(error.next));
  }
  return notes;
}
