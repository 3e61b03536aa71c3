import type { FailureReport } from '../../contracts/failures.js';
import type { Question } from '../../contracts/migration.js';
import type { FailedTask } from '../../contracts/phases.js';
import { failureFromReport } from '../kit/failures.js';
import type { FailedStory } from './failed-tables.js';
import type { MigrationState } from './state.js';

const ID = 'target_full:';
/** The first wait, and the longest, between two tries; each is twice the one before. Milliseconds. */
const FIRST_MS = 15_000;
const LONGEST_MS = 10 * 60_000;

export function isTargetFull(failed: readonly FailedTask[]): boolean {
  return fullOf(failed) !== undefined;
}

function fullOf(failed: readonly FailedTask[]): FailureReport | undefined {
  return failed.find(({ failure }) => failure.code === 'TARGET_FULL')?.failure;
}

/**
 * The target's disk is full: people are told once, and the migration waits. It tries again by itself, less and less
 * often, and at once when somebody says so; also under `yes`, for what is copied is worth waiting for. At the deadline
 * it is undone, as after `abort`. Returns when the execution is to go on.
 */
export async function waitForSpace(story: FailedStory, failed: readonly FailedTask[], round: number): Promise<void> {
  const full = fullOf(failed);
  if (full === undefined) return;
  const { state } = story;
  const tables = failed.flatMap(({ table }) => table ?? []);
  state.mark(tables, 'failed');
  const question = openQuestion(story, full, round);
  const tries = round - Number(question.id.slice(ID.length));
  const leftMs = Math.max(0, Date.parse(question.deadline) - Date.now());
  const waitMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(tries, 10), leftMs);
  await story.wait(() => state.answerTo(question.id) !== undefined, waitMs);
  const answer = state.answerTo(question.id);
  if (answer?.option === 'abort' || (answer === undefined && waitMs === leftMs)) throw failureFromReport(full);
  state.mark(tables, 'waiting');
}

/** The one that is open already, or was answered while it was tried again; else a new one. */
function openQuestion({ state, deadline, tell }: FailedStory, full: FailureReport, round: number): Question {
  const asked = state.questions.findLast(({ id }) => id.startsWith(ID));
  if (asked !== undefined && asked.answer?.option !== 'retry') return asked;
  const question: Question = {
    id: `${ID}${String(round)}`,
    text: `${full.message} It is tried again by itself. retry: try again now; abort: undo.`,
    options: ['retry', 'abort'],
    default: 'abort',
    deadline,
  };
  state.questions.push(question);
  tell(question);
  return question;
}

/** There is space again: nobody need answer any more. */
export function closeSpaceQuestion(state: MigrationState): void {
  for (const { id } of state.openQuestions()) if (id.startsWith(ID)) state.answer(id, 'retry', 'default');
}
