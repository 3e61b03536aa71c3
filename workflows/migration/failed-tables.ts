import type { FailureCode, FailureReport } from '../../contracts/failures.js';
import type { Question } from '../../contracts/migration.js';
import type { FailedTask, PlanningResult } from '../../contracts/phases.js';
import { failureFromReport } from '../kit/failures.js';
import { architect, worker } from '../kit/profiles.js';
import type { MigrationState } from './state.js';

/** What the migration lends to this part of its story. */
export interface FailedStory {
  readonly migrationId: string;
  /** False under `yes`: the default holds at once. */
  readonly asks: boolean;
  /** ISO 8601. */
  readonly deadline: string;
  readonly state: MigrationState;
  readonly planning: PlanningResult;
  readonly tell: (question: Question) => void;
  /** Waits for a person until the deadline, or for so many milliseconds. */
  readonly wait: (decided: () => boolean, longestMs?: number) => Promise<void>;
  /** Tables were excluded: this plan is the one that goes on. */
  readonly onReduced: (planning: PlanningResult) => void;
}

/**
 * A table that failed for good does not stop the others; then a person says what becomes of the migration. Returns when
 * its execution is to go on, throws when it is aborted.
 */
export async function settleFailed(story: FailedStory, failed: readonly FailedTask[], round: number): Promise<void> {
  const [first] = failed;
  if (first === undefined) return;
  const { state, planning, deadline } = story;
  const tables = failed.flatMap(({ table }) => table ?? []);
  const canExclude = tables.length === failed.length && tables.length < planning.tables;
  const question = failedTablesQuestion(failed, { round, canExclude, deadline });
  state.questions.push(question);
  state.mark(tables, 'failed');
  if (story.asks) {
    story.tell(question);
    await story.wait(() => state.answerTo(question.id) !== undefined);
  }
  const { option, by } = state.answerTo(question.id) ?? { option: 'abort', by: 'default' };
  if (option === 'abort') throw failureFromReport(first.failure);
  state.notes.push(`${question.id}: ${option}, by ${by}`);
  if (option === 'exclude') await exclude(story, tables, by);
  else await tryAgain(story, failed, tables);
}

/** What is copied stays, but for rows that violate a key: they were mended in the source, and are read anew. */
async function tryAgain(
  { migrationId, planning, state }: FailedStory,
  failed: readonly FailedTask[],
  tables: readonly string[],
): Promise<void> {
  state.mark(tables, 'waiting');
  const again = tablesToReadAgain(failed);
  if (again.length === 0) return;
  const summary = `take ${String(again.length)} table(s) out of the shadow, to read again`;
  await worker(summary).reduceShadow({ migrationId, planId: planning.planId, again });
}

async function exclude(story: FailedStory, tables: readonly string[], by: string): Promise<void> {
  const { migrationId, planning, state } = story;
  const before = { migrationId, planId: planning.planId };
  const reduced = await architect(`exclude ${String(tables.length)} table(s)`).excludeTables({ ...before, tables });
  const { planId, planHash, totalRows } = reduced;
  await worker('take excluded tables out of the shadow').reduceShadow({ migrationId, planId });
  story.onReduced({ ...planning, ...reduced });
  const { yaml } = await architect('read the plan for its query').readPlan({ planId, migrationId });
  state.plan = { planId, planHash, yaml };
  state.totalRows = totalRows;
  for (const table of tables) state.exclude(table, by);
}

/** Tasks named in the question's text. */
const NAMED = 5;

/**
 * What becomes of tables that failed for good (DATA-PLANE): retry, exclude, or abort, which is the default.
 * `canExclude`: every failed task works on one table, and other tables are left.
 */
function failedTablesQuestion(
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
function tablesToReadAgain(failed: readonly FailedTask[]): string[] {
  return failed.flatMap(({ table, failure }) => (failure.code === 'KEY_VIOLATED' && table !== undefined ? table : []));
}

/** What the first task of execution is refused with before it makes anything. */
const BEFORE_ANYTHING: ReadonlySet<FailureCode> = new Set([
  'TARGET_LEASED',
  'TARGET_CONFLICT',
  'TARGET_DEPENDENTS',
  'TARGET_MISFIT',
]);

/** Somebody was faster than we between the plan and the shadow: nothing was made, so it is bad input still. */
export function refusedBeforeAnything(failed: readonly FailedTask[], round: number): FailureReport | undefined {
  return failed.find(({ failure }) => round === 1 && BEFORE_ANYTHING.has(failure.code))?.failure;
}
