import type { FailureCode, FailureReport } from '../../contracts/failures.js';
import type { Question } from '../../contracts/migration.js';
import type { FailedTask } from '../../contracts/phases.js';
import { failureFromReport } from '../kit/failures.js';
import { isShortage } from '../kit/shortages.js';
import type { Shortage } from '../kit/shortages.js';
import type { FailedStory } from './failed-tables.js';
import type { MigrationState } from './state.js';

/** What questions are called, before their number. */
const IDS: Readonly<Record<Shortage, string>> = {
  TARGET_FULL: 'target_full:',
  TARGET_BUSY: 'target_busy:',
  SOURCE_BUSY: 'source_busy:',
};
/** The first wait, and the longest, between two tries; each is twice the one before. Milliseconds. */
const FIRST_MS: Readonly<Record<Shortage, number>> = { TARGET_FULL: 15_000, TARGET_BUSY: 3_000, SOURCE_BUSY: 3_000 };
const LONGEST_MS = 10 * 60_000;

interface ShortReport extends FailureReport {
  readonly code: Shortage & FailureCode;
}

function isShort(report: FailureReport): report is ShortReport {
  return isShortage(report.code);
}

export function shortageOf(failed: readonly FailedTask[]): ShortReport | undefined {
  return failed.map(({ failure }) => failure).find(isShort);
}

/**
 * A server has no disk space, no connection or no lock to give: people are told once, and the migration waits. It tries
 * again by itself, less and less often, and at once when somebody says so; also under `yes`, for what is copied is
 * worth waiting for. At the deadline it is undone, as after `abort`. Returns when the work is to go on.
 */
export async function waitForServer(story: FailedStory, failed: readonly FailedTask[]): Promise<void> {
  const short = shortageOf(failed);
  if (short === undefined) return;
  const { state } = story;
  const tables = failed.flatMap(({ table }) => table ?? []);
  state.mark(tables, 'failed');
  const question = openQuestion(story, short);
  const tries = state.tries.get(question.id) ?? 0;
  state.tries.set(question.id, tries + 1);
  const leftMs = Math.max(0, Date.parse(question.deadline) - Date.now());
  const waitMs = Math.min(LONGEST_MS, FIRST_MS[short.code] * 2 ** Math.min(tries, 10), leftMs);
  await story.wait(() => state.answerTo(question.id) !== undefined, waitMs);
  const answer = state.answerTo(question.id);
  if (answer?.option === 'abort' || (answer === undefined && waitMs === leftMs)) throw failureFromReport(short);
  state.mark(tables, 'waiting');
}

/** The one that is open already, or was answered while it was tried again; else a new one. */
function openQuestion({ state, deadline, tell }: FailedStory, short: ShortReport): Question {
  const before = state.questions.filter(({ id }) => id.startsWith(IDS[short.code]));
  const asked = before.at(-1);
  if (asked !== undefined && asked.answer?.option !== 'retry') return asked;
  const question: Question = {
    id: `${IDS[short.code]}${String(before.length + 1)}`,
    text: `${short.message} It is tried again by itself. retry: try again now; abort: undo.`,
    options: ['retry', 'abort'],
    default: 'abort',
    deadline,
  };
  state.questions.push(question);
  tell(question);
  return question;
}

/** The servers give what was asked of them: nobody need answer any more. */
export function closeShortages(state: MigrationState, except?: Shortage): void {
  for (const [code, prefix] of Object.entries(IDS)) {
    if (code === except) continue;
    for (const { id } of state.openQuestions()) if (id.startsWith(prefix)) state.answer(id, 'retry', 'default');
  }
}
