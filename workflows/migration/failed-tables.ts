import type { FailureCode, FailureReport } from '../../contracts/failures.js';
import type { Question } from '../../contracts/migration.js';
import type { FailedTask } from '../../contracts/phases.js';

/** Tasks named in the question's text. */
const NAMED = 5;

/**
 * What becomes of tables that failed for good (DATA-PLANE): retry, exclude, or abort, which is the default.
 * `canExclude`: every failed task works on one table, and other tables are left.
 */
export function failedTablesQuestion(
  failed: readonly FailedTask[],
  { round, canExclude, deadline }: { round: number; canExclude: boolean; deadline: string },
): Question {
  const named = failed.slice(0, NAMED).map(({ task, failure }) => `${task}: ${failure.message}`);
  const more = failed.length > NAMED ? [`And ${String(failed.length - NAMED)} more.`] : [];
  const choice = `Try again, ${canExclude ? 'exclude these tables, ' : ''}or abort and undo?`;
  return {
    id: `failed:${String(round)}`,
    text: ['Failed.', ...named, ...more, choice].join(' '),
    options: canExclude ? ['retry', 'exclude', 'abort'] : ['retry', 'abort'],
    default: 'abort',
    deadline,
  };
}

/** Tables whose rows themselves are at fault: they are copied already, and only reading them anew can help. */
export function tablesToReadAgain(failed: readonly FailedTask[]): string[] {
  return failed.flatMap(({ table, failure }) => (failure.code === 'KEY_VIOLATED' && table !== undefined ? table : []));
}

/** What the first task of execution is refused with before it makes anything. */
const BEFORE_ANYTHING: ReadonlySet<FailureCode> = new Set(['TARGET_LEASED', 'TARGET_CONFLICT', 'TARGET_DEPENDENTS']);

/** Somebody was faster than we between the plan and the shadow: nothing was made, so it is bad input still. */
export function refusedBeforeAnything(failed: readonly FailedTask[], round: number): FailureReport | undefined {
  return failed.find(({ failure }) => round === 1 && BEFORE_ANYTHING.has(failure.code))?.failure;
}
