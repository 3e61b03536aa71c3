import { hash } from 'node:crypto';
import { CaravanFailure, type FailureFacts } from '../../contracts/failures.js';

/** The identity of a header, for the plan. */
export function hashOfHeader(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex').slice(0, 16);
}

export function otherHeader(file: string): CaravanFailure {
  const seen = 'its header is another one than when the plan was made';
  return new CaravanFailure('SCHEMA_DRIFT', { attempted: 'read', on: file, seen, facts: { table: file } });
}

/** What was attempted, and on which file. */
export interface Attempt {
  readonly attempted: string;
  readonly on: string;
  readonly facts?: FailureFacts;
}

/** By the system's code, never by its text. */
const SEEN: Readonly<Record<string, string>> = {
  ENOENT: 'the worker sees no such file',
  EACCES: 'the worker may not read it',
  EPERM: 'the worker may not read it',
  ELOOP: 'its links lead in a circle',
  ENOTDIR: 'a part of its path is no folder',
  EISDIR: 'it is a folder',
};
const LOST: Readonly<Record<string, string>> = {
  EIO: 'it could not be read (input/output error)',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  ESTALE: 'the disk that it is on went away',
};

/** An error of the system as a failure of the catalogue; others are given back as they are. */
export function toFailure(error: unknown, attempt: Attempt): unknown {
  if (error instanceof CaravanFailure || !(error instanceof Error) || !('code' in error)) return error;
  const code = String(error.code);
  if (LOST[code] !== undefined) return new CaravanFailure('SOURCE_LOST', { ...attempt, seen: LOST[code] }, error);
  if (SEEN[code] !== undefined)
    return new CaravanFailure('SOURCE_FILE_INVALID', { ...attempt, seen: SEEN[code] }, error);
  if (code.startsWith('Z_'))
    return new CaravanFailure('SOURCE_FILE_INVALID', { ...attempt, seen: 'what is packed in it is damaged' }, error);
  return error;
}

export async function attempting<T>(attempt: Attempt, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toFailure(error, attempt);
  }
}
