import type { FailureCode, FailureReport } from '../../contracts/failures.js';
import type { Question } from '../../contracts/migration.js';
import type { FailedTask } from '../../contracts/phases.js';

/** Tables named in the question's text. */
const NAMED = 5;

/**
 * What becomes of tables that failed for good (DATA-PLANE): retry, exclude, or abort, which is the default. Only tasks
 * that work on one table can be excluded.
 */
export function failedTablesQuestion(failed: readonly FailedTask[], round: number, deadline: string): Question {
  const named = failed.slice(0, NAMED).map(({ task, failure }) => `${task} (${failure.code})`);
  const more = failed.length > NAMED ? ` and ${String(failed.length - NAMED)} more` : '';
  const excludable = failed.every(({ table }) => table !== undefined);
  return {
    id: `failed:${String(round)}`,
    text: `Failed: ${named.join(', ')}${more}. Try again, ${excludable ? 'exclude these tables, ' : ''}or abort and undo?`,
    options: excludable ? ['retry', 'exclude', 'abort'] : ['retry', 'abort'],
    default: 'abort',
    deadline,
  };
}

/** What the first task of execution is refused with before it makes anything. */
const BEFORE_ANYTHING: ReadonlySet<FailureCode> = new Set(['TARGET_LEASED', 'TARGET_CONFLICT', 'TARGET_DEPENDENTS']);

/** Somebody was faster than we between the plan and the shadow: nothing was made, so it is bad input still. */
export function refusedBeforeAnything(failed: readonly FailedTask[], round: number): FailureReport | undefined {
  return failed.find(({ failure }) => round === 1 && BEFORE_ANYTHING.has(failure.code))?.failure;
}
