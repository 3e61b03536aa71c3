import { CaravanFailure } from '../../contracts/failures.js';
import type { FailureCode, FailureFacts } from '../../contracts/failures.js';

/** What was being done, for the failure's sentence. */
export interface Attempt {
  readonly attempted: string;
  readonly on: string;
}

/** SQLSTATEs that decisions are made on. */
export const SQLSTATE = {
  lockNotAvailable: '55P03',
  deadlock: '40P01',
  uniqueViolation: '23505',
  notNullViolation: '23502',
  foreignKeyViolation: '23503',
  checkViolation: '23514',
  exclusionViolation: '23P01',
  duplicateSchema: '42P06',
  duplicateTable: '42P07',
  duplicateObject: '42710',
  duplicateFunction: '42723',
  undefinedTable: '42P01',
  undefinedSchema: '3F000',
  dependentObjects: '2BP01',
  outOfMemory: '53200',
  programLimit: '54000',
  invalidDefinition: '42P17',
} as const;

/** The server's own error has severity, SQLSTATE and object names; its texts hold row values and go nowhere. */
interface ServerError {
  readonly code: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  readonly where?: string;
}

export function isServerError(error: unknown): error is ServerError {
  return (
    error instanceof Error &&
    'severity' in error &&
    'code' in error &&
    typeof error.code === 'string' &&
    /^[0-9A-Z]{5}$/.test(error.code)
  );
}

export function sqlStateOf(error: unknown): string | undefined {
  if (isServerError(error)) return error.code;
  return error instanceof CaravanFailure ? error.facts.sqlstate : undefined;
}

/** True when the backend is gone, or going: what it last did is unknown. */
export function isLost(error: unknown): boolean {
  if (error instanceof CaravanFailure) return error.code === 'TARGET_LOST' || error.facts.sqlstate === '53300';
  const state = sqlStateOf(error);
  return state === undefined ? error instanceof Error : /^(?:08|57P0)/.test(state);
}

/** Class or code of SQLSTATE → failure; the longest prefix holds. */
const BY_SQLSTATE: Readonly<Record<string, FailureCode>> = {
  '08': 'TARGET_LOST',
  '22': 'ROW_REFUSED',
  '23': 'ROW_REFUSED',
  '25006': 'TARGET_CREATE_MISSING',
  '2BP01': 'TARGET_DEPENDENTS',
  '28': 'LOGIN_REFUSED',
  '3D': 'DATABASE_MISSING',
  '40': 'TARGET_LOST',
  '42': 'PLAN_INVALID',
  '42501': 'TARGET_CREATE_MISSING',
  '53': 'TARGET_LOST',
  '53100': 'TARGET_FULL',
  '53300': 'TARGET_BUSY',
  '54': 'ROW_REFUSED',
  '55': 'TARGET_LOST',
  '55P03': 'TARGET_BUSY',
  '57': 'TARGET_LOST',
  '58': 'TARGET_LOST',
  // What somebody's own trigger raises.
  P0: 'ROW_REFUSED',
};

export function codeOfSqlState(state: string): FailureCode {
  return BY_SQLSTATE[state] ?? BY_SQLSTATE[state.slice(0, 2)] ?? 'INTERNAL';
}

/**
 * The typed failure of any error. The driver's error is not kept as a cause: failures cross the activity border, and
 * DETAIL and CONTEXT carry row values.
 */
export function failureOf(error: unknown, attempt: Attempt): CaravanFailure {
  if (error instanceof CaravanFailure) return error;
  if (isServerError(error)) {
    const seen = `the server answered with SQLSTATE ${error.code}`;
    return new CaravanFailure(codeOfSqlState(error.code), { ...attempt, seen, facts: factsOf(error) });
  }
  if (isAbort(error)) return new CaravanFailure('CANCELLED', { ...attempt, seen: 'it was cancelled' });
  if (error instanceof TypeError || error instanceof RangeError) {
    return new CaravanFailure('INTERNAL', { ...attempt, seen: `${error.name} in ${placeOf(error)}` });
  }
  return new CaravanFailure('TARGET_LOST', { ...attempt, seen: `the connection broke${errnoOf(error)}` });
}

export function factsOf(error: ServerError): FailureFacts {
  return {
    sqlstate: error.code,
    ...(error.schema === undefined ? {} : { schema: error.schema }),
    ...(error.table === undefined ? {} : { table: error.table }),
    ...(error.column === undefined ? {} : { column: error.column }),
    ...(error.constraint === undefined ? {} : { constraint: error.constraint }),
  };
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** " (ECONNRESET)", or nothing: Node's own codes are safe to show. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
}

/** Runs `work`; only typed failures leave it. */
export async function attempting<T>(attempt: Attempt, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failureOf(error, attempt);
  }
}

function placeOf(error: Error): string {
  return /\/(databases\/[^\s)]+)/.exec(error.stack ?? '')?.[1] ?? 'unknown place';
}
