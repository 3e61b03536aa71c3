import { CaravanFailure } from '../../../contracts/failures.js';
import type { FailureCode } from '../../../contracts/failures.js';
import { failureOf } from '../errors.js';
import type { Attempt } from '../errors.js';

/** What a failure of a PostgreSQL session means when the server is the source. */
const AS_SOURCE: Readonly<Partial<Record<FailureCode, FailureCode>>> = {
  TARGET_LOST: 'SOURCE_LOST',
  TARGET_FULL: 'SOURCE_LOST',
  TARGET_BUSY: 'SOURCE_BUSY',
  TARGET_CREATE_MISSING: 'SELECT_MISSING',
  TARGET_DEPENDENTS: 'INTERNAL',
  PLAN_INVALID: 'SCHEMA_DRIFT',
  ROW_REFUSED: 'VALUE_UNREADABLE',
};

/** The typed failure of any error of a source session. */
export function sourceFailureOf(error: unknown, attempt: Attempt): CaravanFailure {
  const failure = failureOf(error, attempt);
  const code = AS_SOURCE[failure.code];
  if (code === undefined) return failure;
  // Without the SQLSTATE of a value: it would be taken for one that the target refuses.
  const { sqlstate, ...facts } = failure.facts;
  const kept = code === 'VALUE_UNREADABLE' || sqlstate === undefined ? facts : failure.facts;
  return new CaravanFailure(code, { ...attempt, seen: failure.seen, facts: kept });
}

/** Runs `work`; only typed failures of a source leave it. */
export async function readingSource<T>(attempt: Attempt, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw sourceFailureOf(error, attempt);
  }
}
