import { CaravanFailure, type FailureCode, type FailureFacts } from '../../contracts/failures.js';

/** Primary result codes of SQLite (the low byte of an extended code) that mean something to a migration. */
const CODES: Readonly<Record<number, { readonly code: FailureCode; readonly seen: string }>> = {
  1: { code: 'SCHEMA_DRIFT', seen: 'a table or column that the plan names is not there' },
  3: { code: 'SOURCE_FILE_INVALID', seen: 'access to the file is denied' },
  5: { code: 'SOURCE_LOST', seen: 'the database is locked by a writer' },
  6: { code: 'SOURCE_LOST', seen: 'the database is locked by a writer' },
  8: { code: 'SOURCE_FILE_INVALID', seen: 'the file needs to be written before it can be read' },
  10: { code: 'SOURCE_LOST', seen: 'the file could not be read (input/output error)' },
  11: { code: 'SOURCE_FILE_INVALID', seen: 'the database file is damaged' },
  14: { code: 'SOURCE_FILE_INVALID', seen: 'the file, or its -wal or -shm beside it, cannot be opened' },
  17: { code: 'SCHEMA_DRIFT', seen: 'the schema changed while it was read' },
  18: { code: 'SOURCE_FILE_INVALID', seen: 'a row is larger than SQLite can hand over (1 GB)' },
  23: { code: 'SOURCE_FILE_INVALID', seen: 'access to the file is denied' },
  26: { code: 'SOURCE_FILE_INVALID', seen: 'the file is not a SQLite database, or it is encrypted' },
};

/** SQLITE_READONLY_ROLLBACK: a crashed writer's journal must be rolled back, which only a writer can do. */
const READONLY_ROLLBACK = 776;

/** What was attempted, and on which identifier. */
export interface Attempt {
  readonly attempted: string;
  readonly on: string;
  readonly facts?: FailureFacts;
}

interface SqliteError extends Error {
  readonly code: 'ERR_SQLITE_ERROR';
  readonly errcode: number;
}

function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
}

/**
 * An error of the driver as a failure of the catalogue, by SQLite's result code and never by its text; other errors
 * (an abort, a failure that is one already) are given back as they are.
 */
export function toFailure(error: unknown, attempt: Attempt): unknown {
  if (!isSqliteError(error)) return error;
  if (error.errcode === READONLY_ROLLBACK) {
    return new CaravanFailure('SOURCE_FILE_INVALID', {
      ...attempt,
      seen: 'a writer crashed and left a journal that must be rolled back first',
      next: 'Open the database once with the program that writes it, then try again.',
    });
  }
  const known = CODES[error.errcode & 0xff];
  const seen = `${known?.seen ?? 'SQLite refused it'} (SQLite code ${String(error.errcode)})`;
  return new CaravanFailure(known?.code ?? 'INTERNAL', { ...attempt, seen }, error);
}

/** Runs `work` and turns what the driver throws into a failure. */
export function attempting<T>(attempt: Attempt, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toFailure(error, attempt);
  }
}
