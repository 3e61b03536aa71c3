import type { Question } from '../../contracts/migration.js';
import { codeOf, reportFailure } from '../kit/failures.js';
import { isShortage } from '../kit/shortages.js';
import type { FailedStory } from './failed-tables.js';
import { waitForServer } from './shortage.js';

/**
 * Work on a source whose schema may have changed after the copy, and on servers that may have no more to give: what is
 * copied is kept while a person mends it. Gives undefined when it was mended, and the proof is to be tried again; of a
 * schema nobody is asked under `yes`.
 */
export async function mended<T>(
  story: () => FailedStory,
  round: number,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isShortage(codeOf(error))) {
      await waitForServer(story(), [{ task: 'verification', table: undefined, failure: reportFailure(error) }]);
      return undefined;
    }
    if (codeOf(error) !== 'SCHEMA_DRIFT') throw error;
    if (await wantsRetry(story(), reportFailure(error).message, round)) return undefined;
    throw error;
  }
}

async function wantsRetry(story: FailedStory, message: string, round: number): Promise<boolean> {
  if (!story.asks) return false;
  const { state, deadline } = story;
  const question: Question = {
    id: `schema_drift:${String(round)}`,
    text: `${message} retry: the tables are again as they were, prove them; abort: undo.`,
    options: ['retry', 'abort'],
    default: 'abort',
    deadline,
  };
  state.questions.push(question);
  story.tell(question);
  await story.wait(() => state.answerTo(question.id) !== undefined);
  const answer = state.answerTo(question.id);
  if (answer?.option !== 'retry') return false;
  state.notes.push(`${question.id}: retry, by ${answer.by}`);
  return true;
}
