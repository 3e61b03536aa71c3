import type { Finding, Question } from '../../contracts/migration.js';

/** Times that S2 is taken again because the source moved on. */
const MAX_REFRESHES = 3;

export type MovedChoice = 'refresh' | 'accept' | 'fail';

/** What becomes of a proof whose source has moved on; `round` counts the proofs. */
export function sourceMovedQuestion(round: number, deadline: string): Question {
  return {
    id: `source_moved:${String(round)}`,
    text: 'The source changed after it was proven. Prove again, accept as an exception, or fail?',
    options: ['refresh', 'accept', 'fail'],
    default: 'refresh',
    deadline,
  };
}

/** What was said, or the default; after the last round a refresh is an exception instead. */
export function movedChoice(said: string | undefined, round: number): MovedChoice {
  if (said === 'accept' || said === 'fail') return said;
  return round < MAX_REFRESHES ? 'refresh' : 'accept';
}

export function positionFinding(code: 'source_moved' | 'source_position_unknown', object: string): Finding {
  const id = `${code}:${object}`;
  return code === 'source_moved'
    ? finding({ id, code, object, disposition: 'accepted', detail: 'The source changed after it was proven.' })
    : finding({
        id,
        code,
        object,
        disposition: 'listed',
        detail: 'Whether the source moved after the proof cannot be known.',
      });
}

function finding(parts: Omit<Finding, 'kind' | 'count'>): Finding {
  return { ...parts, kind: 'data', count: 1 };
}
